"""The gateway's rows about teams."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.rights import Role
from ai4k8s_common.store.teams import memberships, teams

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection


def add(connection: Connection, name: str, personal_of: UUID | None = None) -> UUID | None:
    """Insert a team; None when the name is taken."""
    statement = insert(teams).values(name=name, personal_of=personal_of).on_conflict_do_nothing()
    return connection.execute(statement.returning(teams.c.id)).scalar_one_or_none()


def add_personal(connection: Connection, user_id: UUID, username: str) -> UUID:
    """Give a new person a team of their own, and return it."""
    team_id = add(connection, username, user_id) or add(connection, f"{username}-{secrets.token_hex(4)}", user_id)
    assert team_id is not None  # noqa: S101  # a random name
    put_member(connection, team_id, user_id, Role.ADMIN, user_id)
    return team_id


def personal_of(connection: Connection, user_id: UUID) -> UUID | None:
    """Return somebody's own team."""
    return connection.execute(select(teams.c.id).where(teams.c.personal_of == user_id)).scalar_one_or_none()


def exists(connection: Connection, team_id: UUID) -> bool:
    """Whether there still is such a team."""
    return connection.execute(select(teams.c.id).where(teams.c.id == team_id)).first() is not None


def is_shared(connection: Connection, team_id: UUID) -> bool:
    """Whether it is one of several people by its nature, and not somebody's own."""
    query = select(teams.c.id).where(teams.c.id == team_id, teams.c.personal_of.is_(None))
    return connection.execute(query).first() is not None


def put_member(connection: Connection, team_id: UUID, user_id: UUID, role: Role, added_by: UUID) -> None:
    """Make somebody a member, or give a member another role."""
    values = {"role": role.value, "added_by": added_by}
    statement = insert(memberships).values(team_id=team_id, user_id=user_id, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[memberships.c.team_id, memberships.c.user_id], set_=values)
    )
