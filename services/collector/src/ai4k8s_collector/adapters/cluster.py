"""Reads one cluster and says what it saw in the collector's own words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from ai4k8s_collector.adapters.asking import Asking
from ai4k8s_collector.adapters.scalables import read_custom_workloads
from ai4k8s_collector.adapters.translate import (
    node_of,
    node_reading,
    owner_of,
    pod_of,
    pod_reading,
    workload_of,
)
from ai4k8s_collector.adapters.translate_objects import (
    claim_of,
    cron_job_of,
    daemon_set_of,
    event_of,
    hpa_of,
    job_of,
    quota_of,
    revision_of,
    vpa_of,
)
from ai4k8s_collector.domain.observed import Snapshot
from ai4k8s_collector.domain.sources import Source
from ai4k8s_collector.memory import ClusterMemory
from ai4k8s_common.kube.objects import (
    AUTOSCALERS,
    CRON_JOBS,
    DAEMON_SETS,
    EVENTS,
    JOBS,
    QUOTAS,
    VERTICAL_AUTOSCALERS,
    VOLUME_CLAIMS,
)
from ai4k8s_common.kube.types import (
    DEPLOYMENTS,
    NODE_METRICS,
    NODES,
    POD_METRICS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    WorkloadKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from typing import Any

    from ai4k8s_collector.domain.deploys import Revision
    from ai4k8s_collector.domain.observed import ObservedPod, ObservedWorkload, Owner
    from ai4k8s_common.kube.credentials import ClusterCredential
    from ai4k8s_common.kube.objects import Job
    from ai4k8s_common.kube.protocols import KubeReader
    from ai4k8s_common.kube.types import Pod, Workload

T = TypeVar("T")

FINISHED_PHASES = frozenset({"Succeeded", "Failed"})


class OpenCluster(Protocol):
    """Opens a cluster for reading."""

    def __call__(
        self, credential: ClusterCredential, namespaces: Sequence[str] = ()
    ) -> AbstractAsyncContextManager[KubeReader]:
        """Return a reader to be entered, of all namespaces or of those named.

        Raises Ai4k8sError when the credential cannot be used.
        """
        ...


async def read_cluster(
    kube: KubeReader, clock: Callable[[], datetime], memory: ClusterMemory | None = None
) -> Snapshot:
    """Read everything one cycle needs, at once. Raises KubeError.

    Only the lists without which there is nothing to say are essential; the others may be missing and are then
    explained, never taken for empty. `memory` spares translating again what has not changed.
    """
    memory = memory or ClusterMemory()
    ask, chains = Asking(kube), _Chains()
    workloads = _Workloads(ask, chains)
    version, _, pods, nodes, pod_usage, node_usage, hpas, vpas, quotas, claims, events, custom = await _together(
        kube.version(),
        workloads.read(),
        ask.must(Source.PODS, PODS, _pod_maker(memory)),
        ask.may(Source.NODES, NODES, node_of, failure_ends=True),
        ask.may(Source.POD_METRICS, POD_METRICS, pod_reading),
        ask.may(Source.NODE_METRICS, NODE_METRICS, node_reading),
        ask.may(Source.AUTOSCALERS, AUTOSCALERS, hpa_of),
        ask.may(Source.VERTICAL_AUTOSCALERS, VERTICAL_AUTOSCALERS, vpa_of),
        ask.may(Source.QUOTAS, QUOTAS, quota_of),
        ask.may(Source.VOLUME_CLAIMS, VOLUME_CLAIMS, claim_of),
        ask.may(Source.EVENTS, EVENTS, lambda event: event_of(event, clock())),
        read_custom_workloads(ask, memory, clock),
    )
    memory.pods = {pod.uid: pod for pod in pods}
    custom_kinds, custom_workloads = custom
    return Snapshot(
        at=clock(),
        server_version=version.git_version,
        kinds=frozenset(workloads.kinds | custom_kinds),
        workloads=(*workloads.found, *custom_workloads),
        owners=chains.owners,
        pods=tuple(pods),
        nodes=_tuple(nodes),
        pod_usage=_tuple(pod_usage),
        node_usage=_tuple(node_usage),
        metrics_problem=ask.problem(Source.POD_METRICS) or ask.problem(Source.NODE_METRICS),
        notes=tuple(note for source in (Source.STATEFUL_SETS, Source.NODES) if (note := ask.forbidden_note(source))),
        revisions={uid: tuple(revisions) for uid, revisions in chains.revisions.items()},
        autoscalers=_tuple(hpas),
        vertical_autoscalers=_tuple(vpas),
        quotas=_tuple(quotas),
        volume_claims=_tuple(claims),
        events=_tuple(events),
        sources=ask.states(),
    )


class _Chains:
    """Who manages what stands between pods and workloads."""

    def __init__(self) -> None:
        self.owners: dict[str, Owner | None] = {}
        self.revisions: dict[str, list[Revision]] = {}

    def replica_set(self, found: Workload) -> ObservedWorkload | None:
        """Remember a ReplicaSet's place; one that nobody manages is a workload itself."""
        self.owners[found.metadata.uid] = owner_of(found.metadata)
        revision = revision_of(found)
        if revision is not None:
            self.revisions.setdefault(revision[0], []).append(revision[1])
        return None if found.metadata.controller is not None else workload_of(WorkloadKind.REPLICA_SET, found)

    def job(self, found: Job) -> ObservedWorkload | None:
        """Remember a Job's place; one of a CronJob is shown as that."""
        self.owners[found.metadata.uid] = owner_of(found.metadata)
        return job_of(found)


class _Workloads:
    """The kinds that every cluster has."""

    def __init__(self, ask: Asking, chains: _Chains) -> None:
        self._ask, self._chains = ask, chains
        self.found: list[ObservedWorkload] = []
        self.kinds: set[str] = set()

    async def read(self) -> None:
        """Read them all; a kind counts as known only when its list was read."""
        ask, chains = self._ask, self._chains
        lists = await _together(
            ask.must(Source.DEPLOYMENTS, DEPLOYMENTS, lambda found: workload_of(WorkloadKind.DEPLOYMENT, found)),
            ask.must(Source.REPLICA_SETS, REPLICA_SETS, chains.replica_set),
            ask.may(
                Source.STATEFUL_SETS,
                STATEFUL_SETS,
                lambda found: workload_of(WorkloadKind.STATEFUL_SET, found),
                failure_ends=True,
            ),
            ask.may(Source.DAEMON_SETS, DAEMON_SETS, daemon_set_of),
            ask.may(Source.JOBS, JOBS, chains.job),
            ask.may(Source.CRON_JOBS, CRON_JOBS, cron_job_of),
        )
        kinds = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")
        for kind, listed in zip(kinds, lists, strict=True):
            if listed is not None:
                self.kinds.add(kind)
                self.found += listed


def _pod_maker(memory: ClusterMemory) -> Callable[[Pod], ObservedPod | None]:
    before = memory.pods

    def make(found: Pod) -> ObservedPod | None:
        if found.status.phase in FINISHED_PHASES:
            return None
        known = before.get(found.metadata.uid)
        same = known is not None and known.version and known.version == found.metadata.resource_version
        return known if same else pod_of(found)

    return make


def _tuple(items: Iterable[T] | None) -> tuple[T, ...] | None:
    return None if items is None else tuple(items)


async def _together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all at once; the first error stops the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
