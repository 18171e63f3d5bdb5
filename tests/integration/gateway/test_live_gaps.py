"""No event is lost: not by a broken connection, a killed gateway, a Redis that was away; and too long a gap is told."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from ai4k8s_common.bus import live as bus_live
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, LiveEvents, cluster_room
from ai4k8s_common.settings import BusSettings
from ai4k8s_gateway.live.rooms import Missed, Position, RoomLogs
from tests.support.gateway import Person, start_gateway_process
from tests.support.live import Follower
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.gateway import RunningGateway
    from tests.support.processes import Processes
    from tests.support.proxy import TcpProxy
    from tests.support.stores import Database, OwnValkey, Valkey


def settings(url: str) -> BusSettings:
    return BusSettings(broker_url=SecretStr(url), redis_url=SecretStr(url))


class Room:
    """A cluster's room and somebody who tells numbers in it."""

    def __init__(self, url: str, cluster_id: str, **options: Any) -> None:
        self.name = cluster_room(uuid.UUID(cluster_id))
        self.url = url
        self.writer = LiveEvents(settings(url), **options)
        self.said = 0

    def say(self, count: int = 1) -> None:
        for _ in range(count):
            self.said += 1
            self.writer.emit(LiveEvent(LiveEventName.METRICS, self.name, {"n": self.said}))

    def since(self, after: Position | None) -> Missed:
        async def ask() -> Missed:
            logs = RoomLogs(self.url)
            try:
                return await logs.since(self.name, after)
            finally:
                await logs.close()

        return asyncio.run(ask())

    def has_all(self, follower: Follower) -> bool:
        return [payload["n"] for payload in follower.heard] == list(range(1, self.said + 1))


@pytest.fixture
def followers() -> Iterator[list[Follower]]:
    opened: list[Follower] = []
    yield opened
    for one in opened:
        one.close()


def test_two_gateways_a_broken_connection_and_a_killed_gateway_lose_no_event(
    database: Database,
    valkey: Valkey,
    processes: Processes,
    tcp_proxy: Callable[[str, int], TcpProxy],
    followers: list[Follower],
) -> None:
    first, second = (start_gateway_process(database, valkey, processes) for _ in range(2))
    for started in (first, second):
        started.wait_until_ready()
    ada = Person(first.url, "ada").register()
    cluster_id = ada.add_cluster()["id"]
    proxy = tcp_proxy("127.0.0.1", first.port)
    moving = Follower(f"http://127.0.0.1:{proxy.port}", ada.cookie, cluster_id)
    followers.append(moving)
    still = Follower(second.url, ada.cookie, cluster_id)
    followers.append(still)
    eventually(lambda: moving.joined and still.joined)
    room = Room(valkey.url, cluster_id)

    room.say(20)
    proxy.reset_connections()
    room.say(20)
    eventually(lambda: moving.connects == 2 and room.has_all(moving))

    proxy.cut()
    room.say(20)
    first.process.kill()
    proxy.target = ("127.0.0.1", second.port)
    room.say(20)
    proxy.restore()
    room.say(20)

    eventually(lambda: room.has_all(moving), message=lambda: str(moving.heard))
    eventually(lambda: room.has_all(still), message=lambda: str(still.heard))
    assert (moving.resyncs, still.resyncs) == (1, 1)  # at the first join, when nothing was known
    ada.http.close()
    room.writer.close()


def test_an_event_that_no_gateway_heard_is_noticed_by_its_number(
    gateway: RunningGateway, followers: list[Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    follower = Follower(gateway.url, ada.cookie, cluster_id)
    followers.append(follower)
    eventually(lambda: follower.joined)
    room = Room(gateway.wiring.bus_settings.redis_url.get_secret_value(), cluster_id)
    monkeypatch.setattr(room.writer, "_tell_gateways", lambda *_: None)

    room.say(2)

    eventually(lambda: room.has_all(follower), 10)
    room.writer.close()


def test_ones_own_room_is_joined_without_naming_it(gateway: RunningGateway, followers: list[Follower]) -> None:
    ada = gateway.person()
    follower = Follower(gateway.url, ada.cookie)
    followers.append(follower)
    eventually(lambda: follower.joined)
    writer = LiveEvents(gateway.wiring.bus_settings)

    writer.emit(LiveEvent(LiveEventName.PROGRESS, f"user:{ada.id}", {"percent": 1}))

    eventually(lambda: follower.heard == [{"percent": 1}])
    writer.close()


@pytest.fixture
def room(valkey: Valkey) -> Iterator[Room]:
    made = Room(valkey.url, str(uuid.uuid4()))
    yield made
    made.writer.close()


def test_what_was_missed_is_told_in_order_and_once(room: Room) -> None:
    start = room.since(None)
    assert (start.events, start.head.seq) == (None, 0)
    room.say(3)

    assert [event["payload"]["n"] for event in room.since(start.head).events or []] == [1, 2, 3]
    assert [event["seq"] for event in room.since(Position(start.head.epoch, 2)).events or []] == [3]
    assert room.since(Position(start.head.epoch, 3)).events == []


def test_a_gap_that_the_log_does_not_span_asks_for_everything(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_live, "KEPT_EVENTS", 5)
    start = room.since(None).head
    room.say(6)

    assert room.since(start).events is None
    assert len(room.since(Position(start.epoch, 1)).events or []) == 5
    assert room.since(Position(start.epoch, 7)).events is None
    assert room.since(Position("another", 3)).events is None


def test_an_emptied_redis_begins_a_new_epoch(room: Room, valkey: Valkey) -> None:
    room.say(3)
    before = room.since(None).head
    valkey.empty()
    room.say(3)

    after = room.since(before)
    assert after.events is None
    assert (after.head.seq, after.head.epoch != before.epoch) == (3, True)


def test_events_of_many_threads_are_all_numbered(room: Room) -> None:
    start = room.since(None).head
    events = [LiveEvent(LiveEventName.METRICS, room.name, {"n": number}) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(room.writer.emit, events))
    room.writer.flush()

    told = room.since(start).events or []
    assert sorted(event["payload"]["n"] for event in told) == list(range(200))


def test_who_emits_does_not_wait_for_a_redis_that_hangs(
    own_valkey: OwnValkey, tcp_proxy: Callable[[str, int], TcpProxy]
) -> None:
    proxy = tcp_proxy("127.0.0.1", own_valkey.port)
    room = Room(proxy.url_for(own_valkey.url), str(uuid.uuid4()))
    room.writer._redis.connection_pool.connection_kwargs["socket_timeout"] = 30
    room.say()
    start = room.since(None).head
    proxy.stall()
    with ThreadPoolExecutor(1) as thread:
        stuck = thread.submit(room.say)
        eventually(room.writer._sending.locked)
        event = LiveEvent(LiveEventName.METRICS, room.name, {"n": 3})
        room.writer.emit(event)
        assert not stuck.done()  # while the first still waits for its answer, the second is back
        proxy.restore()
        stuck.result(10)

    def both_are_told() -> bool:
        room.writer.flush()
        return [event["payload"]["n"] for event in room.since(start).events or []] == [2, 3]

    eventually(both_are_told)
    room.writer.close()


def test_events_wait_while_redis_is_away_and_what_was_too_much_is_told(
    own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_live, "TRY_AGAIN_AFTER_SECONDS", 0.0)
    patient = Room(own_valkey.url, str(uuid.uuid4()))
    forgetful = Room(own_valkey.url, str(uuid.uuid4()), waiting_events=2)
    for room in (patient, forgetful):
        room.say(1)
    patient_at, forgetful_at = (room.since(None).head for room in (patient, forgetful))
    own_valkey.stop()
    for room in (patient, forgetful):
        room.say(3)
    own_valkey.start()
    for room in (patient, forgetful):
        room.writer.flush()

    assert [event["payload"]["n"] for event in patient.since(patient_at).events or []] == [2, 3, 4]
    assert forgetful.since(forgetful_at).events is None
    for room in (patient, forgetful):
        room.writer.close()
