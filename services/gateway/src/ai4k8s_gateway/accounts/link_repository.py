"""The gateway's rows about links: invitations, and resets of passwords. Of each only its token's hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from ai4k8s_common.store.gateway import UserRole, users
from ai4k8s_common.store.people import invitations, password_resets

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True)
class InvitationRow:
    """An invitation that was made."""

    id: UUID
    role: UserRole
    team_id: UUID | None
    team_role: str | None
    email: str | None
    created_by: UUID | None
    created_by_name: str
    created_at: datetime
    expires_at: datetime


def add_invitation(
    connection: Connection,
    *,
    token_hash: bytes,
    role: UserRole,
    email: str | None,
    created_by: UUID,
    expires_at: datetime,
    team_id: UUID | None = None,
    team_role: str | None = None,
) -> UUID:
    """Keep one and return its id."""
    statement = insert(invitations).values(
        token_hash=token_hash,
        role=role.value,
        email=email,
        created_by=created_by,
        expires_at=expires_at,
        team_id=team_id,
        team_role=team_role,
    )
    added: UUID = connection.execute(statement.returning(invitations.c.id)).scalar_one()
    return added


def open_invitations(connection: Connection, now: datetime, team_ids: list[UUID] | None = None) -> list[InvitationRow]:
    """Return those that still serve, the newest first: all, or those into some teams."""
    query = _invitations().where(invitations.c.accepted_at.is_(None), invitations.c.expires_at > now)
    if team_ids is not None:
        query = query.where(invitations.c.team_id.in_(team_ids))
    return [_invitation_of(row) for row in connection.execute(query.order_by(invitations.c.created_at.desc()))]


def find_invitation(connection: Connection, token_hash: bytes, now: datetime) -> InvitationRow | None:
    """Find one that still serves."""
    row = connection.execute(
        _invitations().where(
            invitations.c.token_hash == token_hash,
            invitations.c.accepted_at.is_(None),
            invitations.c.expires_at > now,
        )
    ).one_or_none()
    return None if row is None else _invitation_of(row)


def find_invitation_by_id(connection: Connection, invitation_id: UUID) -> InvitationRow | None:
    """Find one that was not accepted."""
    query = _invitations().where(invitations.c.id == invitation_id, invitations.c.accepted_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _invitation_of(row)


def accept_invitation(connection: Connection, token_hash: bytes, now: datetime) -> UUID | None:
    """Use one up; None when it no longer serves, be it since a moment ago."""
    statement = (
        update(invitations)
        .where(
            invitations.c.token_hash == token_hash,
            invitations.c.accepted_at.is_(None),
            invitations.c.expires_at > now,
        )
        .values(accepted_at=now)
    )
    return connection.execute(statement.returning(invitations.c.id)).scalar_one_or_none()


def note_who_accepted(connection: Connection, invitation_id: UUID, user_id: UUID) -> None:
    """Say who came by it."""
    connection.execute(update(invitations).where(invitations.c.id == invitation_id).values(accepted_by=user_id))


def delete_invitation(connection: Connection, invitation_id: UUID) -> None:
    """Take one back."""
    connection.execute(delete(invitations).where(invitations.c.id == invitation_id))


def put_reset(
    connection: Connection, token_hash: bytes, user_id: UUID, created_by: UUID | None, expires_at: datetime
) -> None:
    """Keep a link for a new password; an earlier one of the same person ends."""
    delete_resets(connection, user_id)
    statement = insert(password_resets).values(
        token_hash=token_hash, user_id=user_id, created_by=created_by, expires_at=expires_at
    )
    connection.execute(statement)


def has_reset_since(connection: Connection, user_id: UUID, since: datetime) -> bool:
    """Whether somebody was given a link of late."""
    query = select(password_resets.c.user_id).where(
        password_resets.c.user_id == user_id, password_resets.c.created_at > since
    )
    return connection.execute(query).first() is not None


def find_reset(connection: Connection, token_hash: bytes, now: datetime) -> UUID | None:
    """Return whose password a link sets."""
    query = (
        select(password_resets.c.user_id)
        .join(users, users.c.id == password_resets.c.user_id)
        .where(password_resets.c.token_hash == token_hash, password_resets.c.expires_at > now, ~users.c.disabled)
    )
    return connection.execute(query).scalar_one_or_none()


def take_reset(connection: Connection, token_hash: bytes, now: datetime) -> UUID | None:
    """Use a link up and return whose password it sets; None when it no longer serves."""
    statement = delete(password_resets).where(
        password_resets.c.token_hash == token_hash, password_resets.c.expires_at > now
    )
    return connection.execute(statement.returning(password_resets.c.user_id)).scalar_one_or_none()


def delete_resets(connection: Connection, user_id: UUID) -> None:
    """Forget somebody's links."""
    connection.execute(delete(password_resets).where(password_resets.c.user_id == user_id))


def _invitations() -> Any:
    return select(
        invitations.c.id,
        invitations.c.role,
        invitations.c.team_id,
        invitations.c.team_role,
        invitations.c.email,
        invitations.c.created_by,
        users.c.username,
        invitations.c.created_at,
        invitations.c.expires_at,
    ).outerjoin(users, users.c.id == invitations.c.created_by)


def _invitation_of(row: Any) -> InvitationRow:
    return InvitationRow(
        row.id,
        UserRole(row.role),
        row.team_id,
        row.team_role,
        row.email,
        row.created_by,
        row.username or "",
        row.created_at,
        row.expires_at,
    )
