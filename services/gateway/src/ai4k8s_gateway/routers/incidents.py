"""Anomalies, incidents and health."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.incidents import service
from ai4k8s_gateway.incidents.schemas import (
    AnomalyList,
    HealthView,
    IncidentDetail,
    IncidentList,
    MuteList,
    NewAcknowledgement,
    NewMute,
)
from ai4k8s_gateway.routers.workloads import BIGGEST_ID

router = APIRouter(tags=["incidents"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND))

Number = Annotated[int, Path(ge=1, le=BIGGEST_ID)]
CHANGE = responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.get("/incidents", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_incidents(
    user: User,
    tx: Tx,
    cluster_id: UUID | None = None,
    open_only: Annotated[bool, Query(description="leave out those that are over")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> IncidentList:
    """What deviates from everything known, grouped by where and when it began; open ones first."""
    return service.list_incidents(tx.connection, user, cluster_id, open_only=open_only, limit=limit)


@router.get("/incidents/{incident_id}", dependencies=[require(Permission.CLUSTER_READ)])
def get_incident(incident_id: Number, user: User, tx: Tx) -> IncidentDetail:
    """One incident with its anomalies."""
    return service.show_incident(tx.connection, user, incident_id)


@router.put(
    "/incidents/{incident_id}/acknowledgement", responses=CHANGE, dependencies=[require(Permission.WORKLOAD_SCALE)]
)
def acknowledge_incident(incident_id: Number, body: NewAcknowledgement, user: User, tx: Tx) -> IncidentDetail:
    """Say that you have seen it and care for it; it stays open until it is over."""
    return service.acknowledge(tx, user, incident_id, body)


@router.delete(
    "/incidents/{incident_id}/acknowledgement", responses=CHANGE, dependencies=[require(Permission.WORKLOAD_SCALE)]
)
def take_back_acknowledgement(incident_id: Number, user: User, tx: Tx) -> IncidentDetail:
    """Leave it to others again."""
    return service.take_back_acknowledgement(tx, user, incident_id)


@router.get(
    "/clusters/{cluster_id}/anomalies",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_anomalies(
    cluster_id: UUID,
    user: User,
    tx: Tx,
    since: Annotated[AwareDatetime | None, Query(description="ended since; default: 7 days ago")] = None,
) -> AnomalyList:
    """A cluster's anomalies, newest first, and how much of it is watched."""
    return service.list_anomalies(tx.connection, user, cluster_id, since, utc_now())


@router.get("/clusters/{cluster_id}/health", dependencies=[require(Permission.CLUSTER_READ)])
def get_health(cluster_id: UUID, user: User, tx: Tx) -> HealthView:
    """A cluster's health from 0 to 100, what takes points away and why, and the last day of it."""
    return service.show_health(tx.connection, user, cluster_id, utc_now())


@router.get("/clusters/{cluster_id}/mutes", dependencies=[require(Permission.CLUSTER_READ)])
def list_mutes(cluster_id: UUID, user: User, tx: Tx) -> MuteList:
    """The workloads and nodes of which no anomaly is told."""
    return service.list_mutes(tx.connection, user, cluster_id)


@router.put(
    "/clusters/{cluster_id}/mutes", responses=CHANGE, dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)]
)
def mute_subject(cluster_id: UUID, body: NewMute, user: User, tx: Tx) -> MuteList:
    """Hear no more of a workload or node, for a while or until it is taken back."""
    return service.mute(tx, user, cluster_id, body, utc_now())


@router.delete(
    "/clusters/{cluster_id}/mutes/{mute_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)],
)
def unmute_subject(cluster_id: UUID, mute_id: Number, user: User, tx: Tx) -> None:
    """Hear of it again."""
    service.unmute(tx, user, cluster_id, mute_id)
