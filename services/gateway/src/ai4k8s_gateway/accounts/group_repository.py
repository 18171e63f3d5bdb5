"""The gateway's rows about teams, as groups of a provider of single sign-on need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from ai4k8s_common.rights import Role
from ai4k8s_common.store.teams import memberships, teams

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection


def find_team(connection: Connection, name: str) -> UUID | None:
    """Find a team of several people by its name."""
    query = select(teams.c.id).where(func.lower(teams.c.name) == name.lower(), teams.c.personal_of.is_(None))
    return connection.execute(query).scalar_one_or_none()


def role_in(connection: Connection, team_id: UUID, user_id: UUID) -> Role | None:
    """Return somebody's role in a team; None for who is no member."""
    query = select(memberships.c.role).where(memberships.c.team_id == team_id, memberships.c.user_id == user_id)
    role = connection.execute(query).scalar_one_or_none()
    return None if role is None else Role(role)


def leave(connection: Connection, team_id: UUID, user_id: UUID) -> None:
    """Take somebody out of a team."""
    connection.execute(delete(memberships).where(memberships.c.team_id == team_id, memberships.c.user_id == user_id))
