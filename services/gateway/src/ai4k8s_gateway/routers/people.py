"""People, for administrators: roles, disabling, signing out, invitations, links for new passwords."""

from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.accounts import people
from ai4k8s_gateway.accounts.people_schemas import (
    InvitationLink,
    InvitationList,
    NewInvitation,
    PeopleList,
    PersonChange,
    PersonView,
    ResetLink,
)
from ai4k8s_gateway.dependencies import RecentUser, Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for

router = APIRouter(
    prefix="/people", tags=["people"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
)
UNKNOWN = responses_for(HTTPStatus.NOT_FOUND)
ADMINISTRATORS = [require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)]
# Into the installation, or into a team that one manages: the use case asks which.
INVITERS = [require(Permission.TEAM_MANAGE, Scope.SEEN)]
INTO_A_TEAM = [require(Permission.TEAM_MANAGE, Scope.BODY)]


@router.get("", dependencies=ADMINISTRATORS)
def list_people(tx: Tx, wiring: Wired) -> PeopleList:
    """Everybody with an account. For administrators."""
    return PeopleList(items=people.list_people(tx.connection, wiring.sessions))


@router.get("/invitations", dependencies=INVITERS)
def list_invitations(user: User, tx: Tx) -> InvitationList:
    """Invitations that still serve: for administrators all, for others those into teams that they manage."""
    return InvitationList(items=people.list_invitations(tx.connection, user))


@router.post(
    "/invitations",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=INTO_A_TEAM,
)
def invite(body: NewInvitation, user: RecentUser, tx: Tx, wiring: Wired) -> InvitationLink:
    """Make a link for one new account; it is shown this once. For administrators, and for those of the team named."""
    return people.invite(tx, user, body, timedelta(hours=wiring.settings.invitation_hours))


@router.delete(
    "/invitations/{invitation_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=UNKNOWN,
    dependencies=INVITERS,
)
def take_back_invitation(invitation_id: UUID, user: User, tx: Tx) -> None:
    """Let an invitation serve no longer. For administrators, and for those of its team."""
    people.take_back(tx, user, invitation_id)


@router.patch(
    "/{user_id}",
    responses={**UNKNOWN, **responses_for(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)},
    dependencies=ADMINISTRATORS,
)
def change_person(user_id: UUID, body: PersonChange, _: RecentUser, tx: Tx, wiring: Wired) -> PersonView:
    """Give a role, disable, or let in again. For administrators."""
    return people.change(tx, wiring.sessions, user_id, body)


@router.post("/{user_id}/sign-out", responses=UNKNOWN, dependencies=ADMINISTRATORS)
def sign_out_person(user_id: UUID, tx: Tx, wiring: Wired) -> PersonView:
    """End all of somebody's sessions. For administrators."""
    return people.sign_out(tx, wiring.sessions, user_id)


@router.post(
    "/{user_id}/reset-link",
    responses={**UNKNOWN, **responses_for(HTTPStatus.CONFLICT)},
    dependencies=ADMINISTRATORS,
)
def make_reset_link(user_id: UUID, user: RecentUser, tx: Tx, wiring: Wired) -> ResetLink:
    """Make a link by which somebody sets a new password, once. For administrators."""
    serves = timedelta(minutes=wiring.settings.reset_minutes)
    return people.make_reset_link(tx, user, wiring.sessions, user_id, serves)


@router.delete("/{user_id}/second-factor", responses=UNKNOWN, dependencies=ADMINISTRATORS)
def drop_second_factor(user_id: UUID, _: RecentUser, tx: Tx, wiring: Wired) -> PersonView:
    """Take somebody's second factor away who lost it. For administrators."""
    return people.drop_second_factor(tx, wiring.sessions, user_id)
