"""Reading what the forecaster says of capacity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from ai4k8s_common.store.collector import nodes
from ai4k8s_common.store.forecaster import forecasts
from ai4k8s_common.store.optimising import capacity_outlooks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

FRESH = timedelta(minutes=15)
CPU_METRIC = "cpu"


def outlooks(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return what is foreseen of a cluster, what runs out first at the front."""
    o = capacity_outlooks
    share = o.c.used / func.nullif(o.c.limit_value, 0)
    query = select(o).where(o.c.cluster_id == cluster_id)
    order = (o.c.earliest_at.asc().nulls_last(), share.desc().nulls_last(), o.c.scope, o.c.name, o.c.resource)
    return list(connection.execute(query.order_by(*order)))


def nodes_of(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return the nodes that a cluster has now, by name."""
    query = select(nodes).where(nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None))
    return list(connection.execute(query.order_by(nodes.c.name)))


def paths_of(connection: Connection, cluster_id: UUID, workload_ids: Sequence[int]) -> dict[int, list[float]]:
    """Return the newest six-hour path of some workloads, levels by steps, row by row; only of those that have one."""
    f = forecasts
    query = (
        select(f.c.workload_id, f.c.path_values)
        .ext(distinct_on(f.c.workload_id))
        .where(
            f.c.cluster_id == cluster_id,
            f.c.metric == CPU_METRIC,
            f.c.workload_id.in_(workload_ids),
            f.c.made_at > func.now() - FRESH,
            f.c.path_values.is_not(None),
        )
        .order_by(f.c.workload_id, f.c.made_at.desc())
    )
    return {row.workload_id: row.path_values for row in connection.execute(query)}
