"""Workloads, their policies and their time axis."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.backtests import service as backtests
from ai4k8s_gateway.backtests.schemas import BacktestView, NewBacktest
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.workloads import service
from ai4k8s_gateway.workloads.schemas import NewPolicy, PolicyPreview, Timeline, WorkloadView

router = APIRouter(
    prefix="/workloads", tags=["workloads"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
)

BIGGEST_ID = 2**63 - 1
WorkloadId = Annotated[int, Path(ge=1, le=BIGGEST_ID)]


@router.get("/{workload_id}", dependencies=[require(Permission.CLUSTER_READ)])
def get_workload(workload_id: WorkloadId, user: User, tx: Tx, wiring: Wired) -> WorkloadView:
    """One workload."""
    return service.view(tx.connection, wiring.clusters, user, workload_id, utc_now())


@router.put(
    "/{workload_id}/policy",
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def set_policy(workload_id: WorkloadId, body: NewPolicy, user: User, tx: Tx, wiring: Wired) -> WorkloadView:
    """Say how a workload shall be scaled. The scaler obeys from its next cycle on."""
    return service.set_policy(tx, wiring.clusters, user, workload_id, body, utc_now())


@router.post(
    "/{workload_id}/policy/preview",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def preview_policy(workload_id: WorkloadId, body: NewPolicy, user: User, tx: Tx, wiring: Wired) -> PolicyPreview:
    """What a policy would do if it were set; nothing is stored."""
    return service.preview_policy(tx.connection, wiring.clusters, user, workload_id, body, utc_now())


@router.post(
    "/{workload_id}/backtest",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def start_backtest(workload_id: WorkloadId, body: NewBacktest, user: User, tx: Tx) -> JobView:
    """Replay a workload's own past under our policy, HPA at many targets and VPA. Follow the job for the result."""
    return backtests.start(tx, user, workload_id, body)


@router.get("/{workload_id}/backtest", dependencies=[require(Permission.CLUSTER_READ)])
def get_backtest(workload_id: WorkloadId, user: User, tx: Tx) -> BacktestView:
    """Your newest backtest of a workload."""
    return backtests.newest(tx.connection, user, workload_id)


@router.get(
    "/{workload_id}/timeline",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ)],
)
def get_timeline(
    workload_id: WorkloadId,
    user: User,
    tx: Tx,
    wiring: Wired,
    from_: Annotated[
        AwareDatetime | None,
        Query(alias="from", description="default: 6 h before 'to'", examples=["2030-01-01T00:00:00Z"]),
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="default: now", examples=["2030-01-01T06:00:00Z"])] = None,
) -> Timeline:
    """Everything about a workload on one time axis: at most about 1,500 points, gaps as nulls."""
    return service.show_timeline(tx.connection, wiring.clusters, user, workload_id, from_, to, utc_now())
