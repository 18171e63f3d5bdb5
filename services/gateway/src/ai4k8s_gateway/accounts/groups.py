"""What a person's groups at the provider mean here: a role in the installation, and membership in teams.

Where groups are mapped, the provider decides, at every log-in: who left a group loses what came with it. What is not
mapped stays as it was given here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.rights import Role
from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts import group_repository, people_repository, session_repository
from ai4k8s_gateway.accounts.provider import ProviderRefusedError
from ai4k8s_gateway.teams import repository as teams

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Connection

    from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
    from ai4k8s_gateway.accounts.repository import UserRow

_RANKS = [UserRole.VIEWER, UserRole.OPERATOR, UserRole.ADMIN]


def role_of(settings: OidcSettings, held: AbstractSet[str] | None) -> UserRole | None:
    """Return the highest role that somebody's groups give, or the one for who is in none; None: they are refused."""
    given = [role for group, role in settings.role_of_group.items() if group in (held or ())]
    return max(given, key=_RANKS.index, default=settings.default_role)


def follow(
    connection: Connection, settings: OidcSettings, user: UserRow, held: AbstractSet[str] | None
) -> dict[str, Any] | None:
    """Bring somebody's role and teams to what their groups say; return what changed.

    Raises ProviderRefusedError for who is in no group that is let in. A provider that says nothing of groups, though
    they are mapped, gives what who is in none gets: a claim that went missing must not keep rights alive.
    """
    changed: dict[str, Any] = {}
    if settings.role_of_group:
        role = role_of(settings, held)
        if role is None:
            raise ProviderRefusedError("none of your groups is let in here", hint="Ask an administrator which one is.")
        if role is not user.role and _may_become(connection, user, role):
            people_repository.change(connection, user.id, {"role": role.value})
            session_repository.make_rotate(connection, user.id)
            changed["role"] = role.value
    joined, left = _follow_teams(connection, settings, user, held or frozenset())
    changed.update({key: value for key, value in (("joined", joined), ("left", left)) if value})
    return changed or None


def _may_become(connection: Connection, user: UserRow, role: UserRole) -> bool:
    """The last who may administer stays, whatever the provider says."""
    if user.role is not UserRole.ADMIN or role is UserRole.ADMIN:
        return True
    people_repository.lock_administrators(connection)
    return people_repository.other_administrators(connection, user.id) > 0


def _follow_teams(
    connection: Connection, settings: OidcSettings, user: UserRow, held: AbstractSet[str]
) -> tuple[list[str], list[str]]:
    wanted: dict[str, Role] = {}
    for group, target in settings.team_of_group.items():
        name, _, role = target.rpartition(":")
        if group in held and (name not in wanted or wanted[name].rank < Role(role).rank):
            wanted[name] = Role(role)
    joined, left = [], []
    for name in sorted({target.rpartition(":")[0] for target in settings.team_of_group.values()}):
        team_id = group_repository.find_team(connection, name)
        if team_id is None:
            continue
        before = group_repository.role_in(connection, team_id, user.id)
        if name in wanted and before is not wanted[name]:
            teams.put_member(connection, team_id, user.id, wanted[name], user.id)
            joined.append(f"{name}:{wanted[name].value}")
        elif name not in wanted and before is not None:
            group_repository.leave(connection, team_id, user.id)
            left.append(name)
    return joined, left
