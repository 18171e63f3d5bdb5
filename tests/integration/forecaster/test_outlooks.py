"""Memory, network and requests, node groups and the cluster: foreseen where they were measured, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.contracts.forecaster import ForecastOutlooks
from ai4k8s_common.services import Service
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.outlooks import foresee_outlooks
from ai4k8s_forecaster.settings import ForecasterSettings
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

NOW = datetime.now(UTC).replace(minute=0, second=30, microsecond=0) - timedelta(hours=1)
GIB = 2**30
MIB = 2**20

_ROLLUPS = """
    INSERT INTO collector.workload_rollups (cluster_id, workload_id, at, source, samples, memory_bytes,
        network_receive_bytes_per_second)
    SELECT %s, %s, at, 0, 5, 1073741824 * (2 + sin(extract(epoch FROM at) / 86400 * 2 * pi())), %s::float8
    FROM generate_series(%s::timestamptz, %s::timestamptz, '5 minutes') AS at
"""
_NODE = """
    INSERT INTO collector.nodes (cluster_id, name, ready, instance_type, first_seen_at, last_seen_at)
    VALUES (%s, %s, true, %s, now(), now()) RETURNING id
"""
_NODE_ROLLUPS = """
    INSERT INTO collector.node_rollups (cluster_id, node_id, at, samples, cpu_usage_millicores, memory_bytes)
    SELECT %s, %s, at, 5, %s, 1073741824 FROM generate_series(%s::timestamptz, %s::timestamptz, '5 minutes') AS at
"""


@pytest.fixture
def cluster(database: Database) -> ObservedCluster:
    return ObservedCluster.create(database)


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.FORECASTER)
    yield bus
    bus.close()


def look(bus: Bus, context: Context, cluster: ObservedCluster, at: datetime) -> None:
    with bus.transaction() as tx:
        foresee_outlooks(tx, context, ForecastOutlooks(cluster_id=cluster.cluster_id, at=at))


def measured(cluster: ObservedCluster, days: float) -> int:
    """Three days of memory of one workload, of which the last hour is not rolled up yet; two nodes of one type."""
    workload_id = cluster.workload()
    start, rolled = NOW - timedelta(days=days), NOW.replace(second=0) - timedelta(hours=1)
    cluster.execute("UPDATE collector.cluster_states SET rolled_up_until = %s", rolled)
    last = rolled - timedelta(minutes=5)
    cluster.execute(_ROLLUPS, cluster.cluster_id, workload_id, None, start.replace(second=0), last)
    with cluster.database.connect() as connection:
        for minute in range(60):
            connection.execute(
                "INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, memory_bytes)"
                " VALUES (%s, %s, %s, 0, %s)",
                [cluster.cluster_id, workload_id, rolled + timedelta(minutes=minute), 2 * GIB],
            )
    for name in ("a", "b"):
        node = cluster.row(_NODE, cluster.cluster_id, name, "m5.large")["id"]
        cluster.execute(_NODE_ROLLUPS, cluster.cluster_id, node, 500.0, start.replace(second=0), last)
    return workload_id


def test_what_was_measured_is_foreseen_and_summed_over_nodes_and_workloads(cluster, bus):
    workload_id = measured(cluster, 4)
    context = Context(ForecasterSettings())
    look(bus, context, cluster, NOW)
    rows = cluster.rows("SELECT * FROM forecaster.outlooks ORDER BY subject, name, measure")
    assert [(row["subject"], row["name"], row["measure"]) for row in rows] == [
        ("cluster", "", "memory"),
        ("node_group", "m5.large", "cpu"),
        ("node_group", "m5.large", "memory"),
        ("workload", str(workload_id), "memory"),
    ]
    memory = rows[-1]
    assert memory["status"] in {"ready", "no_skill"}
    assert memory["path_start_at"] == NOW.replace(second=0)
    assert len(memory["path_values"]) == 7 * 72
    assert GIB * 0.9 < memory["peak_value"] < GIB * 3.3
    assert rows[0]["path_values"] == memory["path_values"]
    # The nodes were last measured an hour ago.
    assert (rows[1]["status"], rows[1]["detail"]) == ("gap", "gap of 60 min")


def test_once_a_bin_and_what_came_since_is_read(cluster, bus):
    workload_id = measured(cluster, 3)
    context = Context(ForecasterSettings())
    look(bus, context, cluster, NOW)
    look(bus, context, cluster, NOW + timedelta(seconds=60))
    cluster.execute(
        "INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, memory_bytes, requests_per_second)"
        " VALUES (%s, %s, %s, 0, %s, 40)",
        cluster.cluster_id,
        workload_id,
        NOW + timedelta(seconds=90),
        2 * GIB,
    )
    look(bus, context, cluster, NOW + timedelta(minutes=5))
    went_along = cluster.rows("SELECT * FROM forecaster.outlooks ORDER BY made_at, subject, name, measure")
    assert [
        (row["made_at"] - went_along[0]["made_at"], row["measure"], row["subject"])
        for row in went_along
        if row["subject"] == "workload"
    ] == [
        (timedelta(0), "memory", "workload"),
        (timedelta(minutes=5), "memory", "workload"),
        (timedelta(minutes=5), "requests", "workload"),
    ]
    (requests,) = [row for row in went_along if (row["measure"], row["subject"]) == ("requests", "workload")]
    assert (requests["status"], requests["path_values"]) == ("not_ready", None)
    cluster.execute("DELETE FROM forecaster.outlooks")
    look(bus, Context(ForecasterSettings()), cluster, NOW + timedelta(minutes=5))
    anew = cluster.rows("SELECT * FROM forecaster.outlooks ORDER BY made_at, subject, name, measure")
    assert anew == [row for row in went_along if row["made_at"] > went_along[0]["made_at"]]
