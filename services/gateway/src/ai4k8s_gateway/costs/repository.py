"""Prices: wishes of ours, one row for the installation and one for each cluster that has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.gateway import clusters, prices
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
