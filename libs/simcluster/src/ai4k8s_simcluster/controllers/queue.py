"""Work that is due now or later, each key once: what makes a tick cost what changed and not what exists."""

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_AT_ONCE = float("-inf")


class DelayQueue(Generic[K]):
    """Keys with the time at which each is to be looked at; the earlier of two times wins."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: K, at: float = _AT_ONCE) -> None:
        """Have a key looked at, at once or at a time (Unix seconds)."""
        if self._due.get(key, float("inf")) <= at:
            return
        self._due[key] = at
        heapq.heappush(self._heap, (at, next(self._order), key))

    def pop_due(self, now: float) -> list[K]:
        """Take out what is due, in the order of time and then of arrival."""
        found: list[K] = []
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                found.append(key)
        return found

    def forget(self, key: K) -> None:
        """Drop a key."""
        self._due.pop(key, None)
