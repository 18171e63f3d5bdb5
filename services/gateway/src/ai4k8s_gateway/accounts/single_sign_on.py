"""Single sign-on: sent to the provider, and back in as whoever it says, found by issuer and subject alone.

An account is never found by an address: somebody who can name any address at the provider, or had it before its present
holder, would be let into another's account. Who has an account already links it from inside, with its password.
"""

from __future__ import annotations

import re
import secrets as randomness
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.audit import Actor, Entry
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, ForbiddenError, NotConfiguredError
from ai4k8s_common.store.gateway import SessionMethod
from ai4k8s_gateway.accounts import groups, people_repository, repository
from ai4k8s_gateway.accounts import identity_repository as rows
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.accounts.identity_repository import Attempt, Purpose
from ai4k8s_gateway.accounts.provider import Claims, Journey, Provider, ProviderRefusedError
from ai4k8s_gateway.accounts.tokens import hash_token, new_token

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_common.store.gateway import UserRole
    from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
    from ai4k8s_gateway.accounts.sessions import Origin, SessionRules

UNDER_WAY = timedelta(minutes=10)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 50

log = structlog.stdlib.get_logger(__name__)


class UnknownIdentityError(ForbiddenError):
    """The provider knows them, and here nobody does."""

    code = "sso_unknown"


class EmailTakenError(ConflictError):
    """Somebody of that address has an account, and did not link it."""

    code = "sso_email_taken"


class IdentityTakenError(ConflictError):
    """That identity belongs to another account."""

    code = "sso_identity_taken"


class LogInLostError(ForbiddenError):
    """What came back was not begun here, by this browser, a short while ago."""

    code = "sso_lost"


@dataclass(frozen=True)
class SingleSignOn:
    """A provider and the rules for who comes by it."""

    provider: Provider
    settings: OidcSettings


@dataclass(frozen=True)
class Departure:
    """Where to send somebody, and what their browser must show when they come back."""

    address: str
    browser_token: str


@dataclass(frozen=True)
class Wish:
    """Why somebody goes to the provider."""

    purpose: Purpose
    return_to: str
    session_id: UUID | None = None
    invitation_token: str | None = None


@dataclass(frozen=True)
class Arrival:
    """What a browser comes back with."""

    state: str
    code: str
    browser_token: str
    redirect_uri: str


def depart(bus: Bus, sso: SingleSignOn | None, wish: Wish, redirect_uri: str) -> Departure:
    """Begin a log-in at the provider."""
    known = configured(sso)
    journey = Journey(new_token(), new_token(), new_token(), redirect_uri)
    address = known.provider.address(journey)
    browser_token = new_token()
    with bus.transaction() as tx:
        rows.add_attempt(
            tx.connection,
            Attempt(
                state_hash=hash_token(journey.state),
                browser_hash=hash_token(browser_token),
                nonce=journey.nonce,
                verifier=journey.verifier,
                return_to=local_path(wish.return_to),
                purpose=wish.purpose,
                session_id=wish.session_id,
                invitation_hash=None if wish.invitation_token is None else hash_token(wish.invitation_token),
                expires_at=utc_now() + UNDER_WAY,
            ),
        )
    return Departure(address, browser_token)


def take_attempt(bus: Bus, arrival: Arrival) -> Attempt:
    """Find what came back, once. Raises LogInLostError."""
    with bus.transaction() as tx:
        attempt = rows.take_attempt(tx.connection, hash_token(arrival.state), utc_now())
    if attempt is None or not randomness.compare_digest(attempt.browser_hash, hash_token(arrival.browser_token)):
        raise LogInLostError("this log-in was not begun here, or too long ago", hint="Begin it anew.")
    return attempt


def redeem(sso: SingleSignOn | None, attempt: Attempt, arrival: Arrival) -> Claims:
    """Ask the provider who it is. No transaction is held meanwhile."""
    journey = Journey(arrival.state, attempt.nonce, attempt.verifier, arrival.redirect_uri)
    return configured(sso).provider.redeem(journey, arrival.code)


def enter(
    bus: Bus, sso: SingleSignOn | None, rules: SessionRules, attempt: Attempt, claims: Claims, origin: Origin
) -> accounts.LoggedIn:
    """Let in whoever it is; make an account where the rules say so.

    Raises UnknownIdentityError, EmailTakenError, ProviderRefusedError, LinkSpentError.
    """
    settings = configured(sso).settings
    with bus.transaction() as tx:
        user = rows.find_user(tx.connection, claims.issuer, claims.subject)
        if user is None:
            user = _welcome(tx.connection, settings, attempt, claims)
            tx.audit(Entry(_actor(user, origin), "register", after={"role": user.role.value, "by": claims.issuer}))
        if user.disabled:
            raise ProviderRefusedError("this account is disabled", hint="Ask an administrator.")
        change = groups.follow(tx.connection, settings, user, claims.groups)
        if change is not None:
            tx.audit(
                Entry(Actor(name="single sign-on"), "follow_groups", object=f"person {user.username}", after=change)
            )
        rows.note_use(tx.connection, claims.issuer, claims.subject, claims.name)
        tx.audit(Entry(_actor(user, origin), "log_in", after={"by": claims.issuer}))
        return accounts.enter(tx.connection, rules, user.id, origin, SessionMethod.SINGLE_SIGN_ON)


def link(bus: Bus, attempt: Attempt, claims: Claims, principal: accounts.Principal | None, origin: Origin) -> None:
    """Let somebody come by it from now on; only the very session that asked.

    Raises LogInLostError, IdentityTakenError.
    """
    session = None if principal is None else principal.session
    if principal is None or session is None or session.id != attempt.session_id:
        raise LogInLostError("another session asked for this", hint="Log in, and begin it anew in your profile.")
    with bus.transaction() as tx:
        if not rows.add(tx.connection, claims.issuer, claims.subject, principal.user_id, claims.name):
            raise IdentityTakenError(
                "that identity belongs to an account already", hint="Log in by it, or unlink it there."
            )
        tx.audit(
            Entry(
                Actor(principal.user_id, principal.username, client=origin.client),
                "link_single_sign_on",
                object=f"person {principal.username}",
                after={"issuer": claims.issuer, "subject": claims.subject},
            )
        )


def configured(sso: SingleSignOn | None) -> SingleSignOn:
    """Return it. Raises NotConfiguredError."""
    if sso is None:
        raise NotConfiguredError(
            "there is no single sign-on here", hint="Set AI4K8S_GATEWAY_OIDC_ISSUER and its fellows."
        )
    return sso


def local_path(path: str) -> str:
    """Return a path of this page, and '/' for anything that would lead elsewhere."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if is_local else "/"


def _welcome(connection: Connection, settings: OidcSettings, attempt: Attempt, claims: Claims) -> repository.UserRow:
    """Make an account for who comes for the first time."""
    invitation = None
    if attempt.invitation_hash is not None:
        invitation = accounts.accept_invitation_by_hash(connection, attempt.invitation_hash, claims.email)
    elif not settings.create_accounts:
        raise UnknownIdentityError(
            "nobody here is known by that identity",
            hint="Log in by password and link it in your profile, or ask an administrator for an invitation.",
        )
    if claims.email is not None and people_repository.find_by_email(connection, claims.email) is not None:
        raise EmailTakenError(
            "an account with that address exists", hint="Log in to it by its password, and link it in your profile."
        )
    role = groups.role_of(settings, claims.groups) if invitation is None else invitation.role
    if role is None:
        raise ProviderRefusedError("none of your groups is let in here", hint="Ask an administrator which one is.")
    user_id = _add(connection, claims, role)
    rows.add(connection, claims.issuer, claims.subject, user_id, claims.name)
    if invitation is not None:
        accounts.joined(connection, invitation, user_id)
    log.info("user_registered", user_id=str(user_id), role=role.value, method="single_sign_on")
    user = repository.find_user_by_id(connection, user_id)
    assert user is not None  # noqa: S101  # it was made just now
    return user


def _add(connection: Connection, claims: Claims, role: UserRole) -> UUID:
    plain = _NOT_IN_NAMES.sub("-", claims.name.partition("@")[0]).strip("-._")[:_LONGEST_NAME]
    name = plain if len(plain) > 1 else f"user-{randomness.token_hex(3)}"
    for candidate in (name, *(f"{name}-{randomness.token_hex(3)}" for _ in range(3))):
        user_id = repository.add_user(connection, candidate, claims.email, None, role)
        if user_id is not None:
            return user_id
    raise ConflictError("no username could be found", hint="Try again.")


def _actor(user: repository.UserRow, origin: Origin) -> Actor:
    return Actor(user.id, user.username, client=origin.client)
