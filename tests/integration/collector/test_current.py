"""What a cluster is made of now, kept by difference: written once, forgotten only when it was seen to be gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.memory import Memories
from ai4k8s_common.kube.errors import KubeError, KubeForbiddenError, KubeThrottledError, KubeUnavailableError
from ai4k8s_common.kube.objects import (
    AUTOSCALERS,
    EVENTS,
    QUOTAS,
    VOLUME_CLAIMS,
    ClaimStatus,
    Event,
    Hpa,
    HpaSpec,
    ObjectReference,
    QuotaStatus,
    ResourceQuota,
    TargetRef,
    VolumeClaim,
)
from ai4k8s_common.kube.types import DEPLOYMENTS, POD_METRICS, PODS, ObjectMeta
from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, Histogram
from tests.support.fake_kube import FakeKube
from tests.support.kube_objects import deployment, fill, pod, usage

if TYPE_CHECKING:
    import uuid

    from tests.support.collector import CollectorBench


class Refusing(FakeKube):
    """A cluster that refuses some lists for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[Any, KubeError] = {}

    async def list_all(self, resource: Any) -> Any:
        if resource in self.refused:
            raise self.refused[resource]
        return await super().list_all(resource)


@pytest.fixture
def kube() -> Refusing:
    """One Deployment with two pods, an HPA, a quota, a claim, and an event about a pod."""
    kube = Refusing()
    fill(kube)
    meta = ObjectMeta("q", "shop", "uid-q")
    kube.lists[AUTOSCALERS] = [Hpa(ObjectMeta("web-hpa", "shop"), HpaSpec(TargetRef("Deployment", "web"), 2, 9))]
    kube.lists[QUOTAS] = [ResourceQuota(meta, QuotaStatus({"pods": "10"}, {"pods": "2"}))]
    kube.lists[VOLUME_CLAIMS] = [VolumeClaim(meta, status=ClaimStatus("Bound", {"storage": "1Gi"}))]
    kube.lists[EVENTS] = [an_event("e1", 3)]
    return kube


def an_event(uid: str, count: int) -> Event:
    about = ObjectReference("Pod", "shop", "web-1-0")
    now = datetime.now(UTC) - timedelta(minutes=1)
    return Event(
        ObjectMeta(uid, "shop", uid), about, "Warning", "BackOff", f"again {uid}", count,
        first_timestamp=now, last_timestamp=now,
    )  # fmt: skip


def look(collector: CollectorBench, cluster_id: uuid.UUID) -> None:
    if collector.rows("SELECT 1 FROM collector.cluster_states"):
        collector.make_due(cluster_id)
    collect_due_clusters(collector.context)


def test_what_is_seen_is_attributed_and_told_once(collector: CollectorBench, kube: Refusing) -> None:
    cluster_id = collector.connect(fake=kube)
    look(collector, cluster_id)
    web = collector.row("SELECT * FROM collector.workloads")
    assert (web["hpa_name"], web["hpa_min_replicas"], web["hpa_max_replicas"]) == ("web-hpa", 2, 9)
    assert {row["workload_id"] for row in collector.rows("SELECT * FROM collector.pods")} == {web["id"]}
    event = collector.row("SELECT * FROM collector.events")
    assert (event["about_kind"], event["about_name"], event["workload_id"]) == ("Deployment", "web", web["id"])
    kube.lists[EVENTS] = [an_event("e1", 4), an_event("e2", 1)]
    look(collector, cluster_id)
    event = collector.row("SELECT * FROM collector.events")
    assert (event["count"], event["object"]) == (5, "Pod/web-1-0")
    assert collector.row("SELECT hard, used FROM collector.quotas") == {"hard": {"pods": 10}, "used": {"pods": 2}}
    assert collector.row("SELECT capacity_bytes FROM collector.volume_claims")["capacity_bytes"] == 2**30


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (KubeThrottledError("429"), "failed"),
        (KubeUnavailableError("500"), "failed"),
        (KubeForbiddenError("403"), "forbidden"),
    ],
)
def test_what_was_not_read_is_not_gone(
    collector: CollectorBench, kube: Refusing, failure: KubeError, status: str
) -> None:
    cluster_id = collector.connect(fake=kube)
    look(collector, cluster_id)
    kube.refused = dict.fromkeys((AUTOSCALERS, QUOTAS, VOLUME_CLAIMS, EVENTS), failure)
    look(collector, cluster_id)
    assert collector.state(cluster_id)["status"] == "connected"
    assert collector.row("SELECT hpa_name FROM collector.workloads")["hpa_name"] == "web-hpa"
    for table in ("quotas", "volume_claims", "events"):
        assert len(collector.rows(f"SELECT * FROM collector.{table}")) == 1, table
    lost = collector.rows("SELECT source, reason FROM collector.sources WHERE status = %s", status)
    assert {row["source"] for row in lost} == {"autoscalers", "quotas", "volume_claims", "events"}
    assert all(row["reason"] for row in lost)
    kube.refused = {}
    kube.lists[QUOTAS] = []
    look(collector, cluster_id)
    assert collector.rows("SELECT * FROM collector.quotas") == []
    assert collector.rows("SELECT * FROM collector.sources WHERE status IN ('failed', 'forbidden')") == []


def test_pods_follow_the_cluster_whoever_looks(collector: CollectorBench, kube: Refusing) -> None:
    """A worker that remembers the pods and one that must read them from the store write the same."""
    cluster_id = collector.connect(fake=kube)
    look(collector, cluster_id)
    other = replace(collector.context, memories=Memories())
    kube.lists[PODS] = [pod("web", 0, restarts=1), pod("web", 5)]
    collector.make_due(cluster_id)
    collect_due_clusters(other)
    kube.lists[PODS] = [*kube.lists[PODS], pod("web", 6)]
    look(collector, cluster_id)
    rows = collector.rows("SELECT name, restarts FROM collector.pods ORDER BY name")
    assert [(row["name"], row["restarts"]) for row in rows] == [("web-1-0", 1), ("web-1-5", 0), ("web-1-6", 0)]
    kube.failure = KubeUnavailableError("500")
    look(collector, cluster_id)
    assert len(collector.rows("SELECT * FROM collector.pods")) == 3


def test_nothing_of_a_kind_that_is_gone_stays(collector: CollectorBench, kube: Refusing) -> None:
    cluster_id = collector.connect(fake=kube)
    look(collector, cluster_id)
    kube.lists[DEPLOYMENTS] = [deployment("other", 1)]
    look(collector, cluster_id)
    gone = collector.rows("SELECT name FROM collector.workloads WHERE gone_at IS NOT NULL")
    assert [row["name"] for row in gone] == ["web"]


def test_use_of_containers_is_added_to_the_days_histogram(collector: CollectorBench, kube: Refusing) -> None:
    cluster_id = collector.connect(fake=kube)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    for minutes in (0, 11, 22):
        now = noon + timedelta(minutes=minutes)
        kube.lists[POD_METRICS] = [usage("web", 0, "100m", at=now), usage("web", 1, "300m", at=now)]
        if minutes:
            collector.execute("UPDATE collector.cluster_states SET next_due_at = %s", now)
        collect_due_clusters(collector.at(now))
    (row,) = collector.rows("SELECT * FROM collector.container_digests WHERE cluster_id = %s", cluster_id)
    # Two looks are written; the third is gathered and waits.
    assert (row["container"], row["day"], row["samples"], row["cpu_max_millicores"]) == ("app", noon.date(), 4, 300)
    cpu = Histogram.of(CPU_SMALLEST_MILLICORES, row["cpu_buckets"], row["cpu_counts"])
    assert cpu.quantile(0.5) == pytest.approx(100, rel=0.05)
    assert cpu.quantile(0.95) == pytest.approx(300, rel=0.05)
