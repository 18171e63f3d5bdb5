"""Containers that crash, images that are missing, probes that fail, memory that runs out."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.controllers.context import condition, is_ready
from ai4k8s_simcluster.controllers.nodes.programs import program_of
from ai4k8s_simcluster.registry import EVENTS, PODS
from tests.unit.simcluster.world import World


def _pod(world: World, annotations: dict[str, str] | None = None, container: Any = None, **spec: Any) -> None:
    one = {"name": "c", "image": "x:1", **(container or {})}
    metadata = {"name": "p", "namespace": "t", "annotations": annotations or {}}
    world.writer.create(PODS, {"metadata": metadata, "spec": {"containers": [one], **spec}})
    world.manager.tick()


def _status(world: World) -> dict[str, Any]:
    stored = world.store.get(PODS, "t", "p")
    assert stored is not None
    found: dict[str, Any] = stored.obj["status"]
    return found


def _container(world: World) -> dict[str, Any]:
    found: dict[str, Any] = _status(world)["containerStatuses"][0]
    return found


def test_a_crashing_container_is_restarted_after_longer_and_longer_pauses() -> None:
    world = World(startup=(0, 0))
    _pod(world, container={"command": ["sh", "-c", "sleep 1; exit 3"]})
    world.run(4)
    found = _container(world)
    assert found["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert found["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=c pod=p_t(")
    assert found["lastState"]["terminated"]["exitCode"] == 3
    assert found["restartCount"] == 1
    world.run(12)
    assert _container(world)["restartCount"] == 2
    assert "back-off 20s" in _container(world)["state"]["waiting"]["message"]
    assert _status(world)["phase"] == "Running"
    assert not is_ready({"status": _status(world)})
    back_offs = [item.obj for item in world.store.listing(EVENTS) if item.obj["reason"] == "BackOff"]
    assert [event["count"] for event in back_offs] == [2], "repeated events are counted"
    assert back_offs[0]["involvedObject"]["fieldPath"] == "spec.containers{c}"


def test_an_image_that_is_missing_is_tried_again_and_again() -> None:
    world = World(startup=(0, 0))
    _pod(world, container={"image": "badimage:1"})
    assert _container(world)["state"]["waiting"]["reason"] == "ErrImagePull"
    world.run(3)
    waiting = _container(world)["state"]["waiting"]
    assert waiting == {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "badimage:1"'}
    assert _status(world)["phase"] == "Pending"
    world.run(60)
    reasons = {item.obj["message"]: item.obj.get("count") for item in world.store.listing(EVENTS)}
    assert (reasons["Error: ErrImagePull"] or 0) > 1


@pytest.mark.parametrize(
    ("policy", "command", "phase"),
    [("Never", "exit 0", "Succeeded"), ("Never", "exit 1", "Failed"), ("OnFailure", "exit 0", "Succeeded")],
)
def test_a_pod_that_is_to_end_ends(policy: str, command: str, phase: str) -> None:
    world = World(startup=(0, 0))
    _pod(world, container={"command": ["sh", "-c", f"sleep 2; {command}"]}, restartPolicy=policy)
    world.run(1)
    assert is_ready({"status": _status(world)})
    world.run(3)
    assert _status(world)["phase"] == phase
    ready = condition({"status": _status(world)}, "Ready")
    assert ready is not None
    assert ready["reason"] == ("PodCompleted" if phase == "Succeeded" else "PodFailed")


def test_a_container_over_its_memory_limit_is_killed_and_restarted() -> None:
    world = World(startup=(0, 0))
    _pod(world)
    world.run(5)
    stored = world.store.get(PODS, "t", "p")
    assert stored is not None
    world.usage.over = [stored.uid]
    world.run(3)
    found = _container(world)
    assert found["restartCount"] == 1
    last = found["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


def test_init_containers_run_one_after_the_other_before_the_others() -> None:
    world = World(startup=(0, 0))
    inits = [{"name": name, "image": "x:1", "command": ["sleep", "3"]} for name in ("one", "two")]
    _pod(world, initContainers=inits)
    world.run(1)
    assert [list(s["state"]) for s in _status(world)["initContainerStatuses"]] == [["running"], ["waiting"]]
    initialized = condition({"status": _status(world)}, "Initialized")
    assert initialized is not None
    assert initialized["message"] == "containers with incomplete status: [one two]"
    assert _container(world)["state"] == {"waiting": {"reason": "PodInitializing"}}
    world.run(3)
    assert [list(s["state"]) for s in _status(world)["initContainerStatuses"]] == [["terminated"], ["running"]]
    world.run(4)
    assert is_ready({"status": _status(world)})


def test_a_failing_readiness_probe_keeps_a_pod_unready_and_a_liveness_probe_restarts_it() -> None:
    world = World(startup=(0, 0))
    _pod(world, {"sim.ai4k8s.io/ready": "false"}, {"readinessProbe": {"httpGet": {"port": 80}}})
    world.run(5)
    assert not is_ready({"status": _status(world)})
    assert "Unhealthy" in world.reasons()
    world.delete(PODS, "p")
    world.run(5)
    probe = {"httpGet": {"port": 80}, "periodSeconds": 2, "failureThreshold": 2}
    _pod(world, {"sim.ai4k8s.io/live": "false"}, {"livenessProbe": probe})
    world.run(7)
    assert _container(world)["restartCount"] == 1


@pytest.mark.parametrize(
    ("command", "policy", "expected"),
    [
        (["sleep", "1m"], "Always", (60.0, 0)),
        (["sh", "-c", "echo hi; sleep 5 && exit 2"], "Never", (5.0, 2)),
        (["/bin/false"], "Never", (0.0, 1)),
        (["sh", "-c", "while true; do sleep 1; done"], "Never", (float("inf"), 0)),
        (["nginx", "-g", "daemon off;"], "Always", (float("inf"), 0)),
        (["perl", "-e", "1"], "Never", (1.5, 0)),
    ],
)
def test_plain_commands_are_understood(command: list[str], policy: str, expected: tuple[float, int]) -> None:
    pod = {"metadata": {}, "spec": {"restartPolicy": policy}}
    found = program_of(pod, {"name": "c", "command": command})
    assert (found.seconds, found.code) == expected
