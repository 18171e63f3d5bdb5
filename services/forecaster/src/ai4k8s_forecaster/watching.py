"""What a process holds of each cluster to look for anomalies: two weeks of bins and what is ordinary in them.

The store stays the truth. Everything is read anew when bins are missing or the cluster's past was filled in; subjects
that come are read by themselves, those that go are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.bins import CONTEXT, METRICS, Bins, read_bins
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.forest import PooledForest, fit_forest
from ai4k8s_forecaster.domain.known_causes import RECENT_STEPS
from ai4k8s_forecaster.domain.watch import (
    FEATURES,
    Scan,
    Watch,
    begin_watch,
    follow,
    joined,
    joint_features,
    past_features,
    scan,
    selected,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.store.anomalies import SubjectKind
    from ai4k8s_forecaster.domain.arrays import FloatArray

KEPT_BINS = 14 * DAY_STEPS
#: After a longer pause everything is read anew.
_MOST_MISSED_BINS = 12
#: Subjects taken up in one look at most: the first look at a large cluster must not hold a transaction for minutes.
MOST_NEW = 500
#: How often a forest is tried for while there is too little to learn from.
_TRY_AGAIN_BINS = 12


@dataclass
class Watched:
    """All subjects of one kind in one cluster.

    Attributes:
        past: state of the cluster's back-fill; another one means that the past has changed.
        ids: rising.
        last_bin: number of the newest bin held.
        columns: ``[subjects, bins]``: two weeks of each metric that is measured, a few hours of the context.
        watches: by metric.
        forest: refitted once a day; None while there is too little to learn from.
        fitted_day: of the forest.
    """

    past: str
    ids: tuple[int, ...]
    last_bin: int
    columns: dict[str, FloatArray]
    watches: dict[str, Watch]
    forest: PooledForest | None = None
    fitted_day: int = -1


class WatchedClusters:
    """By cluster and kind of subject."""

    def __init__(self) -> None:
        self._held: dict[tuple[UUID, SubjectKind], Watched] = {}

    def look(
        self,
        connection: Connection,
        cluster_id: UUID,
        kind: SubjectKind,
        ids: Sequence[int],
        last_bin: int,
        past: str,
    ) -> tuple[Watched, dict[str, Scan]]:
        """Read what is new up to ``last_bin`` and scan that bin; scans by metric. Not all ``ids`` may be watched yet.

        What is held is forgotten while this goes on, so that a transaction that fails is tried again from the store.
        """
        held = self._held.pop((cluster_id, kind), None)
        if held is not None and (held.past != past or not 1 <= last_bin - held.last_bin <= _MOST_MISSED_BINS):
            held = None
        ids = _taken_up(ids, held)
        if held is None:
            held = _begin(connection, cluster_id, kind, ids, last_bin - 1, past)
        elif held.ids != ids:
            held = _admit(connection, cluster_id, kind, ids, held)
        fresh = read_bins(connection, cluster_id, kind, held.ids, held.last_bin + 1, last_bin)
        scans: dict[str, Scan] = {}
        for offset in range(last_bin - held.last_bin):
            scans = _advance(held, kind, fresh, offset)
        self._held[cluster_id, kind] = held
        return held, scans

    def forget(self, cluster_id: UUID) -> None:
        """Drop a cluster's copies."""
        for key in [key for key in self._held if key[0] == cluster_id]:
            del self._held[key]


def _taken_up(ids: Sequence[int], held: Watched | None) -> tuple[int, ...]:
    """Those that are watched already and still there, and some new ones."""
    known = set(held.ids) if held is not None else set()
    new = [one for one in ids if one not in known][:MOST_NEW]
    return tuple(sorted([one for one in ids if one in known] + new))


def _begin(
    connection: Connection, cluster_id: UUID, kind: SubjectKind, ids: Sequence[int], last_bin: int, past: str
) -> Watched:
    context, metrics = CONTEXT[kind], tuple(METRICS[kind])
    recent = read_bins(connection, cluster_id, kind, ids, last_bin - RECENT_STEPS + 1, last_bin, context)
    columns = {name: recent.column(name) for name in context}
    columns |= read_bins(connection, cluster_id, kind, ids, last_bin - KEPT_BINS + 1, last_bin, metrics).columns
    watches = {
        name: begin_watch(columns[name], last_bin, floor) for name, floor in METRICS[kind].items() if name in columns
    }
    return Watched(past, tuple(ids), last_bin, columns, watches)


def _admit(connection: Connection, cluster_id: UUID, kind: SubjectKind, ids: Sequence[int], held: Watched) -> Watched:
    """Rows for exactly these subjects: of those that are known as they are, of new ones from the store."""
    known = np.asarray(held.ids, dtype=np.int64)
    stay = np.flatnonzero(np.isin(known, np.asarray(ids, dtype=np.int64)))
    come = [one for one in ids if one not in set(held.ids)]
    fresh = _begin(connection, cluster_id, kind, come, held.last_bin, held.past)
    order = np.argsort(np.concatenate([known[stay], np.asarray(come, dtype=np.int64)]))
    columns, watches = {}, {}
    for name in CONTEXT[kind] + tuple(name for name in METRICS[kind] if name in held.columns or name in fresh.columns):
        width = RECENT_STEPS if name in CONTEXT[kind] else KEPT_BINS
        parts = [
            source.columns[name][rows] if name in source.columns else np.full((size, width), np.nan)
            for source, rows, size in ((held, stay, stay.size), (fresh, np.arange(len(come)), len(come)))
        ]
        columns[name] = np.concatenate(parts)[order]
        if name in METRICS[kind]:
            floor = METRICS[kind][name]
            old = (
                selected(held.watches[name], stay)
                if name in held.watches
                else begin_watch(parts[0], held.last_bin, floor)
            )
            new = fresh.watches.get(name) or begin_watch(parts[1], held.last_bin, floor)
            watches[name] = selected(joined(old, new), order)
    return Watched(held.past, tuple(ids), held.last_bin, columns, watches, held.forest, held.fitted_day)


def _advance(held: Watched, kind: SubjectKind, fresh: Bins, offset: int) -> dict[str, Scan]:
    """Take one more bin in; its scans."""
    held.last_bin = fresh.first_bin + offset
    scans = {}
    for name in CONTEXT[kind]:
        _append(held.columns[name], fresh.column(name)[:, offset])
    for name, floor in METRICS[kind].items():
        newest = fresh.column(name)[:, offset]
        if name not in held.watches:
            if not np.isfinite(newest).any():
                continue
            held.columns[name] = np.full((len(held.ids), KEPT_BINS), np.nan)
            held.watches[name] = begin_watch(held.columns[name], held.last_bin - 1, floor)
        values = held.columns[name]
        _append(values, newest)
        scans[name] = scan(held.watches[name], values)
        follow(held.watches[name], scans[name], values, held.last_bin)
    _refit(held, kind)
    return scans


def _append(values: FloatArray, newest: FloatArray) -> None:
    values[:, :-1] = values[:, 1:]
    values[:, -1] = newest


def _refit(held: Watched, kind: SubjectKind) -> None:
    """Fit the forest once a day, and when another metric came; while there is too little, try once an hour."""
    names = [name for name in METRICS[kind] if name in held.watches]
    day = held.last_bin // DAY_STEPS
    if held.forest is None:
        due = held.fitted_day < 0 or held.last_bin % _TRY_AGAIN_BINS == 0
    else:
        due = day != held.fitted_day or held.forest.model.n_features_in_ != FEATURES * len(names)
    if due and names:
        features = joint_features([past_features(held.watches[name], held.columns[name]) for name in names])
        held.forest = fit_forest(features.reshape(-1, features.shape[-1]), day)
        held.fitted_day = day
