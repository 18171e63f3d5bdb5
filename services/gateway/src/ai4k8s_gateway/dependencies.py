"""What routes ask for: the wiring, one transaction, and who is asking.

The transaction ends before the answer is sent: nobody is told 'done' about something that then fails to commit.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie

from ai4k8s_common.bus.transaction import Transaction
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.http.guards import SAFE_METHODS
from ai4k8s_gateway.wiring import Wiring

SESSION_COOKIE = "ai4k8s_session"
CSRF_HEADER = "X-CSRF-Token"
# As many as the pool has connections (twice its size): others wait without holding a thread.
CONCURRENT_TRANSACTIONS = 10

session_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="set by POST /auth/login")


def get_wiring(request: Request) -> Wiring:
    """Return the parts of this app."""
    return cast("Wiring", request.app.state.wiring)


def open_transaction(wiring: Annotated[Wiring, Depends(get_wiring)]) -> Iterator[Transaction]:
    """Open the request's one transaction."""
    with wiring.bus.transaction() as tx:
        yield tx


Wired = Annotated[Wiring, Depends(get_wiring)]
Tx = Annotated[Transaction, Depends(open_transaction, scope="function", max_concurrency=CONCURRENT_TRANSACTIONS)]


def get_principal(
    request: Request, wiring: Wired, tx: Tx, cookie: Annotated[str | None, Depends(session_cookie)]
) -> accounts.Principal:
    """Return who is asking; unsafe requests must also carry the session's CSRF token."""
    principal = accounts.authenticate(tx.connection, wiring.sessions, cookie)
    if request.method not in SAFE_METHODS:
        accounts.check_csrf(principal, request.headers.get(CSRF_HEADER))
    return principal


User = Annotated[accounts.Principal, Depends(get_principal)]


def client_of(request: Request) -> str:
    """Return the address that failures are counted under."""
    return request.client.host if request.client else "unknown"
