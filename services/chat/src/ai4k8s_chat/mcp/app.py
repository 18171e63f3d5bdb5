"""The MCP server's HTTP side: Streamable HTTP without sessions, and nobody in without a signed identity."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from ai4k8s_common.errors import UnauthenticatedError, UnavailableError
from ai4k8s_common.security.identity import HEADER, MCP_AUDIENCE, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any

    from mcp.server.lowlevel import Server
    from pydantic import SecretStr
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
LARGEST_REQUEST = 1_000_000


def create_app(
    server: Server[Any],
    key: SecretStr,
    clock: Callable[[], datetime],
    ping_store: Callable[[], None],
    allowed_hosts: Sequence[str] = (),
) -> ASGIApp:
    """Put the app together."""
    hosts = [name for host in ("127.0.0.1", "localhost", "[::1]", *allowed_hosts) for name in (host, f"{host}:*")]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=LARGEST_REQUEST,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=[]
        ),
    )
    return Guard(app, key, clock, ping_store)


class Guard:
    """Checks the signed identity of every request, and answers probes."""

    def __init__(
        self, app: ASGIApp, key: SecretStr, clock: Callable[[], datetime], ping_store: Callable[[], None]
    ) -> None:
        self._app, self._key, self._clock, self._ping_store = app, key, clock, ping_store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the identity in the request's state, or answer 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in {"/healthz", "/readyz"}:
            await self._health(scope["path"])(scope, receive, send)
            return
        try:
            identity = verify(self._key, Headers(scope=scope).get(HEADER, ""), MCP_AUDIENCE, self._clock())
        except UnauthenticatedError as error:
            body = {"code": error.code, "detail": error.detail, "hint": error.hint}
            answer = JSONResponse(body, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["identity"] = identity
        await self._app(scope, receive, send)

    def _health(self, path: str) -> JSONResponse:
        if path == "/readyz":
            try:
                self._ping_store()
            except UnavailableError as error:
                return JSONResponse({"status": error.detail}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ok"})
