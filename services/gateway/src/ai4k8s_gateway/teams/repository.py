"""The gateway's rows about teams."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from ai4k8s_common.rights import Role
from ai4k8s_common.store.gateway import clusters, users
from ai4k8s_common.store.teams import api_tokens, memberships, role_overrides, teams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select, Table


@dataclass(frozen=True)
class OverrideKey:
    """Whose other role, and where; no namespace: in the whole cluster."""

    user_id: UUID
    cluster_id: UUID
    namespace: str | None


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


def find(connection: Connection, team_id: UUID) -> Row[Any] | None:
    """Return a team."""
    query: Select[Any] = select(teams).where(teams.c.id == team_id)
    return connection.execute(query).one_or_none()


def of_ids(connection: Connection, team_ids: Sequence[UUID] | None) -> list[Row[Any]]:
    """Return teams with how many people and clusters they have, by name; None for all there are."""
    query = select(teams, _count(memberships).label("members"), _count(clusters).label("clusters"))
    if team_ids is not None:
        query = query.where(teams.c.id.in_(team_ids))
    return list(connection.execute(query.order_by(teams.c.personal_of.is_(None), func.lower(teams.c.name))))


def _count(table: Table) -> Any:
    return select(func.count()).select_from(table).where(table.c.team_id == teams.c.id).scalar_subquery()


def rename(connection: Connection, team_id: UUID, name: str) -> bool:
    """Give a team another name; False when it is taken."""
    try:
        with connection.begin_nested():
            connection.execute(update(teams).where(teams.c.id == team_id).values(name=name))
    except IntegrityError:
        return False
    return True


def remove(connection: Connection, team_id: UUID) -> None:
    """Delete a team with its memberships."""
    connection.execute(delete(teams).where(teams.c.id == team_id))


def lock(connection: Connection, team_id: UUID) -> None:
    """Let one change of a team's members be made at a time: two administrators must not remove one another."""
    connection.execute(select(teams.c.id).where(teams.c.id == team_id).with_for_update())


def members(connection: Connection, team_id: UUID) -> list[Row[Any]]:
    """Return a team's members by name, people first."""
    m = memberships
    query = (
        select(m.c.user_id, m.c.role, m.c.created_at, users.c.username, users.c.disabled, users.c.service_of)
        .join(users, users.c.id == m.c.user_id)
        .where(m.c.team_id == team_id)
        .order_by(users.c.service_of.is_not(None), func.lower(users.c.username))
    )
    return list(connection.execute(query))


def find_person(connection: Connection, username: str) -> UUID | None:
    """Return somebody who could become a member."""
    query = select(users.c.id).where(
        func.lower(users.c.username) == username.lower(), users.c.service_of.is_(None), ~users.c.disabled
    )
    return connection.execute(query).scalar_one_or_none()


def remove_member(connection: Connection, team_id: UUID, user_id: UUID) -> None:
    """End a membership and the other roles that came with it."""
    m, o = memberships, role_overrides
    connection.execute(delete(m).where(m.c.team_id == team_id, m.c.user_id == user_id))
    own = select(clusters.c.id).where(clusters.c.team_id == team_id)
    connection.execute(delete(o).where(o.c.user_id == user_id, o.c.cluster_id.in_(own)))


def clusters_of(connection: Connection, team_id: UUID) -> list[Row[Any]]:
    """Return a team's clusters by name."""
    query = select(clusters.c.id, clusters.c.name).where(clusters.c.team_id == team_id).order_by(clusters.c.name)
    return list(connection.execute(query))


def give_cluster(connection: Connection, cluster_id: UUID, team_id: UUID) -> bool:
    """Let a cluster belong to another team; False when that has one of its name. Other roles in it end."""
    try:
        with connection.begin_nested():
            connection.execute(update(clusters).where(clusters.c.id == cluster_id).values(team_id=team_id))
    except IntegrityError:
        return False
    connection.execute(delete(role_overrides).where(role_overrides.c.cluster_id == cluster_id))
    return True


def overrides_of(connection: Connection, team_id: UUID) -> list[Row[Any]]:
    """Return the other roles in single places of a team's clusters."""
    o = role_overrides
    query = (
        select(o.c.user_id, o.c.cluster_id, clusters.c.name.label("cluster_name"), o.c.namespace, o.c.role)
        .join(clusters, clusters.c.id == o.c.cluster_id)
        .where(clusters.c.team_id == team_id)
        .order_by(clusters.c.name, o.c.namespace.nulls_first())
    )
    return list(connection.execute(query))


def put_override(connection: Connection, key: OverrideKey, role: Role | None, given_by: UUID) -> None:
    """Give another role in one place, or take it back."""
    o = role_overrides
    same = (
        o.c.user_id == key.user_id,
        o.c.cluster_id == key.cluster_id,
        o.c.namespace.is_not_distinct_from(key.namespace),
    )
    connection.execute(delete(o).where(*same))
    if role is not None:
        values = {"user_id": key.user_id, "cluster_id": key.cluster_id, "namespace": key.namespace}
        connection.execute(insert(o).values(**values, role=role.value, given_by=given_by))


def add_service_account(connection: Connection, team_id: UUID, username: str) -> UUID | None:
    """Insert an account that nobody can log in with; None when the name is taken."""
    values = {"username": username, "email": None, "password_hash": None, "role": Role.OPERATOR.value}
    statement = insert(users).values(**values, service_of=team_id).on_conflict_do_nothing()
    return connection.execute(statement.returning(users.c.id)).scalar_one_or_none()


def end_service_account(connection: Connection, user_id: UUID) -> None:
    """Disable it for good. The row stays: it may have connected clusters, and the audit log names it."""
    ended = func.concat(users.c.username, "~", func.left(cast(users.c.id, Text), 8))
    connection.execute(update(users).where(users.c.id == user_id).values(disabled=True, username=ended))
    tokens = api_tokens.c
    statement = update(api_tokens).where(tokens.user_id == user_id, tokens.revoked_at.is_(None))
    connection.execute(statement.values(revoked_at=func.now()))
