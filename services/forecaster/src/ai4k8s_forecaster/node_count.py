"""How many nodes a pool should get, or could give back, by trying it out with the pods there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ai4k8s_common.packing import Pods, Room, nodes_needed, pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai4k8s_common.store.placement import NodeRoom, Placement

LEAST_DAYS = 7.0
#: Fuller than this a pool has no room for a roll-out, a restart, or a peak within five minutes.
FULL_SHARE = 0.9
#: Use, which unlike requests has peaks within five minutes.
BUSY_SHARE = 0.8
MOST_TRIED = 50


@dataclass(frozen=True)
class PoolState:
    """A pool's nodes that take pods; `levels` are upper bounds of daily peaks two weeks ahead, by resource."""

    name: str
    nodes: Sequence[NodeRoom]
    history_days: float
    levels: Mapping[str, float]


@dataclass(frozen=True)
class NodeAdvice:
    """Nodes to add (positive) or that could go (negative); None: it cannot be told, and the sentence says why."""

    change: int | None
    sentence: str
    at_once: bool = False


def advise(placement: Placement, pool: PoolState, *, waiting_first: bool) -> NodeAdvice:
    """Say how many nodes should come or could go. `waiting_first`: pods that wait are this pool's to take."""
    waiting = placement.unscheduled() if waiting_first else []
    homeless = _homeless(placement, waiting)
    if homeless:
        return _for_waiting(placement, pool, homeless)
    if pool.history_days < LEAST_DAYS:
        return NodeAdvice(None, f"Too early to tell: {pool.history_days:.0f} of {LEAST_DAYS:.0f} whole days collected.")
    short = _shortage(pool)
    if short > 0:
        return NodeAdvice(
            short, f"{short} more {_nodes(short)} for what daily peaks may reach in two weeks (upper 90 % bound)."
        )
    spare = _spare(placement, pool)
    if spare > 0:
        return NodeAdvice(
            -spare,
            f"{spare} {_nodes(spare)} could go: the pods fit on the others, the peaks of the next two weeks too, "
            "and one more could still be lost.",
        )
    return NodeAdvice(0, "The number of nodes fits.")


def _nodes(count: int) -> str:
    return "node" if count == 1 else "nodes"


def _homeless(placement: Placement, waiting: Sequence[Pods]) -> list[Pods]:
    packed = pack(waiting, placement.rooms())
    return [
        Pods(one.key, one.cpu_millicores, one.memory_bytes, packed.homeless[one.key], one.tolerant)
        for one in waiting
        if one.key in packed.homeless
    ]


def _for_waiting(placement: Placement, pool: PoolState, homeless: Sequence[Pods]) -> NodeAdvice:
    count = sum(one.count for one in homeless)
    pods = "1 pod finds" if count == 1 else f"{count} pods find"
    needed = nodes_needed(homeless, typical_node(placement, pool.nodes))
    if needed is None:
        return NodeAdvice(None, f"{pods} no room, and would not fit on an empty node of pool {pool.name} either.", True)
    return NodeAdvice(needed, f"{needed} more {_nodes(needed)} now: {pods} no room.", at_once=True)


def typical_node(placement: Placement, nodes: Sequence[NodeRoom]) -> Room:
    """An empty node like those of a pool, without what runs on every node."""
    cpu, memory, count = 0.0, 0.0, 0
    for one in placement.workloads.values():
        if one.on_every_node and any(one.workload_id in node.counts for node in nodes):
            cpu, memory, count = cpu + one.cpu_millicores, memory + one.memory_bytes, count + 1
    return Room(
        "new",
        max(median(node.cpu_millicores for node in nodes) - cpu, 1.0),
        max(median(node.memory_bytes for node in nodes) - memory, 1.0),
        max(int(median(node.pods for node in nodes)) - count, 1),
        all(node.tainted for node in nodes),
    )


def _shortage(pool: PoolState) -> int:
    """Nodes by which the levels two weeks ahead pass what the pool has."""
    shares = {"cpu_requests": FULL_SHARE, "memory_requests": FULL_SHARE, "cpu": BUSY_SHARE, "memory": FULL_SHARE}
    missing = 0
    for resource, share in shares.items():
        sizes = [node.cpu_millicores if resource.startswith("cpu") else node.memory_bytes for node in pool.nodes]
        over = pool.levels.get(resource, 0.0) - share * sum(sizes)
        if over > 0:
            missing = max(missing, math.ceil(over / (share * median(sizes))))
    return missing


def _spare(placement: Placement, pool: PoolState) -> int:
    """Nodes that could go one after the other, the emptiest first, less the one whose loss must be borne."""
    order = sorted(pool.nodes, key=lambda node: (node.requested_cpu_millicores / node.cpu_millicores, node.name))
    gone: list[str] = []
    for node in order[: min(MOST_TRIED, len(order) - 1)]:
        trying = [*gone, node.name]
        left = PoolState(
            pool.name, [one for one in pool.nodes if one.name not in trying], pool.history_days, pool.levels
        )
        fits = pack(placement.moving_from(trying), placement.rooms(without=trying)).fits
        if not fits or _shortage(left) > 0:
            break
        gone = trying
    return max(len(gone) - 1, 0)
