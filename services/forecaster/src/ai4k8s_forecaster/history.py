"""A cluster's demand on one-minute bins, kept in memory so that a cycle reads what is new, not two weeks.

The store stays the truth: the last bins are read again each time, because samples come in while a minute lasts, and
everything is read anew when the cluster's past was filled in or when we were away for long.
Single precision and room at the end: a cluster of 10,000 workloads takes a gigabyte, and a cycle moves none of it.
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

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

HISTORY_MINUTES = 14 * 1440
#: Bins read again in each cycle.
_UNSETTLED_BINS = 3
#: Longest interval between samples that are taken for one another's neighbours.
_LONGEST_INTERVAL_BINS = 5
#: Bins before the fresh ones that tell how often a series is sampled.
_CONTEXT_BINS = 2 * _LONGEST_INTERVAL_BINS
#: After a pause longer than this, reading everything is cheaper than reasoning about what may have changed.
_LONGEST_PAUSE_BINS = 120
#: Bins of the past read at once: bounds what is in flight.
_READ_BINS = 1440
_SPARE_BINS = 720


@dataclass
class _Held:
    """14 days in a buffer with room at its end."""

    past: str
    ids: tuple[int, ...]
    last_bin: int
    values: FloatArray
    saturated: BoolArray
    start: int = 0

    @classmethod
    def empty(cls, past: str, ids: Sequence[int], last_bin: int) -> _Held:
        shape = (len(ids), HISTORY_MINUTES + _SPARE_BINS)
        values: FloatArray = np.full(shape, np.nan, np.float32)
        return cls(past, tuple(ids), last_bin, values, np.zeros(shape, np.bool_))

    def put(self, fresh: Grid) -> None:
        """Let the newest bins be these."""
        self.move_to(fresh.last_bin)
        stop = self.start + HISTORY_MINUTES - (self.last_bin - fresh.last_bin)
        self.values[:, stop - fresh.values.shape[1] : stop] = fresh.values
        self.saturated[:, stop - fresh.values.shape[1] : stop] = fresh.saturated

    def move_to(self, last_bin: int) -> None:
        """Let the buffer end with a later bin; what lies between is not known."""
        bins = last_bin - self.last_bin
        if bins <= 0:
            return
        if self.start + bins > _SPARE_BINS:
            kept = slice(self.start + bins, self.start + HISTORY_MINUTES)
            for buffer in (self.values, self.saturated):
                buffer[:, : HISTORY_MINUTES - bins] = buffer[:, kept].copy()
            self.start = 0
        else:
            self.start += bins
        self.last_bin += bins
        self.values[:, self.start + HISTORY_MINUTES - bins :] = np.nan
        self.saturated[:, self.start + HISTORY_MINUTES - bins :] = False

    @property
    def grid(self) -> Grid:
        """A view; the next cycle changes it."""
        window = slice(self.start, self.start + HISTORY_MINUTES)
        first = self.last_bin - HISTORY_MINUTES + 1
        return Grid(first, MINUTE_SECONDS, self.values[:, window], self.saturated[:, window])


class HistoryCache:
    """Minute grids by cluster."""

    def __init__(self) -> None:
        self._held: dict[UUID, _Held] = {}

    def minutes(self, connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime, past: str) -> Grid:
        """Return 14 days of demand in millicores, one row a workload in the order of ``ids``, the last bin holding now.

        It is a view that the next call for this cluster changes.

        Args:
            connection: of the caller's transaction.
            cluster_id: whose.
            ids: workloads wanted.
            now: newest instant that may be used.
            past: the state of the cluster's back-fill; another one means that the past has changed.
        """
        held = self._held.pop(cluster_id, None)
        last_bin = int(now.timestamp() // MINUTE_SECONDS)
        if held is None or held.past != past or not _continues(held, last_bin):
            held = _read_everything(connection, cluster_id, ids, now, past)
        else:
            since = last_bin - held.last_bin
            if held.ids != tuple(ids):
                held = _with_others(held, connection, cluster_id, ids, now)
            held.put(_read(connection, cluster_id, ids, now, since + _UNSETTLED_BINS))
        self._held[cluster_id] = held
        return held.grid

    def forget(self, cluster_id: UUID) -> None:
        """Drop a cluster's copy."""
        self._held.pop(cluster_id, None)


def _continues(held: _Held, last_bin: int) -> bool:
    return 0 <= last_bin - held.last_bin <= _LONGEST_PAUSE_BINS


def _with_others(held: _Held, connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime) -> _Held:
    """The same for other workloads: only the past of those that came is read."""
    was = {workload_id: row for row, workload_id in enumerate(held.ids)}
    new = [workload_id for workload_id in ids if workload_id not in was]
    out = _Held.empty(held.past, ids, held.last_bin)
    sources = [(held, was)]
    if new:
        read = _read_everything(connection, cluster_id, new, now, held.past)
        out.move_to(read.last_bin)
        held.move_to(read.last_bin)
        sources.append((read, {workload_id: row for row, workload_id in enumerate(new)}))
    for source, rows in sources:
        known = [(row, rows[workload_id]) for row, workload_id in enumerate(ids) if workload_id in rows]
        if known:
            to, of = (list(part) for part in zip(*known, strict=True))
            out.grid.values[to] = source.grid.values[of]
            out.grid.saturated[to] = source.grid.saturated[of]
    return out


def _read_everything(connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime, past: str) -> _Held:
    last_bin = int(now.timestamp() // MINUTE_SECONDS)
    held = _Held.empty(past, ids, last_bin)
    for back in range(0, HISTORY_MINUTES, _READ_BINS):
        held.put(_read(connection, cluster_id, ids, now, min(_READ_BINS, HISTORY_MINUTES - back), back))
    return held


def _read(
    connection: Connection, cluster_id: UUID, ids: Sequence[int], now: datetime, bins: int, back: int = 0
) -> Grid:
    """The ``bins`` that end ``back`` bins before the one that holds now."""
    last_bin = int(now.timestamp() // MINUTE_SECONDS) - back
    until = min((last_bin + 1) * MINUTE_SECONDS, now.timestamp())
    wide = bins + _CONTEXT_BINS
    since = (last_bin - wide + 1) * MINUTE_SECONDS
    rows = repository.demand_samples(connection, cluster_id, since, until, ids)
    series = _position(np.asarray(ids, dtype=np.int64), rows.workload_id)
    known = series >= 0
    raw = bin_samples(
        series=series[known],
        at=rows.at[known],
        values=rows.cpu_millicores[known],
        saturated=rows.saturated[known],
        n_series=len(ids),
        now=(last_bin + 1) * MINUTE_SECONDS - 1e-3 if back else now.timestamp(),
        bins=wide,
        step_seconds=MINUTE_SECONDS,
    )
    held = held_between_samples(raw, _LONGEST_INTERVAL_BINS)
    return Grid(
        held.first_bin + _CONTEXT_BINS,
        MINUTE_SECONDS,
        held.values[:, _CONTEXT_BINS:],
        held.saturated[:, _CONTEXT_BINS:],
    )


def _position(ids: IntArray, workload_id: IntArray) -> IntArray:
    """Row of each workload; -1 for one that is not wanted."""
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], workload_id), ids.size - 1)
    found: IntArray = np.where(ids[order][place] == workload_id, order[place], -1)
    return found
