"""Reading the forecaster's anomalies and health, within what somebody may see; writing acknowledgements and mutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.anomalies import anomalies, health_scores, incidents, watch_states
from ai4k8s_common.store.collector import nodes, workloads
from ai4k8s_common.store.gateway import anomaly_mutes, clusters, incident_acknowledgements, users
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from ai4k8s_gateway.accounts.service import Principal

MOST_ANOMALIES = 500


def incidents_of(
    connection: Connection, principal: Principal, cluster_id: UUID | None, *, open_only: bool, limit: int
) -> Sequence[Row[Any]]:
    """Return incidents, open ones first, then the newest."""
    query = (
        _incidents(principal).order_by(incidents.c.closed_at.is_not(None), incidents.c.opened_at.desc()).limit(limit)
    )
    if cluster_id is not None:
        query = query.where(incidents.c.cluster_id == cluster_id)
    if open_only:
        query = query.where(incidents.c.closed_at.is_(None))
    return connection.execute(query).all()


def incident(connection: Connection, principal: Principal, incident_id: int) -> Row[Any] | None:
    """Return one incident."""
    return connection.execute(_incidents(principal).where(incidents.c.id == incident_id)).one_or_none()


def members(connection: Connection, principal: Principal, incident_id: int) -> Sequence[Row[Any]]:
    """Return an incident's anomalies, oldest first."""
    query = _anomalies(principal).where(anomalies.c.incident_id == incident_id)
    return connection.execute(query.order_by(anomalies.c.started_at, anomalies.c.id).limit(MOST_ANOMALIES)).all()


def anomalies_of(connection: Connection, principal: Principal, cluster_id: UUID, since: datetime) -> Sequence[Row[Any]]:
    """Return a cluster's anomalies that go on or ended since a moment, newest first."""
    query = _anomalies(principal).where(
        anomalies.c.cluster_id == cluster_id, or_(anomalies.c.ended_at.is_(None), anomalies.c.ended_at >= since)
    )
    return connection.execute(query.order_by(anomalies.c.started_at.desc()).limit(MOST_ANOMALIES)).all()


def anomalies_in_range(
    connection: Connection, principal: Principal, workload_id: int, start: datetime, end: datetime
) -> Sequence[Row[Any]]:
    """Return a workload's anomalies that touch a range, oldest first."""
    query = _anomalies(principal).where(
        anomalies.c.subject_kind == "workload",
        anomalies.c.subject_id == workload_id,
        anomalies.c.started_at < end,
        anomalies.c.last_at >= start,
    )
    return connection.execute(query.order_by(anomalies.c.started_at).limit(MOST_ANOMALIES)).all()


def watching(connection: Connection, principal: Principal, cluster_id: UUID | None) -> Sequence[Row[Any]]:
    """Return how far clusters were looked at."""
    query = select(watch_states).join(clusters, clusters.c.id == watch_states.c.cluster_id).where(visible_to(principal))
    if cluster_id is not None:
        query = query.where(watch_states.c.cluster_id == cluster_id)
    return connection.execute(query).all()


def acknowledge(connection: Connection, incident_id: int, values: dict[str, Any]) -> None:
    """Store who cares for an incident, in place of who did."""
    statement = insert(incident_acknowledgements).values(incident_id=incident_id, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[incident_acknowledgements.c.incident_id], set_={**values, "acknowledged_at": func.now()}
        )
    )


def take_back_acknowledgement(connection: Connection, incident_id: int) -> None:
    """Nobody cares for it any more."""
    connection.execute(delete(incident_acknowledgements).where(incident_acknowledgements.c.incident_id == incident_id))


def mutes(connection: Connection, cluster_id: UUID) -> Sequence[Row[Any]]:
    """Return a cluster's mutes that are in force, by name."""
    m = anomaly_mutes
    in_force = or_(m.c.until.is_(None), m.c.until > func.now())
    query = select(m).where(m.c.cluster_id == cluster_id, in_force)
    return connection.execute(query.order_by(m.c.namespace, m.c.name, m.c.kind)).all()


def set_mute(connection: Connection, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Store a mute in place of the former one."""
    statement = insert(anomaly_mutes).values(**key, **values)
    names = ("cluster_id", "subject_kind", "namespace", "kind", "name")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[anomaly_mutes.c[name] for name in names], set_={**values, "created_at": func.now()}
        )
    )


def drop_mute(connection: Connection, cluster_id: UUID, mute_id: int) -> bool:
    """Take a mute back. Returns whether there was one."""
    statement = delete(anomaly_mutes).where(anomaly_mutes.c.cluster_id == cluster_id, anomaly_mutes.c.id == mute_id)
    return connection.execute(statement).rowcount > 0


def health(connection: Connection, cluster_id: UUID, since: datetime) -> Sequence[Row[Any]]:
    """Return a cluster's scores since a moment, oldest first."""
    h = health_scores
    query = select(h).where(h.c.cluster_id == cluster_id, h.c.at >= since).order_by(h.c.at)
    return connection.execute(query).all()


def newest_health(connection: Connection, cluster_ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return the newest score of each cluster that has one."""
    h = health_scores
    newest = select(h.c.cluster_id, func.max(h.c.at).label("at")).where(h.c.cluster_id.in_(cluster_ids))
    latest = newest.group_by(h.c.cluster_id).subquery()
    query = select(h).join(latest, and_(latest.c.cluster_id == h.c.cluster_id, latest.c.at == h.c.at))
    return {row.cluster_id: row for row in connection.execute(query)}


def _is_muted() -> ColumnElement[bool]:
    """Whether the anomaly's subject, joined from the collector's tables, is muted."""
    m = anomaly_mutes
    return (
        exists()
        .where(
            m.c.cluster_id == anomalies.c.cluster_id,
            m.c.subject_kind == anomalies.c.subject_kind,
            m.c.namespace == func.coalesce(workloads.c.namespace, ""),
            m.c.kind == func.coalesce(workloads.c.kind, ""),
            m.c.name == func.coalesce(workloads.c.name, nodes.c.name),
            or_(m.c.until.is_(None), m.c.until > func.now()),
        )
        .correlate(anomalies, workloads, nodes)
    )


def _subjects(query: Select[Any]) -> Select[Any]:
    is_workload, is_node = anomalies.c.subject_kind == "workload", anomalies.c.subject_kind == "node"
    return query.outerjoin(workloads, and_(is_workload, workloads.c.id == anomalies.c.subject_id)).outerjoin(
        nodes, and_(is_node, nodes.c.id == anomalies.c.subject_id)
    )


def _anomalies(principal: Principal) -> Select[Any]:
    query = select(
        anomalies,
        func.coalesce(workloads.c.namespace, "").label("namespace"),
        func.coalesce(workloads.c.kind, "").label("workload_kind"),
        func.coalesce(workloads.c.name, nodes.c.name, "").label("name"),
        _is_muted().label("muted"),
    ).join(clusters, clusters.c.id == anomalies.c.cluster_id)
    return _subjects(query).where(visible_to(principal))


def _incidents(principal: Principal) -> Select[Any]:
    columns = [func.count().label("anomalies"), func.count().filter(not_(_is_muted())).label("loud")]
    counted: Any = select(*columns).select_from(anomalies)
    sums = _subjects(counted).where(anomalies.c.incident_id == incidents.c.id).lateral("sums")
    return (
        select(
            incidents,
            clusters.c.name.label("cluster_name"),
            incident_acknowledgements.c.acknowledged_at,
            incident_acknowledgements.c.note,
            users.c.username.label("acknowledged_by"),
            sums.c.anomalies,
            sums.c.loud,
        )
        .join(clusters, clusters.c.id == incidents.c.cluster_id)
        .join(sums, true())
        .outerjoin(incident_acknowledgements, incident_acknowledgements.c.incident_id == incidents.c.id)
        .outerjoin(users, users.c.id == incident_acknowledgements.c.acknowledged_by)
        .where(visible_to(principal))
    )
