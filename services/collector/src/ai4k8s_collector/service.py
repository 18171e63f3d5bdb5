"""Records how one look at one cluster went: what was seen, or why nothing was. One transaction each."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import TYPE_CHECKING

from ai4k8s_collector import current, digests, metrics, observations, repository
from ai4k8s_collector.domain.digests import Gathered, throttled_by_pod
from ai4k8s_collector.domain.readings import describe
from ai4k8s_collector.domain.schedule import CRASHES_BEFORE_BACKOFF
from ai4k8s_collector.domain.summary import summarize
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.collector import BackfillCluster
from ai4k8s_common.contracts.forecaster import ForecastCluster
from ai4k8s_common.store.collector import BackfillStatus, ClusterStatus, CycleStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from ai4k8s_collector.context import Context
    from ai4k8s_collector.domain.observed import Snapshot, WorkloadKey
    from ai4k8s_collector.domain.pods import PodRow
    from ai4k8s_collector.domain.schedule import Rhythm
    from ai4k8s_collector.domain.summary import Summary
    from ai4k8s_collector.memory import ClusterMemory
    from ai4k8s_collector.repository import DueCluster
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.errors import Ai4k8sError

ABRUPT_REASON = (
    "Looking at this cluster ended the worker several times. It is tried again less often; see the collector's log."
)


def record_success(context: Context, cluster: DueCluster, cycle_id: UUID, rhythm: Rhythm, snapshot: Snapshot) -> int:
    """Write a snapshot and pass the claim check on to the forecaster. Returns the number of rows."""
    cluster_id, at = cluster.cluster_id, snapshot.at
    memory = context.memories.of(cluster_id)
    with context.bus.transaction() as tx:
        if not repository.lock_running_cycle(tx.connection, cluster_id, cycle_id):
            return 0
        known = observations.known_workloads(tx.connection, cluster_id)
        before = _stored_pods(tx, cluster_id, memory)
        summary = summarize(snapshot, known, rhythm.interval, before)
        after = _write_rows(tx, cluster_id, snapshot, summary, before, memory.gathered)
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
        _set_connected(tx, context, cluster, cycle_id, rhythm, snapshot, summary)
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
    # Only what was committed may be trusted the next time, and is not written again.
    memory.stored, memory.stored_by = after, cycle_id
    if memory.gathered.is_due(at):
        memory.gathered = Gathered()
    memory.gathered.add(summary, throttled_by_pod(snapshot.flows.pods), at, digests.BUCKETS)
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
            reason_code=error.code,
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


def _stored_pods(tx: Transaction, cluster_id: UUID, memory: ClusterMemory) -> dict[str, PodRow]:
    """Return the pods that the store has: from memory if nobody has written since, else from the store."""
    last = repository.last_cycle(tx.connection, cluster_id)
    if memory.stored is not None and memory.stored_by is not None and memory.stored_by == last:
        return memory.stored
    return current.stored_pods(tx.connection, cluster_id)


def _write_rows(
    tx: Transaction,
    cluster_id: UUID,
    snapshot: Snapshot,
    summary: Summary,
    before: Mapping[str, PodRow],
    gathered: Gathered,
) -> dict[str, PodRow]:
    """Write everything that was seen. Returns the pods as the store has them now."""
    connection, at = tx.connection, snapshot.at
    ids = observations.upsert_workloads(connection, cluster_id, at, summary.workloads, snapshot)
    observations.copy_workload_samples(connection, cluster_id, at, summary.workloads, ids)
    if summary.nodes is not None:
        node_ids = observations.upsert_nodes(connection, cluster_id, at, summary.nodes)
        observations.copy_node_samples(connection, cluster_id, at, summary.nodes, node_ids)
    after = current.pod_rows(snapshot.pods, summary.pods, ids)
    current.write_pods(connection, cluster_id, before, after)
    current.write_deploys(connection, cluster_id, summary.workloads, ids)
    if gathered.since is not None and gathered.is_due(at):
        digests.add_digests(connection, cluster_id, gathered.since.date(), gathered.by_container, ids)
    _write_objects(tx, cluster_id, snapshot, summary, ids)
    return after


def _write_objects(
    tx: Transaction, cluster_id: UUID, snapshot: Snapshot, summary: Summary, ids: Mapping[WorkloadKey, int]
) -> None:
    connection = tx.connection
    if snapshot.events is not None:
        current.write_events(connection, cluster_id, snapshot.events, _about(snapshot, summary, ids))
    if snapshot.quotas is not None:
        current.write_quotas(connection, cluster_id, snapshot.quotas)
    if snapshot.volume_claims is not None:
        current.write_claims(connection, cluster_id, snapshot.volume_claims)
    current.write_sources(connection, cluster_id, snapshot.sources, snapshot.at)


def _about(
    snapshot: Snapshot, summary: Summary, ids: Mapping[WorkloadKey, int]
) -> dict[tuple[str, str, str], tuple[WorkloadKey, int]]:
    """Return which workload an event's object belongs to: itself, its pods, its ReplicaSets and its HPA."""
    about = {(key.namespace, key.kind, key.name): (key, workload_id) for key, workload_id in ids.items()}
    for row in summary.workloads:
        key = row.workload.key
        here = (key, ids[key])
        about |= {(pod.namespace, "Pod", pod.name): here for pod in summary.pods.get(key, ())}
        revisions = snapshot.revisions.get(row.workload.uid, ())
        about |= {(key.namespace, "ReplicaSet", revision.replica_set): here for revision in revisions}
        if row.hpa is not None:
            about[key.namespace, "HorizontalPodAutoscaler", row.hpa.name] = here
    return about


def _set_connected(
    tx: Transaction,
    context: Context,
    cluster: DueCluster,
    cycle_id: UUID,
    rhythm: Rhythm,
    snapshot: Snapshot,
    summary: Summary,
) -> None:
    details = [snapshot.metrics_problem, describe(summary.dropped)]
    values: dict[str, object] = {
        "reason": " ".join(snapshot.notes),
        "reason_code": "",
        "server_version": snapshot.server_version,
        "metrics_available": snapshot.pod_usage is not None,
        "metrics_detail": " ".join(detail for detail in details if detail),
        "last_success_at": snapshot.at,
        "consecutive_failures": 0,
        "next_due_at": rhythm.next_after(cluster.next_due_at, context.clock()),
        "lease_until": None,
        "last_cycle_id": cycle_id,
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
