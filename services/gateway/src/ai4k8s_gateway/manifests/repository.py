"""What rag knows, as the page lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from ai4k8s_common.store.rag import OWN, knowledge

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Row


def known(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return entries and documents for a cluster, one row each, its own first."""
    k = knowledge.c
    parts = func.count().over(partition_by=(k.cluster_id, k.key)).label("parts")
    first = func.row_number().over(partition_by=(k.cluster_id, k.key), order_by=(k.stored_at, k.id)).label("first")
    rows = (
        select(k.id, k.title, k.kind, k.source, k.version, (k.origin == OWN).label("own"), k.stored_at, parts, first)
        .where(or_(k.cluster_id.is_(None), k.cluster_id == cluster_id))
        .subquery()
    )
    query = select(rows).where(rows.c.first == 1).order_by(rows.c.own.desc(), rows.c.kind, rows.c.title)
    return list(connection.execute(query))
