"""Live events: to whom they belong, through Redis, over a WebSocket of our own page."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import socketio
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from ai4k8s_common.bus.jobs import JobRefusedError, begin_job
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, LiveEvents, cluster_room, user_room
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service
from tests.support.bus import open_bus
from tests.support.feed import feed_workload
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


def made_token(person: Person) -> dict[str, str]:
    return dict(person.send("POST", "/tokens", {"name": "follower", "scopes": ["cluster:read"]}).json())


def test_who_lost_the_right_in_a_team_hears_no_more_within_five_seconds(
    gateway: RunningGateway, socket: Callable[..., Socket]
):
    lead = gateway.person()
    team = lead.send("POST", "/teams", {"name": "night"}).json()["team"]["id"]
    cluster_id = lead.add_cluster(team_id=team)["id"]
    token = made_token(lead)
    sockets = {"revoked token": socket(None, Authorization=f"Bearer {token['token']}").connect()}
    members = {}
    for name in ("removed member", "lowered role", "lowered in a namespace", "raised role"):
        members[name] = gateway.person()
        role = "viewer" if name == "raised role" else "operator"
        lead.send("POST", f"/teams/{team}/members", {"username": members[name].username, "role": role})
        sockets[name] = socket(members[name]).connect()
    sockets["nothing lost"] = socket(lead).connect()
    assert all(one.subscribe(cluster_id)["ok"] for one in sockets.values())

    def of(name: str) -> str:
        return f"/teams/{team}/members/{members[name].id}"

    place = {"cluster_id": cluster_id, "namespace": "shop", "role": "viewer"}
    answers = [
        lead.send("DELETE", f"/tokens/{token['id']}"),
        lead.send("DELETE", of("removed member")),
        lead.send("PUT", of("lowered role"), {"role": "viewer"}),
        lead.send("PUT", f"{of('lowered in a namespace')}/places", place),
        lead.send("PUT", of("raised role"), {"role": "operator"}),
    ]
    assert [answer.status_code for answer in answers if not answer.is_success] == []

    gone = ("revoked token", "removed member", "lowered role", "lowered in a namespace")
    eventually(lambda: not any(sockets[name].client.connected for name in gone), within=5)
    emit(gateway, cluster_room(cluster_id), {"cluster_id": cluster_id})
    for name in ("raised role", "nothing lost"):
        heard = sockets[name].next_event()
        while heard[0] != "metrics":  # that rights were changed, and where the rooms stand
            heard = sockets[name].next_event()
        assert heard[:2] == ["metrics", {"cluster_id": cluster_id}]


@pytest.mark.parametrize("lost", ["membership", "role", "account", "token"])
def test_a_job_whose_owner_lost_the_right_before_it_begins_is_refused(shared_gateway: RunningGateway, lost: str):
    lead, ann = shared_gateway.person(), shared_gateway.person()
    team = lead.send("POST", "/teams", {"name": f"of {lead.username}"}).json()["team"]["id"]
    cluster_id = lead.add_cluster(team_id=team)["id"]
    lead.send("POST", f"/teams/{team}/members", {"username": ann.username, "role": "operator"})
    web = feed_workload(shared_gateway.database, cluster_id)
    scopes = {"name": "pipeline", "scopes": ["cluster:read", "workload:scale"]}
    token = ann.send("POST", "/tokens", scopes).json()
    with httpx.Client(headers={"Authorization": f"Bearer {token['token']}"}) as pipeline:
        address = f"{shared_gateway.url}/api/v1/workloads/{web.id}/predictive/disable"
        job_id = uuid.UUID(pipeline.post(address).json()["job_id"])
    scaler = open_bus(
        shared_gateway.database, shared_gateway.wiring.bus_settings.broker_url.get_secret_value(), Service.SCALER
    )
    with closing(scaler) as bus:

        def begin() -> None:
            with bus.transaction() as tx:
                begin_job(
                    tx.connection, Service.SCALER, job_id, "scaler.release_workload.v1", Permission.WORKLOAD_SCALE
                )

        begin()  # and again, as a worker does that takes it over
        if lost == "membership":
            lead.send("DELETE", f"/teams/{team}/members/{ann.id}")
        elif lost == "role":
            lead.send("PUT", f"/teams/{team}/members/{ann.id}", {"role": "viewer"})
        elif lost == "token":
            ann.send("DELETE", f"/tokens/{token['id']}")
        else:
            shared_gateway.execute("UPDATE gateway.users SET disabled = true WHERE id = %s", (ann.id,))
        with pytest.raises(JobRefusedError, match="may not do it any more"):
            begin()
