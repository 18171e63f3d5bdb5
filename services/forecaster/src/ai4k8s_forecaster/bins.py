"""Five-minute means of everything that is measured of workloads and nodes, read for a whole cluster at once.

Bins that the collector has rolled up are read as such; the newest ones, and all of them where nothing was rolled
up, are averaged from the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from ai4k8s_common.store.anomalies import SubjectKind
from ai4k8s_forecaster.domain.grid import FIVE_MINUTES_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, TextClause

    from ai4k8s_forecaster.domain.arrays import FloatArray

_RATES = {
    "network_receive": "network_receive_bytes_per_second",
    "network_transmit": "network_transmit_bytes_per_second",
    "disk_read": "disk_read_bytes_per_second",
    "disk_write": "disk_write_bytes_per_second",
}
#: Metrics by kind of subject: name and smallest change worth a word, in its unit; the first one counts most.
METRICS: dict[SubjectKind, dict[str, float]] = {
    SubjectKind.WORKLOAD: {
        "cpu": 10.0,
        "memory_per_pod": 16.0 * 2**20,
        "requests": 0.5,
        **dict.fromkeys(_RATES, 16.0 * 2**10),
    },
    SubjectKind.NODE: {"cpu": 50.0, "memory": 128.0 * 2**20, **dict.fromkeys(_RATES, 64.0 * 2**10)},
}
#: What else is read: what explains a deviation, and what it is compared with.
CONTEXT: dict[SubjectKind, tuple[str, ...]] = {
    SubjectKind.WORKLOAD: ("ready", "desired", "capacity", "saturated", "restarts", "oom_kills"),
    SubjectKind.NODE: ("pods",),
}

# name: (of a roll-up, of samples)
_WORKLOAD_COLUMNS = {
    "cpu": ("cpu_usage_millicores", "avg(cpu_usage_millicores)"),
    "memory_per_pod": (
        "memory_bytes / greatest(ready_replicas, 1)",
        "avg(memory_bytes / greatest(coalesce(pods_with_metrics, ready_replicas), 1))",
    ),
    "requests": ("requests_per_second", "avg(requests_per_second)"),
    **{name: (column, f"avg({column})") for name, column in _RATES.items()},
    "ready": ("ready_replicas", "avg(ready_replicas)"),
    "desired": ("desired_replicas", "max(desired_replicas)"),
    "capacity": ("cpu_capacity_millicores", "avg(cpu_capacity_millicores)"),
    "saturated": ("saturated::int", "max(saturated::int)"),
    "restarts": ("restarts", "max(restarts)"),
    "oom_kills": ("oom_kills", "sum(oom_kills)"),
}
_NODE_COLUMNS = {
    "cpu": ("cpu_usage_millicores", "avg(cpu_usage_millicores)"),
    "memory": ("memory_bytes", "avg(memory_bytes)"),
    **{name: (column, f"avg({column})") for name, column in _RATES.items()},
    "pods": ("pods", "avg(pods)"),
}
_COLUMNS = {SubjectKind.WORKLOAD: _WORKLOAD_COLUMNS, SubjectKind.NODE: _NODE_COLUMNS}


@cache
def _statement(kind: SubjectKind, names: tuple[str, ...]) -> TextClause:
    columns, one = {name: _COLUMNS[kind][name] for name in names}, kind.value
    rolled = ", ".join(f"({expression})::float8" for expression, _ in columns.values())
    averaged = ", ".join(f"({expression})::float8" for _, expression in columns.values())
    number = f"floor(extract(epoch FROM at) / {FIVE_MINUTES_SECONDS})::float8"
    # Names of columns are constants of this module.
    return text(
        f"""
    WITH rolled AS (
        SELECT least(coalesce(rolled_up_until, '-infinity'), to_timestamp(:until)) AS until
        FROM collector.cluster_states WHERE cluster_id = :cluster_id
    )
    SELECT {one}_id::float8, {number}, {rolled}
    FROM collector.{one}_rollups, rolled
    WHERE cluster_id = :cluster_id AND at >= to_timestamp(:since) AND at < rolled.until AND {one}_id = ANY(:ids)
    UNION ALL
    SELECT {one}_id::float8, {number}, {averaged}
    FROM collector.{one}_samples, rolled
    WHERE cluster_id = :cluster_id AND at >= greatest(rolled.until, to_timestamp(:since)) AND at < to_timestamp(:until)
      AND {one}_id = ANY(:ids)
    GROUP BY 1, 2
    """  # noqa: S608
    )


#: Cells (subjects x bins) read in one go: bounds the memory of the first look at a large cluster.
_CELLS_AT_ONCE = 400_000


@dataclass(frozen=True)
class Bins:
    """Means of complete bins.

    Attributes:
        first_bin: number of the first bin since the epoch.
        shape: subjects and bins.
        columns: ``[subjects, bins]`` by name, of what was measured at all; NaN where it was not.
    """

    first_bin: int
    shape: tuple[int, int]
    columns: dict[str, FloatArray]

    def column(self, name: str) -> FloatArray:
        """One of them, measured or not."""
        found = self.columns.get(name)
        return np.full(self.shape, np.nan) if found is None else found


def read_bins(
    connection: Connection,
    cluster_id: UUID,
    kind: SubjectKind,
    ids: Sequence[int],
    first_bin: int,
    last_bin: int,
    names: tuple[str, ...] = (),
) -> Bins:
    """Read bins ``first_bin`` to ``last_bin``, both included; ``ids`` rise; all names, or some."""
    names = names or tuple(_COLUMNS[kind])
    shape = (len(ids), last_bin - first_bin + 1)
    out: dict[str, FloatArray] = {}
    at_once = max(_CELLS_AT_ONCE // max(len(ids), 1), 1)
    numbers = np.asarray(ids, dtype=np.int64)
    for begin in range(first_bin, last_bin + 1, at_once):
        parameters: dict[str, Any] = {
            "cluster_id": cluster_id,
            "since": begin * FIVE_MINUTES_SECONDS,
            "until": min(begin + at_once, last_bin + 1) * FIVE_MINUTES_SECONDS,
            "ids": list(ids),
        }
        rows = connection.execute(_statement(kind, names), parameters).all()
        if not rows:
            continue
        table = np.array([tuple(row) for row in rows], dtype=np.float64)
        series = np.searchsorted(numbers, table[:, 0].astype(np.int64))
        column = table[:, 1].astype(np.int64) - first_bin
        for index, name in enumerate(names, start=2):
            # Two weeks of what nobody measures would be most of the memory.
            if name not in out and np.isfinite(table[:, index]).any():
                out[name] = np.full(shape, np.nan)
            if name in out:
                out[name][series, column] = table[:, index]
    return Bins(first_bin, shape, out)
