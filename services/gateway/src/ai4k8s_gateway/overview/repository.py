"""Sums over workloads and nodes, and the workloads that wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, true

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.pricing import cost_hour, rates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

MAX_NEEDS = 100

_WORKLOADS = text(
    """
    SELECT w.cluster_id,
           count(*) FILTER (WHERE coalesce(p.mode, s.mode) = 'auto') AS auto,
           count(*) FILTER (WHERE coalesce(p.mode, s.mode) = 'recommend') AS recommend,
           count(*) FILTER (WHERE w.ready_replicas < w.desired_replicas) AS short,
           count(*) FILTER (WHERE f.status = 'ready') AS foreseen,
           sum(w.ready_replicas) AS ready,
           sum(w.desired_replicas) AS desired,
           coalesce(sum(w.ready_replicas * w.cpu_request_millicores), 0) AS requested
    FROM collector.workloads w
    LEFT JOIN gateway.policies p
        ON (p.cluster_id, p.namespace, p.kind, p.name) = (w.cluster_id, w.namespace, w.kind, w.name)
    LEFT JOIN scaler.workload_states s ON s.workload_id = w.id
    LEFT JOIN LATERAL (
        SELECT status FROM forecaster.forecasts
        WHERE workload_id = w.id AND metric = 'cpu' ORDER BY made_at DESC LIMIT 1
    ) f ON true
    WHERE w.gone_at IS NULL AND w.cluster_id = ANY(:clusters)
    GROUP BY w.cluster_id
    """
)

_NODES = text(
    """
    SELECT n.cluster_id, count(*) AS nodes, count(*) FILTER (WHERE n.ready) AS ready,
           sum(n.cpu_allocatable_millicores) AS allocatable, sum(latest.cpu_usage_millicores) AS usage
    FROM collector.nodes n
    LEFT JOIN LATERAL (
        SELECT cpu_usage_millicores FROM collector.node_samples
        WHERE node_id = n.id AND at > now() - interval '10 minutes' ORDER BY at DESC LIMIT 1
    ) latest ON true
    WHERE n.gone_at IS NULL AND n.cluster_id = ANY(:clusters)
    GROUP BY n.cluster_id
    """
)

# A recommendation waits while the newest wish differs from what is there; a limit is felt while the wish was cut by it.
_WISHES = text(
    """
    SELECT w.id, w.cluster_id, w.namespace, w.name, w.desired_replicas, s.mode, s.wanted_replicas, s.reason,
           s.evaluated_at, b.wanted_before
    FROM scaler.workload_states s
    JOIN collector.workloads w ON w.id = s.workload_id AND w.gone_at IS NULL
    LEFT JOIN LATERAL (
        SELECT (g ->> 'before')::int AS wanted_before FROM jsonb_array_elements(s.guards) g
        WHERE g ->> 'name' = 'bounds' AND (g ->> 'before')::int > (g ->> 'after')::int
        LIMIT 1
    ) b ON true
    WHERE s.cluster_id = ANY(:clusters) AND s.evaluated_at > now() - make_interval(secs => :fresh_seconds)
      AND (s.mode = 'recommend' AND s.wanted_replicas <> w.desired_replicas
           OR s.mode = 'auto' AND b.wanted_before IS NOT NULL)
    ORDER BY w.namespace, w.name
    LIMIT :most
    """
)

# What failed and was not made good by a later change.
_FAILURES = text(
    """
    SELECT * FROM (
        SELECT DISTINCT ON (d.workload_id)
               d.workload_id, d.cluster_id, d.outcome, d.outcome_detail, d.decided_at, d.from_replicas, d.to_replicas,
               w.namespace, w.name
        FROM scaler.decisions d JOIN collector.workloads w ON w.id = d.workload_id AND w.gone_at IS NULL
        WHERE d.cluster_id = ANY(:clusters) AND d.decided_at > now() - :reach
          AND d.outcome IN ('failed', 'applied')
        ORDER BY d.workload_id, d.decided_at DESC
    ) newest
    WHERE outcome = 'failed'
    ORDER BY decided_at DESC
    LIMIT :most
    """
)


def workload_sums(connection: Connection, clusters: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return counts and sums over the workloads of each cluster that has some."""
    return {row.cluster_id: row for row in connection.execute(_WORKLOADS, {"clusters": list(clusters)})}


def cost_sums(connection: Connection, clusters: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return what the workloads of each cluster cost by the hour, and the currency."""
    priced = rates(workloads)
    query = (
        select(
            workloads.c.cluster_id,
            func.sum(cost_hour(workloads, priced)).label("cost_hour"),
            func.max(priced.c.currency).label("currency"),
        )
        .select_from(workloads.outerjoin(priced, true()))
        .where(workloads.c.cluster_id.in_(list(clusters)), workloads.c.gone_at.is_(None))
        .group_by(workloads.c.cluster_id)
    )
    return {row.cluster_id: row for row in connection.execute(query)}


def node_sums(connection: Connection, clusters: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return counts and sums over the nodes of each cluster that has some."""
    return {row.cluster_id: row for row in connection.execute(_NODES, {"clusters": list(clusters)})}


def wishes(connection: Connection, clusters: Sequence[UUID], fresh_seconds: float) -> list[Row[Any]]:
    """Return workloads whose wish a person must carry out, or whose limit holds the wish back."""
    parameters = {"clusters": list(clusters), "fresh_seconds": fresh_seconds, "most": MAX_NEEDS}
    return list(connection.execute(_WISHES, parameters))


def failures(connection: Connection, clusters: Sequence[UUID], reach: timedelta) -> list[Row[Any]]:
    """Return workloads whose latest change failed."""
    return list(connection.execute(_FAILURES, {"clusters": list(clusters), "reach": reach, "most": MAX_NEEDS}))
