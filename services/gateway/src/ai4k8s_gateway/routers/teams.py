"""Teams, their members and service accounts."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.identity import refreshed
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.teams import service
from ai4k8s_gateway.teams.schemas import (
    NewMember,
    NewOwner,
    NewPlaceRole,
    NewRole,
    NewServiceAccount,
    NewTeam,
    TeamDetail,
    TeamList,
)
from ai4k8s_gateway.tokens import service as tokens
from ai4k8s_gateway.tokens.schemas import MadeToken, NewToken, TokenList

router = APIRouter(prefix="/teams", tags=["teams"], responses=responses_for(HTTPStatus.UNAUTHORIZED))
clusters_router = APIRouter(prefix="/clusters", tags=["teams"], responses=responses_for(HTTPStatus.UNAUTHORIZED))

LOOK = responses_for(HTTPStatus.NOT_FOUND)
CHANGE = responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
MANAGE = [require(Permission.TEAM_MANAGE)]
# A token must not make itself a wider one.
MANAGE_IN_PERSON = [require(Permission.TEAM_MANAGE, person_only=True)]


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_teams(user: User, tx: Tx) -> TeamList:
    """Your teams, your own first; all there are for administrators."""
    return service.list_views(tx.connection, user)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=[require(Permission.TEAM_MANAGE, Scope.SEEN)],
)
def make_team(body: NewTeam, user: User, tx: Tx) -> TeamDetail:
    """Make a team; you are its administrator."""
    team_id = service.make(tx, user, body.name)
    return service.detail(tx.connection, refreshed(tx.connection, user), team_id)


@router.get("/{team_id}", responses=LOOK, dependencies=[require(Permission.CLUSTER_READ)])
def get_team(team_id: UUID, user: User, tx: Tx) -> TeamDetail:
    """A team with its members, their roles, and its clusters."""
    return service.detail(tx.connection, user, team_id)


@router.patch("/{team_id}", responses=CHANGE, dependencies=MANAGE)
def rename_team(team_id: UUID, body: NewTeam, user: User, tx: Tx) -> TeamDetail:
    """Give a team another name."""
    service.rename(tx, team_id, body.name)
    return service.detail(tx.connection, user, team_id)


@router.delete("/{team_id}", status_code=HTTPStatus.NO_CONTENT, responses=CHANGE, dependencies=MANAGE)
def remove_team(team_id: UUID, user: User, tx: Tx) -> None:  # noqa: ARG001  # whoever the rule lets pass
    """Forget a team that has no clusters any more."""
    service.remove(tx, team_id)


@router.post("/{team_id}/members", status_code=HTTPStatus.CREATED, responses=CHANGE, dependencies=MANAGE)
def add_member(team_id: UUID, body: NewMember, user: User, tx: Tx) -> TeamDetail:
    """Ask somebody in who has an account here."""
    service.add_member(tx, user, team_id, body)
    return service.detail(tx.connection, user, team_id)


@router.put("/{team_id}/members/{user_id}", responses=CHANGE, dependencies=MANAGE)
def set_member_role(team_id: UUID, user_id: UUID, body: NewRole, user: User, tx: Tx) -> TeamDetail:
    """Give a member another role. It counts from their next request on, and closes what they may hear no more."""
    service.set_role(tx, user, team_id, user_id, body.role)
    return service.detail(tx.connection, refreshed(tx.connection, user), team_id)


@router.delete("/{team_id}/members/{user_id}", status_code=HTTPStatus.NO_CONTENT, responses=CHANGE, dependencies=MANAGE)
def remove_member(team_id: UUID, user_id: UUID, user: User, tx: Tx) -> None:  # noqa: ARG001
    """End a membership. A service account ends with it, and its tokens."""
    service.remove_member(tx, team_id, user_id)


@router.delete(
    "/{team_id}/membership",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.CLUSTER_READ, person_only=True)],
)
def leave_team(team_id: UUID, user: User, tx: Tx) -> None:
    """Leave a team."""
    service.remove_member(tx, team_id, user.user_id)


@router.put("/{team_id}/members/{user_id}/places", responses=CHANGE, dependencies=MANAGE)
def set_place_role(team_id: UUID, user_id: UUID, body: NewPlaceRole, user: User, tx: Tx) -> TeamDetail:
    """Give a member another role in one cluster or namespace, wider or narrower; null takes it back."""
    service.set_place_role(tx, user, team_id, user_id, body)
    return service.detail(tx.connection, refreshed(tx.connection, user), team_id)


@router.post("/{team_id}/service-accounts", status_code=HTTPStatus.CREATED, responses=CHANGE, dependencies=MANAGE)
def add_service_account(team_id: UUID, body: NewServiceAccount, user: User, tx: Tx) -> TeamDetail:
    """Make an account for a program: a member of the team that acts by API tokens alone."""
    service.add_service_account(tx, user, team_id, body)
    return service.detail(tx.connection, user, team_id)


@router.get("/{team_id}/service-accounts/{account_id}/tokens", responses=LOOK, dependencies=MANAGE)
def list_account_tokens(team_id: UUID, account_id: UUID, user: User, tx: Tx) -> TokenList:  # noqa: ARG001
    """A service account's tokens."""
    service.rights_of_account(tx.connection, team_id, account_id)
    return tokens.list_views(tx.connection, account_id)


@router.post(
    "/{team_id}/service-accounts/{account_id}/tokens",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=MANAGE_IN_PERSON,
)
def make_account_token(team_id: UUID, account_id: UUID, body: NewToken, user: User, tx: Tx) -> MadeToken:
    """Make a token for a service account. It is shown this once."""
    rights = service.rights_of_account(tx.connection, team_id, account_id)
    return tokens.make(tx, account_id, rights, user.user_id, body)


@router.delete(
    "/{team_id}/service-accounts/{account_id}/tokens/{token_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=MANAGE,
)
def revoke_account_token(
    team_id: UUID,
    account_id: UUID,
    token_id: UUID,
    user: User,  # noqa: ARG001
    tx: Tx,
) -> None:
    """End a service account's token now."""
    service.rights_of_account(tx.connection, team_id, account_id)
    tokens.revoke(tx, account_id, token_id)


@clusters_router.put(
    "/{cluster_id}/team",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def give_cluster(cluster_id: UUID, body: NewOwner, user: User, tx: Tx) -> None:
    """Let a cluster belong to another of your teams; its members see it from then on, and the former ones no more."""
    service.give_cluster(tx, user, cluster_id, body.team_id)
