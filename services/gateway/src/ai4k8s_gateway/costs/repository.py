"""Prices: wishes of ours, one row for the installation and one for each cluster that has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import nodes
from ai4k8s_common.store.gateway import clusters, pool_prices, prices
from ai4k8s_common.store.pricing import TYPE_LABEL, ZONE_LABEL
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal


def of_installation(connection: Connection) -> Row[Any] | None:
    """Return the installation's prices, if they are set."""
    return connection.execute(select(prices).where(prices.c.cluster_id.is_(None))).one_or_none()


def of_clusters(connection: Connection, principal: Principal) -> list[Row[Any]]:
    """Return the prices of clusters that somebody may see."""
    query = select(prices).join(clusters, clusters.c.id == prices.c.cluster_id).where(visible_to(principal))
    return list(connection.execute(query.order_by(clusters.c.name)))


def put(connection: Connection, cluster_id: UUID | None, values: dict[str, Any]) -> None:
    """Set prices in place of the former ones."""
    statement = insert(prices).values(cluster_id=cluster_id, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[prices.c.cluster_id], set_={**values, "updated_at": func.now()})
    )


def drop(connection: Connection, cluster_id: UUID) -> None:
    """Let a cluster follow the installation's prices again."""
    connection.execute(delete(prices).where(prices.c.cluster_id == cluster_id))


def has_prices(connection: Connection, cluster_id: UUID) -> bool:
    """Whether a cluster has prices: its own, or the installation's."""
    query = select(prices.c.id).where(or_(prices.c.cluster_id == cluster_id, prices.c.cluster_id.is_(None)))
    return connection.execute(query.limit(1)).one_or_none() is not None


def of_pools(connection: Connection, principal: Principal) -> list[Row[Any]]:
    """Return the prices of node pools of clusters that somebody may see, with how many nodes each is of."""
    n, x = nodes.c, pool_prices.c
    meant = or_(
        n.pool == x.pool,
        literal(f"{TYPE_LABEL}=") + n.instance_type == x.pool,
        literal(f"{ZONE_LABEL}=") + n.zone == x.pool,
    )
    counted = (
        select(func.count())
        .where(n.cluster_id == x.cluster_id, n.gone_at.is_(None), meant)
        .correlate(pool_prices)
        .scalar_subquery()
    )
    query = (
        select(pool_prices, clusters.c.name.label("cluster_name"), counted.label("nodes"))
        .join(clusters, clusters.c.id == x.cluster_id)
        .where(visible_to(principal))
    )
    return list(connection.execute(query.order_by(clusters.c.name, x.pool)))


def put_pool(connection: Connection, cluster_id: UUID, values: dict[str, Any]) -> None:
    """Set a pool's prices in place of the former ones."""
    statement = insert(pool_prices).values(cluster_id=cluster_id, **values)
    key = [pool_prices.c.cluster_id, pool_prices.c.pool]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={**values, "updated_at": func.now()}))


def drop_pool(connection: Connection, cluster_id: UUID, pool: str) -> bool:
    """Forget a pool's prices. Returns whether there were any."""
    gone = delete(pool_prices).where(pool_prices.c.cluster_id == cluster_id, pool_prices.c.pool == pool)
    return bool(connection.execute(gone).rowcount)
