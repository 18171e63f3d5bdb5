"""Reads one cluster and says what it saw in the collector's own words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from ai4k8s_collector.adapters.translate import (
    node_of,
    node_reading,
    owner_of,
    pod_of,
    pod_reading,
    workload_of,
)
from ai4k8s_collector.domain.observed import Snapshot
from ai4k8s_common.kube.errors import KubeError, KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.kube.types import (
    DEPLOYMENTS,
    NODE_METRICS,
    NODES,
    POD_METRICS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    NodeMetrics,
    PodMetrics,
    WorkloadKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from typing import Any

    from ai4k8s_common.kube.credentials import ClusterCredential
    from ai4k8s_common.kube.protocols import KubeReader
    from ai4k8s_common.kube.types import Resource

T = TypeVar("T")

FINISHED_PHASES = frozenset({"Succeeded", "Failed"})


class OpenCluster(Protocol):
    """Opens a cluster for reading."""

    def __call__(self, credential: ClusterCredential) -> AbstractAsyncContextManager[KubeReader]:
        """Return a reader to be entered. Raises Ai4k8sError when the credential cannot be used."""
        ...


async def read_cluster(kube: KubeReader, clock: Callable[[], datetime]) -> Snapshot:
    """Read everything one cycle needs, at once. Raises KubeError.

    Only the lists without which there is nothing to say are essential; the others may be missing and are then
    explained, never taken for empty.
    """
    version, deployments, stateful_sets, replica_sets, pods, nodes, usage = await _together(
        kube.version(),
        kube.list_all(DEPLOYMENTS),
        _listed(kube, STATEFUL_SETS, "StatefulSets"),
        kube.list_all(REPLICA_SETS),
        kube.list_all(PODS),
        _listed(kube, NODES, "Nodes"),
        _usage(kube),
    )
    (stateful_set_list, stateful_set_notes), (node_list, node_notes) = stateful_sets, nodes
    bare = [found for found in replica_sets if found.metadata.controller is None]
    workloads = (
        *(workload_of(WorkloadKind.DEPLOYMENT, found) for found in deployments),
        *(workload_of(WorkloadKind.STATEFUL_SET, found) for found in stateful_set_list or ()),
        *(workload_of(WorkloadKind.REPLICA_SET, found) for found in bare),
    )
    pod_metrics, node_metrics, problem = usage
    return Snapshot(
        at=clock(),
        server_version=version.git_version,
        kinds=frozenset(
            {WorkloadKind.DEPLOYMENT.value, WorkloadKind.REPLICA_SET.value}
            | ({WorkloadKind.STATEFUL_SET.value} if stateful_set_list is not None else set())
        ),
        workloads=workloads,
        owners={found.metadata.uid: owner_of(found.metadata) for found in replica_sets},
        pods=tuple(pod_of(found) for found in pods if found.status.phase not in FINISHED_PHASES),
        nodes=None if node_list is None else tuple(node_of(found) for found in node_list),
        pod_usage=None if pod_metrics is None else tuple(pod_reading(found) for found in pod_metrics),
        node_usage=None if node_metrics is None else tuple(node_reading(found) for found in node_metrics),
        metrics_problem=problem,
        notes=(*stateful_set_notes, *node_notes),
    )


async def _listed(kube: KubeReader, resource: Resource[T], name: str) -> tuple[list[T] | None, tuple[str, ...]]:
    """List what may be missing; None, with a note for people, when it may not be listed or is not offered."""
    try:
        return await kube.list_all(resource), ()
    except KubeNotFoundError:
        return None, ()
    except KubeForbiddenError as error:
        return None, (f"{name} are not shown: {error.detail}. {error.hint}",)


async def _usage(kube: KubeReader) -> tuple[list[PodMetrics] | None, list[NodeMetrics] | None, str]:
    pods, nodes = await asyncio.gather(_optional(kube, POD_METRICS), _optional(kube, NODE_METRICS))
    return pods[0], nodes[0], pods[1] or nodes[1]


async def _optional(kube: KubeReader, resource: Resource[T]) -> tuple[list[T] | None, str]:
    try:
        return await kube.list_all(resource), ""
    except KubeNotFoundError:
        return None, "The cluster has no metrics API: install metrics-server."
    except KubeForbiddenError:
        return None, f"The credential may not list {resource.path.rpartition('/')[2]} in metrics.k8s.io: grant it."
    except KubeError as error:
        return None, f"The metrics API does not answer: {error.detail}. Look at metrics-server."


async def _together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all at once; the first error stops the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
