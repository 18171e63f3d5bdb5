"""One's own account: the password, the second factor, and where one is logged in."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response

from ai4k8s_gateway.access.rules import person
from ai4k8s_gateway.accounts import own, second_factor, sessions
from ai4k8s_gateway.accounts.own_schemas import Code, Profile, Proof, RecoveryCodes, SecondFactorSetUp
from ai4k8s_gateway.accounts.people_schemas import OwnSessionList, PasswordChange, SessionsEnded
from ai4k8s_gateway.accounts.schemas import SessionView
from ai4k8s_gateway.accounts.service import Principal
from ai4k8s_gateway.dependencies import Tx, User, Wired, client_of
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.routers.auth import renewed
from ai4k8s_gateway.wiring import Wiring

router = APIRouter(
    prefix="/me", tags=["accounts"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
)
PROVING = responses_for(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.get("", dependencies=[person()])
def get_profile(user: User, tx: Tx) -> Profile:
    """Oneself, and how one gets in."""
    return own.profile(tx.connection, user)


@router.get("/sessions", dependencies=[person()])
def list_own_sessions(user: User, tx: Tx, wiring: Wired) -> OwnSessionList:
    """Where one is logged in."""
    return OwnSessionList(items=own.list_sessions(tx.connection, user, wiring.sessions))


@router.delete("/sessions", dependencies=[person()])
def end_other_sessions(user: User, tx: Tx) -> SessionsEnded:
    """End all of one's sessions but this one."""
    return SessionsEnded(ended=own.end_other_sessions(tx.connection, user))


@router.delete(
    "/sessions/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.NOT_FOUND),
    dependencies=[person()],
)
def end_session(session_id: UUID, user: User, tx: Tx) -> None:
    """End one of one's sessions, its live connections included."""
    sessions.end(tx.connection, user.user_id, session_id)


@router.post("/step-up", responses=PROVING, dependencies=[person()])
def step_up(body: Proof, user: User, tx: Tx, wiring: Wired, request: Request, response: Response) -> SessionView:
    """Say once more who one is, for what asks for that."""
    _prove(body, user, tx, wiring, request)
    return renewed(own.step_up(tx, user), tx, wiring, request, response)


@router.post("/password", responses=PROVING, dependencies=[person()])
def change_password(
    body: PasswordChange, user: User, tx: Tx, wiring: Wired, request: Request, response: Response
) -> SessionView:
    """Change the password. All other sessions end."""
    own.prove(wiring.bus, wiring.passwords, user, body.current_password, client_of(request))
    password_hash = wiring.passwords.hash(body.new_password.get_secret_value())
    return renewed(own.change_password(tx, user, password_hash), tx, wiring, request, response)


@router.post(
    "/second-factor",
    responses={**PROVING, **responses_for(HTTPStatus.CONFLICT, HTTPStatus.NOT_IMPLEMENTED)},
    dependencies=[person()],
)
def begin_second_factor(body: Proof, user: User, tx: Tx, wiring: Wired, request: Request) -> SecondFactorSetUp:
    """Begin to set up an app that shows codes; it counts once it is confirmed."""
    own.prove(wiring.bus, wiring.passwords, user, body.password, client_of(request))
    return own.begin_second_factor(tx, wiring.secrets, user)


@router.get(
    "/second-factor/picture.svg",
    response_class=Response,
    responses={
        **responses_for(HTTPStatus.NOT_FOUND),
        HTTPStatus.OK.value: {"content": {"image/svg+xml": {}}, "description": "a QR code"},
    },
    dependencies=[person()],
)
def get_second_factor_picture(user: User, tx: Tx, wiring: Wired) -> Response:
    """The QR code of what is being set up; a confirmed one is never shown again."""
    return Response(own.picture_of_seed(tx.connection, wiring.secrets, user), media_type="image/svg+xml")


@router.post(
    "/second-factor/confirm", responses={**PROVING, **responses_for(HTTPStatus.NOT_FOUND)}, dependencies=[person()]
)
def confirm_second_factor(
    body: Code, user: User, tx: Tx, wiring: Wired, request: Request, response: Response
) -> RecoveryCodes:
    """Confirm with a first code. From now on it is asked for; the recovery codes are shown this once."""
    made, opened = own.confirm_second_factor(tx, wiring.secrets, user, body.code.get_secret_value())
    return RecoveryCodes(recovery_codes=made, session=renewed(opened, tx, wiring, request, response))


@router.post("/second-factor/recovery-codes", responses=PROVING, dependencies=[person()])
def renew_recovery_codes(body: Proof, user: User, tx: Tx, wiring: Wired, request: Request) -> RecoveryCodes:
    """Make new recovery codes; the old ones end."""
    _prove(body, user, tx, wiring, request)
    return RecoveryCodes(recovery_codes=second_factor.renew_recovery_codes(tx.connection, user.user_id))


@router.post(
    "/second-factor/remove", responses={**PROVING, **responses_for(HTTPStatus.CONFLICT)}, dependencies=[person()]
)
def remove_second_factor(
    body: Proof, user: User, tx: Tx, wiring: Wired, request: Request, response: Response
) -> SessionView:
    """Take the second factor away."""
    _prove(body, user, tx, wiring, request)
    required = user.role in wiring.sessions.second_factor_for
    return renewed(own.drop_second_factor(tx, user, required), tx, wiring, request, response)


def _prove(body: Proof, user: Principal, tx: Tx, wiring: Wiring, request: Request) -> None:
    own.prove(wiring.bus, wiring.passwords, user, body.password, client_of(request))
    code = None if body.code is None else body.code.get_secret_value()
    second_factor.check(tx.connection, wiring.secrets, user.user_id, code)
