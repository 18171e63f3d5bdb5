"""Sizes that would fit, when room runs out, and what if."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.capacity import service, supposing
from ai4k8s_gateway.capacity.schemas import Capacity, WhatIf, WhatIfAnswer
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.routers.workloads import WorkloadId
from ai4k8s_gateway.sizing import applying
from ai4k8s_gateway.sizing import service as sizing
from ai4k8s_gateway.sizing.schemas import ApplySizes, FindingName, SizeList, WorkloadSizes

router = APIRouter(tags=["capacity"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND))


@router.get(
    "/clusters/{cluster_id}/recommendations",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def list_recommendations(
    cluster_id: UUID,
    user: User,
    tx: Tx,
    finding: Annotated[FindingName | None, Query(description="only workloads with this finding")] = None,
) -> SizeList:
    """Requests and limits that would fit each container, with ready patches and what they save."""
    return sizing.list_sizes(tx.connection, user, cluster_id, finding)


@router.get("/workloads/{workload_id}/recommendations", dependencies=[require(Permission.CLUSTER_READ)])
def show_recommendations(workload_id: WorkloadId, user: User, tx: Tx) -> WorkloadSizes:
    """The same for one workload."""
    return sizing.show_sizes(tx.connection, user, workload_id)


@router.post(
    "/workloads/{workload_id}/recommendations/apply",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def apply_recommendations(workload_id: WorkloadId, body: ApplySizes, user: User, tx: Tx) -> JobView:
    """Apply what is recommended, as a decision that can be undone. Refused where an HPA is on the same resource."""
    return applying.apply_sizes(tx, user, workload_id, body)


@router.get("/clusters/{cluster_id}/capacity", dependencies=[require(Permission.CLUSTER_READ)])
def show_capacity(cluster_id: UUID, user: User, tx: Tx) -> Capacity:
    """When the cluster, its node pools, quotas and volume claims run out, and how many nodes that takes."""
    return service.show_capacity(tx.connection, user, cluster_id)


@router.post(
    "/clusters/{cluster_id}/capacity/what-if",
    responses=responses_for(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def what_if(cluster_id: UUID, body: WhatIf, user: User, tx: Tx) -> WhatIfAnswer:
    """Whether everything would still fit without some nodes, or with larger workloads. Nothing is stored or changed."""
    return supposing.what_if(tx.connection, user, cluster_id, body)
