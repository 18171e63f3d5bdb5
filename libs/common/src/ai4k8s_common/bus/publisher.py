"""Putting a message into the broker, and noticing that the broker lost its memory.

The epoch is a key in the broker. When Redis was emptied the key is gone, a new epoch begins, and every open outbox
row that was published in an older one is known to be lost and is published again.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import redis
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from ai4k8s_common.bus.app import make_app
from ai4k8s_common.errors import UnavailableError

if TYPE_CHECKING:
    from ai4k8s_common.contracts.base import Envelope, Tick
    from ai4k8s_common.services import Service
    from ai4k8s_common.settings import BusSettings

EPOCH_KEY = "ai4k8s:broker-epoch"


class BrokerUnavailableError(UnavailableError):
    """The broker does not answer; what was accepted waits in the outbox."""

    code = "broker_unavailable"


class Publisher:
    """Thread-safe; one a process."""

    def __init__(self, service: Service, settings: BusSettings) -> None:
        self._app = make_app(f"{service.value}-publisher", settings)
        url = settings.broker_url.get_secret_value()
        self._redis: redis.Redis | None = None
        if url.startswith(("redis://", "rediss://", "unix://")):
            self._redis = redis.Redis.from_url(
                url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0), decode_responses=True
            )
        self._lock = threading.Lock()
        self._epoch: str | None = None

    @property
    def epoch(self) -> str | None:
        """The broker's epoch as last seen; None before the first look and for brokers without one."""
        return self._epoch

    def refresh_epoch(self) -> str | None:
        """Ask the broker which epoch it is in, beginning one where there is none."""
        if self._redis is None:
            return None
        try:
            self._redis.set(EPOCH_KEY, str(uuid.uuid4()), nx=True)
            seen = self._redis.get(EPOCH_KEY)
        except redis.RedisError as error:
            raise BrokerUnavailableError("the broker does not answer") from error
        self._epoch = str(seen) if seen else None
        return self._epoch

    def publish(self, envelope: Envelope, queue: str) -> None:
        """Send one message. Raises BrokerUnavailableError."""
        self._send(
            envelope.contract,
            {"envelope": envelope.model_dump(mode="json")},
            queue=queue,
            task_id=str(envelope.id),
        )

    def publish_tick(self, tick: type[Tick], expires_seconds: float) -> None:
        """Send one tick, which is dropped when nobody takes it in time."""
        self._send(tick.name, {"envelope": None}, queue=tick.queue(), expires=expires_seconds)

    def _send(self, name: str, kwargs: dict[str, Any], **options: object) -> None:
        try:
            with self._lock:
                self._app.send_task(name, kwargs=kwargs, **options)
        except (OperationalError, redis.RedisError, OSError) as error:
            raise BrokerUnavailableError("the broker does not answer") from error

    def close(self) -> None:
        """Give the connections back."""
        self._app.close()
        if self._redis is not None:
            self._redis.close()
