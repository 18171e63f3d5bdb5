"""Live events over Socket.IO: WebSocket only, rooms joined after a check, and nobody stays longer than their session.

Workers write events into Redis; every gateway process hears them there and passes each on to the sockets that are in
its room, as `(payload, {room, epoch, seq})`. A page joins a room with the last position it saw and is handed what it
missed since. The latest numbers are told every few seconds, so that a page whose gateway missed an event sees it too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio.to_thread
import socketio
import structlog

from ai4k8s_common.bus.live import CHANNEL, cluster_room, user_room
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.accounts import session_repository
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.live.rooms import Position, RoomLogs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_gateway.wiring import Wiring

RECHECK_SECONDS = 3.0
MAX_MESSAGE_BYTES = 10_000  # browsers only ever send a cluster's id and a position
# A connection that broke without a word is noticed after their sum.
PING_EVERY_SECONDS = 10
PING_ANSWER_WITHIN_SECONDS = 10

log = structlog.stdlib.get_logger(__name__)


class Live:
    """The Socket.IO server of one gateway process."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._principals: dict[str, accounts.Principal] = {}
        self._told: dict[str, Position] = {}
        redis_url = wiring.bus_settings.redis_url.get_secret_value()
        self._logs = RoomLogs(redis_url)
        self._manager: Any = socketio.AsyncRedisManager(
            redis_url, channel=CHANNEL, redis_options={"socket_connect_timeout": 2}
        )
        self.server: Any = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=self._manager,
            transports=["websocket"],
            # The origin was checked before, for every WebSocket, in http.guards.
            cors_allowed_origins="*",
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            ping_interval=PING_EVERY_SECONDS,
            ping_timeout=PING_ANSWER_WITHIN_SECONDS,
        )
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.on("subscribe", self._subscribe)
        self.server.on("unsubscribe", self._unsubscribe)
        self.app: Any = socketio.ASGIApp(self.server, socketio_path="socket.io")

    async def close(self) -> None:
        """End what runs in the background and give Redis' connections back; the libraries leave that to us."""
        await self.server.shutdown()
        listening: asyncio.Task[None] | None = getattr(self._manager, "thread", None)
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await self._logs.close()
        for connection in (self._manager.pubsub, self._manager.redis):
            if connection is not None:
                await connection.aclose()

    async def watch_forever(self) -> None:
        """Look after the open sockets: whether they may stay, and whether they have heard everything."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            await self.recheck()
            await self.tell_heads()

    async def tell_heads(self) -> None:
        """Tell the rooms' latest numbers where they changed since last told, to the sockets of this process."""
        rooms = {room for sid in self._principals for room in self.server.rooms(sid) if room != sid}
        try:
            heads = await self._logs.heads(rooms) if rooms else {}
        except Ai4k8sError as error:
            log.warning("live_heads_unknown", error=error.detail)
            return
        for room, head in heads.items():
            if self._told.get(room) != head:
                told = {"room": room, "epoch": head.epoch, "seq": head.seq}
                await self._manager.emit("head", told, namespace="/", room=room, ignore_queue=True)
        self._told = heads

    async def recheck(self) -> None:
        """Close the sockets of sessions that ended and of people who were disabled or given another role.

        While the store is away sockets stay: they carry nothing new then.
        """
        held = dict(self._principals)
        if not held:
            return
        try:
            living = await anyio.to_thread.run_sync(self._living, [_session_id(item) for item in held.values()])
        except Ai4k8sError:
            return
        for sid, principal in held.items():
            if living.get(_session_id(principal)) != (principal.user_id, principal.role):
                log.info(
                    "live_connection_ended", user_id=str(principal.user_id), reason="session ended or role changed"
                )
                await self.server.disconnect(sid)

    def _living(self, session_ids: list[UUID | None]) -> Mapping[UUID | None, Any]:
        ids = [session_id for session_id in session_ids if session_id is not None]
        with self._wiring.bus.transaction() as tx:
            living = session_repository.living(tx.connection, ids, utc_now(), self._wiring.sessions.idle)
        return dict(living.items())

    async def _connect(self, sid: str, environ: Mapping[str, Any], _auth: object = None) -> None:
        token = transport.session_token(environ["asgi.scope"])
        try:
            principal = await anyio.to_thread.run_sync(self._authenticate, token)
        except Ai4k8sError as error:
            raise socketio.exceptions.ConnectionRefusedError({"code": error.code, "detail": error.detail}) from error
        self._principals[sid] = principal
        self._wiring.metrics.live_connections.set(len(self._principals))
        await self.server.enter_room(sid, user_room(principal.user_id))

    def _authenticate(self, token: str | None) -> accounts.Principal:
        with self._wiring.bus.transaction() as tx:
            return accounts.authenticate(tx.connection, self._wiring.sessions, token)

    async def _disconnect(self, sid: str, *_: object) -> None:
        self._principals.pop(sid, None)
        self._wiring.metrics.live_connections.set(len(self._principals))

    async def _subscribe(self, sid: str, request: object) -> dict[str, Any]:
        """Join a cluster's room, or without a cluster one's own, and hear what came after a position."""
        wish, principal = _Wish.parse(request), self._principals.get(sid)
        if wish is None or principal is None:
            return {"ok": False, "code": "invalid_input"}
        try:
            if wish.cluster_id is None:
                room = user_room(principal.user_id)
            else:
                await anyio.to_thread.run_sync(self._check_right, principal, wish.cluster_id)
                room = cluster_room(wish.cluster_id)
            # First in, then look: an event in between comes twice, which numbers tell, rather than never.
            await self.server.enter_room(sid, room)
            missed = await self._logs.since(room, wish.after)
        except Ai4k8sError as error:
            return {"ok": False, "code": error.code}
        return {
            "ok": True,
            "room": room,
            "epoch": missed.head.epoch,
            "seq": missed.head.seq,
            "missed": missed.events or [],
            "resync": missed.events is None,
        }

    def _check_right(self, principal: accounts.Principal, cluster_id: UUID) -> None:
        with self._wiring.bus.transaction() as tx:
            clusters.get(tx.connection, principal, cluster_id)

    async def _unsubscribe(self, sid: str, request: object) -> dict[str, Any]:
        cluster_id = _cluster_id(request)
        if cluster_id is not None:
            await self.server.leave_room(sid, cluster_room(cluster_id))
        return {"ok": True}


def _session_id(principal: accounts.Principal) -> UUID | None:
    return None if principal.session is None else principal.session.id


@dataclass(frozen=True)
class _Wish:
    """What a page asks to hear."""

    cluster_id: UUID | None
    after: Position | None

    @classmethod
    def parse(cls, request: object) -> _Wish | None:
        if not isinstance(request, dict):
            return None
        cluster_id = _cluster_id(request)
        if request.get("cluster_id") is not None and cluster_id is None:
            return None
        return cls(cluster_id, Position.parse(request.get("after")))


def _cluster_id(request: object) -> UUID | None:
    value = request.get("cluster_id") if isinstance(request, dict) else None
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
