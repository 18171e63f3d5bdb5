"""Single sign-on: there, and back again."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_gateway.access.rules import person, public
from ai4k8s_gateway.accounts import identity_repository, own, service
from ai4k8s_gateway.accounts import single_sign_on as sso
from ai4k8s_gateway.accounts.identity_repository import Purpose
from ai4k8s_gateway.accounts.own_schemas import Proof
from ai4k8s_gateway.accounts.provider import ProviderRefusedError
from ai4k8s_gateway.audit.hook import Told, tell
from ai4k8s_gateway.dependencies import Tx, User, Wired, client_of, origin_of
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.wiring import Wiring

router = APIRouter(tags=["accounts"])
CALLBACK = "/api/v1/auth/sso/callback"
GOING = responses_for(
    HTTPStatus.FORBIDDEN, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.UNPROCESSABLE_ENTITY
)

log = structlog.stdlib.get_logger(__name__)


class SsoStart(BaseModel):
    """Where to go once one is in."""

    model_config = ConfigDict(extra="forbid")

    return_to: str = Field(default="/", max_length=500, description="a path of this page")
    invitation_token: SecretStr | None = Field(default=None, max_length=200)


class SsoAddress(BaseModel):
    """Where to send the browser."""

    address: str


@router.post(
    "/auth/sso/start", responses=GOING, dependencies=[public("it is how to become somebody; the provider asks who")]
)
def start_single_sign_on(body: SsoStart, wiring: Wired, request: Request, response: Response) -> SsoAddress:
    """Begin a log-in at the provider of single sign-on."""
    invitation = None if body.invitation_token is None else body.invitation_token.get_secret_value()
    wish = sso.Wish(Purpose.LOG_IN, body.return_to, invitation_token=invitation)
    return _depart(wish, wiring, request, response)


@router.post(
    "/me/single-sign-on",
    responses={**GOING, **responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)},
    dependencies=[person()],
)
def link_single_sign_on(
    body: Proof, user: User, _: Tx, wiring: Wired, request: Request, response: Response
) -> SsoAddress:
    """Begin to link one's account with an identity at the provider; asks for the password."""
    own.prove(wiring.bus, wiring.passwords, user, body.password, client_of(request))
    wish = sso.Wish(Purpose.LINK, "/profile", session_id=own.own_session(user).id)
    return _depart(wish, wiring, request, response)


@router.post(
    "/me/single-sign-on/unlink",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT),
    dependencies=[person()],
)
def unlink_single_sign_on(body: Proof, user: User, tx: Tx, wiring: Wired, request: Request) -> None:
    """Come by the provider no longer; for who has a password."""
    own.prove(wiring.bus, wiring.passwords, user, body.password, client_of(request))
    own.check_has_password(user)
    identity_repository.delete_of_user(tx.connection, user.user_id)
    tell(tx, Told(object=f"person {user.username}"))


@router.get(
    "/auth/sso/callback",
    response_class=RedirectResponse,
    status_code=HTTPStatus.SEE_OTHER,
    dependencies=[public("the provider sends people here; what they bring is checked")],
)
def finish_single_sign_on(
    wiring: Wired,
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=500)] = "",
) -> RedirectResponse:
    """Come back from the provider: in, or to the log-in page with the reason."""
    try:
        return _finish(wiring, request, state, code, error, iss)
    except Ai4k8sError as problem:
        log.info("single_sign_on_refused", code=problem.code, detail=problem.detail)
        wiring.metrics.login_failures.labels(problem.code).inc()
        return RedirectResponse(f"/login?{urlencode({'problem': problem.code})}", HTTPStatus.SEE_OTHER)


def _finish(wiring: Wiring, request: Request, state: str, code: str, error: str, iss: str) -> RedirectResponse:
    browser_token = request.cookies.get(_cookie_of(request), "")
    arrival = sso.Arrival(state, code, browser_token, _redirect_uri(wiring, request))
    attempt = sso.take_attempt(wiring.bus, arrival)
    known = sso.configured(wiring.single_sign_on)
    if error or not code or (iss and iss != known.settings.issuer):
        raise ProviderRefusedError("the provider let nobody in")
    claims = sso.redeem(known, attempt, arrival)
    origin = origin_of(request)
    response = RedirectResponse(attempt.return_to, HTTPStatus.SEE_OTHER)
    if attempt.purpose is Purpose.LINK:
        sso.link(wiring.bus, attempt, claims, _who(wiring, request), origin)
    else:
        entered = sso.enter(wiring.bus, known, wiring.sessions, attempt, claims, origin)
        session = entered.principal.session
        assert session is not None  # noqa: S101  # it was opened just now
        left = (session.expires_at - utc_now()).total_seconds()
        transport.set_session_cookie(response, request.scope, entered.token, left)
    response.delete_cookie(_cookie_of(request), path="/", secure=transport.is_secure(request.scope), httponly=True)
    return response


def _who(wiring: Wiring, request: Request) -> service.Principal:
    with wiring.bus.transaction() as tx:
        return service.authenticate(tx.connection, wiring.sessions, transport.session_token(request.scope))


def _depart(wish: sso.Wish, wiring: Wiring, request: Request, response: Response) -> SsoAddress:
    transport.check_transport(request.scope)
    departure = sso.depart(wiring.bus, wiring.single_sign_on, wish, _redirect_uri(wiring, request))
    response.set_cookie(
        _cookie_of(request),
        departure.browser_token,
        max_age=int(sso.UNDER_WAY.total_seconds()),
        path="/",
        httponly=True,
        secure=transport.is_secure(request.scope),
        samesite="lax",
    )
    return SsoAddress(address=departure.address)


def _cookie_of(request: Request) -> str:
    return "__Host-ai4k8s_sso" if transport.is_secure(request.scope) else "ai4k8s_sso"


def _redirect_uri(wiring: Wiring, request: Request) -> str:
    base = wiring.settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return base.rstrip("/") + CALLBACK
