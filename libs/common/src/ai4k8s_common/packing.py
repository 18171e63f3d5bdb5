"""Whether pods fit on nodes, by what they ask for: what the scheduler's resource filter would say, without a cluster.

Best fit, the largest first: not the fewest nodes possible, but no scheduler finds those either. Affinity, topology
spread and volumes are not looked at; a node with a taint takes only pods of workloads that run on such a node now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Pods:
    """Pods that ask for the same.

    Attributes:
        key: what they are of.
        cpu_millicores: request of one.
        memory_bytes: request of one.
        count: how many.
        tolerant: whether they may go to nodes with a taint.
    """

    key: Hashable
    cpu_millicores: float
    memory_bytes: float
    count: int
    tolerant: bool = False


@dataclass
class Room:
    """What is free on a node; taken from as pods are placed."""

    node: str
    cpu_millicores: float
    memory_bytes: float
    pods: int
    tainted: bool = False
    placed: dict[Hashable, int] = field(default_factory=dict)

    def fits(self, pods: Pods) -> int:
        """How many of them there is room for."""
        if self.tainted and not pods.tolerant:
            return 0
        most = min(pods.count, self.pods)
        # A thousandth of a millicore and a byte: sums of floats are not exact.
        if pods.cpu_millicores > 0:
            most = min(most, int((self.cpu_millicores + 1e-3) // pods.cpu_millicores))
        if pods.memory_bytes > 0:
            most = min(most, int((self.memory_bytes + 1) // pods.memory_bytes))
        return max(most, 0)

    def take(self, pods: Pods, count: int) -> None:
        """Place some."""
        self.cpu_millicores -= count * pods.cpu_millicores
        self.memory_bytes -= count * pods.memory_bytes
        self.pods -= count
        self.placed[pods.key] = self.placed.get(pods.key, 0) + count

    def copy(self) -> Room:
        """The same room, for trying."""
        return Room(self.node, self.cpu_millicores, self.memory_bytes, self.pods, self.tainted, dict(self.placed))


@dataclass(frozen=True)
class Packed:
    """How it went: pods that found no room, by key."""

    homeless: Mapping[Hashable, int]

    @property
    def fits(self) -> bool:
        """Whether all found room."""
        return not self.homeless


def pack(groups: Iterable[Pods], rooms: Sequence[Room]) -> Packed:
    """Place pods; rooms are changed. Equal input gives equal output."""
    largest = max((room.cpu_millicores for room in rooms), default=0.0) or 1.0
    roomiest = max((room.memory_bytes for room in rooms), default=0.0) or 1.0

    def share(cpu: float, memory: float) -> float:
        return max(cpu / largest, memory / roomiest)

    homeless: dict[Hashable, int] = {}
    for group in sorted(groups, key=lambda one: (-share(one.cpu_millicores, one.memory_bytes), str(one.key))):
        left = group.count
        for room in sorted(rooms, key=lambda one: (share(one.cpu_millicores, one.memory_bytes), one.node)):
            if not left:
                break
            if some := min(room.fits(group), left):
                room.take(group, some)
                left -= some
        if left:
            homeless[group.key] = homeless.get(group.key, 0) + left
    return Packed(homeless)


def nodes_needed(groups: Iterable[Pods], like: Room, most: int = 1000) -> int | None:
    """Return how many empty nodes like this hold all pods; None when a pod is larger than such a node, or too many."""
    groups = [group for group in groups if group.count > 0]
    if any(like.fits(group) == 0 for group in groups):
        return None
    number = max(
        math.ceil(sum(group.count * group.cpu_millicores for group in groups) / like.cpu_millicores),
        math.ceil(sum(group.count * group.memory_bytes for group in groups) / like.memory_bytes),
        math.ceil(sum(group.count for group in groups) / like.pods) if groups else 0,
    )
    for count in range(number, most + 1):
        rooms = [
            Room(f"new-{index}", like.cpu_millicores, like.memory_bytes, like.pods, like.tainted)
            for index in range(count)
        ]
        if pack(groups, rooms).fits:
            return count
    return None
