"""What is foreseen of memory, network, disks and requests, and of node groups and clusters."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.outlooks import hourly, service
from ai4k8s_gateway.outlooks.schemas import ClusterForecast, OutlookList
from ai4k8s_gateway.routers.workloads import BIGGEST_ID

router = APIRouter(tags=["forecasts"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND))


@router.get(
    "/clusters/{cluster_id}/outlooks",
    responses=responses_for(HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def get_cluster_outlooks(cluster_id: UUID, user: User, tx: Tx) -> OutlookList:
    """Six hours ahead of a cluster as a whole and of its node groups: CPU, memory, network, disks."""
    return service.of_cluster(tx.connection, user, cluster_id)


@router.get(
    "/clusters/{cluster_id}/forecast",
    responses=responses_for(HTTPStatus.CONFLICT),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def get_cluster_forecast(cluster_id: UUID, user: User, tx: Tx) -> ClusterForecast:
    """The same of the whole cluster in short: six hourly numbers a quantity, and whether to do something."""
    return hourly.of_cluster(tx.connection, user, cluster_id)


@router.get("/workloads/{workload_id}/outlooks", dependencies=[require(Permission.CLUSTER_READ)])
def get_workload_outlooks(workload_id: Annotated[int, Path(ge=1, le=BIGGEST_ID)], user: User, tx: Tx) -> OutlookList:
    """Six hours ahead of a workload's memory, network, disks and requests; its CPU is on its timeline."""
    return service.of_workload(tx.connection, user, workload_id)
