"""Who is asking, with what they may do now: by a session's cookie, or by an API token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ai4k8s_common.errors import UnauthenticatedError
from ai4k8s_common.store.isolation import see, see_everything
from ai4k8s_common.store.rights import read_rights
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.tokens import service as tokens

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.accounts.sessions import SessionRules

BEARER = "bearer "


def identify(
    connection: Connection, rules: SessionRules, cookie: str | None, authorization: str | None, client: str
) -> Principal:
    """Return who is asking. A token counts before a cookie: a program says with it what it wants to be.

    Raises UnauthenticatedError.
    """
    token = bearer_of(authorization)
    if token is None:
        known = accounts.authenticate(connection, rules, cookie)
    else:
        known = tokens.authenticate(connection, token, client)
    return refreshed(connection, known)


def refreshed(connection: Connection, principal: Principal) -> Principal:
    """The same with their rights as they are now; the transaction sees what they may, and nothing else."""
    see_everything(connection)
    rights = read_rights(connection, principal.user_id, principal.token_id)
    see(connection, rights)
    return replace(principal, rights=rights)


def bearer_of(authorization: str | None) -> str | None:
    """Return the token in an Authorization header. Raises UnauthenticatedError for any other scheme."""
    if not authorization:
        return None
    if not authorization.lower().startswith(BEARER):
        raise UnauthenticatedError("only bearer tokens are understood", hint="Send 'Authorization: Bearer <token>'.")
    return authorization[len(BEARER) :].strip()
