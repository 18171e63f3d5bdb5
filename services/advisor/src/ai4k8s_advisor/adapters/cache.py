"""Keeps a model's answers for all advisor workers, and sees to it that one question is asked once.

Whoever finds nothing takes a short lease on the workload and renews it while it asks; whoever comes meanwhile waits for
that answer. A lease that is not renewed ends by itself, and the next one asks. Without Redis there is no cache and no
lease, everybody asks for themselves, and nothing else changes.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import redis
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.exceptions import RedisError

from ai4k8s_advisor.metrics import CACHE_LOOKS, STAMPEDES_AVOIDED, Found
from ai4k8s_common.contracts.advisor import ModelWord

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from ai4k8s_advisor.settings import AdvisorSettings

TIMEOUT_SECONDS = 1.0
LEASE_SECONDS = 5.0
_RENEW_SECONDS = LEASE_SECONDS / 3
_LOOK_AGAIN_SECONDS = 0.05
#: Long enough for a question to be put; whoever died before is followed by the next one.
_RENEWED_SECONDS = 60.0
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"
_RENEW = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
)

log = structlog.stdlib.get_logger(__name__)


class Kept(BaseModel):
    """An answer in the cache: what was said, to which facts, when."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    word: ModelWord
    known_facts: tuple[str, ...]
    said_at: float  # seconds since the epoch
    fallbacks: tuple[str, ...] = ()  # providers that were asked before, and why they did not answer


@dataclass(frozen=True)
class Look:
    """What a look found. `kept` is usable also when stale; `mine` says that nobody else answered this question."""

    kept: Kept | None
    found: Found
    mine: bool = False

    @property
    def is_stale(self) -> bool:
        """Whether the model should be asked anew."""
        return self.found is Found.STALE


@dataclass(frozen=True)
class Refused:
    """Why no question was put, or none was answered in time."""

    reason: str


class AnswerCache(Protocol):
    """Remembers answers; forgetting is always allowed."""

    def look(self, key: str) -> Look:
        """Return an answer, fresh or stale, without asking anybody."""
        ...

    def once(self, key: str, workload_id: int, ask: Callable[[], Kept], patience_seconds: float) -> Look | Refused:
        """Return a fresh answer: a kept one, somebody else's, or what `ask` gives. Raises what `ask` raises."""
        ...

    def may_renew(self, key: str, workload_id: int) -> bool:
        """Whether a stale answer should be asked for anew now, by whoever is told so."""
        ...


class RedisAnswerCache:
    """Answers in Redis, for all workers of an installation."""

    def __init__(self, url: SecretStr, settings: AdvisorSettings, clock: Callable[[], float] = time.time) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url.get_secret_value(), socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._settings = settings
        self._clock = clock

    def look(self, key: str) -> Look:
        """Return an answer, fresh or stale."""
        try:
            look = self._look(key)
        except RedisError as error:
            log.warning("cache_unavailable", error=type(error).__name__)
            look = Look(None, Found.UNAVAILABLE)
        CACHE_LOOKS.labels(look.found.value).inc()
        return look

    def once(self, key: str, workload_id: int, ask: Callable[[], Kept], patience_seconds: float) -> Look | Refused:
        """Return a fresh answer; of many who ask at the same time one puts the question."""
        until = time.monotonic() + patience_seconds
        lease = _Lease(self._redis, f"ai4k8s:advice:lease:{workload_id}")
        waited = False
        try:
            while True:
                look = self._look(key)
                if look.found is Found.HIT:
                    return self._handed(look, waited=waited)
                if lease.take():
                    break
                waited = True
                if time.monotonic() >= until:
                    return Refused("somebody else was asking about this workload all the time")
                time.sleep(_LOOK_AGAIN_SECONDS)
            with lease:
                look = self._look(key)
                if look.found is Found.HIT:
                    return self._handed(look, waited=waited)
                if self._since_asked(workload_id) < self._settings.least_seconds_between_questions:
                    return self._too_soon(look)
                return self._ask(key, workload_id, ask)
        except RedisError as error:
            log.warning("cache_unavailable", error=type(error).__name__)
            CACHE_LOOKS.labels(Found.UNAVAILABLE.value).inc()
            return Look(ask(), Found.UNAVAILABLE, mine=True)

    def may_renew(self, key: str, workload_id: int) -> bool:
        """Whether a stale answer should be asked for anew now: of one workload one at a time, each five minutes.

        Where usage sways between two keys both have answers; renewing the one in turn is enough.
        """
        try:
            if self._since_asked(workload_id) < self._settings.cache_seconds:
                return False
            minute = int(self._clock() / _RENEWED_SECONDS)
            return bool(self._redis.set(f"{key}:renewed:{minute}", "1", nx=True, px=int(1000 * _RENEWED_SECONDS)))
        except RedisError:
            return False

    def close(self) -> None:
        """Close connections."""
        self._redis.close()

    def _look(self, key: str) -> Look:
        raw = self._redis.get(key)
        if not isinstance(raw, bytes | str):
            return Look(None, Found.MISS)
        try:
            kept = Kept.model_validate_json(raw)
        except ValidationError:
            return Look(None, Found.MISS)
        age = self._clock() - kept.said_at
        if age > self._settings.cache_seconds + self._settings.stale_seconds:
            return Look(None, Found.MISS)
        return Look(kept, Found.HIT if age <= self._settings.cache_seconds else Found.STALE)

    def _since_asked(self, workload_id: int) -> float:
        raw = self._redis.get(_asked_key(workload_id))
        try:
            return self._clock() - float(raw) if isinstance(raw, bytes | str) else math.inf
        except ValueError:
            return math.inf

    def _handed(self, look: Look, *, waited: bool) -> Look:
        CACHE_LOOKS.labels(Found.HIT.value).inc()
        if waited:
            STAMPEDES_AVOIDED.inc()
        return look

    def _too_soon(self, look: Look) -> Look | Refused:
        if look.kept is not None:
            CACHE_LOOKS.labels(Found.STALE.value).inc()
            return look
        least = self._settings.least_seconds_between_questions
        return Refused(f"a model was asked about this workload less than {least:.0f} s ago")

    def _ask(self, key: str, workload_id: int, ask: Callable[[], Kept]) -> Look:
        CACHE_LOOKS.labels(Found.MISS.value).inc()
        try:
            kept = ask()
        finally:
            longest = max(self._settings.least_seconds_between_questions, self._settings.cache_seconds)
            self._remember(_asked_key(workload_id), str(self._clock()), longest)
        self._remember(key, kept.model_dump_json(), self._settings.cache_seconds + self._settings.stale_seconds)
        return Look(kept, Found.MISS, mine=True)

    def _remember(self, key: str, value: str, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            self._redis.set(key, value, px=max(int(1000 * seconds), 1))
        except RedisError as error:
            # The answer is here and counts; only the next one has to ask again.
            log.warning("cache_unavailable", error=type(error).__name__)


def _asked_key(workload_id: int) -> str:
    return f"ai4k8s:advice:asked:{workload_id}"


@dataclass
class _Lease:
    """The right to ask about one workload, renewed by a thread for as long as its holder lives."""

    server: redis.Redis
    key: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    _done: threading.Event = field(default_factory=threading.Event)

    def take(self) -> bool:
        """Take it, if nobody has it."""
        return bool(self.server.set(self.key, self.token, nx=True, px=int(1000 * LEASE_SECONDS)))

    def __enter__(self) -> None:
        threading.Thread(target=self._renew, name="advice-lease", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        try:
            self.server.eval(_RELEASE, 1, self.key, self.token)
        except RedisError:
            log.info("lease_left_to_end", key=self.key)

    def _renew(self) -> None:
        while not self._done.wait(_RENEW_SECONDS):
            try:
                self.server.eval(_RENEW, 1, self.key, self.token, str(int(1000 * LEASE_SECONDS)))
            except RedisError:
                continue
