"""The control loops, on a clock of their own."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.controllers.context import condition, is_ready
from ai4k8s_simcluster.controllers.workloads.replicaset import victim_order
from ai4k8s_simcluster.controllers.workloads.rollout import limits_of
from ai4k8s_simcluster.registry import BUILT_IN, DEPLOYMENTS, EVENTS, LEASES, NAMESPACES, NODES, PODS, REPLICASETS
from ai4k8s_simcluster.writes import DeleteOptions
from tests.unit.simcluster.world import START, World


def test_pods_become_ready_only_after_their_start_up_time() -> None:
    world = World(startup=(20, 90))
    world.deploy(replicas=6)
    world.run(18)
    assert world.ready() == 0
    world.run(75)
    assert world.ready() == 6
    times = {condition(pod, "Ready")["lastTransitionTime"] for pod in world.pods()}  # type: ignore[index]
    assert len(times) > 2, "each pod takes its own time"


def test_the_annotation_of_a_deployment_sets_its_start_up_time() -> None:
    world = World(startup=(20, 90))
    world.deploy(replicas=1, annotations={"sim.ai4k8s.io/startup-seconds": "5-5"})
    assert world.run_until(lambda: world.ready() == 1) == pytest.approx(5, abs=1.5)


def test_a_starting_pod_passes_through_creating_and_running() -> None:
    world = World(startup=(20, 20))
    world.deploy(replicas=1)
    world.run(1)
    assert world.pods()[0]["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    world.run(6)
    pod = world.pods()[0]
    assert (pod["status"]["phase"], is_ready(pod)) == ("Running", False)
    ready = condition(pod, "Ready")
    assert ready is not None
    assert ready["reason"] == "ContainersNotReady"
    world.run(15)
    kinds = [found["type"] for found in world.pods()[0]["status"]["conditions"] if found["status"] == "True"]
    assert kinds == ["PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready", "PodScheduled"]


def test_status_conditions_and_owners_are_those_of_a_finished_rollout() -> None:
    world = World(startup=(2, 2))
    world.deploy(replicas=2)
    world.run(6)
    status = world.deployment()["status"]
    counts = {key: value for key, value in status.items() if key != "conditions"}
    assert counts == {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
        "terminatingReplicas": 0,
    }  # fmt: skip
    reasons = {found["type"]: found["reason"] for found in status["conditions"]}
    assert reasons == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
    replicaset = world.replicasets()[0]
    assert replicaset["metadata"]["ownerReferences"][0]["uid"] == world.deployment()["metadata"]["uid"]
    assert all(pod["metadata"]["ownerReferences"][0]["uid"] == replicaset["metadata"]["uid"] for pod in world.pods())
    assert world.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_observed_generation_follows_the_spec() -> None:
    world = World(startup=(0, 0))
    world.deploy()
    world.scale(5)
    assert world.deployment()["metadata"]["generation"] == 2
    assert world.deployment()["status"]["observedGeneration"] == 2


def test_a_rolling_update_stays_within_surge_and_unavailability() -> None:
    world = World(startup=(3, 8))
    world.deploy(replicas=4)
    world.run(15)
    world.set_image("x:2")
    for _ in range(60):
        world.run(1)
        status = world.deployment()["status"]
        assert sum(rs["spec"]["replicas"] for rs in world.replicasets()) <= 5
        assert status.get("availableReplicas", 0) >= 3
    assert [rs["spec"]["replicas"] for rs in world.replicasets()] == [0, 4]
    assert world.ready() == 4


def test_going_back_to_an_old_template_reuses_its_replicaset_under_a_new_revision() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=2)
    world.run(5)
    first = world.replicasets()[0]["metadata"]["name"]
    world.set_image("x:2")
    world.run(10)
    world.set_image("x:1")
    world.run(10)
    newest = world.replicasets()[-1]
    assert newest["metadata"]["name"] == first
    assert newest["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert newest["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


def test_recreate_never_runs_both_templates() -> None:
    world = World(startup=(2, 2))
    world.deploy(replicas=2, strategy={"type": "Recreate"})
    world.run(6)
    world.set_image("x:2")
    for _ in range(20):
        images = {pod["spec"]["containers"][0]["image"] for pod in world.pods()}
        assert len(images) <= 1
        world.run(1)
    assert world.ready() == 2


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=2)
    world.change(lambda spec: spec.update(paused=True))
    world.set_image("x:2")
    world.scale(3)
    world.run(5)
    assert [rs["spec"]["replicas"] for rs in world.replicasets()] == [3]


def test_scaling_during_a_rollout_shares_the_change_out() -> None:
    world = World(nodes=4, startup=(60, 60))
    world.deploy(replicas=8)
    world.run(70)
    world.set_image("x:2")
    world.run(5)
    world.scale(12)
    world.run(5)
    old, new = (rs["spec"]["replicas"] for rs in world.replicasets())
    assert old + new == 15, "the wanted replicas and the surge of a quarter"
    assert old > 6
    assert new > 4
    world.run(400)
    assert [rs["spec"]["replicas"] for rs in world.replicasets()] == [0, 12]


def test_a_rollout_that_cannot_progress_says_so_after_its_deadline() -> None:
    world = World(nodes=1, startup=(0, 0))
    world.deploy(replicas=1, progressDeadlineSeconds=30)
    world.run(5)
    world.change(lambda spec: spec["template"]["spec"]["containers"][0]["resources"]["requests"].update(cpu="20"))
    world.run(40)
    reasons = {found["type"]: found["reason"] for found in world.deployment()["status"]["conditions"]}
    assert reasons == {"Available": "MinimumReplicasAvailable", "Progressing": "ProgressDeadlineExceeded"}


def test_old_replicasets_beyond_the_history_limit_are_removed() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=1, revisionHistoryLimit=1)
    for number in range(2, 6):
        world.run(8)
        world.set_image(f"x:{number}")
    world.run(10)
    assert len(world.replicasets()) == 2


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [(4, "25%", "25%", (1, 1)), (3, "25%", "25%", (1, 0)), (10, 2, 0, (2, 0)), (2, 0, "25%", (0, 1))],
)
def test_limits_round_surge_up_and_unavailability_down(
    replicas: int, surge: object, unavailable: object, expected: tuple[int, int]
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    limits = limits_of({"replicas": replicas, "strategy": {"rollingUpdate": rolling}})
    assert (limits.surge, limits.unavailable) == expected


def _pod(*, node: str = "n", phase: str = "Running", ready_ago: float | None = 600, cost: str = "0", age: float = 900):
    conditions = []
    if ready_ago is not None:
        conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(START - ready_ago)}]
    return {
        "metadata": {
            "uid": "u", "creationTimestamp": rfc3339(START - age),
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": cost},
        },
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, "conditions": conditions},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        (_pod(node="", phase="Pending", ready_ago=None), _pod(phase="Pending", ready_ago=None)),
        (_pod(phase="Pending", ready_ago=None), _pod(ready_ago=None)),
        (_pod(ready_ago=None), _pod()),
        (_pod(cost="-10"), _pod()),
        (_pod(ready_ago=30), _pod(ready_ago=3000)),
        (_pod(age=1000), _pod(age=100_000)),
    ],
    ids=["unassigned", "pending", "not ready", "cheaper", "ready for less long", "newer"],
)
def test_victims_are_chosen_as_the_replicaset_controller_does(goes: dict[str, Any], stays: dict[str, Any]) -> None:
    assert victim_order(goes, 1, START) < victim_order(stays, 1, START)


def test_of_equal_pods_the_one_with_more_peers_on_its_node_goes() -> None:
    assert victim_order(_pod(), 2, START) < victim_order(_pod(), 1, START)


def test_scaling_down_gives_up_pods_that_are_not_ready_first() -> None:
    world = World(nodes=4, startup=(30, 30))
    world.deploy(replicas=2)
    world.run(40)
    old = {pod["metadata"]["name"] for pod in world.pods()}
    world.scale(5)
    world.run(5)
    world.scale(2)
    world.run(10)
    assert {pod["metadata"]["name"] for pod in world.pods()} == old


def test_a_pod_without_room_waits_and_says_why_until_there_is_room() -> None:
    world = World(nodes=1, startup=(0, 0))
    world.deploy(replicas=3, cpu="3")
    world.run(5)
    waiting = [pod for pod in world.pods() if not pod["spec"].get("nodeName")]
    assert len(waiting) == 1
    found = condition(waiting[0], "PodScheduled")
    assert found is not None
    assert found["reason"] == "Unschedulable"
    assert found["message"].startswith("0/1 nodes are available: 1 Insufficient cpu. ")
    assert "FailedScheduling" in world.reasons()
    world.scale(2)
    world.run(5)
    assert world.ready() == 2


def test_a_cordoned_node_gets_no_pods() -> None:
    world = World(nodes=2, startup=(0, 0))
    node = world.store.get(NODES, "", "node-1")
    assert node is not None
    world.store.put(NODES, {**node.obj, "spec": {**node.obj["spec"], "unschedulable": True}})
    world.deploy(replicas=3)
    assert {pod["spec"]["nodeName"] for pod in world.pods()} == {"node-2"}


def test_a_deleted_pod_ends_gracefully_and_is_replaced_at_once() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=1)
    world.run(3)
    name = world.pods()[0]["metadata"]["name"]
    world.delete(PODS, name)
    assert len(world.pods()) == 2
    assert [pod["metadata"].get("deletionGracePeriodSeconds") for pod in world.pods()].count(30) == 1
    world.run(5)
    assert [pod["metadata"]["name"] for pod in world.pods()] != [name]
    assert len(world.pods()) == 1


def test_deleting_in_the_background_takes_dependents_along() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=2)
    world.delete(DEPLOYMENTS, "web")
    world.run(5)
    assert world.pods() == []
    assert world.replicasets() == []


def test_deleting_in_the_foreground_waits_for_dependents() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=2)
    world.run(2)
    world.delete(DEPLOYMENTS, "web", "Foreground")
    assert world.deployment()["metadata"]["finalizers"] == ["foregroundDeletion"]
    world.run(6)
    assert world.store.get(DEPLOYMENTS, "t", "web") is None
    assert world.pods() == []


def test_orphaned_dependents_stay() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=2)
    world.delete(DEPLOYMENTS, "web", "Orphan")
    world.run(3)
    assert world.store.get(DEPLOYMENTS, "t", "web") is None
    assert len(world.replicasets()) == 1
    assert "ownerReferences" not in world.replicasets()[0]["metadata"]
    assert len(world.pods()) == 2


def test_a_namespace_goes_only_when_it_is_empty() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=1)
    world.run(2)
    stored = world.store.get(NAMESPACES, "", "t")
    assert stored is not None
    world.writer.delete(NAMESPACES, stored, DeleteOptions())
    world.manager.tick()
    found = world.store.get(NAMESPACES, "", "t")
    assert found is not None
    assert found.obj["status"]["phase"] == "Terminating"
    world.run(5)
    assert world.store.get(NAMESPACES, "", "t") is None
    assert world.store.listing(REPLICASETS) == []


def test_a_pod_that_no_longer_matches_is_released_and_replaced() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=1)
    stored = world.store.listing(PODS)[0]
    metadata = {**stored.obj["metadata"], "labels": {**stored.obj["metadata"]["labels"], "app": "free"}}
    world.store.put(PODS, {**stored.obj, "metadata": metadata})
    world.run(2)
    freed = next(pod for pod in world.pods() if pod["metadata"]["labels"]["app"] == "free")
    assert "ownerReferences" not in freed["metadata"]
    assert len(world.pods()) == 2


def test_repeated_events_are_counted_not_repeated() -> None:
    world = World()
    world.deploy(replicas=0)
    for _ in range(3):
        world.context.events.record(world.deployment(), "Normal", "Same", "again", "tester")
        world.clock.advance(10)
    found = [item.obj for item in world.store.listing(EVENTS) if item.obj["reason"] == "Same"]
    assert [event["count"] for event in found] == [3]
    assert found[0]["lastTimestamp"] > found[0]["firstTimestamp"]


def test_events_are_forgotten_after_an_hour() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=1)
    world.run(3)
    assert world.reasons()
    world.run(4200, step=300)
    assert world.reasons() == []


def test_when_nothing_changes_nothing_is_written() -> None:
    world = World(startup=(0, 0))
    world.deploy(replicas=3)
    world.run(10)
    version = world.store.version
    world.run(60)
    changes = [change for found in BUILT_IN for change in world.store.changes_since(version, found)]
    assert {change.resource for change in changes} <= {LEASES}, "only nodes renew their leases"
