"""Changes that a person approves: made by whoever asks, looked at, approved or refused, followed, undone."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, person, require
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.plans import service
from ai4k8s_gateway.plans.schemas import Approval, NewPlan, PlanJob, PlanList, PlanView, Refusal

router = APIRouter(prefix="/plans", tags=["plans"], responses=responses_for(HTTPStatus.UNAUTHORIZED))

CHANGE = responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
FRESH_CYCLES = 3


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.CLUSTER_READ, Scope.BODY)],
)
def make_plan(body: NewPlan, user: User, tx: Tx, wiring: Wired) -> PlanJob:
    """Have calls or manifests tried on the cluster: the difference, what it affects, the way back. Nothing changes."""
    return service.ask(tx, user, wiring.clusters.seal_public_key, body)


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_plans(
    user: User,
    tx: Tx,
    wiring: Wired,
    cluster_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of those decided of late")] = 50,
) -> PlanList:
    """What waits for a person, recommendations among it, and what was decided of late."""
    fresh = timedelta(seconds=FRESH_CYCLES * wiring.clusters.cycle_seconds)
    return service.list_plans(tx.connection, user, utc_now(), fresh, limit, cluster_id)


@router.get("/{plan_id}", responses=CHANGE, dependencies=[require(Permission.CLUSTER_READ)])
def get_plan(plan_id: UUID, user: User, tx: Tx, wiring: Wired) -> PlanView:
    """One plan: exactly what would be done, what it affects, and how it stands."""
    return service.view(tx.connection, user, plan_id, utc_now(), four_eyes=wiring.settings.plans_four_eyes)


@router.post(
    "/{plan_id}/approve",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[person("a person approves; what the plan changes asks for rights of its own")],
)
def approve_plan(plan_id: UUID, body: Approval, user: User, tx: Tx, wiring: Wired) -> JobView:
    """Say yes to exactly the plan with this hash, within five minutes, once. The answer is the job that does it."""
    four_eyes = wiring.settings.plans_four_eyes
    return service.approve(tx, user, plan_id, body.hash, utc_now(), four_eyes=four_eyes)


@router.post("/{plan_id}/refuse", responses=CHANGE, dependencies=[require(Permission.CLUSTER_READ)])
def refuse_plan(plan_id: UUID, body: Refusal, user: User, tx: Tx) -> PlanView:
    """Say no, for good; or take back what you asked for."""
    return service.refuse(tx, user, plan_id, body.reason, utc_now())


@router.post(
    "/{plan_id}/undo",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.CLUSTER_READ)],
)
def undo_plan(plan_id: UUID, user: User, tx: Tx) -> PlanJob:
    """Have the way back made: a plan of its own, with its own difference, to be approved like any."""
    return service.undo(tx, user, plan_id)
