"""Reading the rooms' logs in Redis: where a room stands, and what came after a number."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis.asyncio

from ai4k8s_common.bus.live import KEPT_SECONDS, head_key, log_key
from ai4k8s_common.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable


class LiveLogUnavailableError(UnavailableError):
    """Redis does not answer."""

    code = "live_unavailable"


@dataclass(frozen=True)
class Position:
    """A room's epoch and the number of an event in it."""

    epoch: str
    seq: int

    @classmethod
    def parse(cls, value: object) -> Position | None:
        """Read what a browser sent; None when it is no position."""
        if not isinstance(value, dict):
            return None
        epoch, seq = value.get("epoch"), value.get("seq")
        if not isinstance(epoch, str) or not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
            return None
        return cls(epoch, seq)


@dataclass(frozen=True)
class Missed:
    """What came after a position. None: that cannot be told any more; ask for everything."""

    head: Position
    events: list[dict[str, Any]] | None


class RoomLogs:
    """One a process. Every method raises LiveLogUnavailableError only."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.asyncio.Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=2, decode_responses=True
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def heads(self, rooms: Iterable[str]) -> dict[str, Position]:
        """Return where rooms stand, without those that nothing was said in."""
        wanted = list(rooms)
        pipeline = self._redis.pipeline(transaction=False)
        for room in wanted:
            pipeline.hmget(head_key(room), "epoch", "seq")
        found = zip(wanted, await self._run(pipeline), strict=True)
        return {room: Position(epoch, int(seq or 0)) for room, (epoch, seq) in found if epoch is not None}

    async def since(self, room: str, after: Position | None) -> Missed:
        """Return a room's head and the events after a position, all of one moment."""
        first = 1 if after is None else after.seq + 1
        pipeline = self._redis.pipeline(transaction=True)
        # A room that was silent so far begins its epoch now, so that its first event is no surprise.
        pipeline.hsetnx(head_key(room), "epoch", uuid.uuid4().hex)
        pipeline.expire(head_key(room), KEPT_SECONDS)
        pipeline.hmget(head_key(room), "epoch", "seq")
        pipeline.xrange(log_key(room), min=f"{first}-0")
        _, _, (epoch, seq), entries = await self._run(pipeline)
        head = Position(epoch, int(seq or 0))
        if after is None or after.epoch != head.epoch or after.seq > head.seq:
            return Missed(head, None)
        events = [{"seq": int(key.partition("-")[0]), **json.loads(fields["event"])} for key, fields in entries]
        complete = [event["seq"] for event in events] == list(range(first, head.seq + 1))
        return Missed(head, events if complete else None)

    @staticmethod
    async def _run(pipeline: Any) -> list[Any]:
        try:
            answers: list[Any] = await pipeline.execute()
        except redis.RedisError as error:
            raise LiveLogUnavailableError("live events are not available now", hint="It is tried again.") from error
        return answers
