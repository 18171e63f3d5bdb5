"""The gateway's rows about people, as administrators see and change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, exists, func, select, update

from ai4k8s_common.store.gateway import UserRole, sessions, users
from ai4k8s_common.store.people import identities, second_factors

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

_ADMINISTRATORS = "administrators"


@dataclass(frozen=True)
class PersonRow:
    """A person and how they get in."""

    id: UUID
    username: str
    email: str | None
    role: UserRole
    disabled: bool
    has_password: bool
    has_second_factor: bool
    has_single_sign_on: bool
    sessions: int
    created_at: datetime
    last_login_at: datetime | None


def everybody(connection: Connection, now: datetime, idle: timedelta) -> list[PersonRow]:
    """Return all people by name."""
    query = _people(now, idle).order_by(func.lower(users.c.username))
    return [_person_of(row) for row in connection.execute(query)]


def find(connection: Connection, user_id: UUID, now: datetime, idle: timedelta) -> PersonRow | None:
    """Return one of them."""
    row = connection.execute(_people(now, idle).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _person_of(row)


def lock_administrators(connection: Connection) -> None:
    """Two administrators who remove each other at once must not both succeed."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_ADMINISTRATORS, 0))))


def other_administrators(connection: Connection, but: UUID) -> int:
    """Return how many may administer besides this one."""
    query = select(func.count()).where(users.c.role == UserRole.ADMIN.value, ~users.c.disabled, users.c.id != but)
    return connection.execute(query).scalar_one()


def change(connection: Connection, user_id: UUID, values: dict[str, Any]) -> None:
    """Change columns of a person."""
    connection.execute(update(users).where(users.c.id == user_id).values(values))


def find_by_email(connection: Connection, email: str) -> UUID | None:
    """Find by address."""
    return connection.execute(select(users.c.id).where(func.lower(users.c.email) == email.lower())).scalar_one_or_none()


def _people(now: datetime, idle: timedelta) -> Any:
    living = (
        select(func.count())
        .where(sessions.c.user_id == users.c.id, sessions.c.expires_at > now, sessions.c.last_seen_at > now - idle)
        .scalar_subquery()
    )
    confirmed = exists().where(second_factors.c.user_id == users.c.id, second_factors.c.confirmed_at.is_not(None))
    return select(
        users.c.id,
        users.c.username,
        users.c.email,
        users.c.role,
        users.c.disabled,
        users.c.password_hash.is_not(None).label("has_password"),
        confirmed.label("has_second_factor"),
        exists().where(identities.c.user_id == users.c.id).label("has_single_sign_on"),
        living.label("sessions"),
        users.c.created_at,
        users.c.last_login_at,
    ).where(users.c.service_of.is_(None))  # those are looked after in their teams


def _person_of(row: Any) -> PersonRow:
    return PersonRow(
        row.id,
        row.username,
        row.email,
        UserRole(row.role),
        row.disabled,
        row.has_password,
        row.has_second_factor,
        row.has_single_sign_on,
        row.sessions,
        row.created_at,
        row.last_login_at,
    )
