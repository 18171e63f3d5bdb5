"""Events for people who are watching right now: numbered per room and kept for a while, so that gaps can be filled.

An event is written to its room's log in Redis first, which gives it its number, and is then sent to the gateways. Who
was away asks for what came after the last number they saw; who was away for longer than the log reaches, or saw the
log of a Redis that was emptied since, is told to ask for everything anew. The store has the truth in any case.

Gateways hear events by Socket.IO's own means. What its Redis manager would publish is written out here, because
importing the library takes a worker a quarter of its start and brings two HTTP clients along.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue

    from ai4k8s_common.settings import BusSettings

CHANNEL = "ai4k8s-live"
KEPT_EVENTS = 500  # per room: hours of a cluster's cycles, or a long job's every word
KEPT_SECONDS = 86_400
WAITING_EVENTS = 1_000
TRY_AGAIN_AFTER_SECONDS = 1.0

log = structlog.stdlib.get_logger(__name__)


class LiveEventName(StrEnum):
    """The events a browser may hear."""

    JOB_STATUS = "job_status"
    PROGRESS = "progress"
    METRICS = "metrics"
    DECISION = "decision"
    CLUSTER = "cluster"
    INCIDENT = "incident"
    RIGHTS = "rights"  # what somebody may do has changed
    CHAT = "chat"


@dataclass(frozen=True)
class LiveEvent:
    """One event for one room."""

    name: LiveEventName
    room: str
    payload: dict[str, JsonValue]


def cluster_room(cluster_id: UUID) -> str:
    """Room of everybody who watches a cluster."""
    return f"cluster:{cluster_id}"


def user_room(user_id: UUID) -> str:
    """Room of one person's open pages."""
    return f"user:{user_id}"


def head_key(room: str) -> str:
    """Where a room's epoch and latest number are. The epoch changes when numbers begin anew."""
    return f"ai4k8s-live:{{{room}}}:head"


def log_key(room: str) -> str:
    """Where a room's latest events are; entry `N-0` is event number N."""
    return f"ai4k8s-live:{{{room}}}:log"


def broadcast(event: LiveEvent, position: dict[str, JsonValue], host_id: str) -> str:
    """Write what Socket.IO's managers tell one another: send `event(payload, position)` to everybody in the room."""
    return json.dumps(
        {
            "method": "emit",
            "event": event.name.value,
            "data": [event.payload, position],
            "binary": False,
            "namespace": "/",
            "room": event.room,
            "skip_sid": None,
            "callback": None,
            "host_id": host_id,
        }
    )


# Number and entry come to be together, whoever else writes at the same time.
_APPEND = """
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1]) == 1 then redis.call('DEL', KEYS[2]) end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[2], seq .. '-0', 'event', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return {redis.call('HGET', KEYS[1], 'epoch'), seq}
"""


class LiveEvents:
    """Writes events into Redis, from where every gateway process sends them on. Thread-safe; one a process.

    While Redis is away events wait here. Nobody else waits: an event is worth less than the work that causes it.
    """

    def __init__(self, settings: BusSettings, waiting_events: int = WAITING_EVENTS) -> None:
        url = settings.redis_url.get_secret_value()
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0), decode_responses=True
        )
        self._append = self._redis.register_script(_APPEND)
        self._host_id = uuid.uuid4().hex
        self._queue = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: deque[LiveEvent] = deque()
        self._most_waiting = waiting_events
        self._interrupted: set[str] = set()
        self._not_before = 0.0

    def emit(self, event: LiveEvent) -> None:
        """Send, or keep for `flush` while Redis is away. Never raises for it."""
        with self._queue:
            self._waiting.append(event)
            while len(self._waiting) > self._most_waiting:
                self._interrupted.add(self._waiting.popleft().room)
        self.flush()

    def flush(self) -> None:
        """Send what waits, in order, as far as Redis takes it. Returns at once where another thread is at it."""
        while (self._waiting or self._interrupted) and time.monotonic() >= self._not_before:
            if not self._sending.acquire(blocking=False):
                return  # it takes ours along, or looks again below
            try:
                self._tell_interruptions()
                self._send_waiting()
            except redis.RedisError as error:
                self._not_before = time.monotonic() + TRY_AGAIN_AFTER_SECONDS
                log.warning("live_events_wait", events=len(self._waiting), error=str(error))
                return
            finally:
                self._sending.release()

    def close(self) -> None:
        """Give the connections back."""
        self._redis.close()

    def _tell_interruptions(self) -> None:
        """Begin a new epoch in rooms that lost too many events for numbers to tell."""
        for room in list(self._interrupted):
            self._redis.delete(head_key(room), log_key(room))
            with self._queue:
                self._interrupted.discard(room)
            log.warning("live_events_lost", room=room)

    def _send_waiting(self) -> None:
        while event := self._take():
            entry = json.dumps({"name": event.name.value, "payload": event.payload})
            try:
                epoch, number = self._append(
                    keys=[head_key(event.room), log_key(event.room)],
                    args=[uuid.uuid4().hex, KEPT_EVENTS, entry, KEPT_SECONDS],
                )
            except redis.RedisError:
                with self._queue:
                    self._waiting.appendleft(event)
                raise
            self._tell_gateways(event, {"room": event.room, "epoch": epoch, "seq": number})

    def _tell_gateways(self, event: LiveEvent, position: dict[str, JsonValue]) -> None:
        """Should this be lost, the gateways still tell the room's latest number every few seconds."""
        with contextlib.suppress(redis.RedisError):
            self._redis.publish(CHANNEL, broadcast(event, position, self._host_id))

    def _take(self) -> LiveEvent | None:
        with self._queue:
            return self._waiting.popleft() if self._waiting else None
