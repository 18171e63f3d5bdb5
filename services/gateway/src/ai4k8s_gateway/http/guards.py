"""Whom the gateway answers: known host names, own origin, bodies of bounded size.

A browser sends cookies along with whatever page makes it call us. The Host check stops DNS rebinding (an address
given in digits cannot be rebound, so those are always allowed), the Origin check stops forged requests and foreign
WebSockets before any cookie is looked at; CSRF tokens come on top, in `dependencies`.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ai4k8s_gateway.http.problems import problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Probes and scrapers call by the pod's or service's name, carry no cookie and change nothing.
UNGUARDED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class OriginGuard:
    """Refuse foreign hosts, foreign origins on unsafe methods, and foreign WebSockets."""

    def __init__(self, app: ASGIApp, public_url: str | None, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        public_host = urlsplit(public_url).hostname if public_url else None
        names = (*allowed_hosts, *((public_host,) if public_host else ()), "localhost")
        self._names = frozenset(name.lower().rstrip(".") for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 403 (421 for an unknown host)."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in UNGUARDED_PATHS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_known_host(headers.get("host", "")):
            detail, hint = "this server does not answer to that host name", "Set AI4K8S_GATEWAY_ALLOWED_HOSTS."
            response = problem_response(421, "unknown_host", detail, hint=hint)
        elif self._is_forged(scope, headers):
            response = problem_response(403, "foreign_origin", "the request comes from another site's page")
        else:
            await self._app(scope, receive, send)
            return
        await response(scope, receive, send)

    def _is_known_host(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.rstrip(".") in self._names or _is_address(name)

    @staticmethod
    def _is_forged(scope: Scope, headers: Headers) -> bool:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return False
        origin = headers.get("origin")
        if origin is not None:
            page = urlsplit(origin)
            # Over TLS the page must have come so too: anybody on the way can write into one that did not.
            downgraded = scope["scheme"] in {"https", "wss"} and page.scheme != "https"
            return downgraded or page.netloc.lower() != headers.get("host", "").lower()
        # Not a browser, or one that did not say: modern ones send this for every request.
        return headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class BodyLimit:
    """Refuse bodies above a size, whether announced or found while reading."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body first: it is small, and then a too large one never reaches a parser."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        body = None if announced.isdigit() and int(announced) > self._max_bytes else await self._read(receive)
        if body is None:
            limit = f"{self._max_bytes / 1_000_000:.3g} MB"
            response = problem_response(
                413, "body_too_large", f"the request is larger than {limit}", headers={"Connection": "close"}
            )
            await response(scope, receive, send)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive) -> bytes | None:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b"".join(chunks)
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._max_bytes:
                return None
            if not message.get("more_body", False):
                return b"".join(chunks)
