"""The gateway's rows about sessions.

A session is found by the hash of its token, of the token that was handed out to follow it, or for a moment of the one
before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, or_, select, update

from ai4k8s_common.store.gateway import SessionMethod, UserRole, sessions, users
from ai4k8s_common.store.people import second_factors
from ai4k8s_gateway.accounts.repository import USER_COLUMNS, UserRow, user_of

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID


@dataclass(frozen=True)
class SessionRow:
    """An open session and whose it is."""

    id: UUID
    user: UserRow
    has_second_factor: bool
    csrf_token: str
    method: SessionMethod
    client: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    authenticated_at: datetime
    rotated_at: datetime
    token_hash: bytes
    next_hash: bytes | None
    next_salt: bytes | None


_SESSION_COLUMNS = (
    sessions.c.id.label("session_id"),
    sessions.c.csrf_token,
    sessions.c.method,
    sessions.c.client,
    sessions.c.user_agent,
    sessions.c.created_at,
    sessions.c.last_seen_at,
    sessions.c.expires_at,
    sessions.c.authenticated_at,
    sessions.c.rotated_at,
    sessions.c.token_hash,
    sessions.c.next_hash,
    sessions.c.next_salt,
)
_HAS_SECOND_FACTOR = (
    exists()
    .where(second_factors.c.user_id == users.c.id, second_factors.c.confirmed_at.is_not(None))
    .label("has_second_factor")
)


def add(
    connection: Connection,
    *,
    user_id: UUID,
    token_hash: bytes,
    csrf_token: str,
    expires_at: datetime,
    client: str,
    user_agent: str,
    method: SessionMethod,
) -> UUID:
    """Open a session and return its id."""
    statement = insert(sessions).values(
        user_id=user_id,
        token_hash=token_hash,
        csrf_token=csrf_token,
        expires_at=expires_at,
        client=client,
        user_agent=user_agent,
        method=method.value,
    )
    opened: UUID = connection.execute(statement.returning(sessions.c.id)).scalar_one()
    return opened


def find(connection: Connection, token_hash: bytes, now: datetime, idle: timedelta) -> SessionRow | None:
    """Find a session that still counts, with its user as they are now."""
    known = or_(
        sessions.c.token_hash == token_hash,
        sessions.c.next_hash == token_hash,
        (sessions.c.previous_hash == token_hash) & (sessions.c.previous_until > now),
    )
    row = connection.execute(_whole().where(known, *_counts(now, idle))).one_or_none()
    return None if row is None else _session_of(row)


def find_by_id(connection: Connection, session_id: UUID, now: datetime, idle: timedelta) -> SessionRow | None:
    """Find a session that still counts by what stays the same of it."""
    row = connection.execute(_whole().where(sessions.c.id == session_id, *_counts(now, idle))).one_or_none()
    return None if row is None else _session_of(row)


def of_user(connection: Connection, user_id: UUID, now: datetime, idle: timedelta) -> list[SessionRow]:
    """Return somebody's sessions that count, the one in use last first."""
    query = _whole().where(sessions.c.user_id == user_id, *_counts(now, idle))
    return [_session_of(row) for row in connection.execute(query.order_by(sessions.c.last_seen_at.desc()))]


def living(
    connection: Connection, session_ids: list[UUID], now: datetime, idle: timedelta
) -> dict[UUID, tuple[UUID, UserRole]]:
    """Return which of these sessions still count, whose they are and in which role."""
    query = (
        select(sessions.c.id.label("session_id"), users.c.id, users.c.role)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.id.in_(session_ids), *_counts(now, idle))
    )
    return {row.session_id: (row.id, UserRole(row.role)) for row in connection.execute(query)}


def touch(connection: Connection, session_id: UUID, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(last_seen_at=now))


def offer_next(connection: Connection, session_id: UUID, token_hash: bytes, next_hash: bytes, salt: bytes) -> bool:
    """Keep the token that shall follow; False when another request was first."""
    statement = (
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.token_hash == token_hash, sessions.c.next_hash.is_(None))
        .values(next_hash=next_hash, next_salt=salt)
    )
    return connection.execute(statement).rowcount == 1


def take_next(connection: Connection, session_id: UUID, next_hash: bytes, now: datetime, until: datetime) -> None:
    """The new token was used: it is the session's, and the one before serves a moment longer."""
    statement = (
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.next_hash == next_hash)
        .values(
            token_hash=next_hash,
            previous_hash=sessions.c.token_hash,
            previous_until=until,
            next_hash=None,
            next_salt=None,
            rotated_at=now,
        )
    )
    connection.execute(statement)


def replace_token(connection: Connection, session_id: UUID, token_hash: bytes, csrf_token: str, now: datetime) -> None:
    """Give a session another token at once, after its person proved anew who they are; the old ones end."""
    statement = (
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(
            token_hash=token_hash,
            csrf_token=csrf_token,
            previous_hash=None,
            previous_until=None,
            next_hash=None,
            next_salt=None,
            rotated_at=now,
            authenticated_at=now,
        )
    )
    connection.execute(statement)


def make_rotate(connection: Connection, user_id: UUID) -> None:
    """Somebody's rights changed: their sessions get new tokens at the next request."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    connection.execute(update(sessions).where(sessions.c.user_id == user_id).values(rotated_at=long_ago))


def delete_one(connection: Connection, session_id: UUID, user_id: UUID) -> bool:
    """Close one of somebody's sessions; False when they have no such one."""
    statement = delete(sessions).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
    return connection.execute(statement).rowcount == 1


def delete_all(connection: Connection, user_id: UUID, but: UUID | None = None) -> int:
    """Close somebody's sessions, perhaps but for one; return how many."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    return connection.execute(statement).rowcount


def delete_dead(connection: Connection, now: datetime, idle: timedelta) -> None:
    """Forget sessions past their end."""
    connection.execute(delete(sessions).where((sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= now - idle)))


def _whole() -> Any:
    return select(*USER_COLUMNS, _HAS_SECOND_FACTOR, *_SESSION_COLUMNS).join(users, users.c.id == sessions.c.user_id)


def _counts(now: datetime, idle: timedelta) -> tuple[ColumnElement[bool], ...]:
    return sessions.c.expires_at > now, sessions.c.last_seen_at > now - idle, ~users.c.disabled


def _session_of(row: Any) -> SessionRow:
    return SessionRow(
        id=row.session_id,
        user=user_of(row),
        has_second_factor=row.has_second_factor,
        csrf_token=row.csrf_token,
        method=SessionMethod(row.method),
        client=row.client,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        authenticated_at=row.authenticated_at,
        rotated_at=row.rotated_at,
        token_hash=bytes(row.token_hash),
        next_hash=None if row.next_hash is None else bytes(row.next_hash),
        next_salt=None if row.next_salt is None else bytes(row.next_salt),
    )
