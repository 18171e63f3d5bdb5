"""rag's own table: what it knows. Shipped entries are written when the package brings others, documents when given."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.rag import OWN, SHIPPED, knowledge
from ai4k8s_rag.knowledge.search import Entry, shipped

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

_SPACE = uuid.UUID("6f1c6c1e-27a5-4a55-9d0e-2a2f4f0f4a10")
Stamp = tuple[int, str]


def shipped_version() -> str:
    """Return the version of all that is shipped: a digest of its content."""
    content = "\n".join(repr(entry) for entry in shipped())
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def keep_shipped(connection: Connection) -> int:
    """Make the table hold what is shipped; return how many entries were written (none when it is of this version)."""
    version = shipped_version()
    held = select(func.count()).where(knowledge.c.origin == SHIPPED, knowledge.c.version == version)
    if connection.execute(held).scalar_one() == len(shipped()):
        return 0
    for entry in shipped():
        values = {
            "origin": SHIPPED,
            "key": entry.key,
            "kind": entry.kind,
            "title": entry.title,
            "body": entry.body,
            "source": entry.source,
            "version": version,
            "since": entry.since,
            "until": entry.until,
        }
        row = insert(knowledge).values(id=uuid.uuid5(_SPACE, entry.key), **values)
        connection.execute(row.on_conflict_do_update(index_elements=[knowledge.c.id], set_=values))
    connection.execute(delete(knowledge).where(knowledge.c.origin == SHIPPED, knowledge.c.version != version))
    return len(shipped())


def store_document(connection: Connection, cluster_id: UUID, user_id: UUID, title: str, parts: list[str]) -> int:
    """Replace a document of a cluster; return how many parts it has now."""
    remove_document(connection, cluster_id, uuid.uuid5(_SPACE, f"{cluster_id}/{title}"))
    version = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    for number, part in enumerate(parts):
        connection.execute(
            insert(knowledge).values(
                id=uuid.uuid5(_SPACE, f"{cluster_id}/{title}" + (f"/{number}" if number else "")),
                origin=OWN,
                cluster_id=cluster_id,
                key=title,
                kind="document",
                title=title,
                body=part,
                source=title,
                version=version,
                user_id=user_id,
            )
        )
    return len(parts)


def remove_document(connection: Connection, cluster_id: UUID, document_id: UUID) -> int:
    """Forget a document by the id of its first part; return how many parts went."""
    title = select(knowledge.c.key).where(knowledge.c.id == document_id).scalar_subquery()
    mine = (knowledge.c.cluster_id == cluster_id, knowledge.c.origin == OWN, knowledge.c.key == title)
    return connection.execute(delete(knowledge).where(*mine)).rowcount


def stamp(connection: Connection, cluster_id: UUID | None) -> Stamp:
    """Return what changes whenever the entries for a cluster do."""
    newest = func.coalesce(func.max(knowledge.c.stored_at).cast(knowledge.c.version.type), "")
    row = connection.execute(select(func.count(), newest).where(_for(cluster_id))).one()
    return int(row[0]), str(row[1])


def entries(connection: Connection, cluster_id: UUID | None) -> list[Entry]:
    """Return what is known for a cluster: what is shipped, and its own documents."""
    rows = connection.execute(select(knowledge).where(_for(cluster_id)).order_by(knowledge.c.origin, knowledge.c.key))
    return [
        Entry(
            row.key,
            row.kind,
            row.title,
            row.body,
            row.source,
            None if row.cluster_id is None else str(row.cluster_id),
            row.since,
            row.until,
        )
        for row in rows
    ]


def _for(cluster_id: UUID | None) -> ColumnElement[bool]:
    if cluster_id is None:
        return knowledge.c.cluster_id.is_(None)
    return or_(knowledge.c.cluster_id.is_(None), knowledge.c.cluster_id == cluster_id)
