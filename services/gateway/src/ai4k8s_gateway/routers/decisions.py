"""The ledger."""

from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from ai4k8s_common.rights import Permission
from ai4k8s_common.store.scaler import DecisionOutcome, Engine
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.decisions import service
from ai4k8s_gateway.decisions.schemas import DecisionDetail, DecisionFilter, DecisionList
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.routers.workloads import BIGGEST_ID

router = APIRouter(prefix="/decisions", tags=["decisions"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


def wanted_decisions(
    cluster_id: UUID | None = None,
    workload_id: Annotated[int | None, Query(ge=1, le=BIGGEST_ID)] = None,
    before: AwareDatetime | None = None,
    since: AwareDatetime | None = None,
    changes_only: Annotated[bool, Query(description="leave out decisions to change nothing")] = False,
    text: Annotated[str, Query(max_length=100, description="in the reason or the workload's name")] = "",
    outcome: DecisionOutcome | None = None,
    engine: Engine | None = None,
    guard: Annotated[str, Query(max_length=40, description="a guard that spoke", examples=["bounds"])] = "",
) -> DecisionFilter:
    """What is asked for."""
    return DecisionFilter(
        cluster_id=cluster_id,
        workload_id=workload_id,
        before=before,
        since=since,
        changes_only=changes_only,
        text=text,
        outcome=outcome,
        engine=engine,
        guard=guard,
    )


Wanted = Annotated[DecisionFilter, Depends(wanted_decisions)]


@router.get(
    "",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)],
)
def list_decisions(user: User, tx: Tx, wanted: Wanted, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> DecisionList:
    """Decisions on the workloads you may see, newest first."""
    return service.list_views(tx.connection, user, wanted, limit)


@router.get(
    "/export",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    response_class=Response,
    dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)],
)
def export_decisions(user: User, tx: Tx, wanted: Wanted, form: Literal["csv", "jsonl"] = "csv") -> Response:
    """The same as a file: up to 10,000 of the newest, as a table (csv) or whole, one JSON object a line (jsonl)."""
    if form == "csv":
        body, kind = service.export_csv(tx.connection, user, wanted), "text/csv"
    else:
        body, kind = service.export_lines(tx.connection, user, wanted), "application/x-ndjson"
    disposition = {"Content-Disposition": f'attachment; filename="decisions.{form}"'}
    return Response(body, media_type=kind, headers=disposition)


@router.get(
    "/{decision_id}", responses=responses_for(HTTPStatus.NOT_FOUND), dependencies=[require(Permission.CLUSTER_READ)]
)
def get_decision(decision_id: UUID, user: User, tx: Tx) -> DecisionDetail:
    """One decision with its inputs, forecast, alternatives, guards, outcome, advice and judgement."""
    return service.detail(tx.connection, user, decision_id)
