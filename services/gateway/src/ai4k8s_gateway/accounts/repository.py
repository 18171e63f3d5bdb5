"""The gateway's rows about people: users, sessions, failed log-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.gateway import UserRole, login_failures, sessions, users

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID


@dataclass(frozen=True)
class UserRow:
    """A person."""

    id: UUID
    username: str
    role: UserRole
    password_hash: str
    disabled: bool


@dataclass(frozen=True)
class SessionRow:
    """An open session and whose it is."""

    user: UserRow
    csrf_token: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class FailureCounts:
    """Failed log-ins of late."""

    of_name_from_client: int
    of_name: int
    from_client: int
    newest_at: datetime | None


_USER_COLUMNS = (users.c.id, users.c.username, users.c.role, users.c.password_hash, users.c.disabled)


def find_user(connection: Connection, username: str) -> UserRow | None:
    """Find by name, in whatever case it was typed."""
    query = select(*_USER_COLUMNS).where(func.lower(users.c.username) == username.lower())
    row = connection.execute(query).one_or_none()
    return None if row is None else UserRow(row.id, row.username, UserRole(row.role), row.password_hash, row.disabled)


def first_admin(connection: Connection) -> UserRow | None:
    """Return the first administrator, if there is one."""
    query = select(*_USER_COLUMNS).where(users.c.role == UserRole.ADMIN.value).order_by(users.c.created_at).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else UserRow(row.id, row.username, UserRole(row.role), row.password_hash, row.disabled)


def add_user(connection: Connection, username: str, email: str, password_hash: str, role: UserRole) -> UUID | None:
    """Insert; None when the name or the address is taken."""
    statement = (
        insert(users)
        .values(username=username, email=email, password_hash=password_hash, role=role.value)
        .on_conflict_do_nothing()
        .returning(users.c.id)
    )
    return connection.execute(statement).scalar_one_or_none()


def set_password_hash(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Replace the hash."""
    connection.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))


def add_session(
    connection: Connection, token_hash: bytes, user_id: UUID, csrf_token: str, expires_at: datetime
) -> None:
    """Open a session."""
    connection.execute(
        insert(sessions).values(token_hash=token_hash, user_id=user_id, csrf_token=csrf_token, expires_at=expires_at)
    )


def find_session(connection: Connection, token_hash: bytes, now: datetime, idle: timedelta) -> SessionRow | None:
    """Find a session that still counts, with its user as they are now."""
    query = (
        select(
            *_USER_COLUMNS, sessions.c.csrf_token, sessions.c.created_at, sessions.c.last_seen_at, sessions.c.expires_at
        )
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.token_hash == token_hash,
            sessions.c.expires_at > now,
            sessions.c.last_seen_at > now - idle,
            ~users.c.disabled,
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    user = UserRow(row.id, row.username, UserRole(row.role), row.password_hash, row.disabled)
    return SessionRow(user, row.csrf_token, row.created_at, row.last_seen_at, row.expires_at)


def living_sessions(
    connection: Connection, token_hashes: list[bytes], now: datetime, idle: timedelta
) -> dict[bytes, tuple[UUID, UserRole]]:
    """Return which of these sessions still count, whose they are and in which role."""
    query = (
        select(sessions.c.token_hash, users.c.id, users.c.role)
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.token_hash.in_(token_hashes),
            sessions.c.expires_at > now,
            sessions.c.last_seen_at > now - idle,
            ~users.c.disabled,
        )
    )
    return {bytes(row.token_hash): (row.id, UserRole(row.role)) for row in connection.execute(query)}


def touch_session(connection: Connection, token_hash: bytes, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(last_seen_at=now))


def delete_session(connection: Connection, token_hash: bytes) -> None:
    """Close a session."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def delete_dead_sessions(connection: Connection, now: datetime) -> None:
    """Forget sessions past their end."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))


def lock_log_ins(connection: Connection, username: str) -> None:
    """Let only one log-in of a name be counted at a time: a hundred guesses at once count as a hundred."""
    key = func.hashtextextended(f"login:{username.lower()}", 0)
    connection.execute(select(func.pg_advisory_xact_lock(key)))


def count_failures(connection: Connection, username: str, client: str, since: datetime) -> FailureCounts:
    """Count failures since a moment."""
    same_name, same_client = login_failures.c.username == username.lower(), login_failures.c.client == client
    query = select(
        func.count().filter(same_name & same_client).label("both"),
        func.count().filter(same_name).label("name"),
        func.count().filter(same_client).label("client"),
        func.max(login_failures.c.failed_at).label("newest"),
    ).where((same_name | same_client), login_failures.c.failed_at > since)
    row = connection.execute(query).one()
    return FailureCounts(row.both, row.name, row.client, row.newest)


def add_failure(connection: Connection, username: str, client: str, now: datetime) -> None:
    """Count a log-in as failed; a success takes it back."""
    connection.execute(insert(login_failures).values(username=username.lower(), client=client, failed_at=now))


def forget_failures(connection: Connection, username: str, client: str) -> None:
    """Somebody logged in: what they got wrong before no longer counts."""
    connection.execute(
        delete(login_failures).where(login_failures.c.username == username.lower(), login_failures.c.client == client)
    )


def delete_old_failures(connection: Connection, before: datetime) -> None:
    """Forget failures that no longer matter."""
    connection.execute(delete(login_failures).where(login_failures.c.failed_at < before))
