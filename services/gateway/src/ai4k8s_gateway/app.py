"""The ASGI app: routes, live events and the page behind one row of guards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ai4k8s_gateway import pages
from ai4k8s_gateway.access import rules
from ai4k8s_gateway.http.guards import BodyLimit, OriginGuard
from ai4k8s_gateway.http.headers import SecurityHeaders
from ai4k8s_gateway.http.problems import install_problem_handlers
from ai4k8s_gateway.http.rates import RateHeaders
from ai4k8s_gateway.http.telemetry import API, RequestTelemetry
from ai4k8s_gateway.live.server import Live
from ai4k8s_gateway.routers import (
    advice,
    audit,
    auth,
    autoscaling,
    capacity,
    clusters,
    connections,
    conversations,
    decisions,
    incidents,
    jobs,
    manifests,
    mcp,
    models,
    observed,
    operations,
    outlooks,
    overview,
    own,
    people,
    plans,
    prices,
    single_sign_on,
    system,
    teams,
    tokens,
    workloads,
)
from ai4k8s_gateway.system import service as system_service
from ai4k8s_gateway.wiring import Wiring

DESCRIPTION = (
    "Knows what Kubernetes clusters are about to need, and scales before demand arrives. "
    "Log in with POST /api/v1/auth/login; unsafe requests carry the session's csrf_token as X-CSRF-Token. "
    "Every error is a problem detail (RFC 9457)."
)


# http.telemetry traces and counts every answer, also those that never reach FastAPI. FastAPI's own would make a second
# span of each request, and record refused input, which may be a password.
NO_SECOND_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(wiring: Wiring, static: Path = pages.STATIC) -> ASGIApp:
    """Put the app together."""
    live = Live(wiring)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(live.watch_forever())
        yield
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await live.close()

    app = create_api(lifespan)
    app.state.wiring = wiring
    wiring.metrics.watch_store(lambda: system_service.gauges(wiring.bus))
    app.mount("/socket.io", live.app)
    # Not a mount at "/": that would win over a known address with the wrong method, and 405 would become 404.
    app.router.default = pages.Pages(static)
    settings = wiring.settings
    # Around the app rather than in it, so that its last-resort answers pass through them too.
    limited = BodyLimit(app, settings.max_body_bytes)
    guarded = OriginGuard(limited, settings.public_url, settings.allowed_hosts)
    whole = RequestTelemetry(SecurityHeaders(RateHeaders(guarded)), wiring.metrics)
    # Outermost: who is calling, and whether over TLS, is what a believed proxy says.
    return _behind_proxies(whole, settings.trusted_proxies) if settings.trusted_proxies else whole


def _behind_proxies(app: Any, trusted: str) -> Any:  # uvicorn's types of the same thing are its own
    return ProxyHeadersMiddleware(app, trusted)


def create_api(lifespan: object = None) -> FastAPI:
    """Return the routes alone: enough for the OpenAPI document."""
    app = FastAPI(
        title="AI4K8s",
        version=version("ai4k8s-gateway"),
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,  # type: ignore[arg-type]  # None or a context manager
        generate_unique_id_function=_operation_id,
        telemetry=NO_SECOND_TELEMETRY,
    )
    install_problem_handlers(app)
    api = APIRouter(prefix=API)
    for module in (
        audit,
        auth,
        own,
        people,
        single_sign_on,
        overview,
        connections,
        clusters,
        workloads,
        observed,
        outlooks,
        capacity,
        autoscaling,
        decisions,
        advice,
        incidents,
        jobs,
        manifests,
        models,
        plans,
        conversations,
        prices,
        system,
        teams,
        tokens,
    ):
        api.include_router(module.router)
    api.include_router(teams.clusters_router)
    app.include_router(api)
    app.include_router(operations.router)
    app.include_router(mcp.router)
    list(rules.table(app.routes))  # a route without a rule is not served
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
