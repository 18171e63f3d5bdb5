"""Use cases around API tokens: make one, list and revoke them, and who holds one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from ai4k8s_common.rights import Permission
from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts.service import Principal
from ai4k8s_gateway.tokens import repository
from ai4k8s_gateway.tokens.schemas import MadeToken, TokenList, TokenView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.rights import Rights
    from ai4k8s_gateway.tokens.schemas import NewToken

# Scanners of secrets find what begins alike.
PREFIX = "ai4k8s_"
TOKEN_BYTES = 32
SHOWN_CHARACTERS = len(PREFIX) + 6
MOST_TOKENS = 50
TOUCH_EVERY = timedelta(minutes=1)

log = structlog.stdlib.get_logger(__name__)


def authenticate(connection: Connection, token: str, client: str) -> Principal:
    """Return whose token this is. Raises UnauthenticatedError."""
    row = repository.find(connection, hash_token(token)) if token.startswith(PREFIX) else None
    if row is None:
        raise UnauthenticatedError("this token is unknown, revoked or over", hint="Make a new one under Tokens.")
    now = utc_now()
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY or row.last_used_from != client:
        repository.touch(connection, row.id, now, client)
    # No cookie came along, so there is nothing that another site's page could make a browser send.
    return Principal(row.user_id, row.username, UserRole(row.role), "", token_id=row.id)


def hash_token(token: str) -> bytes:
    """Return what is stored instead of a token. Its 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def list_views(connection: Connection, user_id: UUID) -> TokenList:
    """Return somebody's tokens."""
    return TokenList(items=[TokenView(**_values(row)) for row in repository.of_user(connection, user_id)])


def make(tx: Transaction, user_id: UUID, rights: Rights, made_by: UUID, new: NewToken) -> MadeToken:
    """Make a token for somebody, who has these rights. Raises InvalidInputError, ConflictError."""
    if len(repository.of_user(tx.connection, user_id)) >= MOST_TOKENS:
        raise ConflictError(f"there are {MOST_TOKENS} tokens already", hint="Revoke one that is not needed.")
    _check_possible(rights, new)
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    now = utc_now()
    values = {
        "user_id": user_id,
        "name": new.name,
        "token_hash": hash_token(token),
        "prefix": token[:SHOWN_CHARACTERS],
        "scopes": sorted(set(new.scopes)),
        "cluster_ids": None if new.cluster_ids is None else sorted(set(new.cluster_ids)),
        "created_by": made_by,
        "created_at": now,
        "expires_at": None if new.expires_in_days is None else now + timedelta(days=new.expires_in_days),
    }
    row = repository.add(tx.connection, values)
    log.info("token_made", token_id=str(row.id), user_id=str(user_id), made_by=str(made_by))
    return MadeToken(**_values(row), token=token)


def revoke(tx: Transaction, user_id: UUID, token_id: UUID) -> None:
    """End a token now. Raises NotFoundError."""
    if not repository.revoke(tx.connection, token_id, user_id, utc_now()):
        raise NotFoundError("there is no such token", hint="It may be revoked already.")
    log.info("token_revoked", token_id=str(token_id), user_id=str(user_id))


def _check_possible(rights: Rights, new: NewToken) -> None:
    """Refuse what could never be used, rather than let somebody find that out at night."""
    for scope in new.scopes:
        if not rights.may_somewhere(scope) or (scope is Permission.INSTALLATION_MANAGE and not rights.is_admin):
            raise InvalidInputError(
                f"'{scope.value}' is nowhere among the rights of its owner", hint="Leave that scope out."
            )
    for cluster_id in new.cluster_ids or ():
        if rights.role_in(cluster_id) is None:
            raise InvalidInputError("one of the clusters is not there for its owner", hint="Choose among those seen.")


def _values(row: Row[Any]) -> dict[str, Any]:
    names = TokenView.model_fields
    return {name: getattr(row, name) for name in names}
