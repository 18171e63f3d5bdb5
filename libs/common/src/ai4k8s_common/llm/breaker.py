"""Leaves a provider alone for a while after it failed several times in a row, in all processes at once.

Redis holds what is known; each process keeps its own picture beside it and goes by that while Redis is away. After the
rest one call is let through to try, and its outcome closes the breaker or doubles the rest.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

FAILURES_IN_A_ROW = 3
FIRST_REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 300.0
FORGOTTEN_AFTER_SECONDS = 3600
PREFIX = "ai4k8s:llm"
REDIS_SECONDS = 1.0

log = structlog.stdlib.get_logger(__name__)


def redis_client(url: SecretStr) -> redis.Redis:
    """Return a client that gives up within a second: nothing here is worth waiting for."""
    return redis.Redis.from_url(
        url.get_secret_value(),
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def standing_key(key: str) -> str:
    """Where a standing is in Redis."""
    return f"{PREFIX}:standing:{key}"


class BreakerState(StrEnum):
    """Whether a provider is asked."""

    CLOSED = "closed"  # asked
    OPEN = "open"  # left alone
    TRYING = "trying"  # the rest is over; one call tries


@dataclass(frozen=True)
class Standing:
    """What is known of a provider or one of its models; times in Unix seconds."""

    failures: int = 0
    open_until: float = 0.0
    last_error: str = ""
    last_error_at: float = 0.0
    last_ok_at: float = 0.0
    last_seconds: float = 0.0

    def state(self, now: float) -> BreakerState:
        """Return whether it is asked now."""
        if now < self.open_until:
            return BreakerState.OPEN
        return BreakerState.TRYING if self.failures >= FAILURES_IN_A_ROW else BreakerState.CLOSED


class Board(Protocol):
    """Where standings are kept."""

    def read(self, key: str) -> Standing:
        """Return what is known."""
        ...

    def write(self, key: str, changes: dict[str, float | str]) -> None:
        """Change some fields."""
        ...

    def count_failure(self, key: str) -> int:
        """Add one failure; return how many there are in a row."""
        ...

    def take_trial(self, key: str, seconds: float) -> bool:
        """Whether it is ours to try. At most one caller in so many seconds hears yes."""
        ...


@dataclass
class LocalBoard:
    """In this process alone."""

    now: Callable[[], float] = time.time
    _fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    _trials: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, key: str) -> Standing:
        """Return what is known."""
        with self._lock:
            return Standing(**self._fields.get(key, {}))

    def write(self, key: str, changes: dict[str, float | str]) -> None:
        """Change some fields."""
        with self._lock:
            self._fields.setdefault(key, {}).update(changes)

    def count_failure(self, key: str) -> int:
        """Add one failure."""
        with self._lock:
            known = self._fields.setdefault(key, {})
            known["failures"] = int(known.get("failures", 0)) + 1
            return int(known["failures"])

    def take_trial(self, key: str, seconds: float) -> bool:
        """Whether it is ours to try."""
        with self._lock:
            free = self._trials.get(key, 0.0) <= self.now()
            if free:
                self._trials[key] = self.now() + seconds
            return free


class SharedBoard:
    """In Redis, for all processes; in this one alone while Redis is away."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Any = client
        self._local = LocalBoard()

    def read(self, key: str) -> Standing:
        """Return what is known."""
        try:
            raw = self._redis.hgetall(standing_key(key))
        except RedisError:
            return self._local.read(key)
        return standing_of(raw)

    def write(self, key: str, changes: dict[str, float | str]) -> None:
        """Change some fields."""
        self._local.write(key, changes)
        try:
            pipe = self._redis.pipeline()
            pipe.hset(standing_key(key), mapping=changes)
            pipe.expire(standing_key(key), FORGOTTEN_AFTER_SECONDS * 24)
            pipe.execute()
        except RedisError as error:
            log.warning("breaker_not_shared", error=type(error).__name__)

    def count_failure(self, key: str) -> int:
        """Add one failure."""
        local = self._local.count_failure(key)
        try:
            return int(self._redis.hincrby(standing_key(key), "failures", 1))
        except RedisError:
            return local

    def take_trial(self, key: str, seconds: float) -> bool:
        """Whether it is ours to try."""
        try:
            return bool(self._redis.set(f"{PREFIX}:trial:{key}", "1", nx=True, px=max(1, int(seconds * 1000))))
        except RedisError:
            return self._local.take_trial(key, seconds)


def standing_of(raw: dict[Any, Any]) -> Standing:
    """Return a standing as Redis holds it; what cannot be read counts as unknown."""
    known = {_text(name): _text(value) for name, value in raw.items()}
    numbers = ("open_until", "last_error_at", "last_ok_at", "last_seconds")
    try:
        return Standing(
            failures=int(known.get("failures", 0)),
            last_error=known.get("last_error", ""),
            **{name: float(known.get(name, 0.0)) for name in numbers},
        )
    except ValueError:
        return Standing()


def _text(value: object) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Breaker:
    """Decides by a board."""

    board: Board
    now: Callable[[], float] = time.time

    def may_ask(self, key: str, call_seconds: float) -> bool:
        """Whether to ask it now; a yes after a rest is the one trial."""
        state = self.board.read(key).state(self.now())
        if state is BreakerState.TRYING:
            return self.board.take_trial(key, call_seconds)
        return state is BreakerState.CLOSED

    def went_well(self, key: str, seconds: float) -> None:
        """Close it."""
        self.board.write(
            key, {"failures": 0, "open_until": 0.0, "last_ok_at": self.now(), "last_seconds": round(seconds, 3)}
        )

    def failed(self, key: str, error: str) -> None:
        """Count a failure; open it after several."""
        failures = self.board.count_failure(key)
        changes: dict[str, float | str] = {"last_error": error, "last_error_at": self.now()}
        if failures >= FAILURES_IN_A_ROW:
            rest = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2 ** (failures - FAILURES_IN_A_ROW))
            changes["open_until"] = self.now() + rest
        self.board.write(key, changes)

    def noted(self, key: str, error: str) -> None:
        """Remember an error that says nothing against asking again."""
        self.board.write(key, {"last_error": error, "last_error_at": self.now()})

    def rest(self, key: str, seconds: float, error: str) -> None:
        """Leave it alone for so long, as it asked."""
        self.board.write(key, {"open_until": self.now() + seconds, "last_error": error, "last_error_at": self.now()})
