"""Keeps advice for a few minutes. Without Redis there is no cache, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import redis
import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from ai4k8s_common.contracts.advisor import Advice

if TYPE_CHECKING:
    from pydantic import SecretStr

KEEP_SECONDS = 300
TIMEOUT_SECONDS = 1.0

log = structlog.stdlib.get_logger(__name__)


class AdviceCache(Protocol):
    """Remembers advice; forgetting it is always allowed."""

    def get(self, key: str) -> Advice | None:
        """Return advice that was put there lately."""
        ...

    def put(self, key: str, advice: Advice) -> None:
        """Remember advice."""
        ...


class RedisAdviceCache:
    """Advice in Redis, for all workers."""

    def __init__(self, url: SecretStr) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url.get_secret_value(), socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )

    def get(self, key: str) -> Advice | None:
        """Return advice of the last minutes; None also when Redis is away or holds something else."""
        try:
            raw = self._redis.get(key)
        except RedisError as error:
            log.warning("cache_unavailable", error=type(error).__name__)
            return None
        if not isinstance(raw, bytes | str):
            return None
        try:
            return Advice.model_validate_json(raw)
        except ValidationError:
            return None

    def put(self, key: str, advice: Advice) -> None:
        """Remember advice for KEEP_SECONDS."""
        try:
            self._redis.set(key, advice.model_dump_json(), ex=KEEP_SECONDS)
        except RedisError as error:
            log.warning("cache_unavailable", error=type(error).__name__)

    def close(self) -> None:
        """Close connections."""
        self._redis.close()
