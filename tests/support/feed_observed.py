"""What a cluster is made of, as the collector would have written it: for tests of what is shown of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload


def feed_observed(workload: FedWorkload) -> None:
    """Pods well and sick, deploys, an HPA, rates, histograms, events, quotas, a claim, and sources that are missing."""
    _feed_workload(workload)
    _feed_pods(workload)
    _feed_events(workload)
    _feed_limits(workload)
    _feed_sources(workload)


def _feed_workload(workload: FedWorkload) -> None:
    now = workload.now
    workload.execute(
        "UPDATE collector.workloads SET images = '{registry.example/web:1.8.2}', revision = '7', revision_at = %s,"
        " restarts = 3, oom_kills = 2, last_oom_at = %s, startup_p50_seconds = 34, startup_p95_seconds = 58,"
        " hpa_name = 'web', hpa_min_replicas = 2, hpa_max_replicas = 12, hpa_cpu_target_percent = 70,"
        " memory_request_bytes = 268435456, memory_limit_bytes = 536870912 WHERE id = %s",
        (now - timedelta(hours=5), now - timedelta(hours=2), workload.id),
    )
    for revision, hours in (("6", 70), ("7", 5)):
        workload.execute(
            "INSERT INTO collector.deploys (workload_id, revision, cluster_id, at, images) VALUES (%s, %s, %s, %s, %s)",
            (workload.id, revision, workload.cluster_id, now - timedelta(hours=hours), [f"web:1.8.{revision}"]),
        )
    workload.execute(
        "UPDATE collector.workload_samples SET network_receive_bytes_per_second = 40 * cpu_usage_millicores,"
        " network_transmit_bytes_per_second = 210 * cpu_usage_millicores, disk_write_bytes_per_second = 52000,"
        " requests_per_second = cpu_usage_millicores / 20, throttled_share = 0.012"
        " WHERE workload_id = %s AND source = 0 AND at > %s",
        (workload.id, now - timedelta(hours=6)),
    )
    workload.execute(
        "INSERT INTO collector.container_digests (workload_id, container, day, cluster_id, samples, cpu_buckets,"
        " cpu_counts, cpu_max_millicores, memory_buckets, memory_counts, memory_max_bytes, oom_kills)"
        " VALUES (%s, 'app', %s, %s, 100, '{110,118,124}', '{50,40,10}', 431, '{104,108}', '{60,40}', 2.1e8, 2)",
        (workload.id, now.date(), workload.cluster_id),
    )


def _feed_pods(workload: FedWorkload) -> None:
    states = (
        ("web-5c6f9-aaaaa", "Running", True, "", "", 0),
        ("web-5c6f9-bbbbb", "Running", True, "", "", 1),
        ("web-5c6f9-ccccc", "Running", False, "CrashLoopBackOff", "back-off 40s restarting failed container=app", 2),
        ("web-5c6f9-ddddd", "Pending", False, "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.", 0),
    )
    for name, phase, ready, reason, message, restarts in states:
        workload.execute(
            "INSERT INTO collector.pods (cluster_id, uid, namespace, name, workload_id, node, phase, ready, reason,"
            " message, restarts, created_at) VALUES (%s, %s, 'shop', %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                workload.cluster_id, name, name, workload.id, "" if phase == "Pending" else "node-1", phase, ready,
                reason, message, restarts, workload.now - timedelta(hours=5),
            ),
        )  # fmt: skip


def _feed_events(workload: FedWorkload) -> None:
    rows = (
        ("Deployment", "web", "Warning", "BackOff", "Pod/web-5c6f9-ccccc", "Back-off restarting failed container", 41),
        ("Deployment", "web", "Warning", "FailedScheduling", "Pod/web-5c6f9-ddddd", "0/3 nodes are available", 6),
        ("Node", "node-3", "Normal", "NodeNotReady", "Node/node-3", "Node node-3 status is now: NodeNotReady", 1),
    )
    for minutes, (kind, name, type_, reason, about, message, count) in enumerate(rows, start=1):
        at = workload.now - timedelta(minutes=minutes)
        workload.execute(
            "INSERT INTO collector.events (cluster_id, namespace, about_kind, about_name, type, reason, workload_id,"
            " object, message, component, count, counts, first_at, last_at)"
            " VALUES (%s, 'shop', %s, %s, %s, %s, %s, %s, %s, 'kubelet', %s, '{}', %s, %s)",
            (
                workload.cluster_id, kind, name, type_, reason, workload.id if name == "web" else None, about, message,
                count, at - timedelta(hours=1), at,
            ),
        )  # fmt: skip


def _feed_limits(workload: FedWorkload) -> None:
    hard = {"requests.cpu": 20, "requests.memory": 40 * 2**30, "pods": 60}
    used = {"requests.cpu": 17.5, "requests.memory": 12 * 2**30, "pods": 31}
    workload.execute(
        "INSERT INTO collector.quotas (cluster_id, namespace, name, hard, used) VALUES (%s, 'shop', 'team', %s, %s)",
        (workload.cluster_id, json.dumps(hard), json.dumps(used)),
    )
    workload.execute(
        "INSERT INTO collector.volume_claims (cluster_id, namespace, name, phase, storage_class, requested_bytes,"
        " capacity_bytes, used_bytes) VALUES (%s, 'shop', 'orders', 'Bound', 'ssd', 1e11, 1e11, 6.4e10)",
        (workload.cluster_id,),
    )


def _feed_sources(workload: FedWorkload) -> None:
    rows = (
        ("pods", "available", "", "", ""),
        ("events", "available", "", "", ""),
        ("daemon_sets", "forbidden", "The credential may not list daemonsets in apps",
         "grant it list on daemonsets in apps with a ClusterRole", "DaemonSets are not shown."),
        ("disk", "missing", "Prometheus has no container_fs series", "let it scrape the kubelets' /metrics/cadvisor",
         "Disk traffic is not shown."),
    )  # fmt: skip
    for row in rows:
        workload.execute(
            "INSERT INTO collector.sources (cluster_id, source, status, reason, hint, lost, since, checked_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, now(), now())",
            (workload.cluster_id, *row),
        )
