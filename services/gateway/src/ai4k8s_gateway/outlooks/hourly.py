"""The next six hours of a cluster in short: six numbers a quantity, and whether to do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.store.forecaster import Measure, Subject
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.domain.in_hours import in_hours
from ai4k8s_gateway.nodes import repository as nodes
from ai4k8s_gateway.outlooks import repository
from ai4k8s_gateway.outlooks.schemas import ClusterForecast, HourlyForecast
from ai4k8s_gateway.workloads.repository import rows_by_level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

NETWORK = (Measure.NETWORK_RECEIVE, Measure.NETWORK_TRANSMIT)
DISK = (Measure.DISK_READ, Measure.DISK_WRITE)


def of_cluster(connection: Connection, principal: Principal, cluster_id: UUID) -> ClusterForecast:
    """What a cluster will need, by the hour. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    moment = repository.newest_made_at(connection, cluster_id)
    rows = [] if moment is None else repository.made_at(connection, cluster_id, moment, [Subject.CLUSTER])
    said = {Measure(row.measure): row for row in rows}
    there = nodes.of_cluster(connection, cluster_id)
    cpu, memory = (_sum(there, name) for name in ("cpu_allocatable_millicores", "memory_allocatable_bytes"))
    return ClusterForecast(
        made_at=moment,
        cpu_forecast=_told(said, [Measure.CPU], "CPU", cpu, _sum(there, "cpu_usage_millicores")),
        memory_forecast=_told(said, [Measure.MEMORY], "memory", memory, _sum(there, "memory_bytes")),
        network_forecast=_told(said, NETWORK, "Network", None, _now(there, NETWORK)),
        disk_forecast=_told(said, DISK, "Disk", None, _now(there, DISK)),
    )


def _told(
    said: dict[Measure, Row[Any]],
    measures: Sequence[Measure],
    name: str,
    capacity: float | None,
    now: float | None,
) -> HourlyForecast:
    scale = 100 / capacity if capacity else 1.0
    current = None if now is None else round(now * scale, 1)
    rows = [said[measure] for measure in measures if measure in said and said[measure].path_values]
    if not rows:
        reasons = {said[measure].detail for measure in measures if measure in said} - {""}
        why = "; ".join(sorted(reasons)) or "it was not measured, or no forecast was made yet"
        return HourlyForecast(
            current=current, predicted=[], trend=None, confidence_intervals=[], recommendation=f"Not ready: {why}."
        )
    # The bounds of a sum are at most the sums of the bounds: cautious where both directions do not rise together.
    values = [sum(parts) for parts in zip(*(row.path_values for row in rows), strict=True)]
    levels = list(rows[0].path_levels)
    told = in_hours(levels, rows_by_level(levels, values), capacity, name)
    trend = rows[0].trend if len({row.trend for row in rows}) == 1 else "stable"
    return HourlyForecast(
        current=current,
        predicted=told.predicted,
        trend=trend,
        confidence_intervals=told.intervals,
        recommendation=told.recommendation,
    )


def _now(rows: Sequence[Row[Any]], measures: Sequence[Measure]) -> float | None:
    known = [
        value for value in (_sum(rows, f"{measure}_bytes_per_second") for measure in measures) if value is not None
    ]
    return sum(known) if known else None


def _sum(rows: Sequence[Row[Any]], name: str) -> float | None:
    known = [value for row in rows if (value := getattr(row, name)) is not None]
    return float(sum(known)) if known else None
