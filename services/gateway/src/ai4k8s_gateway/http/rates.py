"""How often somebody may ask: per person, token or address, and for single routes, counted in Redis for all processes.

Every answer says what is left (RateLimit and RateLimit-Policy, draft-ietf-httpapi-ratelimit-headers-11), so that a
program can slow down before it must. While Redis is away nobody is counted: a limit protects the service, and refusing
everybody would not.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from ai4k8s_common.errors import TooManyRequestsError
from ai4k8s_gateway.http.guards import SAFE_METHODS

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ai4k8s_gateway.settings import GatewaySettings

WINDOW_SECONDS = 60
PREFIX = "ai4k8s-rate"
# A Redis that hangs must not hold requests up: it is asked again only after a while.
ANSWER_WITHIN_SECONDS = 0.25
ASK_AGAIN_AFTER_SECONDS = 5.0
STATE = "rates"
#: Work for others, or much to read: each may be asked for this often a minute by one caller.
COSTLY = {
    "start_backtest": 20,
    "export_decisions": 20,
    "what_if": 60,
    "check_connection": 30,
    "read_bastion_host_key": 20,
}

log = structlog.stdlib.get_logger(__name__)


class RateLimitedError(TooManyRequestsError):
    """Asked too often."""

    code = "rate_limited"

    def __init__(self, policy: str, limit: int, retry_after_seconds: float) -> None:
        super().__init__(
            f"more than {limit} requests a minute ({policy})",
            hint=f"Go on in {max(1, math.ceil(retry_after_seconds))} s; RateLimit says what is left.",
        )
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with one policy."""

    policy: str
    quota: int
    left: int
    reset_seconds: int


class RateLimits:
    """Counts requests. One a process; thread-safe."""

    def __init__(self, settings: GatewaySettings, redis_url: str) -> None:
        self._settings = settings
        timeout = ANSWER_WITHIN_SECONDS
        options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        storage = RedisStorage(redis_url, key_prefix=PREFIX, wrap_exceptions=True, **options)
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._not_before = 0.0

    def check_caller(self, request: Request, caller: str) -> None:
        """Count a request of somebody known. Raises RateLimitedError."""
        route = str(getattr(request.scope.get("route"), "name", "unknown"))
        self._count(request, "caller", self._settings.rate_per_minute, caller)
        most = COSTLY.get(route)
        if most is not None:
            self._count(request, "route", most, caller, route)
        elif request.method not in SAFE_METHODS:
            self._count(request, "changes", self._settings.rate_changes_per_minute, caller, route)

    def check_stranger(self, request: Request, client: str) -> None:
        """Count a request of nobody known, by where it comes from. Raises RateLimitedError."""
        self._count(request, "address", self._settings.rate_strangers_per_minute, client)

    def _count(self, request: Request, policy: str, quota: int, *key: str) -> None:
        if quota == 0 or time.monotonic() < self._not_before:
            return
        item = RateLimitItemPerMinute(quota)
        try:
            passed = self._limiter.hit(item, policy, *key)
            stats = self._limiter.get_window_stats(item, policy, *key)
        except StorageError as error:
            self._not_before = time.monotonic() + ASK_AGAIN_AFTER_SECONDS
            log.warning("rates_not_counted", error=str(error.storage_error))
            return
        reset = max(1, math.ceil(stats.reset_time - time.time()))
        standing = Standing(policy, quota, max(0, stats.remaining), min(reset, WINDOW_SECONDS))
        standings: list[Standing] = request.scope.setdefault("state", {}).setdefault(STATE, [])
        standings.append(standing)
        if not passed:
            log.warning("rate_limited", policy=policy, quota=quota)
            raise RateLimitedError(policy, quota, standing.reset_seconds)


class RateHeaders:
    """Tells every caller how they stand."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the fields to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and (standings := state.get(STATE)):
                message.setdefault("headers", []).extend(_fields(standings))
            await send(message)

        await self._app(scope, receive, tell)


def _fields(standings: list[Standing]) -> list[tuple[bytes, bytes]]:
    policies = ", ".join(f'"{one.policy}";q={one.quota};w={WINDOW_SECONDS}' for one in standings)
    left = ", ".join(f'"{one.policy}";r={one.left};t={one.reset_seconds}' for one in standings)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
