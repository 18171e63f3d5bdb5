"""What routes ask for: the wiring, one transaction, and who is asking.

The transaction ends before the answer is sent: nobody is told 'done' about something that then fails to commit.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie

from ai4k8s_common.bus.transaction import Transaction
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.audit.hook import client_of, record_done, record_refused, remember_actor
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
    request: Request, wiring: Wired, tx: Tx, cookie: Annotated[str | None, Depends(session_cookie)]
) -> accounts.Principal:
    """Return who is asking; unsafe requests must also carry the session's CSRF token."""
    principal = accounts.authenticate(tx.connection, wiring.sessions, cookie)
    remember_actor(request, principal.user_id, principal.username)
    if request.method not in SAFE_METHODS:
        accounts.check_csrf(principal, request.headers.get(CSRF_HEADER))
    return principal


__all__ = ["CSRF_HEADER", "SESSION_COOKIE", "Tx", "User", "Wired", "client_of", "get_principal", "get_wiring"]

User = Annotated[accounts.Principal, Depends(get_principal)]
