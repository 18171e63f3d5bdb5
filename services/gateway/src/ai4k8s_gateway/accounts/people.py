"""What administrators do about people: roles, disabling, signing out, invitations, links for new passwords."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, ForbiddenError, NotFoundError
from ai4k8s_common.rights import Permission
from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts import link_repository, second_factor_repository, session_repository
from ai4k8s_gateway.accounts import people_repository as rows
from ai4k8s_gateway.accounts.people_schemas import (
    Invitation,
    InvitationLink,
    NewInvitation,
    PersonChange,
    PersonView,
    ResetLink,
)
from ai4k8s_gateway.accounts.tokens import hash_token, new_token
from ai4k8s_gateway.audit.hook import Told, tell
from ai4k8s_gateway.teams import repository as teams

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.accounts.sessions import SessionRules


def list_people(connection: Connection, rules: SessionRules) -> list[PersonView]:
    """Everybody."""
    return [view(row) for row in rows.everybody(connection, utc_now(), rules.idle)]


def change(tx: Transaction, rules: SessionRules, user_id: UUID, wanted: PersonChange) -> PersonView:
    """Give another role, disable, or let in again.

    Raises NotFoundError, and ConflictError for what would leave nobody to administer.
    """
    rows.lock_administrators(tx.connection)
    before = _known(tx.connection, rules, user_id)
    values = wanted.model_dump(exclude_none=True, mode="json")
    loses = before.role is UserRole.ADMIN and (
        wanted.disabled is True or (wanted.role is not None and wanted.role is not UserRole.ADMIN)
    )
    if loses and rows.other_administrators(tx.connection, user_id) == 0:
        raise ConflictError(
            "nobody would be left who may administer", hint="Make somebody else an administrator first."
        )
    if values:
        rows.change(tx.connection, user_id, values)
    if wanted.disabled:
        session_repository.delete_all(tx.connection, user_id)
        link_repository.delete_resets(tx.connection, user_id)
    elif wanted.role is not None and wanted.role is not before.role:
        session_repository.make_rotate(tx.connection, user_id)
    tell(
        tx,
        Told(
            object=f"person {before.username}",
            before={"role": before.role.value, "disabled": before.disabled},
            after=values,
        ),
    )
    return view(_known(tx.connection, rules, user_id))


def sign_out(tx: Transaction, rules: SessionRules, user_id: UUID) -> PersonView:
    """End all of somebody's sessions."""
    person = _known(tx.connection, rules, user_id)
    ended = session_repository.delete_all(tx.connection, user_id)
    tell(tx, Told(object=f"person {person.username}", after={"sessions_ended": ended}))
    return view(_known(tx.connection, rules, user_id))


def drop_second_factor(tx: Transaction, rules: SessionRules, user_id: UUID) -> PersonView:
    """Somebody lost their phone and their recovery codes."""
    person = _known(tx.connection, rules, user_id)
    second_factor_repository.delete(tx.connection, user_id)
    tell(tx, Told(object=f"person {person.username}", before={"second_factor": person.has_second_factor}))
    return view(_known(tx.connection, rules, user_id))


def make_reset_link(
    tx: Transaction, principal: Principal, rules: SessionRules, user_id: UUID, serves: timedelta
) -> ResetLink:
    """Make a link by which somebody sets a new password, once."""
    person = _known(tx.connection, rules, user_id)
    tell(tx, Told(object=f"person {person.username}"))
    return reset_link(tx.connection, person, principal.user_id, serves)


def reset_link(connection: Connection, person: rows.PersonRow, by: UUID | None, serves: timedelta) -> ResetLink:
    """Make the link; the one before no longer serves. Raises ConflictError for somebody disabled."""
    if person.disabled:
        raise ConflictError("this account is disabled", hint="Let the person in again first.")
    token, until = new_token(), utc_now() + serves
    link_repository.put_reset(connection, hash_token(token), person.id, by, until)
    return ResetLink(username=person.username, path=f"/reset#{token}", expires_at=until)


def list_invitations(connection: Connection, principal: Principal) -> list[Invitation]:
    """Those that still serve: all, or those into the teams that one manages."""
    rights = principal.rights
    managed = [team.team_id for team in rights.teams if rights.may_in_team(Permission.TEAM_MANAGE, team.team_id)]
    rows_seen = link_repository.open_invitations(connection, utc_now(), None if rights.is_admin else managed)
    return [_invitation(row) for row in rows_seen]


def invite(tx: Transaction, principal: Principal, wanted: NewInvitation, longest: timedelta) -> InvitationLink:
    """Make a link that one person can make an account with, once.

    Raises ForbiddenError for who neither administers the installation nor the team that is named.
    """
    _may_invite(tx.connection, principal, wanted.team_id, wanted.role)
    serves = min(longest, timedelta(hours=wanted.hours)) if wanted.hours else longest
    token, until = new_token(), utc_now() + serves
    invitation_id = link_repository.add_invitation(
        tx.connection,
        token_hash=hash_token(token),
        role=wanted.role,
        email=wanted.email,
        created_by=principal.user_id,
        expires_at=until,
        team_id=wanted.team_id,
        team_role=(wanted.team_role or UserRole.VIEWER).value if wanted.team_id else None,
    )
    tell(tx, Told(object=f"invitation {invitation_id}", after=wanted.model_dump(mode="json", exclude_none=True)))
    return InvitationLink(id=invitation_id, path=f"/join#{token}", expires_at=until)


def take_back(tx: Transaction, principal: Principal, invitation_id: UUID) -> None:
    """Let an invitation serve no longer. Raises NotFoundError, also for one that is not theirs to see."""
    row = link_repository.find_invitation_by_id(tx.connection, invitation_id)
    if row is None or not _manages(principal, row.team_id):
        raise NotFoundError("there is no such invitation", hint="It may have been accepted.")
    link_repository.delete_invitation(tx.connection, invitation_id)
    tell(tx, Told(object=f"invitation {invitation_id}", before={"role": row.role.value, "email": row.email}))


def _manages(principal: Principal, team_id: UUID | None) -> bool:
    if team_id is None or principal.rights.is_admin:
        return principal.rights.is_admin
    return principal.rights.may_in_team(Permission.TEAM_MANAGE, team_id)


def _may_invite(connection: Connection, principal: Principal, team_id: UUID | None, role: UserRole) -> None:
    if team_id is not None and principal.rights.team_role(team_id) is None:
        raise NotFoundError("there is no such team", hint="Name one of your teams.")
    # A team of one's own makes nobody somebody who lets others in.
    shared = team_id is None or teams.is_shared(connection, team_id)
    if not _manages(principal, team_id) or not (shared or principal.rights.is_admin):
        raise ForbiddenError(
            "only administrators invite into the installation, and those of a team into it",
            hint="Name a team that you administer, or ask an administrator.",
        )
    if role is UserRole.ADMIN and not principal.rights.is_admin:
        raise ForbiddenError("only an administrator makes another one", hint="Invite as operator or viewer.")


def view(row: rows.PersonRow) -> PersonView:
    """Say it to an administrator."""
    return PersonView(
        id=row.id,
        username=row.username,
        email=row.email,
        role=row.role,
        disabled=row.disabled,
        has_password=row.has_password,
        has_second_factor=row.has_second_factor,
        has_single_sign_on=row.has_single_sign_on,
        sessions=row.sessions,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
    )


def _known(connection: Connection, rules: SessionRules, user_id: UUID) -> rows.PersonRow:
    row = rows.find(connection, user_id, utc_now(), rules.idle)
    if row is None:
        raise NotFoundError("there is no such person")
    return row


def _invitation(row: link_repository.InvitationRow) -> Invitation:
    return Invitation(
        id=row.id,
        role=row.role,
        email=row.email,
        team_id=row.team_id,
        team_role=None if row.team_role is None else UserRole(row.team_role),
        created_by=row.created_by_name,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
