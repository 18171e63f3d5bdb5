"""From a snapshot to rows: pods are attributed to workloads, usage is summed, start-up times are learnt."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.readings import Believed, believe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ai4k8s_collector.domain.observed import (
        ObservedNode,
        ObservedPod,
        ObservedWorkload,
        Owner,
        Snapshot,
        WorkloadKey,
    )

SATURATED_SHARE = 0.95
METRICS_DUE_AFTER = timedelta(minutes=1)
STARTUPS_KEPT = 20
SHORTEST_STARTUP = timedelta(seconds=1)  # the API's times are whole seconds: less was not measured
LONGEST_STARTUP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers of a workload."""

    last_seen_at: datetime
    startup_seconds: Sequence[float]


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """One workload, now. Sums are over its pods; None means not known."""

    workload: ObservedWorkload
    pods: int
    ready_pods: int
    pods_with_metrics: int
    cpu_usage_millicores: float | None
    cpu_capacity_millicores: float | None
    memory_bytes: float | None
    saturated: bool
    restarts: int
    startup_seconds: tuple[float, ...]

    @property
    def startup_p95_seconds(self) -> float | None:
        """Nearest-rank 95th percentile."""
        ordered = sorted(self.startup_seconds)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node, now."""

    node: ObservedNode
    cpu_usage_millicores: float | None
    memory_bytes: float | None
    pods: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What one cycle writes. `nodes` is None when nodes could not be read: not the same as none."""

    workloads: tuple[WorkloadRow, ...]
    nodes: tuple[NodeRow, ...] | None
    dropped: Mapping[str, int]


def summarize(snapshot: Snapshot, known: Mapping[WorkloadKey, Known], interval: timedelta) -> Summary:
    """Judge readings, attribute pods, sum up."""
    born = {(pod.namespace, pod.name): pod.created_at for pod in snapshot.pods}
    usage = believe(snapshot.pod_usage or (), snapshot.at, interval, born)
    pods = attribute(snapshot.workloads, snapshot.owners, snapshot.pods)
    rows = tuple(
        _workload_row(workload, pods[workload.key], usage, snapshot, known.get(workload.key))
        for workload in snapshot.workloads
    )
    node_usage = believe(snapshot.node_usage or (), snapshot.at, interval, {})
    return Summary(rows, _node_rows(snapshot, node_usage), usage.dropped + node_usage.dropped)


def attribute(
    workloads: Sequence[ObservedWorkload], owners: Mapping[str, Owner | None], pods: Sequence[ObservedPod]
) -> Mapping[WorkloadKey, list[ObservedPod]]:
    """Follow owner references: pod -> ReplicaSet -> Deployment, by uid, since names are used again."""
    by_uid = {workload.uid: workload.key for workload in workloads}
    result: defaultdict[WorkloadKey, list[ObservedPod]] = defaultdict(list)
    for pod in pods:
        owner = pod.owner
        if owner is not None and owner.uid not in by_uid:
            owner = owners.get(owner.uid)
        if owner is not None and (key := by_uid.get(owner.uid)) is not None:
            result[key].append(pod)
    return result


def _workload_row(
    workload: ObservedWorkload,
    pods: list[ObservedPod],
    usage: Believed,
    snapshot: Snapshot,
    known: Known | None,
) -> WorkloadRow:
    measured = [pod for pod in pods if (pod.namespace, pod.name) in usage.readings]
    ready = [pod for pod in pods if pod.ready and not pod.terminating]
    cpu, memory = _sums(pods, measured, usage, snapshot)
    request = workload.resources.cpu_request_millicores
    return WorkloadRow(
        workload=workload,
        pods=len(pods),
        ready_pods=len(ready),
        pods_with_metrics=len(measured),
        cpu_usage_millicores=cpu,
        cpu_capacity_millicores=None if request is None else request * len(ready),
        memory_bytes=memory,
        saturated=_is_saturated(workload, ready, usage),
        restarts=sum(pod.restarts for pod in pods),
        startup_seconds=_startups(pods, known, snapshot.at),
    )


def _sums(
    pods: list[ObservedPod], measured: list[ObservedPod], usage: Believed, snapshot: Snapshot
) -> tuple[float | None, float | None]:
    """Sum over pods; unknown when metrics are missing for most pods that should have them by now."""
    if snapshot.pod_usage is None:
        return None, None
    due = [pod for pod in pods if pod.ready and pod.ready_at and pod.ready_at < snapshot.at - METRICS_DUE_AFTER]
    due_measured = sum((pod.namespace, pod.name) in usage.readings for pod in due)
    if due_measured * 2 < len(due) or (pods and not measured):
        return None, None
    readings = [usage.readings[pod.namespace, pod.name] for pod in measured]
    return (
        math.fsum(reading.cpu_millicores or 0.0 for reading in readings),
        math.fsum(reading.memory_bytes or 0.0 for reading in readings),
    )


def _is_saturated(workload: ObservedWorkload, ready: list[ObservedPod], usage: Believed) -> bool:
    """Whether pods run against their CPU limit, so that usage says less than what is asked of them."""
    limit = workload.resources.cpu_limit_millicores
    used = [
        reading.cpu_millicores or 0.0
        for pod in ready
        if (reading := usage.readings.get((pod.namespace, pod.name))) is not None
    ]
    if not limit or not used:
        return False
    at_limit = sum(value >= SATURATED_SHARE * limit for value in used)
    return at_limit * 2 >= len(used) or math.fsum(used) >= SATURATED_SHARE * limit * len(used)


def _startups(pods: list[ObservedPod], known: Known | None, now: datetime) -> tuple[float, ...]:
    """Add the start-up times of pods that became ready since the last look.

    Only the first time counts: a pod that was made long ago, or has restarted, became ready *again*.
    """
    fresh: list[tuple[datetime, float]] = []
    for pod in pods:
        if not pod.ready or pod.created_at is None or pod.ready_at is None or pod.restarts:
            continue
        took = pod.ready_at - pod.created_at
        new = known is None or pod.ready_at > known.last_seen_at
        if new and SHORTEST_STARTUP <= took <= LONGEST_STARTUP and pod.ready_at <= now:
            fresh.append((pod.ready_at, took.total_seconds()))
    before = tuple(known.startup_seconds) if known is not None else ()
    return (*before, *(seconds for _, seconds in sorted(fresh)))[-STARTUPS_KEPT:]


def _node_rows(snapshot: Snapshot, usage: Believed) -> tuple[NodeRow, ...] | None:
    if snapshot.nodes is None:
        return None
    pods: defaultdict[str, int] = defaultdict(int)
    for pod in snapshot.pods:
        pods[pod.node] += 1
    rows = []
    for node in snapshot.nodes:
        reading = usage.readings.get(("", node.name))
        rows.append(
            NodeRow(
                node,
                reading.cpu_millicores if reading else None,
                reading.memory_bytes if reading else None,
                pods[node.name],
            )
        )
    return tuple(rows)
