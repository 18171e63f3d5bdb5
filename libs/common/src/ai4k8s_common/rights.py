"""Who may do what: the one table that every route, socket room, tool and task asks.

A person acts on a cluster with their own rights, never with the service's. Rights are given per team and may be
narrowed or widened per cluster and per namespace; an administrator of the installation has them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Role(StrEnum):
    """What a person is at most: in the installation, a team, a cluster or a namespace."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Higher may more."""
        return list(Role).index(self)


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
class Rights:
    """All that one person (or one token of theirs) may do, as read in one query."""

    user_id: UUID
    installation_role: Role
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[Permission] | None = None  # None: a person; else what the token was made for

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator of the installation."""
        return self.installation_role is Role.ADMIN

    def may(self, permission: Permission, cluster_id: UUID | None = None, namespace: str | None = None) -> bool:
        """Whether this is allowed; in a namespace its grant or its cluster's suffices, whichever is the higher."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        if self.is_admin:
            return True
        if cluster_id is None:
            return False
        least = LEAST_ROLE[permission].rank
        return any(
            grant.role.rank >= least
            for grant in self.grants
            if grant.cluster_id == cluster_id and grant.namespace in {None, namespace}
        )
