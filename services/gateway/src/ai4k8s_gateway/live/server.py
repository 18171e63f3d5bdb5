"""Live events over Socket.IO: WebSocket only, rooms joined after a check, and nobody stays longer than their session.

Workers write events into Redis; every gateway process hears them there and passes each on to the sockets that are in
its room, as `(payload, {room, epoch, seq})`. A page joins a room with the last position it saw and is handed what it
missed since. The latest numbers are told every few seconds, so that a page whose gateway missed an event sees it too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio.to_thread
import socketio
import structlog

from ai4k8s_common.bus.live import CHANNEL, cluster_room, user_room
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError, UnauthenticatedError
from ai4k8s_common.rights import Permission
from ai4k8s_common.store.isolation import see_everything
from ai4k8s_common.store.rights import read_rights
from ai4k8s_common.store.rights import require as require_right
from ai4k8s_gateway.access.identity import identify, refreshed
from ai4k8s_gateway.access.rooms import may_hear
from ai4k8s_gateway.accounts import service as accounts
from ai4k8s_gateway.accounts import session_repository
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.http import transport
from ai4k8s_gateway.live.rooms import Position, RoomLogs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from ai4k8s_common.rights import Rights
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
        rooms = {room for sid in self._principals for room in self._rooms(sid)}
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
        """Close the sockets of who is logged out, disabled or given a lower role, or hears what they may not any more.

        The page comes back by itself, and asks anew for what it shows.

        While the store is away sockets stay: they carry nothing new then.
        """
        held = dict(self._principals)
        if not held:
            return
        try:
            known = await anyio.to_thread.run_sync(self._as_now, held)
        except Ai4k8sError:
            return
        for sid, principal in held.items():
            if sid not in self._principals:
                continue  # it left in between
            now = known.get(sid)
            if now is not None and all(may_hear(now.rights, room) for room in self._rooms(sid)):
                self._principals[sid] = now
            else:
                log.info("live_connection_ended", user_id=str(principal.user_id), reason="the right to it ended")
                await self.server.disconnect(sid)

    def _rooms(self, sid: str) -> list[str]:
        return [room for room in self.server.rooms(sid) if room != sid]

    def _as_now(self, held: Mapping[str, accounts.Principal]) -> dict[str, accounts.Principal]:
        """Return those who may stay, with their rights as they are now; what is the same for many is read once."""
        sessions = [item.session.id for item in held.values() if item.session is not None]
        seen: dict[tuple[UUID, UUID | None], Rights | None] = {}
        with self._wiring.bus.transaction() as tx:
            see_everything(tx.connection)  # rights are read for many here
            living = session_repository.living(tx.connection, sessions, utc_now(), self._wiring.sessions.idle)
            for item in held.values():
                if (key := (item.user_id, item.token_id)) not in seen:
                    seen[key] = _rights(tx.connection, *key)
        staying = {}
        for sid, item in held.items():
            rights = seen[item.user_id, item.token_id]
            alive = item.session is None or item.session.id in living
            if alive and rights is not None and not item.rights.lost_to(rights):
                staying[sid] = replace(item, rights=rights)
        return staying

    async def _connect(self, sid: str, environ: Mapping[str, Any], _auth: object = None) -> None:
        cookie = transport.session_token(environ["asgi.scope"])
        authorization = environ.get("HTTP_AUTHORIZATION")
        try:
            client = str(environ.get("REMOTE_ADDR") or "unknown")
            principal = await anyio.to_thread.run_sync(self._authenticate, cookie, authorization, client)
        except Ai4k8sError as error:
            raise socketio.exceptions.ConnectionRefusedError({"code": error.code, "detail": error.detail}) from error
        self._principals[sid] = principal
        self._wiring.metrics.live_connections.set(len(self._principals))
        await self.server.enter_room(sid, user_room(principal.user_id))

    def _authenticate(self, cookie: str | None, authorization: str | None, client: str) -> accounts.Principal:
        with self._wiring.bus.transaction() as tx:
            principal = identify(tx.connection, self._wiring.sessions, cookie, authorization, client)
        accounts.check_second_factor(principal)
        return principal

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
            now = refreshed(tx.connection, principal)
            clusters.get(tx.connection, now, cluster_id)
            require_right(now.rights, Permission.CLUSTER_READ, cluster_id)

    async def _unsubscribe(self, sid: str, request: object) -> dict[str, Any]:
        cluster_id = _cluster_id(request)
        if cluster_id is not None:
            await self.server.leave_room(sid, cluster_room(cluster_id))
        return {"ok": True}


def _rights(connection: Connection, user_id: UUID, token_id: UUID | None) -> Rights | None:
    try:
        return read_rights(connection, user_id, token_id)
    except UnauthenticatedError:
        return None


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
