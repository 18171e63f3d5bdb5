"""From a snapshot to rows: pods are attributed to workloads, usage is summed, start-up times are learnt."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.deploys import Deploy, deploy_since, newest, past_deploys
from ai4k8s_collector.domain.flows import custom_over, sum_over
from ai4k8s_collector.domain.readings import Believed, believe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ai4k8s_collector.domain.objects import ObservedHpa, ObservedVpa
    from ai4k8s_collector.domain.observed import (
        ObservedNode,
        ObservedPod,
        ObservedWorkload,
        Owner,
        Snapshot,
        WorkloadKey,
    )
    from ai4k8s_collector.domain.pods import PodRow

SATURATED_SHARE = 0.95
METRICS_DUE_AFTER = timedelta(minutes=1)
STARTUPS_KEPT = 20
SHORTEST_STARTUP = timedelta(seconds=1)  # the API's times are whole seconds: less was not measured
LONGEST_STARTUP = timedelta(minutes=30)
# Pod -> ReplicaSet -> Deployment -> whatever scales that: longer chains are loops.
MOST_OWNERS = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers of a workload."""

    last_seen_at: datetime
    startup_seconds: Sequence[float]
    revision: str = ""
    revision_at: datetime | None = None
    oom_kills: int = 0
    last_oom_at: datetime | None = None


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
    killed_containers: tuple[str, ...] = ()
    oom_kills: int = 0
    last_oom_at: datetime | None = None
    pending: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    custom: Mapping[str, float] = field(default_factory=dict)
    hpa: ObservedHpa | None = None
    vpa: ObservedVpa | None = None
    revision: str = ""
    revision_at: datetime | None = None
    deploys: tuple[Deploy, ...] = ()

    @property
    def new_oom_kills(self) -> int:
        """How many containers ran out of memory since the last look."""
        return len(self.killed_containers)

    @property
    def pending_pods(self) -> int:
        """How many wait for something."""
        return sum(self.pending.values())

    def startup_percentile(self, share: float) -> float | None:
        """Nearest-rank percentile of the latest start-up times."""
        ordered = sorted(self.startup_seconds)
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node, now."""

    node: ObservedNode
    cpu_usage_millicores: float | None
    memory_bytes: float | None
    pods: int
    cpu_requested_millicores: float = 0.0
    memory_requested_bytes: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """What one cycle writes. `nodes` is None when nodes could not be read: not the same as none."""

    workloads: tuple[WorkloadRow, ...]
    nodes: tuple[NodeRow, ...] | None
    dropped: Mapping[str, int]
    pods: Mapping[WorkloadKey, Sequence[ObservedPod]] = field(default_factory=dict)
    usage: Believed = field(default_factory=lambda: Believed({}, Counter()))


def summarize(
    snapshot: Snapshot,
    known: Mapping[WorkloadKey, Known],
    interval: timedelta,
    before: Mapping[str, PodRow] | None = None,
) -> Summary:
    """Judge readings, attribute pods, sum up. `before` are the pods of the last look, by uid."""
    born = {(pod.namespace, pod.name): pod.created_at for pod in snapshot.pods}
    usage = believe(snapshot.pod_usage or (), snapshot.at, interval, born)
    pods = attribute(snapshot.workloads, snapshot.owners, snapshot.pods)
    scaled_by = {(hpa.namespace, hpa.target_kind, hpa.target_name): hpa for hpa in snapshot.autoscalers or ()}
    sized_by = {(vpa.namespace, vpa.target_kind, vpa.target_name): vpa for vpa in snapshot.vertical_autoscalers or ()}
    look = _Look(snapshot, usage, before or {}, scaled_by, sized_by)
    rows = tuple(
        _workload_row(workload, pods.get(workload.key, ()), look, known.get(workload.key))
        for workload in snapshot.workloads
    )
    node_usage = believe(snapshot.node_usage or (), snapshot.at, interval, {})
    dropped = usage.dropped + node_usage.dropped + Counter(snapshot.flows.dropped)
    return Summary(rows, _node_rows(snapshot, node_usage), dropped, pods, usage)


@dataclass(frozen=True, slots=True)
class _Look:
    """What all workloads of one look share."""

    snapshot: Snapshot
    usage: Believed
    before: Mapping[str, PodRow]
    scaled_by: Mapping[tuple[str, str, str], ObservedHpa]
    sized_by: Mapping[tuple[str, str, str], ObservedVpa]


def attribute(
    workloads: Sequence[ObservedWorkload], owners: Mapping[str, Owner | None], pods: Sequence[ObservedPod]
) -> Mapping[WorkloadKey, Sequence[ObservedPod]]:
    """Follow owner references: pod -> ReplicaSet -> Deployment, by uid, since names are used again."""
    by_uid = {workload.uid: workload.key for workload in workloads}
    result: defaultdict[WorkloadKey, list[ObservedPod]] = defaultdict(list)
    for pod in pods:
        owner = pod.owner
        for _ in range(MOST_OWNERS):
            if owner is None or owner.uid in by_uid:
                break
            owner = owners.get(owner.uid)
        if owner is not None and (key := by_uid.get(owner.uid)) is not None:
            result[key].append(pod)
    return result


def _workload_row(
    workload: ObservedWorkload, pods: Sequence[ObservedPod], look: _Look, known: Known | None
) -> WorkloadRow:
    snapshot, usage = look.snapshot, look.usage
    measured = [pod for pod in pods if (pod.namespace, pod.name) in usage.readings]
    ready = [pod for pod in pods if pod.ready and not pod.terminating]
    cpu, memory = _sums(pods, measured, usage, snapshot)
    request = workload.resources.cpu_request_millicores
    key = (workload.key.namespace, workload.key.kind, workload.key.name)
    killed = [pod for pod in pods if pod.oom_at is not None and _is_new_kill(pod, look.before, known)]
    revision, deploys = _deploys(workload, snapshot, known)
    last_deploy = deploys[-1].at if deploys else (known.revision_at if known is not None else None)
    oom_before = (known.last_oom_at,) if known is not None and known.last_oom_at is not None else ()
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
        killed_containers=tuple(pod.oom_container for pod in killed),
        oom_kills=len(killed) + (known.oom_kills if known is not None else 0),
        last_oom_at=max((*(pod.oom_at for pod in killed if pod.oom_at), *oom_before), default=None),
        pending=_pending(pods),
        rates=sum_over(pods, snapshot.flows),
        custom=custom_over(pods, snapshot.flows),
        hpa=look.scaled_by.get(key),
        vpa=look.sized_by.get(key),
        revision=revision,
        revision_at=last_deploy,
        deploys=deploys,
    )


def _is_new_kill(pod: ObservedPod, before: Mapping[str, PodRow], known: Known | None) -> bool:
    """Whether a pod's latest OOM kill was not counted yet. At the first look nothing is: it may be days old."""
    row = before.get(pod.uid)
    if row is not None:
        return pod.oom_at != row.last_oom_at
    return known is not None and pod.oom_at is not None and pod.oom_at > known.last_seen_at


def _pending(pods: Sequence[ObservedPod]) -> dict[str, int]:
    """Count what pods wait for; those that end are not waiting."""
    waiting = (
        pod for pod in pods if not pod.terminating and (pod.phase == "Pending" or (pod.reason and not pod.ready))
    )
    return dict(Counter(pod.reason or "Pending" for pod in waiting))


def _deploys(workload: ObservedWorkload, snapshot: Snapshot, known: Known | None) -> tuple[str, tuple[Deploy, ...]]:
    """Return (present revision, deploys that are new to the store)."""
    revisions = snapshot.revisions.get(workload.uid, ())
    last = newest(revisions)
    current = str(last.number) if last is not None else workload.revision
    if known is None or not known.revision:
        return current, tuple(past_deploys(revisions))
    new = deploy_since(known.revision, current, last, workload.images, known.last_seen_at, snapshot.at)
    return current or known.revision, () if new is None else (new,)


def _sums(
    pods: Sequence[ObservedPod], measured: Sequence[ObservedPod], usage: Believed, snapshot: Snapshot
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


def _is_saturated(workload: ObservedWorkload, ready: Sequence[ObservedPod], usage: Believed) -> bool:
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


def _startups(pods: Sequence[ObservedPod], known: Known | None, now: datetime) -> tuple[float, ...]:
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
    cpu: defaultdict[str, float] = defaultdict(float)
    memory: defaultdict[str, float] = defaultdict(float)
    for pod in snapshot.pods:
        pods[pod.node] += 1
        cpu[pod.node] += pod.cpu_request_millicores or 0.0
        memory[pod.node] += pod.memory_request_bytes or 0.0
    rows = []
    for node in snapshot.nodes:
        reading = usage.readings.get(("", node.name))
        rows.append(
            NodeRow(
                node,
                reading.cpu_millicores if reading else None,
                reading.memory_bytes if reading else None,
                pods[node.name],
                cpu[node.name],
                memory[node.name],
                {rate: nodes[node.name] for rate, nodes in snapshot.flows.nodes.items() if node.name in nodes},
            )
        )
    return tuple(rows)
