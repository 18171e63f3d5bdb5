"""What probes look at: files that a worker keeps touching, and a stop that fits the grace period."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from ai4k8s_common.bus.relay import beat
from ai4k8s_common.services import Service
from tests.support.bus import BusBench, new_bench
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Processes
    from tests.support.stores import Database, OwnValkey


def touched_again_after(sign: Path) -> None:
    os.utime(sign, (0, 0))
    eventually(lambda: sign.stat().st_mtime > 0, 20)


def test_a_worker_keeps_saying_that_it_is_alive_and_ready(bus_bench: BusBench, tmp_path: Path) -> None:
    health = tmp_path / "health"
    bus_bench.worker(Service.RAG, AI4K8S_HEALTH_DIRECTORY=str(health))
    for sign in (health / "alive", health / "ready"):
        eventually(sign.exists, 10)
        touched_again_after(sign)


def test_a_worker_whose_broker_is_away_is_alive_and_not_ready(
    database: Database, own_valkey: OwnValkey, processes: Processes, tmp_path: Path
) -> None:
    alive, ready = tmp_path / "health" / "alive", tmp_path / "health" / "ready"
    for bench in new_bench(database, own_valkey.url, processes):
        bench.worker(Service.RAG, AI4K8S_HEALTH_DIRECTORY=str(alive.parent))
        eventually(ready.exists, 10)
        own_valkey.kill()
        touched_again_after(alive)  # a round that was under way has ended
        ready.unlink(missing_ok=True)
        touched_again_after(alive)
        assert not ready.exists()


def test_a_worker_told_to_stop_leaves_within_its_grace_period_and_its_task_runs_again(
    bus_bench: BusBench, tmp_path: Path
) -> None:
    first = bus_bench.worker(Service.RAG, REMAP_SIGTERM="SIGQUIT")
    job = bus_bench.ask(f"wait {tmp_path}/gate")
    eventually((tmp_path / "gate.started").exists, 10)
    first.terminate(within=25)  # deployments give it 30 s
    (tmp_path / "gate.go").touch()
    bus_bench.worker(Service.RAG)
    eventually(lambda: bus_bench.effects(job) == 1, 15)


def test_the_last_sign_of_what_fell_silent_is_kept_and_of_what_was_replaced_is_not(bus_bench: BusBench) -> None:
    with bus_bench.database.connect() as connection:
        connection.execute(
            "INSERT INTO gateway.heartbeats (host, process, pid, seen_at) VALUES"
            " ('h', 'silent', 1, now() - interval '2 hours'), ('h', 'silent', 2, now() - interval '1 hour'),"
            " ('h', 'forgotten', 3, now() - interval '2 days'), ('h', 'living', 4, now())"
        )
    with bus_bench.bus.engine.begin() as connection:
        beat(connection, Service.GATEWAY, "test")
    with bus_bench.database.connect() as connection:
        rows = connection.execute("SELECT process, pid, version FROM gateway.heartbeats WHERE process <> 'gateway'")
        seen = {process: (pid, told) for process, pid, told in rows.fetchall()}
    assert {name: pid for name, (pid, _) in seen.items()} == {"silent": 2, "living": 4, "test": os.getpid()}
    assert seen["test"][1] == version("ai4k8s-gateway")
