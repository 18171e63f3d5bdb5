"""Guarantee 1 for the collector: real worker processes, killed while a cluster keeps them waiting."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.services import Service
from tests.support.kube_api import answer
from tests.support.scripted_http import Reply, Seen, scripted
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.collector import CollectorBench
    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import Valkey

INTERVAL_SECONDS = 6


@pytest.fixture
def environment(collector: CollectorBench, valkey: Valkey) -> dict[str, str]:
    """What the processes are told."""
    return {
        "AI4K8S_DATABASE_URL": collector.database.url(Service.COLLECTOR),
        "AI4K8S_BROKER_URL": valkey.url,
        "AI4K8S_REDIS_URL": valkey.url,
        "AI4K8S_CREDENTIALS_PRIVATE_KEY": collector.context.credentials.private_keys.get_secret_value(),
        "AI4K8S_ALLOW_LOOPBACK_CLUSTERS": "true",
        "AI4K8S_CYCLE_SECONDS": str(INTERVAL_SECONDS),
    }


def start_worker(processes: Processes, environment: dict[str, str]) -> TestProcess:
    worker = processes.start(
        [sys.executable, "-m", "ai4k8s_collector.worker", "--queue", "cycle"], environment=environment, name="collector"
    )
    worker.wait_for_output("worker_ready", within=30)
    return worker


def completed(collector: CollectorBench) -> int:
    return len(collector.rows("SELECT 1 FROM collector.cycles WHERE status = 'completed'"))


def test_a_worker_killed_in_a_cycle_neither_delays_the_next_nor_doubles_its_effect(
    collector: CollectorBench, environment: dict[str, str], processes: Processes
) -> None:
    hanging = [True]

    def script(seen: Seen) -> Reply:
        return Reply(hang=True) if hanging[0] else answer(seen)

    with scripted(script) as server:
        collector.connect(credential=ClusterCredential(server=server.url, token=SecretStr("x")))
        processes.start_module("ai4k8s_common.bus.beat", environment=environment)
        worker = start_worker(processes, environment)
        eventually(lambda: collector.rows("SELECT 1 FROM collector.cycles WHERE status = 'running'"), 15)
        killed_at = utc_now()
        worker.kill()
        hanging[0] = False
        start_worker(processes, environment)
        ready_at = utc_now()
        eventually(lambda: completed(collector) == 3, 3 * INTERVAL_SECONDS + 20)

    rows = collector.rows("SELECT * FROM collector.cycles ORDER BY started_at")
    lost, *done = rows[:4]
    assert (lost["status"], lost["error"]) == ("failed", "the worker ended before the cycle did")
    # The lease of a dead worker ends before the next cycle is due, or before another worker is there.
    possible_at = max(ready_at, killed_at + timedelta(seconds=INTERVAL_SECONDS))
    assert done[0]["started_at"] - possible_at < timedelta(seconds=INTERVAL_SECONDS)
    assert done[2]["started_at"] - done[1]["started_at"] == pytest.approx(
        timedelta(seconds=INTERVAL_SECONDS), abs=timedelta(seconds=2.5)
    )
    samples = collector.rows("SELECT at FROM collector.workload_samples")
    sent = collector.rows("SELECT 1 FROM collector.outbox WHERE contract = 'forecaster.forecast_cluster.v1'")
    assert len(samples) == len(sent) == completed(collector)


def test_a_worker_that_is_told_to_stop_leaves_no_cycle_half_done(
    collector: CollectorBench, environment: dict[str, str], processes: Processes
) -> None:
    with scripted(answer) as server:
        collector.connect(credential=ClusterCredential(server=server.url, token=SecretStr("x")))
        processes.start_module("ai4k8s_common.bus.beat", environment=environment)
        worker = start_worker(processes, environment)
        eventually(lambda: completed(collector) == 1, 15)
        worker.terminate()
        assert collector.rows("SELECT 1 FROM collector.cycles WHERE status = 'running'") == []


def test_no_secret_reaches_log_store_or_queue(
    collector: CollectorBench, environment: dict[str, str], processes: Processes
) -> None:
    def refuse(seen: Seen) -> Reply:
        return Reply(500, {"kind": "Status", "message": "it broke"}) if seen.path == "/api/v1/pods" else answer(seen)

    with scripted(refuse) as server:
        cluster_id = collector.connect(credential=ClusterCredential(server=server.url, token=SecretStr("canary-token")))
        processes.start_module("ai4k8s_common.bus.beat", environment=environment)
        worker = start_worker(processes, environment | {"AI4K8S_LOG_LEVEL": "DEBUG"})
        eventually(
            lambda: "it broke" in collector.state(cluster_id)["reason"], 15, ignoring=(AssertionError, ValueError)
        )
    assert "canary" not in worker.output()
    for table in ("cluster_states", "cycles", "outbox", "job_states", "dead_letters"):
        assert "canary" not in str(collector.rows(f"SELECT * FROM collector.{table}"))
