"""Register, log in, log out, who am I."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ai4k8s_common.clock import utc_now
from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.access.rules import caller, person, public
from ai4k8s_gateway.accounts import service
from ai4k8s_gateway.accounts.schemas import Credentials, Registration, SessionView, UserView
from ai4k8s_gateway.dependencies import Tx, User, Wired, origin_of
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.settings import Registration as RegistrationRule

router = APIRouter(prefix="/auth", tags=["accounts"])


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[public("without an account there is nobody yet; closed by a setting")],
)
def register(body: Registration, wiring: Wired, request: Request, response: Response) -> SessionView:
    """Make an account and log it in. New accounts are operators: they see their own clusters and the demo's."""
    transport.check_transport(request.scope)
    if wiring.settings.registration is not RegistrationRule.OPEN:
        raise service.RegistrationClosedError(
            "registration is closed here", hint="Ask an administrator for an account."
        )
    entered = service.register(
        wiring.bus, wiring.passwords, wiring.sessions, body, UserRole.OPERATOR, origin_of(request)
    )
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
        entered = service.log_in(wiring.bus, wiring.passwords, wiring.sessions, body, origin_of(request))
    except (service.WrongCredentialsError, service.LoginThrottledError) as error:
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


def logged_in(entered: service.LoggedIn, request: Request, response: Response) -> SessionView:
    """Hand out the session's cookie, and say who is in."""
    session = entered.principal.session
    assert session is not None  # noqa: S101  # it was opened just now
    left = session.expires_at - utc_now()
    transport.set_session_cookie(response, request.scope, entered.token, left.total_seconds())
    return _view(entered.principal)


def _view(principal: service.Principal) -> SessionView:
    user = UserView(id=principal.user_id, username=principal.username, role=principal.role)
    return SessionView(user=user, csrf_token=principal.csrf_token)
