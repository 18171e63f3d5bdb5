"""Which pods stand where and what they ask for, as the collector saw them: for asking whether others would fit too."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ai4k8s_common.packing import Pods, Room
from ai4k8s_common.store.collector import nodes, workloads
from ai4k8s_common.store.observed import pods

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

CONTROL_PLANE = frozenset({"control-plane", "master"})
DEFAULT_POOL = "default"
DEFAULT_PODS = 110


@dataclass(frozen=True)
class NodeRoom:
    """A node and what is asked of it.

    Attributes:
        takes_pods: whether new ones may come: ready, not cordoned, not of the control plane.
        requested_cpu_millicores: summed over all its pods, also those of no workload.
        counts: pods by workload.
    """

    name: str
    pool: str
    takes_pods: bool
    tainted: bool
    cpu_millicores: float
    memory_bytes: float
    pods: int
    requested_cpu_millicores: float
    requested_memory_bytes: float
    placed: int
    counts: Mapping[int, int]

    def room(self) -> Room:
        """What is free."""
        return Room(
            self.name,
            self.cpu_millicores - self.requested_cpu_millicores,
            self.memory_bytes - self.requested_memory_bytes,
            self.pods - self.placed,
            self.tainted,
        )


@dataclass(frozen=True)
class Asking:
    """What one pod of a workload asks for, as the scheduler sums it: what is not set is nothing."""

    workload_id: int
    namespace: str
    kind: str
    name: str
    desired_replicas: int
    cpu_millicores: float
    memory_bytes: float
    whole: bool  # every container says what it asks for
    tolerant: bool

    @property
    def on_every_node(self) -> bool:
        """Whether its pods come and go with nodes."""
        return self.kind == "DaemonSet"

    def pods(self, count: int) -> Pods:
        """So many of its pods."""
        return Pods(self.workload_id, self.cpu_millicores, self.memory_bytes, count, self.tolerant)


@dataclass(frozen=True)
class Placement:
    """A cluster's nodes, workloads, and pods that have no node yet, by workload."""

    nodes: tuple[NodeRoom, ...]
    workloads: Mapping[int, Asking]
    waiting: Mapping[int, int]

    def moving_from(self, names: Collection[str]) -> list[Pods]:
        """Pods that would have to go elsewhere if these nodes were gone. Those of no workload are not made again."""
        count: defaultdict[int, int] = defaultdict(int)
        for node in self.nodes:
            if node.name in names:
                for workload_id, many in node.counts.items():
                    count[workload_id] += many
        return [
            self.workloads[workload_id].pods(many)
            for workload_id, many in count.items()
            if workload_id in self.workloads and not self.workloads[workload_id].on_every_node
        ]

    def unscheduled(self) -> list[Pods]:
        """Pods that wait for a node."""
        return [self.workloads[one].pods(many) for one, many in self.waiting.items() if one in self.workloads]

    def rooms(self, without: Collection[str] = ()) -> list[Room]:
        """What is free on the nodes that take pods."""
        return [node.room() for node in self.nodes if node.takes_pods and node.name not in without]


def pool_of(node: Row[Any]) -> str:
    """Name the pool of a node as the provider does; without that, nodes of one machine type are one."""
    return str(node.pool or node.instance_type or DEFAULT_POOL)


def takes_pods(node: Row[Any]) -> bool:
    """Whether new pods may come to a node."""
    return bool(node.ready and not node.unschedulable and not CONTROL_PLANE & set(node.roles or ()))


def read_placement(connection: Connection, cluster_id: UUID) -> Placement | None:
    """Return what is known of a cluster; None when its nodes are not."""
    seen = list(connection.execute(select(nodes).where(nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None))))
    known = [node for node in seen if node.cpu_allocatable_millicores and node.memory_allocatable_bytes]
    if not known:
        return None
    where, waiting = _pods(connection, cluster_id)
    tainted = {node.name for node in known if node.tainted}
    tolerant = {workload_id for name in tainted for workload_id in where[name]}
    query = select(workloads).where(workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None))
    rows = {row.id: row for row in connection.execute(query)}
    asking = {workload_id: _asking(row, workload_id in tolerant) for workload_id, row in rows.items()}
    return Placement(tuple(_node(node, where[node.name], rows, asking) for node in known), asking, waiting)


def _pods(connection: Connection, cluster_id: UUID) -> tuple[defaultdict[str, dict[int, int]], dict[int, int]]:
    p = pods
    query = (
        select(p.c.node, p.c.workload_id, func.count().label("many"))
        .where(p.c.cluster_id == cluster_id, p.c.workload_id.is_not(None), ~p.c.terminating)
        .group_by(p.c.node, p.c.workload_id)
    )
    where: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in connection.execute(query):
        where[row.node][row.workload_id] = row.many
    return where, where.pop("", {})


def _asking(row: Row[Any], tolerant: bool) -> Asking:
    cpu, memory, whole = row.cpu_request_millicores, row.memory_request_bytes, True
    if row.containers:
        each = [(one.get("cpu_request_millicores"), one.get("memory_request_bytes")) for one in row.containers]
        cpu, memory = sum(one or 0.0 for one, _ in each), sum(one or 0.0 for _, one in each)
        whole = all(one is not None for pair in each for one in pair)
    return Asking(
        row.id,
        row.namespace,
        row.kind,
        row.name,
        row.desired_replicas,
        cpu or 0.0,
        memory or 0.0,
        whole and cpu is not None and memory is not None,
        tolerant,
    )


def _node(
    node: Row[Any], counts: dict[int, int], rows: Mapping[int, Row[Any]], asking: Mapping[int, Asking]
) -> NodeRoom:
    """Sum what is asked of a node: the collector's sum knows all pods, ours also those that name only some amounts."""
    cpu, memory = node.cpu_requested_millicores or 0.0, node.memory_requested_bytes or 0.0
    for workload_id, many in counts.items():
        if workload_id in asking:
            cpu += many * (asking[workload_id].cpu_millicores - (rows[workload_id].cpu_request_millicores or 0.0))
            memory += many * (asking[workload_id].memory_bytes - (rows[workload_id].memory_request_bytes or 0.0))
    return NodeRoom(
        name=node.name,
        pool=pool_of(node),
        takes_pods=takes_pods(node),
        tainted=node.tainted,
        cpu_millicores=node.cpu_allocatable_millicores,
        memory_bytes=node.memory_allocatable_bytes,
        pods=node.pods_allocatable or DEFAULT_PODS,
        requested_cpu_millicores=max(cpu, 0.0),
        requested_memory_bytes=max(memory, 0.0),
        placed=sum(counts.values()),
        counts=counts,
    )
