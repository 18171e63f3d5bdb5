"""When a cluster is looked at next.

Cycles stand on a fixed grid whose offset comes from the cluster's id: what happened to one cycle does not move
the next, and a thousand clusters do not all come due in the same second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

# The largest clusters need half of this when nothing of them is known; a hanging one holds a place for so long.
LONGEST_DEADLINE = timedelta(seconds=45)
TIME_TO_WRITE = timedelta(seconds=4)
FIRST_RETRY = timedelta(seconds=15)
PATIENCE = 8
LONGEST_BACKOFF_FACTOR = 4
CRASHES_BEFORE_BACKOFF = 3

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often one cluster is looked at, and where its grid lies."""

    interval: timedelta
    offset: timedelta

    @classmethod
    def of(cls, cluster_id: UUID, interval: timedelta) -> Rhythm:
        """Derive the grid from the cluster's id."""
        share = (cluster_id.int % 1009) / 1009
        return cls(interval, interval * share)

    @property
    def deadline(self) -> timedelta:
        """How long one look may take."""
        return min(self.interval * 0.75, LONGEST_DEADLINE)

    @property
    def lease(self) -> timedelta:
        """How long a claim keeps others away. Over before the next cycle, which a dead worker must not delay."""
        return min(self.deadline + TIME_TO_WRITE, self.interval * 0.95)

    def next_after(self, due: datetime, now: datetime) -> datetime:
        """Return the grid point after the one that was due, in the future.

        The first look comes at once, off the grid; the next is then between half and one and a half intervals away.
        """
        earliest = max(due + self.interval / 2, now)
        steps = (earliest - _EPOCH - self.offset) // self.interval + 1
        return _EPOCH + self.offset + steps * self.interval

    def retry_after(self, failures: int, now: datetime, jitter: float) -> datetime:
        """Return when to try a failing cluster again; `jitter` between 0 and 1 keeps retries apart.

        The first two minutes or so it is tried often, so that recovery is noticed soon; later less.
        """
        factor = min(1 + max(failures - 1, 0) // PATIENCE, LONGEST_BACKOFF_FACTOR)
        delay = min(self.interval, FIRST_RETRY) * factor
        return now + delay * (0.85 + 0.15 * jitter)
