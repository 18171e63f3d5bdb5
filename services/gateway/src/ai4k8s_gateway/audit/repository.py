"""Reads the chains of all services as one log, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, cast, false, func, or_, select, tuple_, union_all

from ai4k8s_common.store.audit import AUDIT
from ai4k8s_common.store.gateway import clusters, users

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.audit.schemas import AuditFilter

COLUMNS = (
    "seq", "at", "actor_id", "actor", "token", "client", "action", "cluster", "namespace", "object", "before", "after",
    "result", "detail", "hash",
)  # fmt: skip


def page(
    connection: Connection,
    wanted: AuditFilter,
    seen: tuple[UUID, list[UUID] | None],
    after: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Row[Any]]:
    """Return entries that somebody may see (their own, and of these clusters; None: all), newest first."""
    everything = union_all(
        *(
            select(cast(service.value, String).label("service"), *(tables.entries.c[name] for name in COLUMNS))
            for service, tables in AUDIT.items()
        )
    ).subquery("entries")
    own = everything.c
    # Workers know whom they act for by id; names are the gateway's.
    name = func.coalesce(func.nullif(own.actor, ""), users.c.username, "")
    query = (
        select(everything, name.label("actor_name"), func.coalesce(clusters.c.name, "").label("cluster_name"))
        .outerjoin(users, users.c.id == own.actor_id)
        .outerjoin(clusters, clusters.c.id == own.cluster)
        .where(*_conditions(own, name, wanted), _seen(own, *seen))
        .order_by(own.at.desc(), own.service.desc(), own.seq.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(own.at, own.service, own.seq) < after)
    return list(connection.execute(query))


def _seen(own: Any, user_id: UUID, cluster_ids: list[UUID] | None) -> Any:
    if cluster_ids is None:
        return own.seq > 0
    of_clusters = own.cluster.in_(cluster_ids) if cluster_ids else false()
    return or_(own.actor_id == user_id, of_clusters)


def _conditions(own: Any, name: Any, wanted: AuditFilter) -> list[Any]:
    found = []
    if wanted.who:
        found.append(or_(name.ilike(_like(wanted.who)), own.client == wanted.who, own.token == wanted.who))
    if wanted.action:
        found.append(own.action.ilike(_like(wanted.action)))
    if wanted.cluster_id is not None:
        found.append(own.cluster == wanted.cluster_id)
    if wanted.result is not None:
        found.append(own.result == wanted.result.value)
    if wanted.since is not None:
        found.append(own.at >= wanted.since)
    if wanted.until is not None:
        found.append(own.at < wanted.until)
    if wanted.text:
        like = _like(wanted.text)
        texts = (own.action, own.namespace, own.object, own.detail, own.before, own.after)
        found.append(or_(*(text.ilike(like) for text in texts)))
    return [and_(*found)] if found else []


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
