"""What a workload's pods cost by the hour: by the prices of the nodes they are on, else of the cluster, else of all.

In one place, for the gateway tells it and the scaler keeps budgets by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, exists, func, literal, select, true

from ai4k8s_common.store.collector import nodes
from ai4k8s_common.store.gateway import pool_prices, prices
from ai4k8s_common.store.observed import pods

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.selectable import FromClause

#: Labels of nodes that are kept, and so can be priced by, beside the pool's own name.
TYPE_LABEL = "node.kubernetes.io/instance-type"
ZONE_LABEL = "topology.kubernetes.io/zone"
MILLI = 1000.0
GIB = 2.0**30
HOURS_A_DAY = 24.0
HOURS_A_MONTH = 730.0
PERIOD_HOURS = {"day": HOURS_A_DAY, "month": HOURS_A_MONTH}


def rates(workload: FromClause) -> FromClause:
    """Columns `core_hour`, `gib_hour` and `currency` for each row of a table of workloads; NULL without prices.

    Pods on nodes of several prices count by their mean.
    """
    own, common = prices.alias("own_prices"), prices.alias("common_prices")
    pool, kind, zone = (pool_prices.alias(f"{name}_prices") for name in ("pool", "type", "zone"))

    def mean(name: str) -> ColumnElement[float]:
        values = (pool.c[name], kind.c[name], zone.c[name], own.c[name], common.c[name])
        return func.avg(func.coalesce(*values)).label(name)

    one = select(true().label("one")).subquery()
    # Pods are looked at only where nodes differ in price: a large cluster has very many.
    any_pool = exists().where(pool_prices.c.cluster_id == workload.c.cluster_id).correlate(workload)
    looked_at = case((any_pool, workload.c.id))
    placed = (
        one.outerjoin(own, own.c.cluster_id == workload.c.cluster_id)
        .outerjoin(common, common.c.cluster_id.is_(None))
        .outerjoin(pods, pods.c.workload_id == looked_at)
        .outerjoin(nodes, (nodes.c.cluster_id == pods.c.cluster_id) & (nodes.c.name == pods.c.node))
    )
    for prices_of, named in (
        (pool, nodes.c.pool),
        (kind, literal(f"{TYPE_LABEL}=") + nodes.c.instance_type),
        (zone, literal(f"{ZONE_LABEL}=") + nodes.c.zone),
    ):
        placed = placed.outerjoin(
            prices_of, (prices_of.c.cluster_id == workload.c.cluster_id) & (prices_of.c.pool == named)
        )
    currency = func.max(func.coalesce(own.c.currency, common.c.currency)).label("currency")
    return select(mean("core_hour"), mean("gib_hour"), currency).select_from(placed).lateral("rates")


def pod_hour(
    cpu_millicores: float | None, memory_bytes: float | None, core_hour: float | None, gib_hour: float | None
) -> float | None:
    """What an hour of one pod costs; None without prices or requests."""
    if core_hour is None or gib_hour is None or (not cpu_millicores and not memory_bytes):
        return None
    return (cpu_millicores or 0.0) / MILLI * core_hour + (memory_bytes or 0.0) / GIB * gib_hour


def cost_hour(workload: FromClause, priced: FromClause) -> ColumnElement[float]:
    """What an hour of a workload's pods costs as they should be now, in SQL; NULL without prices."""
    pod = (
        func.coalesce(workload.c.cpu_request_millicores, 0) / MILLI * priced.c.core_hour
        + func.coalesce(workload.c.memory_request_bytes, 0) / GIB * priced.c.gib_hour
    )
    return workload.c.desired_replicas * pod
