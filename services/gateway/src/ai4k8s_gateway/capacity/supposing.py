"""What if: nodes lost or added, workloads larger or smaller. Pods are placed anew by what they ask for."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, InvalidInputError
from ai4k8s_common.packing import Pods, Room, nodes_needed, pack
from ai4k8s_common.store.placement import read_placement
from ai4k8s_gateway.capacity import repository
from ai4k8s_gateway.capacity.schemas import FitByDemand, Homeless, WhatIfAnswer
from ai4k8s_gateway.capacity.service import STEP_SECONDS, summed_path
from ai4k8s_gateway.clusters import service as cluster_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.store.placement import Asking, NodeRoom, Placement
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.capacity.schemas import SummedPath, WhatIf

STEPS = 72
UPPER = 6  # the row of the path's 97.5 % level
_SECOND = timedelta(seconds=1)
_STALE = timedelta(hours=1)
ASSUMPTIONS = (
    "Pods are placed by their requests, the largest first; those that stay keep their node.",
    "Affinity, topology spread and volumes that are bound to a zone are not looked at.",
    "A node with a taint takes only pods of workloads that run on such a node now.",
    "Pods without a controller that is watched are lost with their node and not made again.",
)


def what_if(connection: Connection, principal: Principal, cluster_id: UUID, supposed: WhatIf) -> WhatIfAnswer:
    """Say whether everything would still fit. Nothing is stored.

    Raises NotFoundError, ConflictError while nodes are not known, InvalidInputError for names that do not exist.
    """
    cluster_service.get(connection, principal, cluster_id)
    placement = read_placement(connection, cluster_id)
    if placement is None:
        raise ConflictError(
            "this cluster's nodes are not known, so nothing can be placed on them",
            hint="They are read with the first cycle; the credential needs the right to list nodes.",
        )
    _check(placement, supposed)
    wanted = _wanted(placement, supposed)
    rooms, removed = _rooms(placement, supposed, wanted)
    moving = _moving(placement, supposed, wanted, removed)
    packed = pack(moving, rooms)
    homeless = {int(str(key)): count for key, count in packed.homeless.items()}
    present = [node for node in placement.nodes if node.takes_pods and node.name not in supposed.lose_nodes]
    added = [_new_node(placement)] * supposed.add_nodes
    room_cpu = sum(node.cpu_millicores for node in present) + sum(room.cpu_millicores for room in added)
    rest = [placement.workloads[key].pods(count) for key, count in homeless.items()]
    needed = nodes_needed(rest, _new_node(placement)) if rest else 0
    count = sum(homeless.values())
    return WhatIfAnswer(
        cluster_id=cluster_id,
        fits=packed.fits,
        sentence=_sentence(sum(one.count for one in moving), count, needed),
        moved_pods=sum(one.count for one in moving) - count,
        homeless=_homeless(placement.workloads, homeless, rooms),
        requested_cpu_millicores=room_cpu - sum(room.cpu_millicores for room in rooms),
        room_cpu_millicores=room_cpu,
        requested_memory_bytes=_memory(present, added) - sum(room.memory_bytes for room in rooms),
        room_memory_bytes=_memory(present, added),
        nodes_needed=needed,
        by_demand=_by_demand(connection, cluster_id, placement, wanted, room_cpu),
        assumptions=[*ASSUMPTIONS, *_unset(placement, moving)],
    )


def _check(placement: Placement, supposed: WhatIf) -> None:
    unknown = set(supposed.lose_nodes) - {node.name for node in placement.nodes}
    if unknown:
        raise InvalidInputError(
            f"there is no node {min(unknown)!r} in this cluster", hint="Take names from the list of nodes."
        )
    strangers = [one.workload_id for one in supposed.workloads if one.workload_id not in placement.workloads]
    if strangers:
        raise InvalidInputError(
            f"there is no workload {strangers[0]} in this cluster", hint="Take ids from the list of workloads."
        )


def _wanted(placement: Placement, supposed: WhatIf) -> dict[int, int]:
    """Replicas of the workloads that are supposed to have another number of them."""
    wanted = {}
    for one in supposed.workloads:
        workload = placement.workloads[one.workload_id]
        wanted[one.workload_id] = (
            one.replicas
            if one.replicas is not None
            else math.ceil(workload.desired_replicas * (one.factor or 0.0) - 1e-9)
        )
    return wanted


def _rooms(placement: Placement, supposed: WhatIf, wanted: Mapping[int, int]) -> tuple[list[Room], dict[int, int]]:
    """What is free then, and how many pods each shrinking workload has left to lose elsewhere."""
    removed: dict[int, int] = {}
    rooms = []
    for node in placement.nodes:
        if not node.takes_pods or node.name in supposed.lose_nodes:
            continue
        room = node.room()
        for workload_id, count in node.counts.items():
            if workload_id not in wanted:
                continue
            asking = placement.workloads[workload_id]
            surplus = max(asking.desired_replicas - wanted[workload_id] - removed.get(workload_id, 0), 0)
            gone = min(count, surplus)
            room.take(asking.pods(count), -gone)
            removed[workload_id] = removed.get(workload_id, 0) + gone
        rooms.append(room)
    like = _new_node(placement)
    rooms += [replace(like, node=f"new-{number + 1}", placed={}) for number in range(supposed.add_nodes)]
    return rooms, removed


def _moving(
    placement: Placement, supposed: WhatIf, wanted: Mapping[int, int], removed: Mapping[int, int]
) -> list[Pods]:
    """Pods that look for a node then: of lost nodes, waiting already, and new ones."""
    count: dict[int, int] = {}
    for pods in (*placement.moving_from(supposed.lose_nodes), *placement.unscheduled()):
        key = int(str(pods.key))
        count[key] = count.get(key, 0) + pods.count
    for workload_id, replicas in wanted.items():
        change = replicas - placement.workloads[workload_id].desired_replicas + removed.get(workload_id, 0)
        count[workload_id] = max(count.get(workload_id, 0) + change, 0)
    return [placement.workloads[key].pods(many) for key, many in count.items() if many]


def _new_node(placement: Placement) -> Room:
    """An empty node of the largest pool, without what runs on every node."""
    members = [node for node in placement.nodes if node.takes_pods] or list(placement.nodes)
    pools: dict[str, list[NodeRoom]] = {}
    for node in members:
        pools.setdefault(node.pool, []).append(node)
    largest = max(sorted(pools), key=lambda name: len(pools[name]))
    nodes = pools[largest]
    everywhere = [one for one in placement.workloads.values() if one.on_every_node]
    daemons = [one for one in everywhere if any(one.workload_id in node.counts for node in nodes)]
    return Room(
        "new",
        max(median(node.cpu_millicores for node in nodes) - sum(one.cpu_millicores for one in daemons), 1.0),
        max(median(node.memory_bytes for node in nodes) - sum(one.memory_bytes for one in daemons), 1.0),
        max(int(median(node.pods for node in nodes)) - len(daemons), 1),
        all(node.tainted for node in nodes),
    )


def _memory(present: Sequence[NodeRoom], added: Sequence[Room]) -> float:
    return sum(node.memory_bytes for node in present) + sum(room.memory_bytes for room in added)


def _homeless(workloads: Mapping[int, Asking], homeless: Mapping[int, int], rooms: Sequence[Room]) -> list[Homeless]:
    """Say of what there is too little for the pods that found no node."""
    found = []
    for workload_id, count in sorted(homeless.items(), key=lambda item: -item[1]):
        one = workloads[workload_id]
        cpu = any(room.cpu_millicores + 1e-3 >= one.cpu_millicores for room in rooms)
        memory = any(room.memory_bytes + 1 >= one.memory_bytes for room in rooms)
        missing = [name for name, enough in (("CPU", cpu), ("memory", memory)) if not enough]
        reason = f"no node has enough {' and '.join(missing)} free" if missing else "no node has both and a place free"
        found.append(
            Homeless(
                workload_id=workload_id,
                namespace=one.namespace,
                kind=one.kind,
                name=one.name,
                pods=count,
                reason=reason,
            )
        )
    return found


def _sentence(moving: int, homeless: int, needed: int | None) -> str:
    if not moving:
        return "Everything fits: no pod would have to move."
    pods = "1 pod" if moving == 1 else f"{moving} pods"
    if not homeless:
        return f"Everything fits: {pods} would find a node."
    none = "1 pod" if homeless == 1 else f"{homeless} pods"
    if needed is None:
        more = "and some would not fit on an empty node either"
    else:
        more = f"{needed} more {'node' if needed == 1 else 'nodes'} would hold them"
    return f"It does not fit: {none} of {pods} would find no node; {more}."


def _unset(placement: Placement, moving: Sequence[Pods]) -> list[str]:
    names = [
        f"{one.namespace}/{one.name}" for pods in moving if not (one := placement.workloads[int(str(pods.key))]).whole
    ]
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [
        f"{names[0]}{more} names no request for some container: the scheduler counts that as nothing, and so does this."
    ]


def _by_demand(
    connection: Connection, cluster_id: UUID, placement: Placement, wanted: Mapping[int, int], room: float
) -> FitByDemand:
    """Hold the six-hour forecast against what nodes would have: a workload twice as large is twice as busy."""
    path = summed_path(repository.outlooks(connection, cluster_id))
    if path is None:
        return FitByDemand(
            fits=None, peak_millicores=None, peak_at=None, room_millicores=room,
            sentence="There is no forecast of the whole cluster yet: workloads need 24 h of history first.",
        )  # fmt: skip
    upper, missing = _supposed_upper(connection, cluster_id, placement, wanted, path)
    highest = max(range(len(upper)), key=upper.__getitem__)
    at = path.start_at + (highest * STEP_SECONDS) * _SECOND
    fits = upper[highest] <= room
    share = f"{upper[highest] / room:.0%} of what nodes would have" if room > 0 else "and no node is left"
    sentence = f"Demand reaches at most {upper[highest] / 1000:.3g} cores at {at:%H:%M} UTC, {share}."
    if path.start_at < utc_now() - _STALE:
        sentence += " The forecast is of the last review."
    if missing:
        sentence += f" Of {missing} supposed {'workload' if missing == 1 else 'workloads'} there is no forecast."
    return FitByDemand(fits=fits, peak_millicores=upper[highest], peak_at=at, room_millicores=room, sentence=sentence)


def _supposed_upper(
    connection: Connection,
    cluster_id: UUID,
    placement: Placement,
    wanted: Mapping[int, int],
    path: SummedPath,
) -> tuple[list[float], int]:
    upper = list(path.upper_millicores)
    paths = repository.paths_of(connection, cluster_id, list(wanted))
    for workload_id, values in paths.items():
        now = placement.workloads[workload_id].desired_replicas
        factor = wanted[workload_id] / now if now else 1.0
        own = values[UPPER * STEPS :]
        upper = [max(whole + (factor - 1) * one, 0.0) for whole, one in zip(upper, own, strict=True)]
    return upper, len(set(wanted) - set(paths))
