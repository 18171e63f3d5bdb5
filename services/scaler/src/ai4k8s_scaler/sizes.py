"""Queries for recommended requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, text
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.scaler import right_sizes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

_USE_OF_ONE_POD = text(
    """
    SELECT min(at) AS at,
           avg(cpu_usage_millicores / nullif(pods_with_metrics, 0)) AS cpu,
           max(memory_bytes / nullif(pods_with_metrics, 0)) AS memory
    FROM collector.workload_samples
    WHERE workload_id = :workload_id AND at > :start AND at <= :end
    GROUP BY date_bin('5 minutes', at, :start)
    ORDER BY 1
    """
)


def due_for_right_size(connection: Connection, made_before: datetime, limit: int) -> list[Row[Any]]:
    """Return workloads whose recommended requests are the oldest, those without any first."""
    query = (
        select(workloads.c.id, workloads.c.cluster_id)
        .outerjoin(right_sizes, right_sizes.c.workload_id == workloads.c.id)
        .where(
            workloads.c.gone_at.is_(None),
            or_(right_sizes.c.made_at.is_(None), right_sizes.c.made_at < made_before),
        )
        .order_by(right_sizes.c.made_at.asc().nulls_first())
        .limit(limit)
    )
    return list(connection.execute(query))


def use_of_one_pod(connection: Connection, workload_id: int, start: datetime, end: datetime) -> list[Row[Any]]:
    """Return what one pod used, means of five minutes (memory: the highest), the oldest first."""
    return list(connection.execute(_USE_OF_ONE_POD, {"workload_id": workload_id, "start": start, "end": end}))


def write_right_size(connection: Connection, workload_id: int, values: dict[str, Any]) -> None:
    """Write recommended requests in place of the former ones."""
    statement = insert(right_sizes).values(workload_id=workload_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[right_sizes.c.workload_id], set_=values))
