"""Events for people who are watching right now. Best effort: nothing depends on one, the store has the truth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import socketio

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue

    from ai4k8s_common.settings import BusSettings

CHANNEL = "ai4k8s-live"


class LiveEventName(StrEnum):
    """The events a browser may hear."""

    JOB_STATUS = "job_status"
    PROGRESS = "progress"
    METRICS = "metrics"
    DECISION = "decision"
    CLUSTER = "cluster"


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


class LiveEvents:
    """Writes events into Redis, from where every gateway process sends them on."""

    def __init__(self, settings: BusSettings) -> None:
        self._manager: Any = socketio.RedisManager(
            settings.redis_url.get_secret_value(),
            channel=CHANNEL,
            write_only=True,
            redis_options={"socket_connect_timeout": 2, "socket_timeout": 2},
        )

    def emit(self, event: LiveEvent) -> None:
        """Send; the manager logs and gives up when Redis is away."""
        self._manager.emit(event.name.value, event.payload, room=event.room)
