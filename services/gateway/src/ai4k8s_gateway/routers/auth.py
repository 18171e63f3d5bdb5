"""Register, log in, log out, who am I."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ai4k8s_common.bus.transaction import Transaction
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import NotConfiguredError
from ai4k8s_gateway.access.rules import caller, person, public
from ai4k8s_gateway.accounts import own, second_factor, service
from ai4k8s_gateway.accounts.people_schemas import (
    Forgotten,
    InvitationSeen,
    LinkToken,
    NewPasswordByLink,
    ResetSeen,
    SingleSignOnOffer,
    WaysIn,
)
from ai4k8s_gateway.accounts.schemas import PASSWORD_MIN_LENGTH, Credentials, Registration, SessionView, UserView
from ai4k8s_gateway.accounts.sessions import Opened
from ai4k8s_gateway.dependencies import Tx, User, Wired, origin_of
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.settings import Registration as RegistrationRule
from ai4k8s_gateway.wiring import Wiring

router = APIRouter(prefix="/auth", tags=["accounts"])
BY_LINK = public("whoever has the link, which nobody can guess")


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[public("without an account there is nobody yet; closed by a setting")],
)
def register(body: Registration, wiring: Wired, request: Request, response: Response) -> SessionView:
    """Make an account and log it in: an operator where registration is open, or what an invitation says.

    New accounts see their own clusters and the demo's.
    """
    transport.check_transport(request.scope)
    rule = wiring.settings.registration
    if rule is RegistrationRule.CLOSED:
        raise service.RegistrationClosedError(
            "registration is closed here", hint="Ask an administrator to set AI4K8S_GATEWAY_REGISTRATION."
        )
    openly = rule is RegistrationRule.OPEN
    entered = service.register(wiring.bus, wiring.passwords, wiring.sessions, body, openly, origin_of(request))
    return logged_in(entered, request, response)


@router.post(
    "/login",
    responses=responses_for(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    dependencies=[public("it is how to become somebody; throttled")],
)
def log_in(body: Credentials, wiring: Wired, request: Request, response: Response) -> SessionView:
    """Log in. An unknown user and a wrong password are told alike and take the same time."""
    transport.check_transport(request.scope)
    try:
        entered = service.log_in(
            wiring.bus, wiring.passwords, wiring.secrets, wiring.sessions, body, origin_of(request)
        )
    except (service.WrongCredentialsError, service.LoginThrottledError, second_factor.WrongCodeError) as error:
        wiring.metrics.login_failures.labels(error.code).inc()
        raise
    return logged_in(entered, request, response)


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
    dependencies=[person("ends this session")],
)
def log_out(user: User, tx: Tx, request: Request, response: Response) -> None:
    """End this session, its live connection included."""
    service.log_out(tx.connection, user)
    transport.delete_session_cookie(response, request.scope)


@router.get("/session", responses=responses_for(HTTPStatus.UNAUTHORIZED), dependencies=[caller("who am I")])
def get_session(user: User) -> SessionView:
    """Who is logged in, and the token that unsafe requests need."""
    return _view(user)


@router.get("/ways", dependencies=[public("the page asks before anybody is logged in")])
def list_ways_in(wiring: Wired) -> WaysIn:
    """How one gets in here, for the page before anybody is logged in."""
    return WaysIn(
        registration=wiring.settings.registration,
        single_sign_on=None
        if wiring.single_sign_on is None
        else SingleSignOnOffer(label=wiring.single_sign_on.settings.label),
        resets_by_mail=wiring.sends_mail,
        password_min_length=PASSWORD_MIN_LENGTH,
    )


@router.post(
    "/invitation",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[BY_LINK],
)
def see_invitation(body: LinkToken, tx: Tx) -> InvitationSeen:
    """What a link invites to."""
    row = service.see_invitation(tx.connection, body.token)
    return InvitationSeen(role=row.role, email=row.email, expires_at=row.expires_at)


@router.post(
    "/reset",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[BY_LINK],
)
def see_reset(body: LinkToken, tx: Tx) -> ResetSeen:
    """Whose password a link sets."""
    return own.see_reset(tx.connection, body.token)


@router.post(
    "/reset/password",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[BY_LINK],
)
def reset_password(body: NewPasswordByLink, tx: Tx, wiring: Wired, request: Request) -> ResetSeen:
    """Set a new password by a link, once. All sessions end; log in with it, and the second factor, if there is one."""
    transport.check_transport(request.scope)
    own.see_reset(tx.connection, body.token)  # nothing is hashed for who has no link
    password_hash = wiring.passwords.hash(body.password.get_secret_value())
    return ResetSeen(username=own.reset_password(tx, body.token, password_hash))


@router.post(
    "/forgot",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[public("who forgot their password is not logged in; the answer tells nothing")],
)
def forgot_password(body: Forgotten, tx: Tx, wiring: Wired) -> None:
    """Ask for a link for a new password by mail. The answer is the same whether there is such an account."""
    if not wiring.sends_mail or wiring.settings.public_url is None:
        raise NotConfiguredError(
            "no mail is sent from here", hint="Ask an administrator for a link for a new password."
        )
    page, serves = wiring.settings.public_url.rstrip("/"), timedelta(minutes=wiring.settings.reset_minutes)
    own.forgot(tx, wiring.secrets, body.username_or_email, page, serves)


def renewed(opened: Opened, tx: Transaction, wiring: Wiring, request: Request, response: Response) -> SessionView:
    """Hand out the token that a session was given anew, and say who is in."""
    principal = service.authenticate(tx.connection, wiring.sessions, opened.token)
    return logged_in(service.LoggedIn(opened.token, principal), request, response)


def logged_in(entered: service.LoggedIn, request: Request, response: Response) -> SessionView:
    """Hand out the session's cookie, and say who is in."""
    session = entered.principal.session
    assert session is not None  # noqa: S101  # it was opened just now
    left = session.expires_at - utc_now()
    transport.set_session_cookie(response, request.scope, entered.token, left.total_seconds())
    return _view(entered.principal)


def _view(principal: service.Principal) -> SessionView:
    user = UserView(id=principal.user_id, username=principal.username, role=principal.role)
    return SessionView(user=user, csrf_token=principal.csrf_token, needs_second_factor=principal.needs_second_factor)
