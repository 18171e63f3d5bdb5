"""One span, one log line and three metrics (rate, errors, duration) per request, under the route's template."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

import structlog
from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers, MutableHeaders

from ai4k8s_common.telemetry.tracing import mark_failed, span

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ai4k8s_gateway.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
API = "/api/v1"
UNMATCHED = "unmatched"  # one label for all that is not a route: scanners must not make new time series

log = structlog.stdlib.get_logger(__name__)


class RequestTelemetry:
    """The outermost layer: what it does not see did not happen."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with span(scope["method"], SpanKind.SERVER, headers) as current:
            await self._measure(scope, receive, send, headers, current)

    async def _measure(self, scope: Scope, receive: Receive, send: Send, headers: Headers, current: Span) -> None:
        started = time.perf_counter()
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("X-Request-Id", request_id)
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            current.update_name(f"{scope['method']} {_template(scope)}")
            if status >= 500:
                mark_failed(current, f"answered {status}")
            self._record(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.request_seconds.labels(scope["method"], route).observe(seconds)
        write = log.debug if route in QUIET_ROUTES else log.info
        write(
            "request_answered",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _template(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return UNMATCHED
    # FastAPI keeps the prefixes of included routers apart from their routes.
    prefix = API if scope["path"].startswith(f"{API}/") and not path.startswith(API) else ""
    return prefix + path
