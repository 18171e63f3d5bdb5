"""What was observed, written: workloads and nodes as they are, samples by COPY. All in the caller's transaction."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from ai4k8s_collector.binary_copy import Column, Kind, copy_columns
from ai4k8s_collector.domain.flows import BYTE_RATES, Rate
from ai4k8s_collector.domain.history import Quantity
from ai4k8s_collector.domain.observed import WorkloadKey
from ai4k8s_collector.domain.summary import Known
from ai4k8s_common.store.bulk import copy_rows, upsert_rows
from ai4k8s_common.store.collector import (
    SampleSource,
    node_samples,
    nodes,
    workload_rollups,
    workload_samples,
    workloads,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Table

    from ai4k8s_collector.domain.history import PastSamples
    from ai4k8s_collector.domain.observed import Snapshot
    from ai4k8s_collector.domain.summary import NodeRow, WorkloadRow

HPA_COLUMNS = ("hpa_name", "hpa_min_replicas", "hpa_max_replicas", "hpa_cpu_target_percent", "hpa_managed_by")
VPA_COLUMNS = ("vpa_name", "vpa_update_mode", "vpa_target")
SAMPLE_COLUMNS = (
    "cluster_id",
    "workload_id",
    "at",
    "source",
    "desired_replicas",
    "ready_replicas",
    "pods",
    "pods_with_metrics",
    "cpu_usage_millicores",
    "cpu_capacity_millicores",
    "saturated",
    "memory_bytes",
    "restarts",
    "oom_kills",
    "pending_pods",
    "cpu_request_millicores",
    "cpu_limit_millicores",
    "memory_request_bytes",
    "memory_limit_bytes",
    *Rate,
    "custom",
)


def known_workloads(connection: Connection, cluster_id: UUID) -> dict[WorkloadKey, Known]:
    """Return what is remembered of a cluster's workloads, gone ones too: they may come back."""
    w = workloads
    query = select(
        w.c.namespace,
        w.c.kind,
        w.c.name,
        w.c.last_seen_at,
        w.c.startup_seconds,
        w.c.revision,
        w.c.revision_at,
        w.c.oom_kills,
        w.c.last_oom_at,
    ).where(w.c.cluster_id == cluster_id)
    return {
        WorkloadKey(row.namespace, row.kind, row.name): Known(
            row.last_seen_at, row.startup_seconds, row.revision, row.revision_at, row.oom_kills, row.last_oom_at
        )
        for row in connection.execute(query)
    }


def workload_ids(connection: Connection, cluster_id: UUID) -> dict[WorkloadKey, int]:
    """Return the ids of a cluster's workloads."""
    w = workloads
    query = select(w.c.id, w.c.namespace, w.c.kind, w.c.name).where(w.c.cluster_id == cluster_id)
    return {WorkloadKey(row.namespace, row.kind, row.name): row.id for row in connection.execute(query)}


def upsert_workloads(
    connection: Connection, cluster_id: UUID, at: datetime, rows: Sequence[WorkloadRow], snapshot: Snapshot
) -> dict[WorkloadKey, int]:
    """Write what each workload is now, mark those of the listed kinds that are gone, and return ids.

    What was not asked or not answered (autoscalers) stays as it is known.
    """
    unread = [
        *(HPA_COLUMNS if snapshot.autoscalers is None else ()),
        *(VPA_COLUMNS if snapshot.vertical_autoscalers is None else ()),
    ]
    found = upsert_rows(
        connection,
        workloads,
        [_workload_values(cluster_id, at, row) for row in rows],
        identity=("cluster_id", "namespace", "kind", "name"),
        kept=("first_seen_at", *unread),
        returning=("id", "namespace", "kind", "name"),
        with_changes={"gone_at": "NULL"},
    )
    _mark_gone(connection, workloads, cluster_id, at, workloads.c.kind.in_(snapshot.kinds))
    return {WorkloadKey(row.namespace, row.kind, row.name): row.id for row in found}


def upsert_nodes(connection: Connection, cluster_id: UUID, at: datetime, rows: Sequence[NodeRow]) -> dict[str, int]:
    """Write what each node is now, mark those that are gone, and return ids."""
    found = upsert_rows(
        connection,
        nodes,
        [_node_values(cluster_id, at, row) for row in rows],
        identity=("cluster_id", "name"),
        kept=("first_seen_at",),
        returning=("id", "name"),
        with_changes={"gone_at": "NULL"},
    )
    _mark_gone(connection, nodes, cluster_id, at)
    return {row.name: row.id for row in found}


def copy_workload_samples(
    connection: Connection,
    cluster_id: UUID,
    at: datetime,
    rows: Iterable[WorkloadRow],
    ids: Mapping[WorkloadKey, int],
) -> int:
    """COPY one sample per workload."""
    return copy_rows(connection, workload_samples, SAMPLE_COLUMNS, (_sample(cluster_id, ids, at, row) for row in rows))


def _sample(cluster_id: UUID, ids: Mapping[WorkloadKey, int], at: datetime, row: WorkloadRow) -> tuple[object, ...]:
    workload, resources, rates = row.workload, row.workload.resources, row.rates
    return (
        cluster_id,
        ids[workload.key],
        at,
        SampleSource.LIVE.value,
        workload.desired_replicas,
        workload.ready_replicas,
        row.pods,
        row.pods_with_metrics,
        row.cpu_usage_millicores,
        row.cpu_capacity_millicores,
        row.saturated,
        row.memory_bytes,
        row.restarts,
        row.new_oom_kills,
        row.pending_pods,
        resources.cpu_request_millicores,
        resources.cpu_limit_millicores,
        resources.memory_request_bytes,
        resources.memory_limit_bytes,
        *(rates.get(rate) for rate in Rate),
        json.dumps(row.custom) if row.custom else None,
    )


def copy_node_samples(
    connection: Connection, cluster_id: UUID, at: datetime, rows: Iterable[NodeRow], ids: Mapping[str, int]
) -> int:
    """COPY one sample per node."""
    columns = ("cluster_id", "node_id", "at", "source", "cpu_usage_millicores", "memory_bytes", "pods", *BYTE_RATES)
    live = SampleSource.LIVE.value
    return copy_rows(
        connection,
        node_samples,
        columns,
        (
            (
                cluster_id,
                ids[row.node.name],
                at,
                live,
                row.cpu_usage_millicores,
                row.memory_bytes,
                row.pods,
                *(row.rates.get(rate) for rate in BYTE_RATES),
            )
            for row in rows
        ),
    )


def stage_past_samples(connection: Connection, cluster_id: UUID, samples: PastSamples) -> int:
    """COPY samples of the past to where they can be kept from or rolled up. Returns how many."""
    connection.execute(
        text("CREATE TEMP TABLE IF NOT EXISTS past_samples (LIKE collector.workload_samples) ON COMMIT DROP")
    )
    columns = [
        Column("cluster_id", Kind.UUID, cluster_id.bytes),
        Column("workload_id", Kind.BIGINT, samples.workload_id),
        Column("at", Kind.TIMESTAMP, samples.at),
        Column("source", Kind.SMALLINT, SampleSource.BACKFILL.value),
        Column("saturated", Kind.BOOLEAN, 0),
        *(Column(quantity, _kind_of(quantity), values) for quantity, values in samples.values.items()),
    ]
    return copy_columns(connection, ("past_samples",), columns, len(samples.at))


def _kind_of(quantity: Quantity) -> Kind:
    whole = quantity in {Quantity.READY_REPLICAS, Quantity.DESIRED_REPLICAS}
    return Kind.INTEGER if whole else Kind.DOUBLE


def keep_past_samples(connection: Connection, since: datetime) -> None:
    """Keep staged samples since a moment; one that is there already stays as it is."""
    connection.execute(
        text(
            "INSERT INTO collector.workload_samples SELECT * FROM past_samples WHERE at >= :since "
            "ON CONFLICT DO NOTHING"
        ),
        {"since": since},
    )


def first_live_sample_at(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when a cluster was first observed by ourselves."""
    query = select(func.min(workload_samples.c.at)).where(
        workload_samples.c.cluster_id == cluster_id, workload_samples.c.source == SampleSource.LIVE.value
    )
    return connection.execute(query).scalar_one_or_none()


def has_past_samples(connection: Connection, cluster_id: UUID) -> bool:
    """Whether anything was ever filled in."""
    query = select(workload_rollups.c.at).where(
        workload_rollups.c.cluster_id == cluster_id,
        workload_rollups.c.source == SampleSource.BACKFILL.value,
    )
    return connection.execute(query.limit(1)).first() is not None


def _mark_gone(
    connection: Connection, target: Table, cluster_id: UUID, at: datetime, *which: ColumnElement[bool]
) -> None:
    connection.execute(
        update(target)
        .where(target.c.cluster_id == cluster_id, target.c.gone_at.is_(None), target.c.last_seen_at < at, *which)
        .values(gone_at=at)
    )


def _workload_values(cluster_id: UUID, at: datetime, row: WorkloadRow) -> dict[str, object]:
    workload, resources = row.workload, row.workload.resources
    return {
        "cluster_id": cluster_id,
        "namespace": workload.key.namespace,
        "kind": workload.key.kind,
        "name": workload.key.name,
        "api_version": workload.api_version,
        "resource_version": workload.resource_version,
        "desired_replicas": workload.desired_replicas,
        "ready_replicas": workload.ready_replicas,
        "updated_replicas": workload.updated_replicas,
        "rollout_in_progress": workload.rollout_in_progress,
        "cpu_request_millicores": resources.cpu_request_millicores,
        "cpu_limit_millicores": resources.cpu_limit_millicores,
        "memory_request_bytes": resources.memory_request_bytes,
        "memory_limit_bytes": resources.memory_limit_bytes,
        "startup_seconds": row.startup_seconds,
        "startup_p50_seconds": row.startup_percentile(0.5),
        "startup_p95_seconds": row.startup_percentile(0.95),
        "scalable": workload.scalable,
        "resource": workload.resource,
        "status_detail": workload.status_detail,
        "images": workload.images,
        "volume_claims": workload.volume_claims,
        "containers": [asdict(container) for container in workload.containers],
        "revision": row.revision,
        "revision_at": row.revision_at,
        "restarts": row.restarts,
        "oom_kills": row.oom_kills,
        "last_oom_at": row.last_oom_at,
        "pending": row.pending,
        **_autoscaler_values(row),
        "annotations": workload.annotations,
        "first_seen_at": at,
        "last_seen_at": at,
    }


def _autoscaler_values(row: WorkloadRow) -> dict[str, object]:
    hpa, vpa = row.hpa, row.vpa
    return {
        "hpa_name": hpa.name if hpa else None,
        "hpa_min_replicas": hpa.min_replicas if hpa else None,
        "hpa_max_replicas": hpa.max_replicas if hpa else None,
        "hpa_cpu_target_percent": hpa.cpu_target_percent if hpa else None,
        "hpa_managed_by": hpa.managed_by if hpa else None,
        "vpa_name": vpa.name if vpa else None,
        "vpa_update_mode": vpa.update_mode if vpa else None,
        "vpa_target": vpa.target if vpa else None,
    }


def _node_values(cluster_id: UUID, at: datetime, row: NodeRow) -> dict[str, object]:
    node = row.node
    return {
        "cluster_id": cluster_id,
        "name": node.name,
        "ready": node.ready,
        "unschedulable": node.unschedulable,
        "cpu_allocatable_millicores": node.cpu_allocatable_millicores,
        "memory_allocatable_bytes": node.memory_allocatable_bytes,
        "pods_allocatable": node.pods_allocatable,
        "cpu_capacity_millicores": node.cpu_capacity_millicores,
        "memory_capacity_bytes": node.memory_capacity_bytes,
        "pods_capacity": node.pods_capacity,
        "conditions": {
            one.type: {"status": one.status, "reason": one.reason, "message": one.message, "since": one.since}
            for one in node.conditions
        },
        "roles": node.roles,
        "instance_type": node.instance_type,
        "zone": node.zone,
        "pool": node.pool,
        "tainted": node.tainted,
        "kubelet_version": node.kubelet_version,
        "cpu_requested_millicores": row.cpu_requested_millicores,
        "memory_requested_bytes": row.memory_requested_bytes,
        "first_seen_at": at,
        "last_seen_at": at,
    }
