"""Jobs with real workers: ended by their owner, tried again, and done through every restart; dead letters settled."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.bus.relay import Relay
from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.errors import ConflictError
from ai4k8s_common.rights import Rights, Role
from ai4k8s_common.services import Service
from ai4k8s_common.store.gateway import UserRole, Verdict
from ai4k8s_common.store.isolation import see
from ai4k8s_gateway.accounts.service import Principal
from ai4k8s_gateway.jobs import attempts
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.system import dead_letters
from tests.support.bus import BusBench, new_bench
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ai4k8s_gateway.jobs.schemas import JobView
    from tests.support.processes import Processes
    from tests.support.stores import Database, OwnValkey

ADA_ID = uuid.uuid4()
ADA = Principal(
    user_id=ADA_ID,
    username="ada",
    role=UserRole.ADMIN,
    csrf_token="",
    rights=Rights(ADA_ID, Role.ADMIN),
)


@pytest.fixture(autouse=True)
def ada(database: Database) -> None:
    """Workers ask again what she may."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO gateway.users (id, username, email, password_hash, role) "
            "VALUES (%s, 'ada', 'ada@example.test', 'x', 'admin')",
            [ADA_ID],
        )


def start(bench: BusBench, request: str) -> uuid.UUID:
    command = GenerateManifest(job_id=uuid.uuid4(), user_id=ADA.user_id, request=request)
    with bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        return jobs.start(tx, ADA, command, cluster_id=None).job_id


def look(bench: BusBench, job_id: uuid.UUID) -> JobView:
    with bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        return jobs.view(tx.connection, ADA, job_id)


def cancel(bench: BusBench, job_id: uuid.UUID) -> JobView:
    with bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        return attempts.cancel(tx, ADA, job_id)


def retry(bench: BusBench, job_id: uuid.UUID) -> JobView:
    with bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        return attempts.retry(tx, ADA, job_id)


def test_a_waiting_job_is_over_the_moment_it_is_cancelled_and_never_done(bus_bench: BusBench) -> None:
    waiting = start(bus_bench, "ok")
    cancelled = cancel(bus_bench, waiting)
    assert (cancelled.status, cancelled.message) == ("failed", "cancelled")
    with pytest.raises(ConflictError):
        cancel(bus_bench, waiting)

    bus_bench.worker(Service.RAG)
    after = start(bus_bench, "ok")
    eventually(lambda: bus_bench.effects(after) == 1, 15)
    eventually(lambda: bus_bench.open_messages() == 0, 5)
    assert bus_bench.effects(waiting) == 0
    assert look(bus_bench, waiting).model_dump(exclude={"updated_at"}) == cancelled.model_dump(exclude={"updated_at"})


def test_a_running_job_ends_at_its_next_step_and_leaves_nothing_half_done(bus_bench: BusBench, tmp_path: Path) -> None:
    bus_bench.worker(Service.RAG)
    running = start(bus_bench, f"report {tmp_path}/gate")
    eventually(lambda: look(bus_bench, running).progress > 0, 15)

    assert cancel(bus_bench, running).status == "processing"
    eventually(lambda: look(bus_bench, running).status == "failed", 10)

    ended = look(bus_bench, running)
    assert (ended.message, ended.error) == ("cancelled", "Cancelled by the person who asked for it.")
    assert bus_bench.effects(running) == 0
    eventually(lambda: bus_bench.open_messages() == 0, 5)
    assert bus_bench.value("SELECT count(*) FROM rag.dead_letters") == 0


def test_a_failed_job_is_tried_again_once_as_a_job_of_its_own(bus_bench: BusBench, tmp_path: Path) -> None:
    bus_bench.worker(Service.RAG)
    first = start(bus_bench, f"needs {tmp_path}/model")
    with pytest.raises(ConflictError, match="did not fail"):
        retry(bus_bench, first)
    eventually(lambda: look(bus_bench, first).status == "failed", 15)
    assert "is missing" in (look(bus_bench, first).error or "")

    (tmp_path / "model").touch()
    second = retry(bus_bench, first).job_id
    with pytest.raises(ConflictError, match="again already"):
        retry(bus_bench, first)

    eventually(lambda: bus_bench.effects(second) == 1, 15)
    with bus_bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        later, earlier = jobs.list_items(tx.connection, ADA, 10)
    assert (later.job_id, later.attempt, later.retry_of) == (second, 2, first)
    assert (earlier.job_id, earlier.may_retry, earlier.may_cancel) == (first, False, False)


@pytest.fixture
def fragile(database: Database, own_valkey: OwnValkey, processes: Processes) -> Iterator[BusBench]:
    yield from new_bench(database, own_valkey.url, processes)


def test_a_job_survives_the_restart_of_its_worker_of_the_broker_and_of_the_gateway(
    fragile: BusBench, own_valkey: OwnValkey, tmp_path: Path
) -> None:
    worker = fragile.worker(Service.RAG)
    job = start(fragile, f"report {tmp_path}/gate")
    eventually(lambda: look(fragile, job).progress > 0, 15)
    fragile.relay.stop()
    worker.kill()
    own_valkey.kill_and_empty()
    (tmp_path / "gate.go").touch()

    restarted = Relay(fragile.bus, "gateway", resend_after_seconds=2.0, every_seconds=0.2)
    restarted.start()
    fragile.worker(Service.RAG)
    eventually(lambda: look(fragile, job).status == "completed", 30)
    restarted.stop()

    done = look(fragile, job)
    assert (done.progress, done.result, done.error) == (100, {"by": "rag"}, None)
    assert fragile.effects(job) == 1


def letters(bench: BusBench) -> list[tuple[Any, ...]]:
    with bench.database.connect() as connection:
        return connection.execute("SELECT id FROM rag.dead_letters").fetchall()


def decide(bench: BusBench, verdict: Verdict) -> None:
    ((letter,),) = letters(bench)
    with bench.bus.transaction() as tx:
        see(tx.connection, ADA.rights)
        dead_letters.decide(tx.connection, ADA, Service.RAG, letter, verdict)


def test_a_dead_letter_is_sent_again_or_forgotten_as_was_decided(bus_bench: BusBench, tmp_path: Path) -> None:
    bus_bench.worker(Service.RAG)
    job = start(bus_bench, f"needs {tmp_path}/model")
    eventually(lambda: len(letters(bus_bench)) == 1, 15)
    (tmp_path / "model").touch()
    decide(bus_bench, Verdict.RETRY)
    eventually(lambda: bus_bench.effects(job) == 1, 15)
    assert letters(bus_bench) == []

    hopeless = bus_bench.ask("refuse")
    eventually(lambda: len(letters(bus_bench)) == 1, 15)
    decide(bus_bench, Verdict.DISCARD)
    eventually(lambda: letters(bus_bench) == [], 10)
    assert bus_bench.effects(hopeless) == 0
