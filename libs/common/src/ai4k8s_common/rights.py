"""Who may do what: the one table that every route, socket room, tool and task asks.

A person acts on a cluster with their own rights, never with the service's. A cluster belongs to a team; a member's
role in the team holds in all its clusters, unless another role is given for one cluster, or for one namespace of it:
the most specific one counts. An administrator of the installation may everything, a viewer of it only looks anywhere.
`store.rights.read_rights` reads all of this in one query.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Role(StrEnum):
    """What a person is: in the installation, a team, a cluster or a namespace."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Higher may more."""
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Permission(StrEnum):
    """What a person may be allowed to do; the value is also the scope's name in an API token."""

    CLUSTER_READ = "cluster:read"
    WORKLOAD_SCALE = "workload:scale"  # policies, schedules, HPAs, freezes, orders
    OBJECT_WRITE = "object:write"  # plans: approve and apply any other change to objects
    OBJECT_EXEC = "object:exec"  # exec, port-forward, proxy: privileged
    CHAT_USE = "chat:use"
    MANIFEST_USE = "manifest:use"
    CLUSTER_MANAGE = "cluster:manage"  # connect, edit, remove; prices, budgets
    TEAM_MANAGE = "team:manage"
    AUDIT_READ = "audit:read"
    INSTALLATION_MANAGE = "installation:manage"  # people, settings, dead letters


# The least role that has a permission.
LEAST_ROLE: dict[Permission, Role] = {
    Permission.CLUSTER_READ: Role.VIEWER,
    Permission.CHAT_USE: Role.VIEWER,
    Permission.MANIFEST_USE: Role.VIEWER,
    Permission.WORKLOAD_SCALE: Role.OPERATOR,
    Permission.OBJECT_WRITE: Role.OPERATOR,
    Permission.OBJECT_EXEC: Role.ADMIN,
    Permission.CLUSTER_MANAGE: Role.ADMIN,
    Permission.TEAM_MANAGE: Role.ADMIN,
    Permission.AUDIT_READ: Role.ADMIN,
    Permission.INSTALLATION_MANAGE: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in one cluster, or in one namespace of it."""

    cluster_id: UUID
    namespace: str | None  # None: the whole cluster
    role: Role


@dataclass(frozen=True, slots=True)
class TeamGrant:
    """A role in a team."""

    team_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class Rights:
    """All that one person (or one token of theirs) may do, as read in one query."""

    user_id: UUID
    installation_role: Role
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[Permission] | None = None  # None: a person; else what the token was made for
    teams: tuple[TeamGrant, ...] = ()
    bound_to: frozenset[UUID] | None = None  # the only clusters that a token is for; None: all of its owner's
    _roles: dict[tuple[UUID, str | None], Role] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the grants: lists of clusters ask for each of them."""
        object.__setattr__(self, "_roles", {(grant.cluster_id, grant.namespace): grant.role for grant in self.grants})

    @property
    def is_admin(self) -> bool:
        """Whether this may manage the installation: an administrator, and not a token made for less."""
        return self.may(Permission.INSTALLATION_MANAGE)

    @property
    def clusters(self) -> frozenset[UUID] | None:
        """The clusters that may be seen; None: all there are."""
        if self.installation_role is Role.ADMIN:
            return self.bound_to
        seen = frozenset(cluster_id for cluster_id, namespace in self._roles if namespace is None)
        return seen if self.bound_to is None else seen & self.bound_to

    def has_scope(self, permission: Permission) -> bool:
        """Whether a token was made for this; a person's own session is for everything."""
        return self.scopes is None or permission in self.scopes

    def role_in(self, cluster_id: UUID, namespace: str | None = None) -> Role | None:
        """The role in a place, by the most specific grant; None: the cluster is not there for them."""
        if self.bound_to is not None and cluster_id not in self.bound_to:
            return None
        if self.installation_role is Role.ADMIN:
            return Role.ADMIN
        whole = self._roles.get((cluster_id, None))
        role = self._roles.get((cluster_id, namespace), whole)
        return None if role is None else self._capped(role)

    def may(self, permission: Permission, cluster_id: UUID | None = None, namespace: str | None = None) -> bool:
        """Whether this is allowed in a place; without a cluster, in the installation itself."""
        if not self.has_scope(permission):
            return False
        if cluster_id is None:
            return self.installation_role is Role.ADMIN and self.bound_to is None
        role = self.role_in(cluster_id, namespace)
        return role is not None and role.rank >= LEAST_ROLE[permission].rank

    def team_role(self, team_id: UUID) -> Role | None:
        """The role in a team; None for who is no member."""
        if self.installation_role is Role.ADMIN:
            return Role.ADMIN
        role = next((team.role for team in self.teams if team.team_id == team_id), None)
        return None if role is None else self._capped(role)

    def may_in_team(self, permission: Permission, team_id: UUID) -> bool:
        """Whether this is allowed in a team itself, such as connecting a cluster for it."""
        role = self.team_role(team_id)
        return (
            self.has_scope(permission)
            and self.bound_to is None
            and role is not None
            and role.rank >= LEAST_ROLE[permission].rank
        )

    @property
    def highest(self) -> Role:
        """The highest role held anywhere."""
        if self.installation_role is Role.ADMIN:
            return Role.ADMIN
        held = (*(team.role for team in self.teams), *self._roles.values())
        return self._capped(max(held, key=lambda role: role.rank, default=Role.VIEWER))

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether there is any cluster, namespace or team in which this is allowed."""
        return self.has_scope(permission) and self.highest.rank >= LEAST_ROLE[permission].rank

    def lost_to(self, later: Rights) -> bool:
        """Whether something was taken away since: a role somewhere is lower or gone."""
        if later.installation_role.rank < self.installation_role.rank:
            return True
        teams = any(_is_lower(later.team_role(team.team_id), self.team_role(team.team_id)) for team in self.teams)
        return teams or any(
            _is_lower(later.role_in(cluster_id, namespace), self.role_in(cluster_id, namespace))
            for cluster_id, namespace in self._roles.keys() | later._roles.keys()
        )

    def _capped(self, role: Role) -> Role:
        return Role.VIEWER if self.installation_role is Role.VIEWER else role


def _is_lower(now: Role | None, before: Role | None) -> bool:
    return before is not None and (now is None or now.rank < before.rank)
