"""What a person does about their own account: the password, the second factor, and where they are logged in.

Whatever changes how one gets in asks for the password first; a wrong one counts like a failed log-in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, ForbiddenError, NotFoundError
from ai4k8s_gateway.accounts import (
    identity_repository,
    link_repository,
    mail,
    people_repository,
    repository,
    second_factor,
    second_factor_repository,
    session_repository,
    sessions,
)
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.accounts.own_schemas import IdentityView, Profile, SecondFactorSetUp
from ai4k8s_gateway.accounts.people_schemas import OwnSession, ResetSeen
from ai4k8s_gateway.accounts.tokens import hash_token, new_token
from ai4k8s_gateway.audit.hook import Told, tell

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus, Transaction
    from ai4k8s_gateway.accounts.passwords import Passwords
    from ai4k8s_gateway.accounts.secrets import PeoplesSecrets
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.accounts.sessions import Opened, SessionRules

# Who has no password proves who they are by having come in just now.
JUST_NOW = timedelta(minutes=10)
MAILED_AT_MOST_EVERY = timedelta(minutes=5)


def profile(connection: Connection, principal: Principal) -> Profile:
    """Return what the page about oneself shows."""
    user = repository.find_user_by_id(connection, principal.user_id)
    if user is None:
        raise NotFoundError("there is no such person")
    return Profile(
        id=user.id,
        username=user.username,
        email=user.email,
        role=user.role,
        has_password=user.password_hash is not None,
        has_second_factor=second_factor.is_asked_of(connection, user.id),
        recovery_codes_left=second_factor_repository.recovery_codes_left(connection, user.id),
        identities=[
            IdentityView(issuer=item.issuer, label=item.label, created_at=item.created_at)
            for item in identity_repository.of_user(connection, user.id)
        ],
    )


def list_sessions(connection: Connection, principal: Principal, rules: SessionRules) -> list[OwnSession]:
    """Where one is logged in."""
    this = None if principal.session is None else principal.session.id
    return [
        OwnSession(
            id=row.id,
            is_this=row.id == this,
            client=row.client,
            user_agent=row.user_agent,
            method=row.method,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
        for row in session_repository.of_user(connection, principal.user_id, utc_now(), rules.idle)
    ]


def end_other_sessions(connection: Connection, principal: Principal) -> int:
    """End all but this one."""
    return session_repository.delete_all(connection, principal.user_id, but=own_session(principal).id)


def own_session(principal: Principal) -> session_repository.SessionRow:
    """Return the session that asks. Raises ForbiddenError for who comes without one, such as a program."""
    if principal.session is None:
        raise ForbiddenError("only a person who logged in may do this", hint="Log in with a browser.")
    return principal.session


def prove(bus: Bus, passwords: Passwords, principal: Principal, password: SecretStr | None, client: str) -> None:
    """Ask once more who it is: for the password, or where there is none, for a log-in of just now.

    Raises WrongCredentialsError, LoginThrottledError, StepUpRequiredError.
    """
    session = own_session(principal)
    if session.user.password_hash is None:
        if utc_now() - session.authenticated_at > JUST_NOW:
            raise accounts.StepUpRequiredError("log in once more first", hint="Log out, and in again.")
        return
    with bus.transaction() as tx:
        user = accounts.claim_attempt(tx.connection, principal.username, client)
    given = "" if password is None else password.get_secret_value()
    if user is None or not passwords.verify(user.password_hash, given):
        raise accounts.WrongCredentialsError("the password is wrong")
    with bus.transaction() as tx:
        repository.forget_failures(tx.connection, principal.username, client)


def check_has_password(principal: Principal) -> None:
    """Refuse to take away the only way in. Raises ConflictError."""
    if own_session(principal).user.password_hash is None:
        raise ConflictError("there would be no way in left", hint="Set a password first.")


def step_up(tx: Transaction, principal: Principal) -> Opened:
    """Who has just proved who they are may do what asks for that, for a while."""
    return sessions.renew(tx.connection, own_session(principal).id)


def change_password(tx: Transaction, principal: Principal, password_hash: str) -> Opened:
    """Set it, and end every other session: whoever has the old one is out."""
    repository.set_password_hash(tx.connection, principal.user_id, password_hash)
    link_repository.delete_resets(tx.connection, principal.user_id)
    ended = end_other_sessions(tx.connection, principal)
    tell(tx, Told(object=f"person {principal.username}", after={"sessions_ended": ended}))
    return sessions.renew(tx.connection, own_session(principal).id)


def begin_second_factor(tx: Transaction, secrets: PeoplesSecrets, principal: Principal) -> SecondFactorSetUp:
    """Make a seed to be confirmed with a first code."""
    own_session(principal)
    seed = second_factor.begin(tx.connection, secrets, principal.user_id)
    return SecondFactorSetUp(
        secret=second_factor.text_of(seed), address=second_factor.address_of(seed, principal.username)
    )


def picture_of_seed(connection: Connection, secrets: PeoplesSecrets, principal: Principal) -> bytes:
    """Return the QR code of the seed that is being set up, as an SVG."""
    seed = second_factor.unconfirmed_seed(connection, secrets, principal.user_id)
    return second_factor.picture_of(second_factor.address_of(seed, principal.username))


def confirm_second_factor(
    tx: Transaction, secrets: PeoplesSecrets, principal: Principal, code: str
) -> tuple[list[str], Opened]:
    """Let it count; other sessions end, since they were begun without it."""
    made = second_factor.confirm(tx.connection, secrets, principal.user_id, code)
    end_other_sessions(tx.connection, principal)
    tell(tx, Told(object=f"person {principal.username}", after={"second_factor": True}))
    return made, sessions.renew(tx.connection, own_session(principal).id)


def drop_second_factor(tx: Transaction, principal: Principal, required: bool) -> Opened:
    """Take it away. Raises ConflictError where the installation asks for one."""
    if required:
        raise ConflictError("this installation asks people of your role for a second factor")
    second_factor_repository.delete(tx.connection, principal.user_id)
    tell(tx, Told(object=f"person {principal.username}", before={"second_factor": True}))
    return sessions.renew(tx.connection, own_session(principal).id)


def see_reset(connection: Connection, token: SecretStr) -> ResetSeen:
    """Say whose password a link sets. Raises LinkSpentError."""
    user_id = link_repository.find_reset(connection, hash_token(token.get_secret_value()), utc_now())
    user = None if user_id is None else repository.find_user_by_id(connection, user_id)
    if user is None:
        raise accounts.link_spent("for a new password")
    return ResetSeen(username=user.username)


def forgot(tx: Transaction, secrets: PeoplesSecrets, who: str, page: str, serves: timedelta) -> None:
    """Send a link to who forgot; nothing for an unknown name, an account without an address, and for asking again."""
    user = repository.find_user(tx.connection, who)
    if user is None:
        user_id = people_repository.find_by_email(tx.connection, who)
        user = None if user_id is None else repository.find_user_by_id(tx.connection, user_id)
    now = utc_now()
    if user is None or user.email is None or user.disabled:
        return
    if link_repository.has_reset_since(tx.connection, user.id, now - MAILED_AT_MOST_EVERY):
        return
    token, until = new_token(), now + serves
    link_repository.put_reset(tx.connection, hash_token(token), user.id, None, until)
    text = (
        f"Somebody asked for a new password for {user.username} at {page}.\n\n"
        f"This link sets one. It serves once, until {until:%Y-%m-%d %H:%M} UTC:\n\n{page}/reset#{token}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    mail.post(tx.connection, secrets, mail.Mail(user.email, "A new password for AI4K8s", text), until)


def reset_password(tx: Transaction, token: SecretStr, password_hash: str) -> str:
    """Set a password by a link, once; return whose. Every session ends; a second factor stays asked for."""
    user_id = link_repository.take_reset(tx.connection, hash_token(token.get_secret_value()), utc_now())
    user = None if user_id is None else repository.find_user_by_id(tx.connection, user_id)
    if user is None or user.disabled:
        raise accounts.link_spent("for a new password")
    people_repository.change(tx.connection, user.id, {"password_hash": password_hash})
    session_repository.delete_all(tx.connection, user.id)
    repository.forget_all_failures(tx.connection, user.username)
    tell(tx, Told(object=f"person {user.username}"))
    return user.username
