"""Guarantees 1 to 5: what the frame promises when workers, brokers and producers die."""

from __future__ import annotations

import os
import signal
import time
import uuid
from typing import TYPE_CHECKING

import pytest
import redis

from ai4k8s_common.contracts.base import Envelope
from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.services import Service
from tests.support.bus import BusBench, new_bench
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import Processes
    from tests.support.stores import Database, OwnValkey, Valkey


def test_a_message_has_its_effect_once_and_its_outbox_row_is_closed(bus_bench: BusBench) -> None:
    bus_bench.worker(Service.RAG)
    job = bus_bench.ask("ok")
    eventually(lambda: bus_bench.effects(job) == 1, 10)
    eventually(lambda: bus_bench.open_messages() == 0, 5)


def test_a_second_delivery_of_the_same_message_has_no_effect(bus_bench: BusBench) -> None:
    bus_bench.worker(Service.RAG)
    job = uuid.uuid4()
    message = GenerateManifest(job_id=job, user_id=uuid.uuid4(), request="ok")
    with bus_bench.bus.transaction() as tx:
        message_id = tx.send(message)
        envelope = Envelope(
            id=message_id,
            contract=message.name,
            sender=Service.GATEWAY,
            sent_at=tx._envelopes[0][0].sent_at,
            payload=message.model_dump(mode="json"),
        )
    for _ in range(3):
        bus_bench.bus.publisher.publish(envelope, message.queue())
    after = bus_bench.ask("ok")
    eventually(lambda: bus_bench.effects(after) == 1, 10)
    assert bus_bench.effects(job) == 1


def test_a_worker_killed_mid_task_leaves_the_effect_to_be_done_once(bus_bench: BusBench, tmp_path: Path) -> None:
    first = bus_bench.worker(Service.RAG)
    job = bus_bench.ask(f"wait {tmp_path}/gate")
    eventually((tmp_path / "gate.started").exists, 10)
    first.kill()
    (tmp_path / "gate.go").touch()
    bus_bench.worker(Service.RAG)
    eventually(lambda: bus_bench.effects(job) == 1, 15)
    eventually(lambda: bus_bench.open_messages() == 0, 5)
    assert bus_bench.effects(job) == 1


def test_a_message_that_kills_its_worker_every_time_is_buried_and_the_queue_flows_on(bus_bench: BusBench) -> None:
    bus_bench.worker(Service.RAG)
    poison, good = bus_bench.ask("die"), bus_bench.ask("ok")
    eventually(lambda: bus_bench.value("SELECT count(*) FROM rag.dead_letters") == 1, 40)
    eventually(lambda: bus_bench.effects(good) == 1, 20)
    assert bus_bench.effects(poison) == 0
    assert bus_bench.value("SELECT attempts FROM rag.dead_letters") == 4  # three tries, and the one that gave up
    eventually(lambda: bus_bench.open_messages() == 0, 5)


def test_a_running_message_that_is_delivered_again_has_no_second_effect(bus_bench: BusBench, tmp_path: Path) -> None:
    overrides = {"AI4K8S_JOBS_TIME_LIMIT_SECONDS": "1", "AI4K8S_JOBS_VISIBILITY_TIMEOUT_SECONDS": "2"}
    # The visibility timeout is over while the first worker still runs: its time limit is lifted by being frozen.
    first = bus_bench.worker(Service.RAG, **{**overrides, "AI4K8S_JOBS_TIME_LIMIT_SECONDS": "1"})
    job = bus_bench.ask(f"wait {tmp_path}/gate")
    eventually((tmp_path / "gate.started").exists, 10)
    first.pause()
    second = bus_bench.worker(Service.RAG)
    second.wait_for_output("another worker is busy with it", within=20)
    assert bus_bench.effects(job) == 0
    first.kill()
    (tmp_path / "gate.go").touch()
    eventually(lambda: bus_bench.effects(job) == 1, 20)
    eventually(lambda: bus_bench.open_messages() == 0, 5)
    assert bus_bench.effects(job) == 1


def test_a_failing_job_ends_in_the_dead_letters_with_what_to_do(bus_bench: BusBench) -> None:
    bus_bench.worker(Service.RAG)
    job = bus_bench.ask("refuse")
    eventually(lambda: bus_bench.value("SELECT count(*) FROM rag.dead_letters") == 1, 10)
    with bus_bench.database.connect() as connection:
        state = connection.execute("SELECT status, error FROM rag.job_states WHERE job_id = %s", [job]).fetchone()
    assert state == ("failed", "no model configured Set GROQ_API_KEY.")


@pytest.mark.parametrize("order", ["crash", "away"])
def test_a_passing_fault_is_tried_again_and_given_up_after_the_set_number(bus_bench: BusBench, order: str) -> None:
    bus_bench.worker(Service.RAG)
    job = bus_bench.ask(order)
    eventually(lambda: bus_bench.value("SELECT count(*) FROM rag.dead_letters WHERE attempts = 3") == 1, 40)
    assert bus_bench.effects(job) == 0


@pytest.fixture
def fragile_bench(
    database: Database, own_valkey: OwnValkey, processes: Processes
) -> Iterator[tuple[BusBench, OwnValkey]]:
    for bench in new_bench(database, own_valkey.url, processes):
        yield bench, own_valkey


@pytest.fixture
def patient_bench(database: Database, valkey: Valkey, processes: Processes) -> Iterator[BusBench]:
    """One whose relay sends nothing again, so that any redelivery is the broker's."""
    yield from new_bench(database, valkey.url, processes, resend_after_seconds=300)


def test_a_killed_and_emptied_broker_loses_nothing_that_was_accepted(
    fragile_bench: tuple[BusBench, OwnValkey],
) -> None:
    bench, server = fragile_bench
    waiting = [bench.ask("ok") for _ in range(20)]
    server.kill()
    while_away = [bench.ask("ok") for _ in range(3)]
    server.kill_and_empty()
    bench.worker(Service.RAG)
    eventually(lambda: all(bench.effects(job) == 1 for job in waiting + while_away), 30)
    eventually(lambda: bench.open_messages() == 0, 5)


def test_a_worker_survives_its_broker_being_killed_and_emptied(fragile_bench: tuple[BusBench, OwnValkey]) -> None:
    bench, server = fragile_bench
    bench.worker(Service.RAG)
    before = bench.ask("ok")
    eventually(lambda: bench.effects(before) == 1, 10)
    server.kill()
    job = bench.ask("ok")
    server.kill_and_empty()
    eventually(lambda: bench.effects(job) == 1, 40)


def test_a_producer_that_dies_between_commit_and_publish_still_gets_its_work_done(bus_bench: BusBench) -> None:
    job = uuid.uuid4()
    message = GenerateManifest(job_id=job, user_id=uuid.uuid4(), request="ok")
    child = os.fork()
    if child == 0:  # dies without a word right after the commit
        bus = bus_bench.bus
        bus.engine.dispose(close=False)
        bus._publish = lambda tx: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]  # noqa: ARG005
        with bus.transaction() as tx:
            tx.send(message)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    bus_bench.worker(Service.RAG)
    eventually(lambda: bus_bench.effects(job) == 1, 15)


def test_a_long_message_is_not_redelivered_because_another_queue_has_a_short_visibility_timeout(
    patient_bench: BusBench, tmp_path: Path
) -> None:
    patient = patient_bench.worker(Service.RAG)
    patient_bench.worker(Service.CHAT, AI4K8S_JOBS_TIME_LIMIT_SECONDS="1", AI4K8S_JOBS_VISIBILITY_TIMEOUT_SECONDS="2")
    job = patient_bench.ask(f"wait {tmp_path}/gate")
    eventually((tmp_path / "gate.started").exists, 10)
    client = redis.Redis.from_url(patient_bench.broker_url, decode_responses=True)
    eventually(lambda: client.zcard("rag.jobs:unacked_index") == 1, 10)
    taken_at = min(score for _, score in client.zscan_iter("rag.jobs:unacked_index"))
    eventually(lambda: time.time() - taken_at > 3.0, 10)
    # A planted stale entry is gone once the impatient consumer has looked for what it should give back.
    client.zadd("chat.jobs:unacked_index", {"planted": taken_at})
    eventually(lambda: client.zscore("chat.jobs:unacked_index", "planted") is None, 20)
    assert client.llen("rag.jobs") == 0
    assert client.zcard("rag.jobs:unacked_index") == 1
    client.close()
    (tmp_path / "gate.go").touch()
    eventually(lambda: patient_bench.effects(job) == 1, 10)
    assert "delivery_dropped" not in patient.output()
