"""Use cases around teams. Who may do these is in the routes' rules; here is what must hold in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, user_room
from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_common.store.rights import read_rights, refusal
from ai4k8s_gateway.audit.hook import Told, tell
from ai4k8s_gateway.teams import repository
from ai4k8s_gateway.teams.schemas import Member, PlaceRole, TeamCluster, TeamDetail, TeamList, TeamView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.rights import Rights
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.teams.schemas import NewMember, NewPlaceRole, NewServiceAccount

log = structlog.stdlib.get_logger(__name__)


def list_views(connection: Connection, principal: Principal) -> TeamList:
    """Return the teams somebody is in; all there are for administrators."""
    rights = principal.rights
    seen = None if rights.installation_role is Role.ADMIN else [team.team_id for team in rights.teams]
    return TeamList(items=[_view(row, rights) for row in repository.of_ids(connection, seen)])


def detail(connection: Connection, principal: Principal, team_id: UUID) -> TeamDetail:
    """Return a team with its members and clusters. Raises NotFoundError."""
    rows = repository.of_ids(connection, [team_id])
    if not rows:
        raise NotFoundError("there is no such team", hint="Choose one of your teams.")
    places: dict[UUID, list[PlaceRole]] = {}
    for row in repository.overrides_of(connection, team_id):
        place = PlaceRole(
            cluster_id=row.cluster_id, cluster_name=row.cluster_name, namespace=row.namespace, role=row.role
        )
        places.setdefault(row.user_id, []).append(place)
    return TeamDetail(
        team=_view(rows[0], principal.rights),
        members=[_member(row, places.get(row.user_id, [])) for row in repository.members(connection, team_id)],
        clusters=[TeamCluster(id=row.id, name=row.name) for row in repository.clusters_of(connection, team_id)],
    )


def make(tx: Transaction, principal: Principal, name: str) -> UUID:
    """Make a team; whoever makes it administers it. Raises ConflictError."""
    team_id = repository.add(tx.connection, name)
    if team_id is None:
        raise _name_taken(name)
    repository.put_member(tx.connection, team_id, principal.user_id, Role.ADMIN, principal.user_id)
    tell(tx, Told(object=f"team {name}"))
    log.info("team_made", team_id=str(team_id), user_id=str(principal.user_id))
    return team_id


def rename(tx: Transaction, team_id: UUID, name: str) -> None:
    """Give a team another name. Raises ConflictError, NotFoundError."""
    before = _find(tx.connection, team_id).name
    if not repository.rename(tx.connection, team_id, name):
        raise _name_taken(name)
    tell(tx, Told(object=f"team {name}", before={"name": before}, after={"name": name}))


def remove(tx: Transaction, team_id: UUID) -> None:
    """Forget a team that has no clusters. Raises ConflictError, NotFoundError."""
    team = _find(tx.connection, team_id)
    if team.personal_of is not None:
        raise ConflictError("this is somebody's own team", hint="It goes with their account.")
    if repository.clusters_of(tx.connection, team_id):
        raise ConflictError("this team has clusters", hint="Give them to another team, or remove them first.")
    members = repository.members(tx.connection, team_id)
    for row in members:
        if row.service_of == team_id:
            repository.end_service_account(tx.connection, row.user_id)
    repository.remove(tx.connection, team_id)
    _tell_people(tx, [row.user_id for row in members])
    tell(tx, Told(object=f"team {team.name}", before={"members": len(members)}))
    log.info("team_removed", team_id=str(team_id))


def add_member(tx: Transaction, principal: Principal, team_id: UUID, new: NewMember) -> None:
    """Ask somebody in. Raises NotFoundError, ConflictError."""
    _find(tx.connection, team_id)
    user_id = repository.find_person(tx.connection, new.username)
    if user_id is None:
        raise NotFoundError("there is nobody of that name", hint="They need an account here first.")
    if _role_of(tx.connection, team_id, user_id) is not None:
        raise ConflictError(f"{new.username} is a member already", hint="Change their role in the list.")
    repository.put_member(tx.connection, team_id, user_id, new.role, principal.user_id)
    _tell_people(tx, [user_id])
    tell(tx, Told(object=f"member {new.username}", after={"role": new.role.value}))
    log.info("member_added", team_id=str(team_id), user_id=str(user_id), role=new.role.value)


def set_role(tx: Transaction, principal: Principal, team_id: UUID, user_id: UUID, role: Role) -> None:
    """Give a member another role. Raises NotFoundError, and ConflictError for the last administrator."""
    before = _member_to_change(tx.connection, team_id, user_id, stays_admin=role is Role.ADMIN)
    repository.put_member(tx.connection, team_id, user_id, role, principal.user_id)
    _tell_people(tx, [user_id])
    told = Told(object=f"member {before.username}", before={"role": before.role}, after={"role": role.value})
    tell(tx, told)
    log.info("member_role_set", team_id=str(team_id), user_id=str(user_id), role=role.value)


def remove_member(tx: Transaction, team_id: UUID, user_id: UUID) -> None:
    """End a membership. Raises NotFoundError, and ConflictError for the last administrator."""
    before = _member_to_change(tx.connection, team_id, user_id, stays_admin=False)
    repository.remove_member(tx.connection, team_id, user_id)
    if before.service_of == team_id:
        repository.end_service_account(tx.connection, user_id)
    _tell_people(tx, [user_id])
    tell(tx, Told(object=f"member {before.username}", before={"role": before.role}))
    log.info("member_removed", team_id=str(team_id), user_id=str(user_id))


def set_place_role(tx: Transaction, principal: Principal, team_id: UUID, user_id: UUID, new: NewPlaceRole) -> None:
    """Give a member another role in one place, or take it back. Raises NotFoundError."""
    if _role_of(tx.connection, team_id, user_id) is None:
        raise NotFoundError("there is no such member", hint="Ask them in first.")
    if new.cluster_id not in {row.id for row in repository.clusters_of(tx.connection, team_id)}:
        raise NotFoundError("the team has no such cluster", hint="Choose one of the team's clusters.")
    key = repository.OverrideKey(user_id, new.cluster_id, new.namespace)
    repository.put_override(tx.connection, key, new.role, principal.user_id)
    _tell_people(tx, [user_id])
    tell(tx, Told(namespace=new.namespace or "", object=f"member {user_id}", cluster=new.cluster_id))
    log.info("place_role_set", team_id=str(team_id), user_id=str(user_id), role=new.role and new.role.value)


def add_service_account(tx: Transaction, principal: Principal, team_id: UUID, new: NewServiceAccount) -> UUID:
    """Make an account for a program. Raises ConflictError, NotFoundError."""
    team = _find(tx.connection, team_id)
    # People's names have no slash, so that nobody is taken for a program or the other way round.
    username = f"{team.name}/{new.name}"
    user_id = repository.add_service_account(tx.connection, team_id, username)
    if user_id is None:
        raise _name_taken(username)
    repository.put_member(tx.connection, team_id, user_id, new.role, principal.user_id)
    tell(tx, Told(object=f"service account {username}", after={"role": new.role.value}))
    log.info("service_account_made", team_id=str(team_id), user_id=str(user_id), role=new.role.value)
    return user_id


def rights_of_account(connection: Connection, team_id: UUID, account_id: UUID) -> Rights:
    """Return what a team's service account may do. Raises NotFoundError."""
    row = next((row for row in repository.members(connection, team_id) if row.user_id == account_id), None)
    if row is None or row.service_of != team_id:
        raise NotFoundError("the team has no such service account", hint="Choose one from the team's page.")
    return read_rights(connection, account_id)


def give_cluster(tx: Transaction, principal: Principal, cluster_id: UUID, team_id: UUID) -> None:
    """Let a cluster belong to another team, in which one may connect clusters too.

    Raises NotFoundError, ForbiddenError, ConflictError.
    """
    role = principal.rights.team_role(team_id)
    if role is None or repository.find(tx.connection, team_id) is None:
        raise NotFoundError("there is no such team", hint="Choose one of your teams.")
    if not principal.rights.may_in_team(Permission.CLUSTER_MANAGE, team_id):
        raise refusal(principal.rights, Permission.CLUSTER_MANAGE, role, LEAST_ROLE[Permission.CLUSTER_MANAGE])
    if not repository.give_cluster(tx.connection, cluster_id, team_id):
        raise ConflictError("that team has a cluster of this name", hint="Rename one of them first.")
    _tell_people(tx, [row.user_id for row in repository.members(tx.connection, team_id)])
    log.info("cluster_given", cluster_id=str(cluster_id), team_id=str(team_id))


def _view(row: Row[Any], rights: Rights) -> TeamView:
    return TeamView(
        id=row.id,
        name=row.name,
        personal=row.personal_of is not None,
        role=rights.team_role(row.id) or Role.VIEWER,
        members=row.members,
        clusters=row.clusters,
        may_manage=rights.may_in_team(Permission.TEAM_MANAGE, row.id),
    )


def _member(row: Row[Any], places: list[PlaceRole]) -> Member:
    return Member(
        user_id=row.user_id,
        username=row.username,
        role=row.role,
        is_service_account=row.service_of is not None,
        disabled=row.disabled,
        since=row.created_at,
        places=places,
    )


def _find(connection: Connection, team_id: UUID) -> Row[Any]:
    row = repository.find(connection, team_id)
    if row is None:
        raise NotFoundError("there is no such team", hint="Choose one of your teams.")
    return row


def _role_of(connection: Connection, team_id: UUID, user_id: UUID) -> str | None:
    return next((row.role for row in repository.members(connection, team_id) if row.user_id == user_id), None)


def _member_to_change(connection: Connection, team_id: UUID, user_id: UUID, *, stays_admin: bool) -> Row[Any]:
    """Return a member as it is before a change that leaves the team with an administrator."""
    repository.lock(connection, team_id)
    members = repository.members(connection, team_id)
    found = next((row for row in members if row.user_id == user_id), None)
    if found is None:
        raise NotFoundError("there is no such member", hint="They may have left already.")
    if not stays_admin and (team := repository.find(connection, team_id)) is not None and team.personal_of == user_id:
        raise InvalidInputError("this is their own team", hint="Give the clusters to another team instead.")
    others = [r for r in members if r.user_id != user_id and r.role == Role.ADMIN and r.service_of is None]
    if not stays_admin and found.role == Role.ADMIN and not others:
        raise ConflictError("a team needs an administrator", hint="Make somebody else administrator first.")
    return found


def _tell_people(tx: Transaction, user_ids: list[UUID]) -> None:
    """Their pages look anew at what they may, and gateways at their open connections; both would anyway, in seconds."""
    for user_id in user_ids:
        tx.emit(LiveEvent(LiveEventName.RIGHTS, user_room(user_id), {}))


def _name_taken(name: str) -> ConflictError:
    return ConflictError(f"the name '{name}' is taken", hint="Choose another one.")
