"""Records how one look at one cluster went: what was seen, or why nothing was. One transaction each."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import TYPE_CHECKING

from ai4k8s_collector import metrics, observations, repository
from ai4k8s_collector.domain.readings import describe
from ai4k8s_collector.domain.schedule import CRASHES_BEFORE_BACKOFF
from ai4k8s_collector.domain.summary import summarize
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.collector import BackfillCluster
from ai4k8s_common.contracts.forecaster import ForecastCluster
from ai4k8s_common.store.collector import BackfillStatus, ClusterStatus, CycleStatus

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ai4k8s_collector.context import Context
    from ai4k8s_collector.domain.observed import Snapshot
    from ai4k8s_collector.domain.schedule import Rhythm
    from ai4k8s_collector.domain.summary import Summary
    from ai4k8s_collector.repository import DueCluster
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.errors import Ai4k8sError

ABRUPT_REASON = (
    "Looking at this cluster ended the worker several times. It is tried again less often; see the collector's log."
)


def record_success(context: Context, cluster: DueCluster, cycle_id: UUID, rhythm: Rhythm, snapshot: Snapshot) -> int:
    """Write a snapshot and pass the claim check on to the forecaster. Returns the number of rows."""
    cluster_id, at = cluster.cluster_id, snapshot.at
    with context.bus.transaction() as tx:
        if not repository.lock_running_cycle(tx.connection, cluster_id, cycle_id):
            return 0
        known = observations.known_workloads(tx.connection, cluster_id)
        summary = summarize(snapshot, known, rhythm.interval)
        _write_rows(tx, cluster_id, snapshot, summary)
        digest = digest_of(summary)
        for reason, count in summary.dropped.items():
            metrics.READINGS_DROPPED.labels(reason).inc(count)
        node_rows = 0 if summary.nodes is None else len(summary.nodes)
        repository.finish_cycle(
            tx.connection,
            cycle_id,
            status=CycleStatus.COMPLETED.value,
            finished_at=context.clock(),
            workload_rows=len(summary.workloads),
            node_rows=node_rows,
            digest=digest,
            dropped=dict(summary.dropped),
        )
        _set_connected(tx, context, cluster, rhythm, snapshot, summary)
        tx.send(
            ForecastCluster(
                cluster_id=cluster_id,
                cycle_id=cycle_id,
                cycle_at=at,
                rows=len(summary.workloads),
                digest=digest,
            )
        )
        payload = {"cluster_id": str(cluster_id), "cycle_id": str(cycle_id), "at": at.isoformat()}
        tx.emit(LiveEvent(LiveEventName.METRICS, cluster_room(cluster_id), {**payload}))
        return len(summary.workloads) + node_rows


def record_failure(context: Context, cluster: DueCluster, cycle_id: UUID, rhythm: Rhythm, error: Ai4k8sError) -> None:
    """Write why a cluster was not seen. Nothing that was known of it changes: silence is not absence."""
    now = context.clock()
    reason = f"{error.detail}. {error.hint}" if error.hint else error.detail
    with context.bus.transaction() as tx:
        if not repository.lock_running_cycle(tx.connection, cluster.cluster_id, cycle_id):
            return
        repository.finish_cycle(tx.connection, cycle_id, status=CycleStatus.FAILED.value, finished_at=now, error=reason)
        failures = cluster.failures + 1
        # Spreads retries; no secret depends on it.
        jitter = random.random()  # noqa: S311
        repository.update_state(
            tx.connection,
            cluster.cluster_id,
            reason=reason,
            metrics_available=False,
            metrics_detail="The cluster is not reached.",
            consecutive_failures=failures,
            next_due_at=rhythm.retry_after(failures, now, jitter),
            lease_until=None,
        )
        _change_status(tx, cluster.cluster_id, ClusterStatus.UNREACHABLE, now)


def record_crash(tx: Transaction, cluster: DueCluster, rhythm: Rhythm, now: datetime) -> int:
    """A worker died while it looked at this cluster: count it, and stay away for a while if that goes on."""
    failures = cluster.failures + 1
    values: dict[str, object] = {"consecutive_failures": failures, "lease_until": None}
    if failures >= CRASHES_BEFORE_BACKOFF:
        values |= {
            "next_due_at": rhythm.retry_after(failures, now, 1.0),
            "reason": ABRUPT_REASON,
            "metrics_available": False,
        }
        _change_status(tx, cluster.cluster_id, ClusterStatus.UNREACHABLE, now)
    repository.update_state(tx.connection, cluster.cluster_id, **values)
    return failures


def digest_of(summary: Summary) -> str:
    """Fingerprint of what was written, so that a reader can tell whether it has it all."""
    digest = hashlib.blake2b(digest_size=16)
    for row in sorted(
        (r.workload.key.namespace, r.workload.key.kind, r.workload.key.name, r.cpu_usage_millicores, r.ready_pods)
        for r in summary.workloads
    ):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _write_rows(tx: Transaction, cluster_id: UUID, snapshot: Snapshot, summary: Summary) -> None:
    connection, at = tx.connection, snapshot.at
    ids = observations.upsert_workloads(connection, cluster_id, at, summary.workloads, snapshot.kinds)
    observations.copy_workload_samples(connection, cluster_id, at, summary.workloads, ids)
    if summary.nodes is not None:
        node_ids = observations.upsert_nodes(connection, cluster_id, at, summary.nodes)
        observations.copy_node_samples(connection, cluster_id, at, summary.nodes, node_ids)


def _set_connected(
    tx: Transaction,
    context: Context,
    cluster: DueCluster,
    rhythm: Rhythm,
    snapshot: Snapshot,
    summary: Summary,
) -> None:
    details = [snapshot.metrics_problem, describe(summary.dropped)]
    values: dict[str, object] = {
        "reason": " ".join(snapshot.notes),
        "server_version": snapshot.server_version,
        "metrics_available": snapshot.pod_usage is not None,
        "metrics_detail": " ".join(detail for detail in details if detail),
        "last_success_at": snapshot.at,
        "consecutive_failures": 0,
        "next_due_at": rhythm.next_after(cluster.next_due_at, context.clock()),
        "lease_until": None,
    }
    if cluster.prometheus_url and cluster.backfill_status is BackfillStatus.NOT_AVAILABLE:
        tx.send(BackfillCluster(job_id=uuid.uuid4(), cluster_id=cluster.cluster_id))
        values["backfill_status"] = BackfillStatus.REQUESTED.value
    repository.update_state(tx.connection, cluster.cluster_id, **values)
    _change_status(tx, cluster.cluster_id, ClusterStatus.CONNECTED, snapshot.at)


def _change_status(tx: Transaction, cluster_id: UUID, status: ClusterStatus, now: datetime) -> None:
    if repository.read_status(tx.connection, cluster_id) is status:
        return
    repository.update_state(tx.connection, cluster_id, status=status.value, status_since=now)
    tx.emit(
        LiveEvent(
            LiveEventName.CLUSTER,
            cluster_room(cluster_id),
            {"cluster_id": str(cluster_id), "status": status.value, "at": now.isoformat()},
        )
    )
