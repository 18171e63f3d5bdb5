"""Samples of hours, roll-ups of weeks: what is rolled up says the same, and nothing is dropped before it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector import rollups
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.maintenance import maintain
from tests.support.fake_kube import FakeKube
from tests.support.kube_objects import fill

if TYPE_CHECKING:
    import uuid

    import pytest

    from tests.support.collector import CollectorBench

MINUTE = timedelta(minutes=1)


def observed(collector: CollectorBench) -> tuple[uuid.UUID, int]:
    kube = FakeKube()
    fill(kube)
    cluster_id = collector.connect(fake=kube)
    collect_due_clusters(collector.context)
    return cluster_id, collector.row("SELECT id FROM collector.workloads")["id"]


def add_samples(
    collector: CollectorBench, cluster_id: uuid.UUID, workload_id: int, first: datetime, values: list[float]
) -> None:
    for number, value in enumerate(values):
        collector.execute(
            "INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, cpu_usage_millicores, "
            "saturated, oom_kills, network_receive_bytes_per_second) VALUES (%s, %s, %s, 0, %s, %s, 1, NULL)",
            cluster_id, workload_id, first + number * MINUTE, value, value > 350,
        )  # fmt: skip


def test_five_minutes_become_one_row_and_doing_it_again_changes_nothing(collector: CollectorBench) -> None:
    cluster_id, workload_id = observed(collector)
    start = rollups.bin_start(datetime.now(UTC) - timedelta(hours=3))
    add_samples(collector, cluster_id, workload_id, start, [100, 200, 300, 400, 500, 60])
    for _ in range(2):
        with collector.context.bus.transaction() as tx:
            rollups.roll_up(tx.connection, cluster_id, start, start + 10 * MINUTE)
    first, second = collector.rows("SELECT * FROM collector.workload_rollups ORDER BY at")
    assert (first["at"], first["samples"], first["cpu_usage_millicores"]) == (start, 5, 300)
    assert (first["cpu_usage_max_millicores"], first["saturated"], first["oom_kills"]) == (500, True, 5)
    assert first["network_receive_bytes_per_second"] is None
    assert (second["at"], second["samples"], second["saturated"]) == (start + 5 * MINUTE, 1, False)


def test_samples_are_dropped_only_once_they_are_rolled_up(
    collector: CollectorBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_id, workload_id = observed(collector)
    old = rollups.bin_start(datetime.now(UTC) - timedelta(days=7))
    add_samples(collector, cluster_id, workload_id, old, [100, 200])
    later = collector.at(datetime.now(UTC) + timedelta(days=2))

    def samples() -> int:
        query = "SELECT count(*) FROM collector.workload_samples WHERE at < %s"
        return int(collector.row(query, old + timedelta(days=1))["count"])

    monkeypatch.setattr("ai4k8s_collector.maintenance.ROLL_UP_SECONDS", -1.0)
    with later.bus.transaction() as tx:
        maintain(tx, later)
    assert samples() == 2
    monkeypatch.undo()
    with later.bus.transaction() as tx:
        maintain(tx, later)
    assert samples() == 0
    rolled = collector.rows("SELECT * FROM collector.workload_rollups ORDER BY at")
    assert (rolled[0]["at"], rolled[0]["cpu_usage_millicores"]) == (old, 150)
    assert collector.state(cluster_id)["rolled_up_until"] == rollups.bin_start(later.clock())
