"""What a cluster is made of, beside its workloads' demand."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.observed import service
from ai4k8s_gateway.observed.schemas import EventList, LimitsList, SourceList, WorkloadDetails

router = APIRouter(responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND))

BIGGEST_ID = 2**63 - 1


@router.get(
    "/clusters/{cluster_id}/sources",
    tags=["clusters"],
    responses=responses_for(HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_sources(cluster_id: UUID, user: User, tx: Tx) -> SourceList:
    """What the cluster tells and what it does not: why, what to do, and what is lost without it."""
    return service.list_sources(tx.connection, user, cluster_id)


@router.get(
    "/clusters/{cluster_id}/events",
    tags=["clusters"],
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_events(cluster_id: UUID, user: User, tx: Tx, limit: Annotated[int, Query(ge=1, le=1_000)] = 200) -> EventList:
    """What the cluster reports about its objects, the same told once, the newest first."""
    return EventList(items=service.list_events(tx.connection, user, cluster_id, limit))


@router.get(
    "/clusters/{cluster_id}/limits",
    tags=["clusters"],
    responses=responses_for(HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_limits(cluster_id: UUID, user: User, tx: Tx) -> LimitsList:
    """Quotas of namespaces and volume claims, with what is used of them."""
    return service.list_limits(tx.connection, user, cluster_id)


@router.get("/workloads/{workload_id}/details", tags=["workloads"], dependencies=[require(Permission.CLUSTER_READ)])
def get_details(workload_id: Annotated[int, Path(ge=1, le=BIGGEST_ID)], user: User, tx: Tx) -> WorkloadDetails:
    """A workload's pods, rates, deploys, events, autoscalers and use of its containers."""
    return service.details(tx.connection, user, workload_id, utc_now())
