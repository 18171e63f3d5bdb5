"""Your own API tokens."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_gateway.access.rules import person
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.tokens import service
from ai4k8s_gateway.tokens.schemas import MadeToken, NewToken, TokenList

router = APIRouter(
    prefix="/tokens",
    tags=["tokens"],
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
)


@router.get("", dependencies=[person("your own tokens")])
def list_tokens(user: User, tx: Tx) -> TokenList:
    """Your tokens, newest first; never what opens anything."""
    return service.list_views(tx.connection, user.user_id)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[person("your own tokens; one cannot make another")],
)
def make_token(body: NewToken, user: User, tx: Tx) -> MadeToken:
    """Make a token. It is shown this once, and may never do more than you may at that moment."""
    return service.make(tx, user.user_id, user.rights, user.user_id, body)


@router.delete(
    "/{token_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses_for(HTTPStatus.NOT_FOUND),
    dependencies=[person("your own tokens")],
)
def revoke_token(token_id: UUID, user: User, tx: Tx) -> None:
    """End a token: its next request is refused, and its live connections end within seconds."""
    service.revoke(tx, user.user_id, token_id)
