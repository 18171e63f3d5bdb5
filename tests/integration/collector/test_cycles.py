"""Cycles against a real store: what is written, what is sent on, and what silence must not change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_collector import repository
from ai4k8s_collector.adapters.cluster import read_cluster
from ai4k8s_collector.batch import claim_due_clusters, collect_due_clusters
from ai4k8s_collector.repository import ABRUPT_END
from ai4k8s_collector.service import record_success
from ai4k8s_collector.settings import CollectorSettings
from ai4k8s_common.kube.errors import (
    KubeError,
    KubeForbiddenError,
    KubeGoneError,
    KubeNotFoundError,
    KubeProtocolError,
    KubeThrottledError,
    KubeUnavailableError,
)
from ai4k8s_common.kube.types import DEPLOYMENTS, NODES, POD_METRICS, PODS
from tests.support.fake_kube import FakeKube
from tests.support.kube_objects import deployment, fill, pod, usage
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.collector import CollectorBench


@pytest.fixture
def kube() -> FakeKube:
    """One Deployment, two pods."""
    kube = FakeKube()
    fill(kube)
    return kube


def test_a_cycle_writes_what_was_seen_and_sends_it_on(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    workload = collector.row("SELECT * FROM collector.workloads")
    assert (workload["namespace"], workload["kind"], workload["name"]) == ("shop", "Deployment", "web")
    assert (workload["desired_replicas"], workload["ready_replicas"], workload["resource_version"]) == (2, 2, "10")
    assert (workload["cpu_request_millicores"], workload["cpu_limit_millicores"]) == (500, 1000)
    assert workload["memory_request_bytes"] == 128 * 2**20
    assert workload["annotations"] == {"ai4k8s.io/lead": "60", "deployment.kubernetes.io/revision": "3"}
    assert workload["startup_p95_seconds"] == 30
    assert not workload["rollout_in_progress"]
    sample = collector.row("SELECT * FROM collector.workload_samples")
    assert (sample["cpu_usage_millicores"], sample["cpu_capacity_millicores"]) == (500, 1000)
    assert (sample["pods"], sample["pods_with_metrics"], sample["source"], sample["saturated"]) == (2, 2, 0, False)
    node = collector.row("SELECT * FROM collector.nodes")
    assert (node["ready"], node["cpu_allocatable_millicores"], node["pods_allocatable"]) == (True, 4000, 110)
    assert collector.row("SELECT pods FROM collector.node_samples")["pods"] == 2
    cycle = collector.row("SELECT * FROM collector.cycles")
    assert (cycle["status"], cycle["workload_rows"], cycle["node_rows"]) == ("completed", 1, 1)
    state = collector.state(cluster_id)
    assert (state["status"], state["metrics_available"], state["server_version"]) == ("connected", True, "v1.33.0-fake")
    assert state["lease_until"] is None
    assert timedelta(seconds=7) < state["next_due_at"] - sample["at"] < timedelta(seconds=23)
    message = collector.row("SELECT * FROM collector.outbox")
    assert message["contract"] == "forecaster.forecast_cluster.v1"
    assert message["payload"]["rows"] == 1
    assert message["payload"]["digest"] == cycle["digest"]
    assert datetime.fromisoformat(message["payload"]["cycle_at"]) == sample["at"]


def test_the_next_cycle_updates_and_adds_one_sample(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    assert len(collector.rows("SELECT * FROM collector.workloads")) == 1
    assert len(collector.rows("SELECT * FROM collector.workload_samples")) == 2
    assert collector.row("SELECT startup_seconds FROM collector.workloads")["startup_seconds"] == [30, 30]


def test_a_deleted_workload_is_gone_and_may_come_back(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    kept = dict(kube.lists)
    kube.lists.clear()
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    assert collector.row("SELECT gone_at FROM collector.workloads")["gone_at"] is not None
    assert collector.row("SELECT gone_at FROM collector.nodes")["gone_at"] is not None
    kube.lists.update(kept)
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    workload = collector.row("SELECT * FROM collector.workloads")
    assert workload["gone_at"] is None
    assert workload["first_seen_at"] < workload["last_seen_at"]


@pytest.mark.parametrize(
    "failure",
    [
        KubeGoneError("410"),
        KubeThrottledError("429"),
        KubeUnavailableError("503"),
        KubeProtocolError("cut off"),
        KubeForbiddenError("403"),
    ],
    ids=lambda failure: failure.code,
)
def test_a_failure_is_never_read_as_pods_gone(collector: CollectorBench, kube: FakeKube, failure: KubeError) -> None:
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    before = collector.row("SELECT * FROM collector.workloads")
    kube.failure = failure
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    assert collector.row("SELECT * FROM collector.workloads") == before
    assert len(collector.rows("SELECT * FROM collector.workload_samples")) == 1
    assert len(collector.rows("SELECT * FROM collector.outbox")) == 1
    state = collector.state(cluster_id)
    assert state["status"] == "unreachable"
    assert failure.detail in state["reason"]
    assert state["consecutive_failures"] == 1
    since = state["status_since"]
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    assert collector.state(cluster_id)["status_since"] == since
    kube.failure = None
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    state = collector.state(cluster_id)
    assert (state["status"], state["consecutive_failures"], state["reason"]) == ("connected", 0, "")
    assert state["status_since"] > since


class Partial(FakeKube):
    """A cluster that refuses one kind."""

    def __init__(self, refused: dict[Any, KubeError]) -> None:
        super().__init__()
        self.refused = refused
        fill(self)

    async def list_all(self, resource: Any) -> Any:
        if resource in self.refused:
            raise self.refused[resource]
        return await super().list_all(resource)


def test_without_metrics_usage_is_unknown_and_the_reason_is_shown(collector: CollectorBench) -> None:
    cluster_id = collector.connect(fake=Partial({POD_METRICS: KubeNotFoundError("no metrics")}))
    collect_due_clusters(collector.context)
    state = collector.state(cluster_id)
    assert state["status"] == "connected"
    assert not state["metrics_available"]
    assert "install metrics-server" in state["metrics_detail"]
    sample = collector.row("SELECT * FROM collector.workload_samples")
    assert (sample["cpu_usage_millicores"], sample["memory_bytes"], sample["ready_replicas"]) == (None, None, 2)


def test_without_the_right_to_list_nodes_workloads_are_still_seen(collector: CollectorBench) -> None:
    cluster_id = collector.connect(fake=Partial({NODES: KubeForbiddenError("nodes is forbidden")}))
    collect_due_clusters(collector.context)
    assert collector.state(cluster_id)["status"] == "connected"
    assert "The credential may not list nodes" in collector.state(cluster_id)["reason"]
    lost = collector.row("SELECT * FROM collector.sources WHERE cluster_id = %s AND source = 'nodes'", cluster_id)
    assert (lost["status"], bool(lost["lost"]), bool(lost["hint"])) == ("forbidden", True, True)
    assert len(collector.rows("SELECT * FROM collector.workload_samples")) == 1
    assert collector.rows("SELECT * FROM collector.nodes") == []


def test_bad_readings_are_dropped_counted_and_shown(collector: CollectorBench, kube: FakeKube) -> None:
    now = datetime.now(UTC)
    kube.lists[PODS] = [pod("web", number) for number in range(6)]
    kube.lists[POD_METRICS] = [
        usage("web", 0, "100m"),
        usage("web", 1, "NaN"),
        usage("web", 2, "-5m"),
        usage("web", 3, "100m", at=now - timedelta(minutes=5)),
        usage("web", 4, "100m", at=now + timedelta(minutes=5)),
        usage("web", 5, "100m", at=now - timedelta(hours=1)),
    ]
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    cycle = collector.row("SELECT dropped FROM collector.cycles")
    assert cycle["dropped"] == {"not_a_number": 1, "negative": 1, "stale": 2, "in_the_future": 1}
    assert "2 stale" in collector.state(cluster_id)["metrics_detail"]
    sample = collector.row("SELECT * FROM collector.workload_samples")
    assert (sample["pods"], sample["pods_with_metrics"], sample["cpu_usage_millicores"]) == (6, 1, None)


def test_two_collectors_never_look_at_one_cluster_at_once(collector: CollectorBench, kube: FakeKube) -> None:
    collector.connect(fake=kube)
    assert len(claim_due_clusters(collector.context, 10)) == 1
    assert claim_due_clusters(collector.context, 10) == []


def test_after_a_crash_the_cycle_is_done_again_and_the_late_writer_is_ignored(
    collector: CollectorBench, kube: FakeKube
) -> None:
    cluster_id = collector.connect(fake=kube)
    start = datetime.now(UTC)
    (lost,) = claim_due_clusters(collector.at(start), 10)
    state = collector.state(cluster_id)
    # Over before the next cycle of a 15 s rhythm is due: a dead worker does not delay it.
    assert state["lease_until"] <= start + timedelta(seconds=15)
    assert claim_due_clusters(collector.at(start + timedelta(seconds=10)), 10) == []
    again = collector.at(start + timedelta(seconds=14.5))
    collect_due_clusters(again)
    cycles = {row["id"]: row for row in collector.rows("SELECT * FROM collector.cycles")}
    assert cycles.pop(lost.cycle_id)["error"] == ABRUPT_END
    (done,) = cycles.values()
    assert done["status"] == "completed"
    assert len(collector.rows("SELECT * FROM collector.outbox")) == 1
    assert collector.state(cluster_id)["consecutive_failures"] == 0
    snapshot = asyncio.run(read_cluster(kube, again.clock))
    record_success(again, lost.cluster, lost.cycle_id, lost.rhythm, snapshot)
    assert len(collector.rows("SELECT * FROM collector.workload_samples")) == 1
    assert len(collector.rows("SELECT * FROM collector.outbox")) == 1


def test_a_cluster_that_ends_the_worker_every_time_is_left_alone_for_a_while(
    collector: CollectorBench, kube: FakeKube
) -> None:
    cluster_id = collector.connect(fake=kube)
    now = datetime.now(UTC)
    for _ in range(3):
        assert len(claim_due_clusters(collector.at(now), 10)) == 1
        now += timedelta(seconds=20)
    assert claim_due_clusters(collector.at(now), 10) == []
    state = collector.state(cluster_id)
    assert state["status"] == "unreachable"
    assert state["next_due_at"] > now
    collect_due_clusters(collector.at(state["next_due_at"]))
    assert collector.state(cluster_id)["status"] == "connected"


class Hanging(FakeKube):
    """A cluster that accepts connections and says nothing."""

    async def version(self) -> Any:
        await asyncio.Event().wait()


def test_a_hanging_cluster_costs_only_itself(collector: CollectorBench) -> None:
    slow = collector.connect("https://10.0.0.9", fake=Hanging(), interval_seconds=5)
    quick = []
    for number in range(5):
        kube = FakeKube()
        fill(kube)
        quick.append(collector.connect(f"https://10.0.1.{number}", fake=kube, interval_seconds=5))
    collect_due_clusters(collector.context)
    first = "SELECT * FROM collector.cycles WHERE cluster_id = %s ORDER BY started_at LIMIT 1"
    hung = collector.row(first, slow)
    for cluster_id in quick:
        cycle = collector.row(first, cluster_id)
        assert cycle["status"] == "completed"
        assert cycle["finished_at"] < hung["finished_at"]
    state = collector.state(slow)
    assert state["status"] == "unreachable"
    assert "not read within 3.75 s" in state["reason"]


def test_clusters_that_come_due_while_another_hangs_are_not_kept_waiting(collector: CollectorBench) -> None:
    collector.connect("https://10.0.0.9", fake=Hanging(), interval_seconds=5)
    kube = FakeKube()
    fill(kube)
    late = collector.connect("https://10.0.1.1", fake=kube, interval_seconds=60)
    due = datetime.now(UTC) + timedelta(seconds=0.5)
    with collector.context.bus.transaction() as tx:
        repository.add_new_clusters(tx.connection, datetime.now(UTC))
        repository.update_state(tx.connection, late, next_due_at=due)
    collect_due_clusters(collector.context)
    cycle = collector.row("SELECT * FROM collector.cycles WHERE cluster_id = %s", late)
    hung = collector.row("SELECT * FROM collector.cycles WHERE cluster_id <> %s ORDER BY started_at LIMIT 1", late)
    assert cycle["status"] == "completed"
    assert due <= cycle["started_at"] < hung["finished_at"]


def test_what_is_still_in_flight_goes_on_in_the_next_task(collector: CollectorBench, kube: FakeKube) -> None:
    context = replace(collector.context, settings=CollectorSettings(batch_seconds=0.2))
    slow = collector.connect("https://10.0.0.9", fake=Hanging(), interval_seconds=5)
    collect_due_clusters(context)
    assert collector.row("SELECT status FROM collector.cycles")["status"] == "running"
    quick = collector.connect("https://10.0.1.1", fake=kube)
    collect_due_clusters(context)
    assert collector.state(quick)["status"] == "connected"

    def noticed() -> bool:
        collect_due_clusters(context)
        return bool(collector.state(slow)["status"] == "unreachable")

    eventually(noticed, 10)
    assert "not read within 3.75 s" in collector.state(slow)["reason"]


def test_a_paused_cluster_is_left_alone(collector: CollectorBench, kube: FakeKube) -> None:
    collector.connect(fake=kube)
    collector.execute("UPDATE gateway.clusters SET paused = true")
    collect_due_clusters(collector.context)
    assert collector.rows("SELECT * FROM collector.cycles") == []


def test_a_credential_that_does_not_open_is_a_reason_not_a_crash(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube)
    other = collector.connect("https://10.0.0.2", fake=kube)
    collector.execute(
        "UPDATE gateway.cluster_credentials SET sealed = (SELECT sealed FROM gateway.cluster_credentials "
        "WHERE cluster_id = %s) WHERE cluster_id = %s",
        other,
        cluster_id,
    )
    collect_due_clusters(collector.context)
    assert "cannot be decrypted" in collector.state(cluster_id)["reason"]
    assert collector.state(other)["status"] == "connected"


def test_the_past_is_asked_for_once(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube, prometheus_url="http://10.0.0.1:9090")
    for _ in range(2):
        collect_due_clusters(collector.context)
        collector.make_due(cluster_id)
    sent = collector.rows("SELECT * FROM collector.outbox WHERE contract = 'collector.backfill_cluster.v1'")
    assert len(sent) == 1
    assert collector.state(cluster_id)["backfill_status"] == "requested"


def test_a_scaled_workload_carries_its_new_version(collector: CollectorBench, kube: FakeKube) -> None:
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    kube.lists[DEPLOYMENTS] = [deployment("web", 5, version="11")]
    collector.make_due(cluster_id)
    collect_due_clusters(collector.context)
    workload = collector.row("SELECT * FROM collector.workloads")
    assert (workload["desired_replicas"], workload["resource_version"]) == (5, "11")
