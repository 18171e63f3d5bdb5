"""Use cases around anomalies: list and open incidents, acknowledge them, mute subjects, and tell a cluster's health."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.incidents import repository
from ai4k8s_gateway.incidents.schemas import (
    Acknowledgement,
    AnomalyList,
    AnomalyView,
    HealthPoint,
    HealthView,
    IncidentDetail,
    IncidentList,
    IncidentView,
    MuteList,
    MuteView,
    SubjectView,
    Watching,
)

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.incidents.schemas import NewAcknowledgement, NewMute

ANOMALY_REACH = timedelta(days=7)
HEALTH_REACH = timedelta(days=1)

log = structlog.stdlib.get_logger(__name__)


def list_incidents(
    connection: Connection, principal: Principal, cluster_id: UUID | None, *, open_only: bool, limit: int
) -> IncidentList:
    """Return incidents of one cluster, or of all a person may see. Raises NotFoundError."""
    if cluster_id is not None:
        cluster_service.get(connection, principal, cluster_id)
    rows = repository.incidents_of(connection, principal, cluster_id, open_only=open_only, limit=limit)
    return IncidentList(
        items=[_incident(row, principal) for row in rows],
        watching=[_watching(row) for row in repository.watching(connection, principal, cluster_id)],
    )


def show_incident(connection: Connection, principal: Principal, incident_id: int) -> IncidentDetail:
    """Return one incident with its anomalies. Raises NotFoundError."""
    row = _row(connection, principal, incident_id)
    members = [anomaly_view(member) for member in repository.members(connection, principal, incident_id)]
    return IncidentDetail(**_incident(row, principal).model_dump(), members=members)


def acknowledge(tx: Transaction, principal: Principal, incident_id: int, body: NewAcknowledgement) -> IncidentDetail:
    """Say that somebody cares for an incident. Raises NotFoundError, ForbiddenError."""
    row = _row(tx.connection, principal, incident_id)
    cluster_service.require_scale(tx.connection, principal, row.cluster_id, row.namespace)
    values = {"acknowledged_by": principal.user_id, "note": body.note}
    repository.acknowledge(tx.connection, incident_id, values)
    log.info("incident_acknowledged", incident_id=incident_id, user_id=str(principal.user_id))
    return show_incident(tx.connection, principal, incident_id)


def take_back_acknowledgement(tx: Transaction, principal: Principal, incident_id: int) -> IncidentDetail:
    """Leave an incident to others again. Raises NotFoundError, ForbiddenError."""
    row = _row(tx.connection, principal, incident_id)
    cluster_service.require_scale(tx.connection, principal, row.cluster_id, row.namespace)
    repository.take_back_acknowledgement(tx.connection, incident_id)
    return show_incident(tx.connection, principal, incident_id)


def list_anomalies(
    connection: Connection, principal: Principal, cluster_id: UUID, since: datetime | None, now: datetime
) -> AnomalyList:
    """Return a cluster's anomalies. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    rows = repository.anomalies_of(connection, principal, cluster_id, since or now - ANOMALY_REACH)
    states = repository.watching(connection, principal, cluster_id)
    return AnomalyList(watching=_watching(states[0]) if states else None, items=[anomaly_view(row) for row in rows])


def list_mutes(connection: Connection, principal: Principal, cluster_id: UUID) -> MuteList:
    """Return a cluster's mutes. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    return MuteList(
        items=[
            MuteView(
                id=row.id,
                subject_kind=row.subject_kind,
                namespace=row.namespace,
                workload_kind=row.kind,
                name=row.name,
                until=row.until,
                reason=row.reason,
                created_at=row.created_at,
            )
            for row in repository.mutes(connection, cluster_id)
        ]
    )


def mute(tx: Transaction, principal: Principal, cluster_id: UUID, body: NewMute, now: datetime) -> MuteList:
    """Hear no more of a subject. Raises NotFoundError, ForbiddenError, InvalidInputError."""
    cluster_service.require_scale(tx.connection, principal, cluster_id, body.namespace or None)
    if body.until is not None and body.until <= now:
        raise InvalidInputError("'until' lies in the past", hint="Choose a later moment, or none.")
    key = {
        "cluster_id": cluster_id,
        "subject_kind": body.subject_kind.value,
        "namespace": body.namespace,
        "kind": body.workload_kind,
        "name": body.name,
    }
    values = {"until": body.until, "reason": body.reason, "created_by": principal.user_id}
    repository.set_mute(tx.connection, key, values)
    log.info("anomalies_muted", cluster_id=str(cluster_id), user_id=str(principal.user_id))
    return list_mutes(tx.connection, principal, cluster_id)


def unmute(tx: Transaction, principal: Principal, cluster_id: UUID, mute_id: int) -> None:
    """Hear of a subject again. Raises NotFoundError, ForbiddenError."""
    cluster_service.get(tx.connection, principal, cluster_id)
    row = next((row for row in repository.mutes(tx.connection, cluster_id) if row.id == mute_id), None)
    cluster_service.require_scale(tx.connection, principal, cluster_id, None if row is None else row.namespace or None)
    if row is None or not repository.drop_mute(tx.connection, cluster_id, mute_id):
        raise NotFoundError("there is no such mute", hint="It may have been taken back already.")


def show_health(connection: Connection, principal: Principal, cluster_id: UUID, now: datetime) -> HealthView:
    """Return a cluster's newest health and the last day. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    newest = repository.newest_health(connection, [cluster_id]).get(cluster_id)
    rows = repository.health(connection, cluster_id, now - HEALTH_REACH)
    return HealthView(
        score=newest.score if newest else None,
        at=newest.at if newest else None,
        ingredients=newest.ingredients if newest else [],
        history=[HealthPoint(at=row.at, score=row.score) for row in rows],
    )


def anomaly_view(row: Row[Any]) -> AnomalyView:
    """One anomaly as it is served."""
    subject = SubjectView(
        kind=row.subject_kind,
        id=row.subject_id,
        namespace=row.namespace,
        workload_kind=row.workload_kind,
        name=row.name,
        muted=row.muted,
    )
    return AnomalyView(
        id=row.id,
        incident_id=row.incident_id,
        cluster_id=row.cluster_id,
        subject=subject,
        is_anomaly=row.ended_at is None,
        anomaly_score=row.score,
        severity=row.severity,
        affected_metrics=row.affected_metrics,
        description=row.description,
        recommended_action=row.recommended_action,
        evidence=row.evidence,
        started_at=row.started_at,
        last_at=row.last_at,
        ended_at=row.ended_at,
    )


def _row(connection: Connection, principal: Principal, incident_id: int) -> Row[Any]:
    row = repository.incident(connection, principal, incident_id)
    if row is None:
        raise NotFoundError("there is no such incident", hint="It may be older than what is kept.")
    return row


def _incident(row: Row[Any], principal: Principal) -> IncidentView:
    acknowledgement = None
    if row.acknowledged_at is not None:
        by = row.acknowledged_by or "somebody who is gone"
        acknowledgement = Acknowledgement(by=by, at=row.acknowledged_at, note=row.note)
    return IncidentView(
        id=row.id,
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        namespace=row.namespace,
        severity=row.severity,
        title=row.title,
        opened_at=row.opened_at,
        last_at=row.last_at,
        closed_at=row.closed_at,
        anomalies=row.anomalies,
        muted=row.anomalies > 0 and row.loud == 0,
        acknowledgement=acknowledgement,
        may_change=cluster_service.may_scale(principal, row.cluster_id, row.namespace),
    )


def _watching(row: Row[Any]) -> Watching:
    return Watching(
        cluster_id=row.cluster_id,
        analysed_until=row.analysed_until,
        subjects=row.subjects,
        learning=row.learning,
        detail=row.detail,
    )
