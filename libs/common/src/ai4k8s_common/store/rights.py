"""Reads what a person, or a token of theirs, may do now. For every service that acts for somebody.

A task reads it when it runs, not when it was asked for: what was taken away in between is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from ai4k8s_common.errors import ForbiddenError, UnauthenticatedError
from ai4k8s_common.rights import LEAST_ROLE, Grant, Permission, Rights, Role, TeamGrant

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

# Clusters without a team were connected by an older release: they are their owner's. The demo's is for everybody.
_RIGHTS = text(
    """
    SELECT u.role, u.disabled, t.id AS token_id, t.scopes, t.cluster_ids,
           (SELECT json_agg(json_build_array(m.team_id, m.role)) FROM gateway.memberships m WHERE m.user_id = u.id)
               AS teams,
           (SELECT json_agg(json_build_array(c.id, CASE WHEN c.team_id IS NULL AND c.owner_id = u.id THEN 'admin'
                                                        ELSE coalesce(m.role, 'operator') END, m.role IS NOT NULL))
            FROM gateway.clusters c LEFT JOIN gateway.memberships m ON m.team_id = c.team_id AND m.user_id = u.id
            WHERE u.role <> 'admin' AND (m.role IS NOT NULL OR c.demo OR c.team_id IS NULL AND c.owner_id = u.id))
               AS clusters,
           (SELECT json_agg(json_build_array(o.cluster_id, o.namespace, o.role)) FROM gateway.role_overrides o
            WHERE o.user_id = u.id AND u.role <> 'admin') AS overrides
    FROM gateway.users u
    LEFT JOIN gateway.api_tokens t ON t.id = :token_id AND t.user_id = u.id AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > now())
    WHERE u.id = :user_id
    """
)


def read_rights(connection: Connection, user_id: UUID, token_id: UUID | None = None) -> Rights:
    """Return what somebody may do now; with a token, what it was made for and its owner may still do.

    Raises UnauthenticatedError for who is gone or disabled, and for a token that is revoked or over.
    """
    row = connection.execute(_RIGHTS, {"user_id": user_id, "token_id": token_id}).one_or_none()
    if row is None or row.disabled:
        raise UnauthenticatedError("this account is gone or disabled", hint="Ask an administrator.")
    if token_id is not None and row.token_id is None:
        raise UnauthenticatedError("this token is revoked or over", hint="Make a new one.")
    return Rights(
        user_id=user_id,
        installation_role=Role(row.role),
        grants=_grants(row),
        scopes=None if token_id is None else frozenset(map(Permission, _known(row.scopes))),
        teams=tuple(TeamGrant(UUID(team_id), Role(role)) for team_id, role in row.teams or ()),
        bound_to=None if token_id is None or row.cluster_ids is None else frozenset(row.cluster_ids),
    )


def require(rights: Rights, permission: Permission, cluster_id: UUID | None, namespace: str | None = None) -> None:
    """Refuse what is not allowed in a place; without a cluster, in the installation. Raises ForbiddenError."""
    if not rights.may(permission, cluster_id, namespace):
        role = rights.installation_role if cluster_id is None else rights.role_in(cluster_id, namespace)
        raise refusal(rights, permission, role, Role.ADMIN if cluster_id is None else LEAST_ROLE[permission])


def require_for_job(
    rights: Rights, permission: Permission, cluster_id: UUID | None, namespace: str | None = None
) -> None:
    """The same for long work, which may be about no cluster at all: then it is enough to have the right somewhere."""
    if cluster_id is not None:
        require(rights, permission, cluster_id, namespace)
    elif not rights.may_somewhere(permission):
        raise refusal(rights, permission, rights.highest, LEAST_ROLE[permission])


def refusal(rights: Rights, permission: Permission, role: Role | None, least: Role) -> ForbiddenError:
    """Say why something is not allowed, and who can change that."""
    if not rights.has_scope(permission):
        hint = "Make a token with that scope."
        return ForbiddenError(f"this token is not made for '{permission.value}'", hint=hint)
    if role is not None and role.rank >= least.rank:
        return ForbiddenError("this token is made for single clusters only", hint="Make one without that bound.")
    here = "nobody" if role is None else role.value
    return ForbiddenError(
        f"this needs the role '{least.value}' and you are '{here}' here", hint="Ask an administrator of the team."
    )


def _grants(row: Row[Any]) -> tuple[Grant, ...]:
    roles: dict[tuple[UUID, str | None], Role] = {}
    members_only: set[UUID] = set()
    for cluster_id, role, is_member in row.clusters or ():
        roles[UUID(cluster_id), None] = Role(role)
        if is_member:
            members_only.add(UUID(cluster_id))
    for cluster_id, namespace, role in row.overrides or ():
        if UUID(cluster_id) in members_only:
            roles[UUID(cluster_id), namespace] = Role(role)
    return tuple(Grant(cluster_id, namespace, role) for (cluster_id, namespace), role in roles.items())


def _known(scopes: list[str]) -> list[str]:
    """Without those that an older or newer release knows."""
    return [scope for scope in scopes if scope in set(Permission)]
