"""Register, log in, log out, who am I."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts import service
from ai4k8s_gateway.accounts.schemas import Credentials, Registration, SessionView, UserView
from ai4k8s_gateway.dependencies import SESSION_COOKIE, Tx, User, Wired, client_of
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.wiring import Wiring

router = APIRouter(prefix="/auth", tags=["accounts"])


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def register(body: Registration, wiring: Wired, response: Response) -> SessionView:
    """Make an account and log it in. New accounts are operators: they see their own clusters and the demo's."""
    if not wiring.settings.registration_open:
        raise service.RegistrationClosedError(
            "registration is closed here", hint="Ask an administrator for an account."
        )
    opened = service.register(wiring.bus, wiring.passwords, wiring.sessions, body, UserRole.OPERATOR)
    return _logged_in(opened, wiring, response)


@router.post(
    "/login",
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def log_in(body: Credentials, wiring: Wired, request: Request, response: Response) -> SessionView:
    """Log in. An unknown user and a wrong password are told alike and take the same time."""
    try:
        opened = service.log_in(wiring.bus, wiring.passwords, wiring.sessions, body, client_of(request))
    except (service.WrongCredentialsError, service.LoginThrottledError) as error:
        wiring.metrics.login_failures.labels(error.code).inc()
        raise
    return _logged_in(opened, wiring, response)


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
)
def log_out(user: User, tx: Tx, response: Response) -> None:
    """End this session, its live connection included."""
    service.log_out(tx.connection, user)
    response.delete_cookie(SESSION_COOKIE, path="/")


@router.get("/session", responses=responses_for(HTTPStatus.UNAUTHORIZED))
def get_session(user: User) -> SessionView:
    """Who is logged in, and the token that unsafe requests need."""
    return _view(user)


def _logged_in(opened: service.OpenedSession, wiring: Wiring, response: Response) -> SessionView:
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        max_age=int(wiring.sessions.longest.total_seconds()),
        path="/",
        httponly=True,
        secure=wiring.secure_cookies,
        samesite="lax",
    )
    return _view(opened.principal)


def _view(principal: service.Principal) -> SessionView:
    user = UserView(id=principal.user_id, username=principal.username, role=principal.role)
    return SessionView(user=user, csrf_token=principal.csrf_token)
