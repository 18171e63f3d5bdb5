"""Reading what the forecaster recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from ai4k8s_common.store.collector import cluster_states, workloads
from ai4k8s_common.store.gateway import clusters, prices
from ai4k8s_common.store.optimising import recommendations, reviews
from ai4k8s_common.store.pricing import rates
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

MOST_CONTAINERS = 20_000


def workload(connection: Connection, principal: Principal, workload_id: int) -> Row[Any] | None:
    """Find a workload that somebody may see."""
    priced = rates(workloads)
    query = (
        select(workloads, priced)
        .join(clusters, clusters.c.id == workloads.c.cluster_id)
        .outerjoin(priced, true())
        .where(workloads.c.id == workload_id, visible_to(principal))
    )
    rows: Any = connection.execute(query)
    found: Row[Any] | None = rows.one_or_none()
    return found


def of_workload(connection: Connection, workload_id: int) -> list[Row[Any]]:
    """Return what is recommended for a workload's containers."""
    query = select(recommendations).where(recommendations.c.workload_id == workload_id)
    return list(connection.execute(query.order_by(recommendations.c.container)))


def of_cluster(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return a cluster's recommendations, each with what is needed to name its workload."""
    r, w = recommendations, workloads
    query = (
        select(r, w.c.namespace, w.c.kind, w.c.name, w.c.resource, w.c.containers, w.c.hpa_name, w.c.desired_replicas)
        .join(w, w.c.id == r.c.workload_id)
        .where(r.c.cluster_id == cluster_id, w.c.gone_at.is_(None))
        .order_by(r.c.workload_id, r.c.container)
        .limit(MOST_CONTAINERS)
    )
    return list(connection.execute(query))


def reviewed_at(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when a cluster was last looked at."""
    query = select(reviews.c.reviewed_at).where(reviews.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def price_of(connection: Connection, cluster_id: UUID) -> tuple[float, float, str] | None:
    """Return (core hour, GiB hour, currency) that hold for a cluster: its own, or else the installation's."""
    own, common = prices.alias("own"), prices.alias("common")
    names = ("core_hour", "gib_hour", "currency")
    one = select(true().label("x")).subquery()
    query = select(*(func.coalesce(own.c[name], common.c[name]) for name in names)).select_from(
        one.outerjoin(own, own.c.cluster_id == cluster_id).outerjoin(common, common.c.cluster_id.is_(None))
    )
    row = connection.execute(query).one()
    return None if row[0] is None else (row[0], row[1], row[2])


def server_version(connection: Connection, cluster_id: UUID) -> str:
    """Return a cluster's version as last seen, or nothing."""
    query = select(cluster_states.c.server_version).where(cluster_states.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none() or ""
