"""The gateway's rows about people: users and failed log-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.gateway import UserRole, login_failures, users
from ai4k8s_gateway.teams.repository import add_personal

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True)
class UserRow:
    """A person."""

    id: UUID
    username: str
    role: UserRole
    password_hash: str | None  # None: they come by single sign-on alone
    disabled: bool
    email: str | None = None


@dataclass(frozen=True)
class FailureCounts:
    """Failed log-ins of late."""

    of_name_from_client: int
    of_name: int
    from_client: int
    newest_at: datetime | None


USER_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.role,
    users.c.password_hash,
    users.c.disabled,
    users.c.email,
)


def user_of(row: Any) -> UserRow:
    """Read a person out of a row that has USER_COLUMNS."""
    return UserRow(row.id, row.username, UserRole(row.role), row.password_hash, row.disabled, row.email)


def find_user(connection: Connection, username: str) -> UserRow | None:
    """Find by name, in whatever case it was typed."""
    query = select(*USER_COLUMNS).where(func.lower(users.c.username) == username.lower())
    row = connection.execute(query).one_or_none()
    return None if row is None else user_of(row)


def find_user_by_id(connection: Connection, user_id: UUID) -> UserRow | None:
    """Find by id."""
    row = connection.execute(select(*USER_COLUMNS).where(users.c.id == user_id)).one_or_none()
    return None if row is None else user_of(row)


def first_admin(connection: Connection) -> UserRow | None:
    """Return the first administrator, if there is one."""
    query = select(*USER_COLUMNS).where(users.c.role == UserRole.ADMIN.value).order_by(users.c.created_at).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else user_of(row)


def add_user(
    connection: Connection, username: str, email: str | None, password_hash: str | None, role: UserRole
) -> UUID | None:
    """Insert, with a team of their own; None when the name or the address is taken."""
    statement = (
        insert(users)
        .values(username=username, email=email, password_hash=password_hash, role=role.value)
        .on_conflict_do_nothing()
        .returning(users.c.id)
    )
    user_id: UUID | None = connection.execute(statement).scalar_one_or_none()
    if user_id is not None:
        add_personal(connection, user_id, username)
    return user_id


def set_password_hash(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Replace the hash."""
    connection.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))


def note_log_in(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Note when somebody last came in."""
    connection.execute(update(users).where(users.c.id == user_id).values(last_login_at=now))


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


def forget_all_failures(connection: Connection, username: str) -> None:
    """Somebody has a new password: what was guessed before no longer counts."""
    connection.execute(delete(login_failures).where(login_failures.c.username == username.lower()))


def delete_old_failures(connection: Connection, before: datetime) -> None:
    """Forget failures that no longer matter."""
    connection.execute(delete(login_failures).where(login_failures.c.failed_at < before))
