"""Demand beyond capacity: it waits its turn, and what waits too long is given up and counted."""

from collections import deque
from dataclasses import dataclass, field

PATIENCE_SECONDS = 60.0


@dataclass
class WorkQueue:
    """Work in core-seconds, oldest first."""

    patience_seconds: float = PATIENCE_SECONDS
    dropped_core_seconds: float = 0.0
    _waiting: deque[tuple[float, float]] = field(default_factory=deque)

    @property
    def waiting_core_seconds(self) -> float:
        """Return how much work waits."""
        return sum(amount for _, amount in self._waiting)

    def serve(self, now: float, arrived: float, capacity: float) -> float:
        """Take in what arrived and serve what the capacity allows (all in core-seconds); return what was
        served.
        """
        if arrived > 0:
            self._waiting.append((now, arrived))
        served = 0.0
        while self._waiting and served < capacity:
            since, amount = self._waiting.popleft()
            part = min(amount, capacity - served)
            served += part
            if part < amount:
                self._waiting.appendleft((since, amount - part))
        while self._waiting and now - self._waiting[0][0] > self.patience_seconds:
            self.dropped_core_seconds += self._waiting.popleft()[1]
        return served

    def dump(self) -> list[list[float]]:
        """Return what waits, for saving."""
        return [list(item) for item in self._waiting]

    def load(self, items: list[list[float]]) -> None:
        """Take back what was saved."""
        self._waiting = deque((float(since), float(amount)) for since, amount in items)
