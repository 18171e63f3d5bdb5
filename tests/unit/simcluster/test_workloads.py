"""StatefulSets, DaemonSets, Jobs and CronJobs, on a clock of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_simcluster.controllers.context import is_ready
from ai4k8s_simcluster.controllers.workloads.cron import Schedule, ScheduleError
from ai4k8s_simcluster.controllers.workloads.job_pods import compress, expand
from ai4k8s_simcluster.registry import (
    CONTROLLER_REVISIONS,
    CRON_JOBS,
    DAEMON_SETS,
    EVENTS,
    JOBS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    STATEFUL_SETS,
)
from tests.unit.simcluster.world import World

if TYPE_CHECKING:
    from ai4k8s_simcluster.registry import ResourceType

LABELS = {"app": "x"}
CONTAINER = {"name": "c", "image": "x:1"}


def _template(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [dict(CONTAINER)], **spec}}


def _make(world: World, resource: ResourceType, name: str, spec: dict[str, Any]) -> None:
    world.writer.create(resource, {"metadata": {"name": name, "namespace": "t"}, "spec": spec})
    world.manager.tick()


def _get(world: World, resource: ResourceType, name: str) -> dict[str, Any]:
    stored = world.store.get(resource, "t", name)
    assert stored is not None
    return stored.obj


def _change(world: World, resource: ResourceType, name: str, change: dict[str, Any]) -> None:
    stored = world.store.get(resource, "t", name)
    assert stored is not None
    world.writer.update(resource, stored, {**stored.obj, "spec": {**stored.obj["spec"], **change}})
    world.manager.tick()


def _names(world: World) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.pods()]


def _stateful(world: World, **more: Any) -> None:
    _make(world, STATEFUL_SETS, "db", {
        "replicas": 3, "serviceName": "db", "selector": {"matchLabels": LABELS}, "template": _template(),
        "podManagementPolicy": "OrderedReady", "updateStrategy": {"type": "RollingUpdate"}, **more,
    })  # fmt: skip


def test_a_statefulset_starts_in_order_and_each_waits_for_the_one_before() -> None:
    world = World(startup=(5, 5))
    _stateful(world)
    assert _names(world) == ["db-0"]
    world.run(7)
    assert _names(world) == ["db-0", "db-1"]
    world.run(15)
    assert _names(world) == ["db-0", "db-1", "db-2"]
    world.run(5)
    status = _get(world, STATEFUL_SETS, "db")["status"]
    assert (status["readyReplicas"], status["availableReplicas"], status["currentReplicas"]) == (3, 3, 3)
    assert status["currentRevision"] == status["updateRevision"]
    pod = world.pods()[1]
    assert pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-1"
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")


def test_a_parallel_statefulset_starts_all_at_once_and_ordered_scale_down_takes_the_last() -> None:
    world = World(startup=(5, 5))
    _stateful(world, podManagementPolicy="Parallel")
    assert len(_names(world)) == 3
    world.run(7)
    _change(world, STATEFUL_SETS, "db", {"replicas": 1})
    world.run(10)
    assert _names(world) == ["db-0"]


def test_a_partition_keeps_the_lower_ordinals_on_the_old_template() -> None:
    world = World(startup=(0, 0))
    _stateful(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    world.run(10)
    template = _template()
    template["spec"]["containers"][0]["image"] = "x:2"
    _change(world, STATEFUL_SETS, "db", {"template": template})
    world.run(30)
    images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in world.pods()}
    assert images == {"db-0": "x:1", "db-1": "x:2", "db-2": "x:2"}
    assert len(world.store.listing(CONTROLLER_REVISIONS)) == 2
    _change(world, STATEFUL_SETS, "db", {"updateStrategy": {"type": "RollingUpdate"}})
    world.run(30)
    status = _get(world, STATEFUL_SETS, "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"x:2"}


@pytest.mark.parametrize(("when_scaled", "left"), [("Retain", 2), ("Delete", 1)])
def test_claims_outlive_their_pods_unless_told_otherwise(when_scaled: str, left: int) -> None:
    world = World(startup=(0, 0))
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "fast",
        },
    }
    _stateful(
        world,
        replicas=2,
        podManagementPolicy="Parallel",
        volumeClaimTemplates=[claim],
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": when_scaled},
    )
    assert [c.name for c in world.store.listing(PERSISTENT_VOLUME_CLAIMS)] == ["data-db-0", "data-db-1"]
    _change(world, STATEFUL_SETS, "db", {"replicas": 1})
    world.run(15)
    claims = world.store.listing(PERSISTENT_VOLUME_CLAIMS)
    assert len([c for c in claims if "deletionTimestamp" not in c.obj["metadata"]]) == left


def _daemons(world: World, **more: Any) -> None:
    _make(world, DAEMON_SETS, "ds", {
        "selector": {"matchLabels": LABELS}, "template": _template(),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}, **more,
    })  # fmt: skip


def test_a_daemonset_runs_once_on_every_node_and_rolls_node_by_node() -> None:
    world = World(nodes=3, startup=(2, 2))
    _daemons(world)
    world.run(5)
    assert sorted(pod["spec"]["nodeName"] for pod in world.pods()) == ["node-1", "node-2", "node-3"]
    status = _get(world, DAEMON_SETS, "ds")["status"]
    assert (status["desiredNumberScheduled"], status["numberReady"], status["updatedNumberScheduled"]) == (3, 3, 3)
    template = _template()
    template["spec"]["containers"][0]["image"] = "x:2"
    _change(world, DAEMON_SETS, "ds", {"template": template})
    for _ in range(30):
        world.run(1)
        assert sum(is_ready(pod) for pod in world.pods()) >= 2
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"x:2"}


def test_a_daemonset_follows_nodes_and_its_selector() -> None:
    world = World(nodes=2, startup=(0, 0))
    _daemons(world)
    world.run(3)
    template = _template(nodeSelector={"no": "where"})
    _change(world, DAEMON_SETS, "ds", {"template": template})
    world.run(5)
    assert world.pods() == []
    status = _get(world, DAEMON_SETS, "ds")["status"]
    assert (status["desiredNumberScheduled"], status["currentNumberScheduled"]) == (0, 0)


def _job(world: World, name: str = "job", command: list[str] | None = None, **more: Any) -> None:
    container = {**CONTAINER, **({"command": command} if command else {})}
    template: dict[str, Any] = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    selector = {"matchLabels": {"batch.kubernetes.io/job-name": name}}
    template = {"metadata": {"labels": selector["matchLabels"]}, **template}
    spec = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False,
            "selector": selector, "manualSelector": True, "template": template, **more}  # fmt: skip
    _make(world, JOBS, name, spec)


def _conditions(world: World, name: str = "job") -> list[tuple[str, str]]:
    return [(c["type"], c["reason"]) for c in _get(world, JOBS, name)["status"].get("conditions") or []]


def test_a_job_runs_its_completions_a_few_at_a_time() -> None:
    world = World(startup=(0, 0))
    _job(world, completions=3, parallelism=2)
    assert len(world.pods()) == 2
    world.run(8)
    status = _get(world, JOBS, "job")["status"]
    assert (status["succeeded"], status["ready"], status["terminating"]) == (3, 0, 0)
    assert "active" not in status
    assert _conditions(world) == [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]
    assert status["completionTime"] >= status["startTime"]
    assert all("finalizers" not in pod["metadata"] for pod in world.pods())
    assert {pod["status"]["phase"] for pod in world.pods()} == {"Succeeded"}


def test_a_failing_job_pauses_between_its_tries_and_gives_up() -> None:
    world = World(startup=(0, 0))
    _job(world, command=["sh", "-c", "exit 1"], backoffLimit=1)
    world.run(5)
    assert len(world.pods()) == 1, "the second try waits ten seconds"
    world.run(10)
    assert _get(world, JOBS, "job")["status"]["failed"] == 2
    assert _conditions(world) == [("FailureTarget", "BackoffLimitExceeded"), ("Failed", "BackoffLimitExceeded")]


def test_a_job_past_its_deadline_ends_its_pods_first() -> None:
    world = World(startup=(0, 0))
    _job(world, command=["sleep", "100"], activeDeadlineSeconds=3)
    world.run(10)
    status = _get(world, JOBS, "job")["status"]
    assert _conditions(world) == [("FailureTarget", "DeadlineExceeded"), ("Failed", "DeadlineExceeded")]
    assert status["failed"] == 1
    assert world.pods() == []


def test_a_suspended_job_has_no_pods_until_it_goes_on() -> None:
    world = World(startup=(0, 0))
    _job(world, suspend=True)
    world.run(3)
    assert world.pods() == []
    assert _conditions(world) == [("Suspended", "JobSuspended")]
    _change(world, JOBS, "job", {"suspend": False})
    world.run(5)
    assert _conditions(world) == [
        ("Suspended", "JobResumed"), ("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached"),
    ]  # fmt: skip


def test_an_indexed_job_gives_every_pod_its_number() -> None:
    world = World(startup=(0, 0))
    _job(world, completions=3, parallelism=3, completionMode="Indexed")
    indexes = {pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in world.pods()}
    assert indexes == {"0", "1", "2"}
    world.run(5)
    assert _get(world, JOBS, "job")["status"]["completedIndexes"] == "0-2"


def test_a_success_policy_ends_a_job_before_all_indexes_are_through() -> None:
    world = World(startup=(0, 0))
    _job(
        world, command=["sleep", "1000"], completions=2, parallelism=2, completionMode="Indexed",
        successPolicy={"rules": [{"succeededIndexes": "0", "succeededCount": 1}]},
    )  # fmt: skip
    leader = next(pod for pod in world.pods() if pod["metadata"]["name"].startswith("job-0-"))
    leader["metadata"]["annotations"]["sim.ai4k8s.io/run-seconds"] = "1"
    world.store.put(PODS, leader)
    world.run(10)
    assert _conditions(world) == [("SuccessCriteriaMet", "SuccessPolicy"), ("Complete", "SuccessPolicy")]


def test_a_pod_failure_policy_ends_a_job_at_once() -> None:
    world = World(startup=(0, 0))
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    _job(world, command=["sh", "-c", "exit 42"], podFailurePolicy={"rules": [rule]})
    world.run(5)
    assert _conditions(world) == [("FailureTarget", "PodFailurePolicy"), ("Failed", "PodFailurePolicy")]


def test_a_finished_job_goes_when_its_time_is_over() -> None:
    world = World(startup=(0, 0))
    _job(world, ttlSecondsAfterFinished=5)
    world.run(4)
    assert world.store.get(JOBS, "t", "job") is not None
    world.run(12)
    assert world.store.get(JOBS, "t", "job") is None
    assert world.pods() == []


def _cron(world: World, **more: Any) -> None:
    job = {"spec": {
        "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False,
        "selector": {"matchLabels": LABELS}, "manualSelector": True,
        "template": {"metadata": {"labels": LABELS}, "spec": {"restartPolicy": "Never", "containers": [
            {**CONTAINER, "command": ["sleep", "90"]}]}},
    }}  # fmt: skip
    spec = {"schedule": "* * * * *", "concurrencyPolicy": "Allow", "suspend": False, "jobTemplate": job, **more}
    _make(world, CRON_JOBS, "cj", spec)


@pytest.mark.parametrize(("policy", "running"), [("Allow", 2), ("Forbid", 1), ("Replace", 1)])
def test_a_cronjob_obeys_its_concurrency_policy(policy: str, running: int) -> None:
    world = World(startup=(0, 0))
    _cron(world, concurrencyPolicy=policy)
    world.run(120)
    assert len(_get(world, CRON_JOBS, "cj")["status"]["active"]) == running
    minutes = {int(item.name.removeprefix("cj-")) for item in world.store.listing(JOBS)}
    assert max(minutes) * 60 <= world.clock.now()
    if policy == "Forbid":
        assert "JobAlreadyActive" in world.reasons()


def test_a_cronjob_keeps_only_so_many_finished_jobs() -> None:
    world = World(startup=(0, 0))
    _cron(world, successfulJobsHistoryLimit=1)
    world.run(60 * 6, step=2)
    done = [item for item in world.store.listing(JOBS) if (item.obj.get("status") or {}).get("completionTime")]
    assert len(done) == 1
    reasons = [item.obj["reason"] for item in world.store.listing(EVENTS) if item.obj["involvedObject"]["name"] == "cj"]
    assert {"SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"} <= set(reasons)


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        ("*/15 * * * *", "", "2026-03-01T10:07:00+00:00", "2026-03-01T10:15:00+00:00"),
        ("0 9-17/4 * * mon-fri", "", "2026-02-28T00:00:00+00:00", "2026-03-02T09:00:00+00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-07-01T00:00:00+00:00", "2026-07-01T00:30:00+00:00"),
        ("0 0 13 * 5", "", "2026-03-01T00:00:00+00:00", "2026-03-06T00:00:00+00:00"),
        ("@monthly", "", "2026-03-15T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ("0 12 * jan sun", "", "2026-03-15T00:00:00+00:00", "2027-01-03T12:00:00+00:00"),
        ("@every 90s", "", "2026-03-01T10:00:00+00:00", "2026-03-01T10:01:30+00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00+00:00", "2026-03-30T00:30:00+00:00"),
    ],
)
def test_schedules_are_read_as_cron_does(line: str, zone: str, after: str, expected: str) -> None:
    found = Schedule(line, zone).next_after(datetime.fromisoformat(after).timestamp())
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).isoformat() == expected


@pytest.mark.parametrize("line", ["* * * *", "61 * * * *", "* * * * mun", "*/0 * * * *", "@every soon"])
def test_what_is_no_schedule_is_refused(line: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule(line)


def test_indexes_are_written_and_read_back() -> None:
    assert compress({0, 1, 2, 5, 7, 8}) == "0-2,5,7,8"
    assert expand("0-2,5,7,8") == {0, 1, 2, 5, 7, 8}
    assert expand("") == set()


def test_a_lost_node_is_noticed_and_its_pods_are_replaced() -> None:
    world = World(nodes=2, startup=(0, 0))
    world.deploy(replicas=2)
    world.run(5)
    node = world.store.get(NODES, "", "node-1")
    assert node is not None
    annotations = {**(node.obj["metadata"].get("annotations") or {}), "sim.ai4k8s.io/kubelet": "stopped"}
    world.store.put(NODES, {**node.obj, "metadata": {**node.obj["metadata"], "annotations": annotations}})
    world.run(65)
    lost = world.store.get(NODES, "", "node-1")
    assert lost is not None
    assert {c["status"] for c in lost.obj["status"]["conditions"]} == {"Unknown"}
    assert {t["effect"] for t in lost.obj["spec"]["taints"]} == {"NoSchedule", "NoExecute"}
    assert world.ready() == 1
    world.run(310, step=2)
    assert world.ready() == 2
    metadata = {key: value for key, value in lost.obj["metadata"].items() if key != "annotations"}
    fresh = world.store.get(NODES, "", "node-1")
    assert fresh is not None
    world.store.put(NODES, {**fresh.obj, "metadata": {**metadata, "annotations": {}}})
    world.run(20)
    back = world.store.get(NODES, "", "node-1")
    assert back is not None
    assert "taints" not in back.obj["spec"]
    assert len(world.pods()) == 2
