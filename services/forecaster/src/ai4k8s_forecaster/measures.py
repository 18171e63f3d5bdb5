"""What is measured beside the CPU of workloads, on five-minute bins, kept in memory between looks.

Node groups are sums over their nodes; the cluster is the sum over its workloads, whose past can be filled in from
Prometheus. Roll-ups tell the past, samples what is not rolled up yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from ai4k8s_common.store.forecaster import Measure, Subject
from ai4k8s_forecaster.domain.arrays import single_precision
from ai4k8s_forecaster.domain.grid import FIVE_MINUTES_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, TextClause

    from ai4k8s_forecaster.domain.arrays import FloatArray

HISTORY_BINS = 14 * 288
#: Bins read again each time: samples may come in late.
_UNSETTLED_BINS = 2
#: After a longer pause everything is read anew.
_LONGEST_PAUSE_BINS = 72
_READ_BINS = 288

COLUMNS: Mapping[Measure, str] = {
    Measure.CPU: "cpu_usage_millicores",
    Measure.MEMORY: "memory_bytes",
    Measure.NETWORK_RECEIVE: "network_receive_bytes_per_second",
    Measure.NETWORK_TRANSMIT: "network_transmit_bytes_per_second",
    Measure.DISK_READ: "disk_read_bytes_per_second",
    Measure.DISK_WRITE: "disk_write_bytes_per_second",
    Measure.REQUESTS: "requests_per_second",
}
OF_WORKLOADS = tuple(Measure)
OF_NODES = tuple(measure for measure in Measure if measure is not Measure.REQUESTS)


def _statement(source: str, identity: str, measures: Sequence[Measure], named: str, combine: str) -> TextClause:
    columns = [COLUMNS[measure] for measure in measures]
    means = ", ".join(f"avg({column}) AS {column}" for column in columns)
    arrays = ", ".join(f"array_agg(coalesce({column}, 'NaN'::float8))" for column in columns)
    combined = ", ".join(f"{combine}({column}) AS {column}" for column in columns)
    # All names are from this module.
    return text(f"""
        WITH state AS (
            SELECT coalesce(rolled_up_until, '-infinity') AS until
            FROM collector.cluster_states WHERE cluster_id = :cluster_id
        ), bins AS (
            SELECT {identity}, at, {", ".join(columns)} FROM collector.{source}_rollups
            WHERE cluster_id = :cluster_id AND at >= to_timestamp(:since) AND at < to_timestamp(:until)
              AND at < (SELECT until FROM state)
            UNION ALL
            SELECT {identity}, date_bin('5 minutes', at, 'epoch'::timestamptz) AS at, {means}
            FROM collector.{source}_samples
            WHERE cluster_id = :cluster_id AND at >= to_timestamp(:since) AND at < to_timestamp(:until)
              AND at >= (SELECT until FROM state)
            GROUP BY 1, 2
        ), named AS (
            SELECT {named} AS name, at, {combined} FROM bins {_JOIN[source]} GROUP BY 1, 2
        )
        SELECT name, array_agg(extract(epoch FROM at)::float8), {arrays} FROM named GROUP BY name
        """)  # noqa: S608


_JOIN = {"workload": "", "node": "JOIN collector.nodes ON nodes.id = node_id"}
_WORKLOADS = _statement("workload", "workload_id", OF_WORKLOADS, "workload_id::text", "max")
_GROUPS = _statement("node", "node_id", OF_NODES, "coalesce(nullif(instance_type, ''), 'other')", "sum")


@dataclass(frozen=True)
class Measured:
    """Series of one kind of subject.

    Attributes:
        names: of the rows.
        last_bin: number of the newest bin since the epoch, complete.
        values: by measure, ``[series, bins]``, NaN where not measured.
    """

    names: tuple[str, ...]
    last_bin: int
    values: dict[Measure, FloatArray]


class MeasureCache:
    """What was read, by cluster and kind of subject."""

    def __init__(self) -> None:
        self._held: dict[tuple[UUID, Subject], tuple[str, Measured]] = {}

    def workloads(self, connection: Connection, cluster_id: UUID, last_bin: int, past: str) -> Measured:
        """Every workload that was measured in the last 14 days. ``past``: changes when the past was filled in."""
        return self._look(connection, cluster_id, Subject.WORKLOAD, last_bin, past)

    def node_groups(self, connection: Connection, cluster_id: UUID, last_bin: int, past: str) -> Measured:
        """Sums over nodes of the same instance type."""
        return self._look(connection, cluster_id, Subject.NODE_GROUP, last_bin, past)

    def _look(self, connection: Connection, cluster_id: UUID, subject: Subject, last_bin: int, past: str) -> Measured:
        held = self._held.get((cluster_id, subject))
        if held is not None and held[0] == past and 0 <= last_bin - held[1].last_bin <= _LONGEST_PAUSE_BINS:
            before = held[1]
            fresh = _read(connection, cluster_id, subject, last_bin, last_bin - before.last_bin + _UNSETTLED_BINS)
            measured = _went_on(before, fresh)
        else:
            measured = _read_everything(connection, cluster_id, subject, last_bin)
        self._held[cluster_id, subject] = (past, measured)
        return measured


def whole(workloads: Measured) -> Measured:
    """The cluster: the sum of what is known of its workloads."""
    values = {}
    for measure, series in workloads.values.items():
        known = np.isfinite(series)
        total = np.where(known, series, 0.0).sum(axis=0, dtype=np.float64)
        values[measure] = np.where(known.any(axis=0), total, np.nan)[None]
    return Measured(("",), workloads.last_bin, values)


def _read_everything(connection: Connection, cluster_id: UUID, subject: Subject, last_bin: int) -> Measured:
    measures = OF_WORKLOADS if subject is Subject.WORKLOAD else OF_NODES
    none = np.empty((0, HISTORY_BINS))
    measured = Measured((), last_bin - HISTORY_BINS, dict.fromkeys(measures, none))
    for end in range(last_bin - HISTORY_BINS + _READ_BINS, last_bin + 1, _READ_BINS):
        measured = _went_on(measured, _read(connection, cluster_id, subject, end, _READ_BINS))
    return measured


def _read(connection: Connection, cluster_id: UUID, subject: Subject, last_bin: int, bins: int) -> Measured:
    """The ``bins`` that end with ``last_bin``."""
    measures = OF_WORKLOADS if subject is Subject.WORKLOAD else OF_NODES
    first = last_bin - bins + 1
    rows = connection.execute(
        _WORKLOADS if subject is Subject.WORKLOAD else _GROUPS,
        {
            "cluster_id": cluster_id,
            "since": first * FIVE_MINUTES_SECONDS,
            "until": (last_bin + 1) * FIVE_MINUTES_SECONDS,
        },
    ).all()
    values = {measure: np.full((len(rows), bins), np.nan) for measure in measures}
    for number, (_, at, *columns) in enumerate(rows):
        place = np.rint(np.array(at) / FIVE_MINUTES_SECONDS).astype(np.int64) - first
        for measure, column in zip(measures, columns, strict=True):
            values[measure][number, place] = column
    return Measured(tuple(row[0] for row in rows), last_bin, values)


def _went_on(before: Measured, fresh: Measured) -> Measured:
    """The last 14 days of both; subjects that were not measured in them are left out."""
    names = list(dict.fromkeys([*before.names, *fresh.names]))
    old = {name: number for number, name in enumerate(before.names)}
    new = {name: number for number, name in enumerate(fresh.names)}
    moved = fresh.last_bin - before.last_bin
    kept_old, kept_new = [name for name in names if name in old], [name for name in names if name in new]
    position = {name: number for number, name in enumerate(names)}
    values = {}
    for measure, recent in fresh.values.items():
        joined = single_precision(np.full((len(names), HISTORY_BINS), np.nan))
        rows = [position[name] for name in kept_old]
        if rows and moved < HISTORY_BINS:
            joined[rows, : HISTORY_BINS - moved] = before.values[measure][[old[name] for name in kept_old], moved:]
        width = recent.shape[1]
        rows = [position[name] for name in kept_new]
        joined[:, HISTORY_BINS - width :] = np.nan
        if rows:
            joined[rows, HISTORY_BINS - width :] = recent[[new[name] for name in kept_new]]
        values[measure] = joined
    known = np.zeros(len(names), np.bool_)
    for series in values.values():
        known |= np.isfinite(series).any(axis=1)
    chosen = np.flatnonzero(known)
    return Measured(
        tuple(names[number] for number in chosen),
        fresh.last_bin,
        {measure: series[chosen] for measure, series in values.items()},
    )
