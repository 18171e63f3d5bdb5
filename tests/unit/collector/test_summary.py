"""From a snapshot to rows: nothing is made up, nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ai4k8s_collector.domain.observed import (
    ObservedNode,
    ObservedPod,
    ObservedWorkload,
    Owner,
    PodResources,
    Snapshot,
    UsageReading,
    WorkloadKey,
)
from ai4k8s_collector.domain.readings import describe
from ai4k8s_collector.domain.summary import Known, Summary, attribute, summarize

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)
WEB = WorkloadKey("shop", "Deployment", "web")


def workload(key: WorkloadKey = WEB, uid: str = "d1", limit: float | None = 1000) -> ObservedWorkload:
    return ObservedWorkload(key, uid, "apps/v1", "5", 2, 2, 2, 1, 1, PodResources(500, limit), {})


def pod(number: int = 0, **changes: object) -> ObservedPod:
    made = NOW - timedelta(minutes=10)
    base = ObservedPod(
        "shop",
        f"web-{number}",
        Owner("ReplicaSet", "web-1", "rs1"),
        "node-1",
        ready=True,
        terminating=False,
        created_at=made,
        ready_at=made + timedelta(seconds=40),
        restarts=0,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def reading(number: int = 0, cpu: float | None = 300, at: datetime = NOW, memory: float | None = 1e8) -> UsageReading:
    return UsageReading("shop", f"web-{number}", at, cpu, memory)


def snapshot(pods: list[ObservedPod], usage: list[UsageReading] | None, limit: float | None = 1000) -> Snapshot:
    return Snapshot(
        at=NOW,
        server_version="v1",
        kinds=frozenset({"Deployment"}),
        workloads=(workload(limit=limit),),
        owners={"rs1": Owner("Deployment", "web", "d1"), "bare": None},
        pods=tuple(pods),
        nodes=(
            ObservedNode(
                "node-1",
                ready=True,
                unschedulable=False,
                cpu_allocatable_millicores=4000,
                memory_allocatable_bytes=8e9,
                pods_allocatable=110,
            ),
        ),
        pod_usage=None if usage is None else tuple(usage),
        node_usage=None,
    )


def summary(pods: list[ObservedPod], usage: list[UsageReading] | None, **known: Known) -> Summary:
    return summarize(snapshot(pods, usage), {WEB: known["web"]} if "web" in known else {}, INTERVAL)


def test_pods_follow_their_owners_by_uid_not_by_name() -> None:
    bare = workload(WorkloadKey("shop", "ReplicaSet", "bare"), "bare")
    found = attribute(
        [workload(), bare],
        {"rs1": Owner("Deployment", "web", "d1"), "old": Owner("Deployment", "web", "d0"), "bare": None},
        [
            pod(0),
            pod(1, owner=Owner("ReplicaSet", "bare", "bare")),
            pod(2, owner=Owner("ReplicaSet", "web-0", "old")),
            pod(3, owner=None),
            pod(4, owner=Owner("Job", "j", "j")),
        ],
    )
    assert {key.name: [p.name for p in pods] for key, pods in found.items()} == {"web": ["web-0"], "bare": ["web-1"]}


def test_usage_is_summed_and_capacity_is_of_ready_pods() -> None:
    (row,) = summary(
        [pod(0), pod(1), pod(2, ready=False, ready_at=None)], [reading(0), reading(1), reading(2)]
    ).workloads
    assert (row.cpu_usage_millicores, row.cpu_capacity_millicores) == (900, 1000)
    assert (row.pods, row.ready_pods, row.pods_with_metrics) == (3, 2, 3)


@pytest.mark.parametrize(("measured", "known"), [(4, True), (3, True), (2, True), (1, False), (0, False)])
def test_a_sum_with_most_readings_missing_is_unknown(measured: int, known: bool) -> None:
    (row,) = summary([pod(n) for n in range(4)], [reading(n) for n in range(measured)]).workloads
    assert (row.cpu_usage_millicores is not None) is known
    assert (row.memory_bytes is not None) is known
    assert row.pods_with_metrics == measured


def test_a_young_pod_may_lack_metrics() -> None:
    young = pod(1, created_at=NOW - timedelta(seconds=70), ready_at=NOW - timedelta(seconds=30))
    youngest = pod(2, created_at=NOW - timedelta(seconds=70), ready_at=NOW - timedelta(seconds=10))
    (row,) = summary([pod(0), young, youngest], [reading(0)]).workloads
    assert row.cpu_usage_millicores == 300


def test_no_pods_use_nothing_and_no_metrics_mean_unknown() -> None:
    assert summary([], []).workloads[0].cpu_usage_millicores == 0
    assert summary([], None).workloads[0].cpu_usage_millicores is None
    assert summary([pod(0)], None).workloads[0].cpu_usage_millicores is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (reading(cpu=None), "not_a_number"),
        (reading(cpu=float("nan")), "not_a_number"),
        (reading(cpu=float("inf")), "not_a_number"),
        (reading(cpu=-1), "negative"),
        (reading(memory=-1), "negative"),
        (replace(reading(), at=None), "undated"),
        (reading(at=NOW + timedelta(minutes=2)), "in_the_future"),
        (reading(at=NOW - timedelta(minutes=3)), "stale"),
    ],
)
def test_a_bad_reading_is_dropped_and_counted(bad: UsageReading, reason: str) -> None:
    result = summary([pod(0)], [bad])
    assert result.dropped == {reason: 1}
    assert result.workloads[0].cpu_usage_millicores is None
    assert reason.replace("_", " ") in describe(result.dropped)


def test_a_reading_of_a_pods_namesake_is_stale() -> None:
    reborn = pod(0, created_at=NOW - timedelta(seconds=20), ready_at=NOW - timedelta(seconds=5))
    assert summary([reborn], [reading(0, at=NOW - timedelta(seconds=40))]).dropped == {"stale": 1}


def test_pods_at_their_limit_hide_demand() -> None:
    def saturated(*cpu: float, limit: float | None = 1000) -> bool:
        pods = [pod(number) for number in range(len(cpu))]
        usage = [reading(number, value) for number, value in enumerate(cpu)]
        return summarize(snapshot(pods, usage, limit), {}, INTERVAL).workloads[0].saturated

    assert saturated(990, 960)
    assert saturated(990, 300)
    assert not saturated(990, 300, 300)
    assert not saturated(900, 900)
    assert not saturated(5000, limit=None)


def test_start_up_times_are_learnt_once_per_pod() -> None:
    started = pod(1, created_at=NOW - timedelta(seconds=75), ready_at=NOW - timedelta(seconds=15))
    known = Known(NOW - timedelta(seconds=60), [40.0])
    (row,) = summary([pod(0), started], [], web=known).workloads
    assert row.startup_seconds == (40.0, 60.0)
    assert row.startup_percentile(0.95) == 60.0
    (later,) = summary([pod(0), started], [], web=Known(NOW - timedelta(seconds=5), row.startup_seconds)).workloads
    assert later.startup_seconds == (40.0, 60.0)


def test_a_pod_that_became_ready_again_teaches_nothing() -> None:
    flapping = pod(0, created_at=NOW - timedelta(hours=9), ready_at=NOW - timedelta(seconds=15))
    restarted = pod(1, restarts=2, ready_at=NOW - timedelta(seconds=15))
    (row,) = summary([flapping, restarted], [], web=Known(NOW - timedelta(seconds=60), ())).workloads
    assert row.startup_seconds == ()
    assert row.startup_percentile(0.95) is None


def test_a_start_up_too_short_to_measure_is_not_one() -> None:
    adopted = pod(0, ready_at=NOW - timedelta(minutes=10))
    assert adopted.ready_at == adopted.created_at
    assert summary([adopted], []).workloads[0].startup_percentile(0.95) is None


def test_only_the_latest_start_ups_count() -> None:
    (row,) = summary([pod(0)], [], web=Known(NOW - timedelta(hours=1), [float(n) for n in range(20)])).workloads
    assert row.startup_seconds[-1] == 40.0
    assert len(row.startup_seconds) == 20


def test_a_node_without_a_reading_has_unknown_usage_and_its_pods() -> None:
    (row,) = summary([pod(0), pod(1)], []).nodes or ()
    assert (row.pods, row.cpu_usage_millicores) == (2, None)


def test_a_rollout_is_in_progress_until_the_controller_has_seen_and_done_it() -> None:
    done = workload()
    assert not done.rollout_in_progress
    assert replace(done, generation=2).rollout_in_progress
    assert replace(done, updated_replicas=1).rollout_in_progress
