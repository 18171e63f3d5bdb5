"""The gateway's rows about API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select, update

from ai4k8s_common.store.gateway import users
from ai4k8s_common.store.teams import api_tokens

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

_SHOWN = [column for column in api_tokens.c if column.name != "token_hash"]


def find(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    """Return a token that counts, and whose it is."""
    t = api_tokens
    query: Select[Any] = (
        select(t.c.id, t.c.user_id, t.c.last_used_at, t.c.last_used_from, users.c.username, users.c.role)
        .join(users, users.c.id == t.c.user_id)
        .where(
            t.c.token_hash == token_hash,
            t.c.revoked_at.is_(None),
            or_(t.c.expires_at.is_(None), t.c.expires_at > func.now()),
            ~users.c.disabled,
        )
    )
    return connection.execute(query).one_or_none()


def touch(connection: Connection, token_id: UUID, now: datetime, client: str) -> None:
    """Note that a token is in use, and from where."""
    values = {"last_used_at": now, "last_used_from": client}
    connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(**values))


def of_user(connection: Connection, user_id: UUID) -> list[Row[Any]]:
    """Return somebody's tokens, newest first, without what was revoked."""
    t = api_tokens
    query = select(*_SHOWN).where(t.c.user_id == user_id, t.c.revoked_at.is_(None))
    return list(connection.execute(query.order_by(t.c.created_at.desc())))


def add(connection: Connection, values: dict[str, Any]) -> Row[Any]:
    """Store a token's hash and what it is for."""
    return connection.execute(insert(api_tokens).values(**values).returning(*_SHOWN)).one()


def revoke(connection: Connection, token_id: UUID, user_id: UUID, now: datetime) -> bool:
    """End a token of somebody's; False when they have none such. The row stays: it says who made it."""
    t = api_tokens
    statement = update(t).where(t.c.id == token_id, t.c.user_id == user_id, t.c.revoked_at.is_(None))
    return connection.execute(statement.values(revoked_at=now)).rowcount > 0
