"""The ledger."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from ai4k8s_gateway.decisions import service
from ai4k8s_gateway.decisions.schemas import DecisionDetail, DecisionList
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.routers.workloads import BIGGEST_ID

router = APIRouter(prefix="/decisions", tags=["decisions"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("", responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY))
def list_decisions(
    user: User,
    tx: Tx,
    cluster_id: UUID | None = None,
    workload_id: Annotated[int | None, Query(ge=1, le=BIGGEST_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: AwareDatetime | None = None,
    changes_only: Annotated[bool, Query(description="leave out decisions to change nothing")] = False,
) -> DecisionList:
    """Decisions on the workloads you may see, newest first."""
    return service.list_views(
        tx.connection,
        user,
        limit=limit,
        cluster_id=cluster_id,
        workload_id=workload_id,
        before=before,
        changes_only=changes_only,
    )


@router.get("/{decision_id}", responses=responses_for(HTTPStatus.NOT_FOUND))
def get_decision(decision_id: UUID, user: User, tx: Tx) -> DecisionDetail:
    """One decision with its inputs, forecast, alternatives, guards, outcome, advice and judgement."""
    return service.detail(tx.connection, user, decision_id)
