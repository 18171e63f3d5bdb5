"""Live events: to whom they belong, through Redis, over a WebSocket of our own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import socketio
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, LiveEvents, cluster_room, user_room
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.gateway import Person, RunningGateway


class Socket:
    """A browser's live connection."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.client = socketio.SimpleClient()
        self.url, self.headers = url, headers

    def connect(self) -> Socket:
        self.client.connect(self.url, headers=self.headers, transports=["websocket"], wait_timeout=5)
        return self

    def subscribe(self, cluster_id: str) -> Any:
        return self.client.call("subscribe", {"cluster_id": cluster_id}, timeout=5)

    def next_event(self, within: float = 5) -> list[Any]:
        event: list[Any] = self.client.receive(timeout=within)
        return event


@pytest.fixture
def socket(gateway: RunningGateway) -> Iterator[Callable[..., Socket]]:
    opened: list[Socket] = []

    def open_socket(person: Person | None, **headers: str) -> Socket:
        cookie = {"Cookie": f"ai4k8s_session={person.cookie}"} if person else {}
        opened.append(Socket(gateway.url, {**cookie, **headers}))
        return opened[-1]

    yield open_socket
    for one in opened:
        if one.client.connected:
            one.client.disconnect()


def emit(gateway: RunningGateway, room: str, payload: dict[str, Any]) -> None:
    LiveEvents(gateway.wiring.bus_settings).emit(LiveEvent(LiveEventName.METRICS, room, payload))


def test_what_a_worker_emits_reaches_who_watches_the_cluster(gateway: RunningGateway, socket: Callable[..., Socket]):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    watching = socket(ada).connect()
    joined = watching.subscribe(cluster_id)
    assert (joined["ok"], joined["resync"], joined["seq"]) == (True, True, 0)

    emit(gateway, cluster_room(cluster_id), {"cluster_id": cluster_id})

    position = {"room": f"cluster:{cluster_id}", "epoch": joined["epoch"], "seq": 1}
    assert watching.next_event() == ["metrics", {"cluster_id": cluster_id}, position]


def test_nobody_joins_a_cluster_they_may_not_see(gateway: RunningGateway, socket: Callable[..., Socket]):
    ada, bob = gateway.person(), gateway.person()
    cluster_id = ada.add_cluster()["id"]
    curious = socket(bob).connect()

    assert curious.subscribe(cluster_id) == {"ok": False, "code": "not_found"}
    assert curious.subscribe("nonsense")["ok"] is False
    emit(gateway, cluster_room(cluster_id), {"for": "ada"})
    emit(gateway, user_room(bob.id), {"for": "bob"})  # type: ignore[arg-type]

    assert curious.next_event()[:2] == ["metrics", {"for": "bob"}]


def test_without_a_session_there_is_no_connection(gateway: RunningGateway, socket: Callable[..., Socket]):
    with pytest.raises(socketio.exceptions.ConnectionError):
        socket(None).connect()


def handshake(gateway: RunningGateway, person: Person, origin: str) -> int:
    """The status that a WebSocket of a page of `origin` gets."""
    address = f"{gateway.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    cookie = {"Cookie": f"ai4k8s_session={person.cookie}"}
    try:
        with connect(address, origin=Origin(origin), additional_headers=cookie):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_another_sites_page_cannot_connect(gateway: RunningGateway):
    ada = gateway.person()

    assert handshake(gateway, ada, gateway.url) == 101
    assert handshake(gateway, ada, "https://evil.example") == 403
    assert handshake(gateway, ada, "null") == 403


def test_there_is_no_polling_transport(gateway: RunningGateway):
    ada = gateway.person()

    assert ada.http.get("/socket.io/?EIO=4&transport=polling").status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM gateway.sessions",
        "UPDATE gateway.users SET disabled = true",
        "UPDATE gateway.users SET role = 'viewer'",
    ],
)
def test_an_open_connection_ends_soon_after_the_right_to_it(
    gateway: RunningGateway, socket: Callable[..., Socket], change: str
):
    watching = socket(gateway.person()).connect()

    gateway.execute(change)

    eventually(lambda: not watching.client.connected, within=5)
