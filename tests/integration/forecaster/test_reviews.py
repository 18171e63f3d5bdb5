"""A review of one cluster against a real store: what it reads, says, and refuses to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.services import Service
from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, bucket_of
from ai4k8s_forecaster.reviews import review, review_clusters
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

# Of yesterday, late: a day is counted once most of it was seen.
NOW = datetime.now(UTC).replace(hour=20, minute=40, second=0, microsecond=0) - timedelta(days=1)
MIB = 2**20


@pytest.fixture
def cluster(database: Database) -> ObservedCluster:
    cluster = ObservedCluster.create(database)
    cluster.execute("UPDATE collector.cluster_states SET last_success_at = now()")
    cluster.execute("SELECT collector.ensure_rollup_partitions(current_date - 20, current_date + 2)")
    for name in ("node-1", "node-2", "node-3"):
        cluster.execute(
            "INSERT INTO collector.nodes (cluster_id, name, ready, cpu_allocatable_millicores, memory_allocatable_bytes,"
            " pods_allocatable, cpu_requested_millicores, memory_requested_bytes, first_seen_at, last_seen_at)"
            " VALUES (%s, %s, true, 4000, %s, 20, 700, %s, now(), now())",
            cluster.cluster_id, name, 8 * 2**30, 2**30,
        )  # fmt: skip
    return cluster


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.FORECASTER)
    yield bus
    bus.close()


def add_workload(cluster: ObservedCluster, name: str, *names: str, **values: object) -> int:
    sizes = {"cpu_request_millicores": 500.0, "memory_request_bytes": 256.0 * MIB, "memory_limit_bytes": 256.0 * MIB}
    each = [{"name": one, "cpu_limit_millicores": None, "init": False, **sizes} for one in names or (name,)]
    seen = NOW - timedelta(days=30)
    workload_id = cluster.workload(
        name, **{**sizes, "desired_replicas": 3, "first_seen_at": seen, "last_seen_at": NOW, **values}
    )
    cluster.execute(
        "UPDATE collector.workloads SET containers = %s::jsonb WHERE id = %s", json.dumps(each), workload_id
    )
    return workload_id


def add_digests(cluster: ObservedCluster, workload_id: int, container: str, days: int, cpu: float, **last: Any) -> None:
    for ago in range(days):
        values = {"oom_kills": 0, **(last if ago == 0 else {})}
        cluster.execute(
            "INSERT INTO collector.container_digests (workload_id, container, day, cluster_id, samples, cpu_buckets,"
            " cpu_counts, cpu_max_millicores, memory_buckets, memory_counts, memory_max_bytes, oom_kills)"
            " VALUES (%s, %s, %s, %s, 1440, %s, '{1440}', %s, '{97}', '{1440}', %s, %s)",
            workload_id, container, (NOW - timedelta(days=ago)).date(), cluster.cluster_id,
            [bucket_of(cpu, CPU_SMALLEST_MILLICORES)], cpu, 120.0 * MIB, values["oom_kills"],
        )  # fmt: skip


def reviewed(cluster: ObservedCluster, bus: Bus, now: datetime = NOW) -> dict[str, dict[str, Any]]:
    with bus.transaction() as tx:
        review(tx.connection, cluster.cluster_id, now)
    return {row["container"]: row for row in cluster.rows("SELECT * FROM forecaster.recommendations")}


def test_each_container_is_sized_by_its_own_use_and_kills_are_remembered(cluster: ObservedCluster, bus: Bus):
    pair = add_workload(cluster, "shop", "web", "proxy")
    killed = add_workload(cluster, "cache", last_oom_at=NOW - timedelta(hours=1), oom_kills=1)
    add_digests(cluster, pair, "web", 7, 100.0)
    add_digests(cluster, pair, "proxy", 7, 20.0)
    add_digests(cluster, killed, "cache", 7, 300.0, oom_kills=1)
    add_workload(cluster, "young")
    rows = reviewed(cluster, bus)
    assert [rows[name]["cpu_target_millicores"] for name in ("web", "proxy")] == [160, 35]
    assert rows["web"]["saved_cpu_millicores"] == 3 * (500 - 160)
    assert rows["web"]["findings"] == ["over_provisioned"]
    assert rows["cache"]["killed_at_bytes"] == 256 * MIB
    assert rows["cache"]["memory_target_bytes"] >= 1.2 * 256 * MIB
    assert (rows["young"]["status"], rows["young"]["detail"]) == ("not_ready", "0 h of 24 h collected")
    assert rows["young"]["cpu_target_millicores"] is None

    # The limit was raised: the same kill does not raise it again. Who is gone is forgotten.
    cluster.execute("UPDATE collector.workloads SET gone_at = now() WHERE name = 'young'")
    raised = json.dumps([{"name": "cache", "memory_request_bytes": 512.0 * MIB, "memory_limit_bytes": 512.0 * MIB}])
    cluster.execute("UPDATE collector.workloads SET containers = %s::jsonb WHERE id = %s", raised, killed)
    rows = reviewed(cluster, bus, NOW + timedelta(hours=2))
    assert rows["cache"]["killed_at_bytes"] == 256 * MIB
    assert rows["cache"]["memory_target_bytes"] < 512 * MIB
    assert "young" not in rows


def test_before_pods_were_watched_the_share_of_one_pod_stands_for_it(cluster: ObservedCluster, bus: Bus):
    workload_id = add_workload(cluster, "web")
    cluster.execute(
        "INSERT INTO collector.workload_rollups (cluster_id, workload_id, at, source, samples, desired_replicas,"
        " ready_replicas, cpu_usage_millicores, cpu_usage_max_millicores, memory_bytes, memory_max_bytes)"
        " SELECT %s, %s, at, 1, 5, 3, 3, 270, 300, 3e8, 3e8"
        " FROM generate_series(%s::timestamptz, %s, interval '5 min') AS at",
        cluster.cluster_id, workload_id, NOW - timedelta(days=12), NOW,
    )  # fmt: skip
    (row,) = reviewed(cluster, bus).values()
    assert (row["status"], row["per_pod"]) == ("ready", False)
    assert row["cpu_target_millicores"] == 150
    outlooks = {
        (row["scope"], row["resource"]): row for row in cluster.rows("SELECT * FROM forecaster.capacity_outlooks")
    }
    use = outlooks["cluster", "cpu"]
    assert (use["status"], use["history_days"], use["used"], use["limit_value"]) == ("ready", 11, 270, 12_000)
    assert use["sentence"].endswith("No growth beyond chance in 11 days.")
    # Twelve cores for 2.1 requested: two could go, and one of them is kept for a loss.
    assert outlooks["cluster", "cpu_requests"]["nodes_change"] == -1


def test_growth_of_a_quota_says_when_it_is_full_and_what_is_not_measured_says_why(cluster: ObservedCluster, bus: Bus):
    cluster.execute(
        "INSERT INTO collector.quotas VALUES (%s, 'shop', 'all', '{\"pods\": 100}', '{\"pods\": 60}')",
        cluster.cluster_id,
    )
    cluster.execute(
        "INSERT INTO collector.volume_claims (cluster_id, namespace, name, phase, capacity_bytes)"
        " VALUES (%s, 'shop', 'data', 'Bound', 1e9)",
        cluster.cluster_id,
    )
    cluster.execute(
        "INSERT INTO forecaster.capacity_hours SELECT %s, 'quota', 'shop/all', 'pods', at, used, used FROM ("
        "   SELECT at, 32 + 2 * extract(epoch FROM at - %s) / 86400 AS used"
        "   FROM generate_series(%s::timestamptz, %s, interval '1 h') AS at) AS hours",
        cluster.cluster_id, NOW - timedelta(days=14), NOW - timedelta(days=14), NOW - timedelta(hours=1),
    )  # fmt: skip
    with bus.transaction() as tx:
        review_clusters(tx, NOW)
    outlooks = {row["scope"]: row for row in cluster.rows("SELECT * FROM forecaster.capacity_outlooks")}
    quota, claim = outlooks["quota"], outlooks["claim"]
    assert quota["growth_per_day"] == pytest.approx(2, abs=0.2)
    assert timedelta(days=17) < quota["expected_at"] - NOW < timedelta(days=25)
    assert quota["earliest_at"] <= quota["expected_at"] <= quota["latest_at"]
    assert claim["status"] == "unknown"
    assert "Prometheus" in claim["detail"]

    # Nothing is due again within the hour.
    with bus.transaction() as tx:
        review_clusters(tx, NOW + timedelta(minutes=30))
    assert cluster.row("SELECT reviewed_at FROM forecaster.reviews")["reviewed_at"] == NOW
