"""Use cases around people: register, log in, log out, and who is asking.

Log-in opens its own short transactions instead of the request's: an attempt counts before the password is looked
at, a refusal must not undo the count, and no connection is held while a hash is computed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from ai4k8s_common.audit import Actor, Entry
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from ai4k8s_common.rights import Rights, Role
from ai4k8s_common.store.gateway import SessionMethod, UserRole
from ai4k8s_gateway.accounts import link_repository, repository, second_factor, sessions
from ai4k8s_gateway.accounts import session_repository as rows
from ai4k8s_gateway.accounts.tokens import hash_token
from ai4k8s_gateway.domain import throttle
from ai4k8s_gateway.teams import repository as teams

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_gateway.accounts.passwords import Passwords
    from ai4k8s_gateway.accounts.schemas import Credentials, Registration
    from ai4k8s_gateway.accounts.secrets import PeoplesSecrets
    from ai4k8s_gateway.accounts.session_repository import SessionRow
    from ai4k8s_gateway.accounts.sessions import Origin, SessionRules

log = structlog.stdlib.get_logger(__name__)


class WrongCredentialsError(UnauthenticatedError):
    """Unknown user, wrong password or disabled account: nobody is told which."""

    code = "wrong_credentials"


class LoginThrottledError(TooManyRequestsError):
    """Too many failures of late."""

    code = "login_throttled"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(
            "too many failed log-ins", hint=f"Wait {max(1, round(retry_after_seconds))} s before the next one."
        )
        self.retry_after_seconds = retry_after_seconds


class SecondFactorRequiredError(ForbiddenError):
    """The installation asks people of this role for a second factor, and there is none yet."""

    code = "second_factor_required"


class StepUpRequiredError(ForbiddenError):
    """What is asked for is for who has proved of late who they are."""

    code = "step_up_required"


class LinkSpentError(NotFoundError):
    """A link that was used, is too old, or never was."""

    code = "link_spent"


def link_spent(what: str) -> LinkSpentError:
    """Say so: nobody is told which of the three it is."""
    return LinkSpentError(f"this link {what} no longer serves", hint="Ask for a new one.")


class CsrfError(ForbiddenError):
    """The request does not carry the session's token."""

    code = "csrf"


class RegistrationClosedError(ForbiddenError):
    """The operator lets nobody register."""

    code = "registration_closed"


# Until they are read, nothing is allowed.
NO_RIGHTS = Rights(UUID(int=0), Role.VIEWER)


@dataclass(frozen=True)
class Principal:
    """Who is asking."""

    user_id: UUID
    username: str
    role: UserRole
    csrf_token: str
    session: SessionRow | None = None  # None: not by a browser's session
    rights: Rights = NO_RIGHTS
    token_id: UUID | None = None  # by which API token they came
    needs_second_factor: bool = False

    @property
    def is_admin(self) -> bool:
        """Administrators may everything, unless they come by a token that was made for less."""
        return self.rights.is_admin

    @property
    def may_write(self) -> bool:
        """Viewers only look."""
        return self.role is not UserRole.VIEWER


@dataclass(frozen=True)
class LoggedIn:
    """Who has just come in, and the token for their cookie."""

    token: str
    principal: Principal


def register(
    bus: Bus, passwords: Passwords, rules: SessionRules, registration: Registration, openly: bool, origin: Origin
) -> LoggedIn:
    """Make an account and log it in: openly as an operator, or as an invitation says.

    Raises RegistrationClosedError, LinkSpentError for an invitation that no longer serves, ConflictError.
    """
    invitation = registration.invitation_token
    if invitation is None and not openly:
        raise RegistrationClosedError("registration is closed here", hint="Ask an administrator for an invitation.")
    password_hash = passwords.hash(registration.password.get_secret_value())
    with bus.transaction() as tx:
        row = None if invitation is None else accept_invitation(tx.connection, invitation, registration.email)
        role = UserRole.OPERATOR if row is None else row.role
        user_id = repository.add_user(tx.connection, registration.username, registration.email, password_hash, role)
        if user_id is None:
            raise ConflictError(
                "that username or email address is taken", hint="Choose another one, or log in if it is yours."
            )
        if row is not None:
            joined(tx.connection, row, user_id)
        log.info("user_registered", user_id=str(user_id), role=role.value)
        tx.audit(
            Entry(Actor(user_id, registration.username, client=origin.client), "register", after={"role": role.value})
        )
        return enter(tx.connection, rules, user_id, origin)


def see_invitation(connection: Connection, token: SecretStr) -> link_repository.InvitationRow:
    """Say what an invitation is for. Raises LinkSpentError."""
    row = link_repository.find_invitation(connection, hash_token(token.get_secret_value()), utc_now())
    if row is None:
        raise link_spent("that invites somebody")
    return row


def joined(connection: Connection, row: link_repository.InvitationRow, user_id: UUID) -> None:
    """Somebody came by an invitation: note who, and let them into the team, if it is still there."""
    link_repository.note_who_accepted(connection, row.id, user_id)
    if row.team_id is not None and teams.exists(connection, row.team_id):
        role = Role(row.team_role or Role.VIEWER.value)
        teams.put_member(connection, row.team_id, user_id, role, row.created_by or user_id)


def accept_invitation(connection: Connection, token: SecretStr, email: str | None) -> link_repository.InvitationRow:
    """Use an invitation up; with the account it makes, or not at all. Raises LinkSpentError, ForbiddenError."""
    return accept_invitation_by_hash(connection, hash_token(token.get_secret_value()), email)


def accept_invitation_by_hash(
    connection: Connection, token_hash: bytes, email: str | None
) -> link_repository.InvitationRow:
    """The same for a token that was seen before."""
    row = link_repository.find_invitation(connection, token_hash, utc_now())
    if row is None:
        raise link_spent("that invites somebody")
    if row.email is not None and row.email.lower() != (email or "").lower():
        raise ForbiddenError("the invitation is for another email address", hint=f"Use {row.email}.")
    if link_repository.accept_invitation(connection, token_hash, utc_now()) is None:
        raise link_spent("that invites somebody")
    return row


def log_in(
    bus: Bus,
    passwords: Passwords,
    secrets: PeoplesSecrets,
    rules: SessionRules,
    credentials: Credentials,
    origin: Origin,
) -> LoggedIn:
    """Check a password, and the second factor where there is one, and open a session.

    Raises LoginThrottledError, WrongCredentialsError, SecondStepRequiredError or WrongCodeError. Each attempt counts
    until one gets in, so that codes cannot be guessed by who knows the password.
    """
    name, client = credentials.username, origin.client
    with bus.transaction() as tx:
        user = claim_attempt(tx.connection, name, client)
    stored = user.password_hash if user is not None else None
    password = credentials.password.get_secret_value()
    if not passwords.verify(stored, password) or user is None or user.disabled:
        log.info("login_refused", client=client)
        raise WrongCredentialsError("username or password is wrong")
    renewed = passwords.hash(password) if stored is not None and passwords.is_outdated(stored) else None
    code = None if credentials.code is None else credentials.code.get_secret_value()
    with bus.transaction() as tx:
        second_factor.check(tx.connection, secrets, user.id, code)
        repository.forget_failures(tx.connection, name, client)
        if renewed is not None:
            repository.set_password_hash(tx.connection, user.id, renewed)
        tx.audit(Entry(Actor(user.id, user.username, client=client), "log_in"))
        return enter(tx.connection, rules, user.id, origin)


def enter(
    connection: Connection,
    rules: SessionRules,
    user_id: UUID,
    origin: Origin,
    method: SessionMethod = SessionMethod.PASSWORD,
) -> LoggedIn:
    """Begin a session for somebody who has proven who they are."""
    opened = sessions.open_session(connection, rules, user_id, origin, method)
    repository.note_log_in(connection, user_id, utc_now())
    return LoggedIn(opened.token, authenticate(connection, rules, opened.token))


def authenticate(connection: Connection, rules: SessionRules, token: str | None) -> Principal:
    """Return who holds this cookie.

    Raises UnauthenticatedError.
    """
    session = sessions.find(connection, rules, token) if token else None
    if session is None:
        raise UnauthenticatedError("nobody is logged in", hint="Log in first.")
    user = session.user
    needs = (
        user.role in rules.second_factor_for
        and session.method is SessionMethod.PASSWORD
        and not session.has_second_factor
    )
    return Principal(user.id, user.username, user.role, session.csrf_token, session, needs_second_factor=needs)


def check_second_factor(principal: Principal) -> None:
    """Refuse who must set up a second factor first. Raises SecondFactorRequiredError."""
    if principal.needs_second_factor:
        raise SecondFactorRequiredError(
            "people of your role need a second factor here", hint="Set it up in your profile, under security."
        )


def check_recent(principal: Principal, rules: SessionRules) -> None:
    """Refuse who proved too long ago who they are. Raises StepUpRequiredError."""
    if rules.step_up_after is None or principal.session is None:
        return
    if utc_now() - principal.session.authenticated_at > rules.step_up_after:
        raise StepUpRequiredError("this asks for your password once more", hint="Give it, and try again.")


def check_csrf(principal: Principal, given: str | None) -> None:
    """Refuse an unsafe request that does not carry the session's token."""
    if given is None or not secrets.compare_digest(given.encode(), principal.csrf_token.encode()):
        raise CsrfError(
            "the request lacks the session's CSRF token", hint="Send csrf_token of GET /auth/session as X-CSRF-Token."
        )


def log_out(connection: Connection, principal: Principal) -> None:
    """Close the session."""
    if principal.session is not None:
        rows.delete_one(connection, principal.session.id, principal.user_id)


def claim_attempt(connection: Connection, name: str, client: str) -> repository.UserRow | None:
    """Count an attempt before it is looked at, and return whose account it is for. Raises LoginThrottledError."""
    now = utc_now()
    repository.lock_log_ins(connection, name)
    counts = repository.count_failures(connection, name, client, now - throttle.WINDOW)
    since_newest = (now - counts.newest_at).total_seconds() if counts.newest_at else 0.0
    wait = throttle.wait_seconds(counts.of_name_from_client, counts.of_name, counts.from_client, since_newest)
    if wait > 0:
        log.info("login_throttled", client=client, wait_seconds=round(wait, 1))
        raise LoginThrottledError(wait)
    repository.delete_old_failures(connection, now - throttle.WINDOW)
    repository.add_failure(connection, name, client, now)
    return repository.find_user(connection, name)
