"""Rows about anomalies, incidents and health: the forecaster's own, and what it reads of others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.anomalies import SubjectKind, anomalies, health_scores, incidents, watch_states
from ai4k8s_common.store.collector import cluster_states, nodes, workloads
from ai4k8s_common.store.gateway import anomaly_mutes, clusters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row


@dataclass(frozen=True)
class Subject:
    """A workload or node that is watched.

    Attributes:
        subject_id: the collector's number.
        place: its namespace; empty for nodes.
        kind: Deployment and so on; empty for nodes.
        name: its own.
        cpu_limit: what a node can give; None for workloads, whose capacity is measured.
        memory_limit: of one pod, or what a node can give.
    """

    subject_id: int
    place: str
    kind: str
    name: str
    cpu_limit: float | None
    memory_limit: float | None

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.place}/{self.name}" if self.place else self.name


def subjects(connection: Connection, cluster_id: UUID, kind: SubjectKind) -> list[Subject]:
    """Return what is watched in a cluster, by number. What ends by itself (jobs) has no usual course."""
    if kind is SubjectKind.NODE:
        n = nodes
        query = select(n.c.id, n.c.name, n.c.cpu_allocatable_millicores, n.c.memory_allocatable_bytes).where(
            n.c.cluster_id == cluster_id, n.c.gone_at.is_(None)
        )
        return [Subject(row.id, "", "", row.name, row[2], row[3]) for row in connection.execute(query.order_by(n.c.id))]
    w = workloads
    lasting = or_(w.c.scalable, w.c.kind == "DaemonSet")
    query = select(w.c.id, w.c.namespace, w.c.kind, w.c.name, w.c.memory_limit_bytes).where(
        w.c.cluster_id == cluster_id, w.c.gone_at.is_(None), lasting
    )
    return [
        Subject(row.id, row.namespace, row.kind, row.name, None, row.memory_limit_bytes)
        for row in connection.execute(query.order_by(w.c.id))
    ]


def analysed_until(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return how far a cluster was looked at."""
    query = select(watch_states.c.analysed_until).where(watch_states.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def set_watch_state(connection: Connection, cluster_id: UUID, values: dict[str, Any]) -> None:
    """Store how far a cluster was looked at, and of how much too little is known."""
    statement = insert(watch_states).values(cluster_id=cluster_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[watch_states.c.cluster_id], set_=values))


def recent_anomalies(connection: Connection, cluster_id: UUID, since: datetime) -> list[Row[Any]]:
    """Return a cluster's anomalies that began since a moment or are not over."""
    a = anomalies
    query = select(
        a.c.id, a.c.incident_id, a.c.subject_kind, a.c.subject_id, a.c.severity, a.c.score, a.c.started_at,
        a.c.last_at, a.c.ended_at,
    ).where(a.c.cluster_id == cluster_id, or_(a.c.started_at >= since, a.c.ended_at.is_(None)))  # fmt: skip
    return [*connection.execute(query)]


def insert_anomalies(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write anomalies that begin; one that is there already stays."""
    if rows:
        connection.execute(insert(anomalies).on_conflict_do_nothing(), rows)


def change_anomaly(connection: Connection, anomaly_id: int, values: dict[str, Any]) -> None:
    """Write what is new of one that goes on."""
    connection.execute(update(anomalies).where(anomalies.c.id == anomaly_id).values(**values))


def end_anomalies(connection: Connection, ids: Sequence[int]) -> None:
    """Anomalies that are over ended when they were last seen."""
    if ids:
        connection.execute(update(anomalies).where(anomalies.c.id.in_(list(ids))).values(ended_at=anomalies.c.last_at))


def open_incidents(connection: Connection, cluster_id: UUID) -> Sequence[Row[Any]]:
    """Return a cluster's incidents that are not over."""
    i = incidents
    return connection.execute(select(i).where(i.c.cluster_id == cluster_id, i.c.closed_at.is_(None))).all()


def open_incident(connection: Connection, values: dict[str, Any]) -> int:
    """Write a new incident; its number."""
    return int(connection.execute(insert(incidents).values(**values).returning(incidents.c.id)).scalar_one())


def change_incident(connection: Connection, incident_id: int, values: dict[str, Any]) -> None:
    """Write what is new of an incident."""
    connection.execute(update(incidents).where(incidents.c.id == incident_id).values(**values))


def muted(connection: Connection, cluster_id: UUID, now: datetime) -> set[tuple[str, str, str, str]]:
    """Return (kind of subject, namespace, kind, name) of what people do not want to hear of."""
    m = anomaly_mutes
    query = select(m.c.subject_kind, m.c.namespace, m.c.kind, m.c.name).where(
        m.c.cluster_id == cluster_id, or_(m.c.until.is_(None), m.c.until > now)
    )
    return {(row[0], row[1], row[2], row[3]) for row in connection.execute(query)}


def prune(connection: Connection, cluster_id: UUID, before: datetime) -> None:
    """Drop what is past retention."""
    connection.execute(anomalies.delete().where(anomalies.c.cluster_id == cluster_id, anomalies.c.ended_at < before))
    connection.execute(incidents.delete().where(incidents.c.cluster_id == cluster_id, incidents.c.closed_at < before))
    connection.execute(
        health_scores.delete().where(health_scores.c.cluster_id == cluster_id, health_scores.c.at < before)
    )


def insert_health(connection: Connection, values: dict[str, Any]) -> None:
    """Write a cluster's health at one moment; one that is there already stays."""
    connection.execute(insert(health_scores).values(**values).on_conflict_do_nothing())


_HEALTH = text(
    """
    SELECT s.metrics_available, s.last_success_at, c.interval_seconds,
           n.nodes, n.ready AS nodes_ready, n.cpu, n.memory, n.requested,
           w.wanted, w.ready, w.workloads,
           f.foreseen, r.judged, r.inside, d.failed
    FROM collector.cluster_states s
    JOIN gateway.clusters c ON c.id = s.cluster_id,
    LATERAL (
        SELECT count(*) AS nodes, count(*) FILTER (WHERE ready) AS ready,
               sum(cpu_allocatable_millicores) FILTER (WHERE ready) AS cpu,
               sum(memory_allocatable_bytes) FILTER (WHERE ready) AS memory,
               sum(cpu_requested_millicores) FILTER (WHERE ready) AS requested
        FROM collector.nodes WHERE cluster_id = s.cluster_id AND gone_at IS NULL
    ) n,
    LATERAL (
        SELECT coalesce(sum(desired_replicas), 0) AS wanted,
               coalesce(sum(least(ready_replicas, desired_replicas)), 0) AS ready,
               count(*) FILTER (WHERE scalable) AS workloads
        FROM collector.workloads WHERE cluster_id = s.cluster_id AND gone_at IS NULL
    ) w,
    LATERAL (
        SELECT count(*) FILTER (WHERE status = 'ready') AS foreseen FROM forecaster.forecasts
        WHERE cluster_id = s.cluster_id AND metric = 'cpu'
          AND made_at = (SELECT max(made_at) FROM forecaster.forecasts WHERE cluster_id = s.cluster_id)
    ) f,
    LATERAL (
        SELECT coalesce(sum(judged), 0) AS judged, coalesce(sum(inside_95), 0) AS inside FROM forecaster.scores
        WHERE cluster_id = s.cluster_id AND hour >= :day_ago
    ) r,
    LATERAL (
        SELECT count(*) AS failed FROM scaler.decisions
        WHERE cluster_id = s.cluster_id AND decided_at >= :day_ago AND outcome = 'failed'
    ) d
    WHERE s.cluster_id = :cluster_id
    """
)


def facts_of_health(connection: Connection, cluster_id: UUID, now: datetime) -> Row[Any] | None:
    """Return what the store says about a cluster's health."""
    parameters = {"cluster_id": cluster_id, "day_ago": now - timedelta(days=1)}
    return connection.execute(_HEALTH, parameters).one_or_none()


def is_wanted(connection: Connection, cluster_id: UUID) -> bool:
    """Whether the cluster is still connected here."""
    query = select(clusters.c.id).join(cluster_states, cluster_states.c.cluster_id == clusters.c.id)
    return connection.execute(query.where(clusters.c.id == cluster_id)).one_or_none() is not None


_RAISE = text(
    """
    UPDATE forecaster.incidents SET severity = :severity
    WHERE id = :id AND array_position(:ranks, severity) < array_position(:ranks, :severity)
    """
)
_RANKS = ["low", "medium", "high", "critical"]

_OPEN = text(
    """
    SELECT a.severity, count(*)
    FROM forecaster.anomalies a
    LEFT JOIN collector.workloads w ON a.subject_kind = 'workload' AND w.id = a.subject_id
    LEFT JOIN collector.nodes n ON a.subject_kind = 'node' AND n.id = a.subject_id
    WHERE a.cluster_id = :cluster_id AND a.ended_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM gateway.anomaly_mutes m
        WHERE m.cluster_id = a.cluster_id AND m.subject_kind = a.subject_kind
          AND (m.namespace, m.kind, m.name)
              = (coalesce(w.namespace, ''), coalesce(w.kind, ''), coalesce(w.name, n.name))
          AND (m.until IS NULL OR m.until > :now)
    )
    GROUP BY a.severity
    """
)


def raise_incident(connection: Connection, incident_id: int, severity: str) -> None:
    """An incident is as grave as the gravest of its anomalies."""
    connection.execute(_RAISE, {"id": incident_id, "severity": severity, "ranks": _RANKS})


def open_by_severity(connection: Connection, cluster_id: UUID, now: datetime) -> tuple[int, int, int, int]:
    """Count a cluster's open anomalies by severity, from low to critical, without those that are muted."""
    counts = {row[0]: row[1] for row in connection.execute(_OPEN, {"cluster_id": cluster_id, "now": now})}
    low, medium, high, critical = (int(counts.get(name, 0)) for name in _RANKS)
    return low, medium, high, critical
