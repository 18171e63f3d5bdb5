"""What routes ask for: the wiring, one transaction, and who is asking.

The transaction ends before the answer is sent: nobody is told 'done' about something that then fails to commit.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from ai4k8s_common.bus.transaction import Transaction
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError, UnauthenticatedError
from ai4k8s_gateway.access.identity import identify
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.accounts import sessions
from ai4k8s_gateway.audit.hook import client_of, record_done, record_refused, remember_actor
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.http.guards import SAFE_METHODS
from ai4k8s_gateway.wiring import Wiring

CSRF_HEADER = "X-CSRF-Token"
# Where who must set up a second factor first can do so, or leave.
WITHOUT_SECOND_FACTOR = ("/api/v1/auth/", "/api/v1/me")
# As many as the pool has connections (twice its size): others wait without holding a thread.
CONCURRENT_TRANSACTIONS = 10


class SessionCookie(APIKeyCookie):
    """The session's token, under the name that counts on this kind of connection."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return it, if there is one."""
        return transport.session_token(request.scope)


session_cookie = SessionCookie(
    name=transport.PLAIN_COOKIE,
    auto_error=False,
    description=f"set by POST /auth/login; over https it is named {transport.SECURE_COOKIE}",
)
# Here for the OpenAPI document; what it holds is read by access.identity.
api_token = HTTPBearer(auto_error=False, description="an API token, made under Tokens; needs no CSRF token")


def get_wiring(request: Request) -> Wiring:
    """Return the parts of this app."""
    return cast("Wiring", request.app.state.wiring)


def open_transaction(request: Request, wiring: Annotated[Wiring, Depends(get_wiring)]) -> Iterator[Transaction]:
    """Open the request's one transaction; what it does, or was refused, is in the audit log."""
    try:
        with wiring.bus.transaction() as tx:
            yield tx
            record_done(request, tx)
    except Ai4k8sError as error:
        record_refused(request, wiring.bus, error)
        raise


Wired = Annotated[Wiring, Depends(get_wiring)]
Tx = Annotated[Transaction, Depends(open_transaction, scope="function", max_concurrency=CONCURRENT_TRANSACTIONS)]


def get_principal(
    request: Request,
    response: Response,
    wiring: Wired,
    tx: Tx,
    cookie: Annotated[str | None, Depends(session_cookie)],
    _token: Annotated[object, Depends(api_token)],
) -> accounts.Principal:
    """Return who is asking; unsafe requests of a session must also carry its CSRF token."""
    authorization = request.headers.get("Authorization")
    try:
        principal = identify(tx.connection, wiring.sessions, cookie, authorization, client_of(request))
    except UnauthenticatedError:
        wiring.rates.check_stranger(request, client_of(request))  # guessing tokens is slowed down
        raise
    remember_actor(request, principal.user_id, principal.username, str(principal.token_id or ""))
    if principal.token_id is None and request.method not in SAFE_METHODS:
        accounts.check_csrf(principal, request.headers.get(CSRF_HEADER))
    if not request.url.path.startswith(WITHOUT_SECOND_FACTOR):
        accounts.check_second_factor(principal)
    if principal.session is not None and cookie:
        following = sessions.due_token(tx.connection, wiring.sessions, principal.session, cookie)
        if following is not None:
            left = principal.session.expires_at - utc_now()
            transport.set_session_cookie(response, request.scope, following, left.total_seconds())
    return principal


__all__ = ["CSRF_HEADER", "RecentUser", "Tx", "User", "Wired", "client_of", "get_principal", "get_wiring", "origin_of"]

User = Annotated[accounts.Principal, Depends(get_principal)]


def get_recent(user: User, wiring: Wired) -> accounts.Principal:
    """Return who is asking, when they proved of late who they are; for acts that are worth it."""
    accounts.check_recent(user, wiring.sessions)
    return user


RecentUser = Annotated[accounts.Principal, Depends(get_recent)]


def origin_of(request: Request) -> sessions.Origin:
    """Return where a request comes from, for the list of a person's sessions."""
    return sessions.Origin(client_of(request), request.headers.get("user-agent", ""))
