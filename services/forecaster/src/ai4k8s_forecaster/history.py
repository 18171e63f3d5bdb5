"""A cluster's demand on one-minute bins, kept in memory so that a cycle reads what is new, not two weeks.

The store stays the truth: the last bins are read again each time, because samples come in while a minute lasts, and
everything is read anew when the cluster's past was filled in, when workloads come, or when we were away for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.grid import MINUTE_SECONDS, Grid, bin_samples, held_between_samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

HISTORY_MINUTES = 14 * 1440
#: Bins read again in each cycle.
_UNSETTLED_BINS = 3
#: After a pause longer than this, reading everything is cheaper than reasoning about what may have changed.
_LONGEST_PAUSE_BINS = 120


@dataclass(frozen=True)
class _Held:
    past: str
    ids: tuple[int, ...]
    grid: Grid


class HistoryCache:
    """Minute grids by cluster."""

    def __init__(self) -> None:
        self._held: dict[UUID, _Held] = {}

    def minutes(self, connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime, past: str) -> Grid:
        """Return 14 days of demand in millicores, one row a workload in the order of ``ids``, the last bin holding now.

        Args:
            connection: of the caller's transaction.
            cluster_id: whose.
            ids: workloads wanted.
            now: newest instant that may be used.
            past: the state of the cluster's back-fill; another one means that the past has changed.
        """
        held = self._held.get(cluster_id)
        last_bin = int(now.timestamp() // MINUTE_SECONDS)
        if held is None or held.past != past or held.ids != tuple(ids) or not _continues(held.grid, last_bin):
            grid = _read(connection, cluster_id, ids, now, HISTORY_MINUTES)
        else:
            fresh_bins = last_bin - held.grid.last_bin + _UNSETTLED_BINS
            grid = _joined(held.grid, _read(connection, cluster_id, ids, now, fresh_bins))
        self._held[cluster_id] = _Held(past, tuple(ids), grid)
        return held_between_samples(grid)

    def forget(self, cluster_id: UUID) -> None:
        """Drop a cluster's copy."""
        self._held.pop(cluster_id, None)


def _continues(grid: Grid, last_bin: int) -> bool:
    return 0 <= last_bin - grid.last_bin <= _LONGEST_PAUSE_BINS


def _read(connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime, bins: int) -> Grid:
    first_bin = int(now.timestamp() // MINUTE_SECONDS) - bins + 1
    rows = repository.demand_samples(connection, cluster_id, first_bin * MINUTE_SECONDS, now)
    known = np.isin(rows.workload_id, np.asarray(ids, dtype=np.int64))
    order = np.argsort(np.asarray(ids, dtype=np.int64))
    series = order[np.searchsorted(np.asarray(ids, dtype=np.int64)[order], rows.workload_id[known])]
    return bin_samples(
        series=series,
        at=rows.at[known],
        values=rows.cpu_millicores[known],
        saturated=rows.saturated[known],
        n_series=len(ids),
        now=now.timestamp(),
        bins=bins,
        step_seconds=MINUTE_SECONDS,
    )


def _joined(old: Grid, fresh: Grid) -> Grid:
    """The old bins moved on, the fresh ones in their place."""
    moved = fresh.last_bin - old.last_bin
    keep = old.values.shape[1] - fresh.values.shape[1]
    return Grid(
        first_bin=old.first_bin + moved,
        step_seconds=old.step_seconds,
        values=np.concatenate([old.values[:, moved : moved + keep], fresh.values], axis=1),
        saturated=np.concatenate([old.saturated[:, moved : moved + keep], fresh.saturated], axis=1),
    )
