"""Everything that scales beside the policy: switches, budgets, schedules, HPAs, VPAs, and orders."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query

from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.scaler import Settlement
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, public, require
from ai4k8s_gateway.autoscaling import orders, schedules, service
from ai4k8s_gateway.autoscaling.hpaschemas import HpaBody, NewHpa, NewVpa, VpaBody
from ai4k8s_gateway.autoscaling.schemas import (
    NAME,
    AutoscalingStatus,
    BudgetView,
    EnableRequest,
    FloorView,
    FreezeList,
    FreezeView,
    MetricToken,
    NewBudget,
    NewFreeze,
    NewSchedule,
    NewWindow,
    SchedulePreview,
    ScheduleView,
    Suggestion,
    TargetRequest,
    WorkloadScaling,
)
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.routers.workloads import WorkloadId

router = APIRouter(tags=["autoscaling"])

Name = Annotated[str, Path(pattern=NAME, max_length=253)]
LOOK = responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
CHANGE = responses_for(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY
)
BEARER = "bearer "


@router.get("/clusters/{cluster_id}/autoscaling", responses=LOOK, dependencies=[require(Permission.CLUSTER_READ)])
def get_autoscaling(cluster_id: UUID, user: User, tx: Tx) -> AutoscalingStatus:
    """All that scales and bounds a cluster, as last seen."""
    return service.status(tx.connection, user, cluster_id, utc_now())


@router.get("/workloads/{workload_id}/scaling", responses=LOOK, dependencies=[require(Permission.CLUSTER_READ)])
def get_workload_scaling(workload_id: WorkloadId, user: User, tx: Tx) -> WorkloadScaling:
    """All that scales one workload, and the evidence for giving it more trust."""
    return service.of_workload(tx.connection, user, workload_id, utc_now())


@router.get(
    "/freezes",
    responses=responses_for(HTTPStatus.UNAUTHORIZED),
    dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)],
)
def list_freezes(user: User, tx: Tx) -> FreezeList:
    """The switches that are on."""
    return service.list_freezes(tx.connection, user, utc_now())


@router.post(
    "/freezes",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)],
)
def freeze(body: NewFreeze, user: User, tx: Tx) -> FreezeView:
    """Stop all changes at once: of everything, a cluster, a namespace or a workload."""
    return service.freeze(tx, user, body, utc_now())


@router.delete(
    "/freezes/{freeze_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def lift_freeze(freeze_id: UUID, user: User, tx: Tx) -> None:
    """Let it be scaled again."""
    service.lift(tx, user, freeze_id, utc_now())


@router.put(
    "/clusters/{cluster_id}/budgets/{namespace}", responses=CHANGE, dependencies=[require(Permission.WORKLOAD_SCALE)]
)
def set_budget(cluster_id: UUID, namespace: Name, body: NewBudget, user: User, tx: Tx) -> BudgetView:
    """Bound the pods that a namespace's workloads may have together, what they may cost, or both."""
    return service.set_budget(tx, user, cluster_id, namespace, body)


@router.delete(
    "/clusters/{cluster_id}/budgets/{namespace}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def remove_budget(cluster_id: UUID, namespace: Name, user: User, tx: Tx) -> None:
    """Forget a budget."""
    service.remove_budget(tx, user, cluster_id, namespace)


@router.post(
    "/clusters/{cluster_id}/maintenance-windows",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)],
)
def add_maintenance_window(cluster_id: UUID, body: NewWindow, user: User, tx: Tx) -> ScheduleView:
    """Change nothing in a cluster, or a namespace of it, at certain times."""
    return schedules.add_window(tx, user, cluster_id, body, utc_now())


@router.post(
    "/workloads/{workload_id}/schedules",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def add_schedule(workload_id: WorkloadId, body: NewSchedule, user: User, tx: Tx) -> ScheduleView:
    """Set bounds by the clock. Of rules that overlap the highest minimum and the lowest maximum hold."""
    return schedules.add(tx, user, workload_id, body, utc_now())


@router.post(
    "/workloads/{workload_id}/schedules/preview", responses=CHANGE, dependencies=[require(Permission.CLUSTER_READ)]
)
def preview_schedule(workload_id: WorkloadId, body: NewSchedule, user: User, tx: Tx) -> SchedulePreview:
    """What a rule would have done in the past four weeks; nothing is stored."""
    return schedules.preview(tx.connection, user, workload_id, body, utc_now())


@router.get(
    "/workloads/{workload_id}/schedules/suggestion", responses=CHANGE, dependencies=[require(Permission.CLUSTER_READ)]
)
def suggest_schedule(
    workload_id: WorkloadId, user: User, tx: Tx, time_zone: Annotated[str, Query(max_length=60)] = "UTC"
) -> Suggestion:
    """Rules that the past four weeks suggest, and what they would save."""
    return schedules.suggest(tx.connection, user, workload_id, time_zone, utc_now())


@router.put("/schedules/{schedule_id}", responses=CHANGE, dependencies=[require(Permission.WORKLOAD_SCALE)])
def change_schedule(schedule_id: UUID, body: NewSchedule, user: User, tx: Tx) -> ScheduleView:
    """Set a workload's rule anew."""
    return schedules.change(tx, user, schedule_id, body, utc_now())


@router.delete(
    "/schedules/{schedule_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def remove_schedule(schedule_id: UUID, user: User, tx: Tx) -> None:
    """Forget a rule or a maintenance window."""
    schedules.remove(tx, user, schedule_id)


@router.post(
    "/workloads/{workload_id}/predictive/enable",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def enable_predictive(workload_id: WorkloadId, body: EnableRequest, user: User, tx: Tx) -> JobView:
    """Set a policy and act on it at once: 10 collecting, 40 forecasting, 70 advising, 90 applying, 100."""
    return orders.enable(tx, user, workload_id, body)


@router.post(
    "/workloads/{workload_id}/predictive/disable",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def disable_predictive(workload_id: WorkloadId, user: User, tx: Tx) -> JobView:
    """Forget the policy, and give back what was there before."""
    return orders.disable(tx, user, workload_id)


@router.post(
    "/workloads/{workload_id}/predictive/apply",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def apply_target(workload_id: WorkloadId, body: TargetRequest, user: User, tx: Tx) -> JobView:
    """Set a number of pods within the policy's bounds; a floor where an HPA owns them."""
    return orders.set_target(tx, user, workload_id, body.target_replicas)


@router.post(
    "/decisions/{decision_id}/undo",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def undo_decision(decision_id: UUID, user: User, tx: Tx) -> JobView:
    """Go back to what was there before a decision, and leave the workload alone for half an hour."""
    return orders.undo(tx, user, decision_id)


@router.post(
    "/decisions/{decision_id}/apply",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def apply_recommendation(decision_id: UUID, user: User, tx: Tx) -> JobView:
    """Carry out what was recommended."""
    return orders.settle(tx, user, decision_id, Settlement.APPLY)


@router.post(
    "/decisions/{decision_id}/dismiss",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def dismiss_recommendation(decision_id: UUID, user: User, tx: Tx) -> JobView:
    """Say no to what was recommended."""
    return orders.settle(tx, user, decision_id, Settlement.DISMISS)


@router.post(
    "/clusters/{cluster_id}/hpas",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)],
)
def create_hpa(cluster_id: UUID, body: NewHpa, user: User, tx: Tx) -> JobView:
    """Create an HPA (autoscaling/v2)."""
    return orders.create(tx, user, cluster_id, "hpa", (body.namespace, body.name), body)


@router.put(
    "/clusters/{cluster_id}/hpas/{namespace}/{name}",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def change_hpa(cluster_id: UUID, namespace: Name, name: Name, body: HpaBody, user: User, tx: Tx) -> JobView:
    """Replace an HPA's spec. A floor of ours under it stays; its owner's bounds are the new ones."""
    return orders.change(tx, user, cluster_id, "hpa", (namespace, name), body)


@router.delete(
    "/clusters/{cluster_id}/hpas/{namespace}/{name}",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def delete_hpa(cluster_id: UUID, namespace: Name, name: Name, user: User, tx: Tx) -> JobView:
    """Delete an HPA. The number of pods stays as it is."""
    return orders.delete(tx, user, cluster_id, "hpa", (namespace, name))


@router.post(
    "/clusters/{cluster_id}/vpas",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE, Scope.BODY)],
)
def create_vpa(cluster_id: UUID, body: NewVpa, user: User, tx: Tx) -> JobView:
    """Create a VPA where the add-on is installed. Refused beside an HPA on the same resource."""
    return orders.create(tx, user, cluster_id, "vpa", (body.namespace, body.name), body)


@router.put(
    "/clusters/{cluster_id}/vpas/{namespace}/{name}",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def change_vpa(cluster_id: UUID, namespace: Name, name: Name, body: VpaBody, user: User, tx: Tx) -> JobView:
    """Replace a VPA's spec."""
    return orders.change(tx, user, cluster_id, "vpa", (namespace, name), body)


@router.delete(
    "/clusters/{cluster_id}/vpas/{namespace}/{name}",
    status_code=HTTPStatus.ACCEPTED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def delete_vpa(cluster_id: UUID, namespace: Name, name: Name, user: User, tx: Tx) -> JobView:
    """Delete a VPA. The pods' requests stay as they are until they are made anew."""
    return orders.delete(tx, user, cluster_id, "vpa", (namespace, name))


@router.post(
    "/clusters/{cluster_id}/metric-token",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def make_metric_token(cluster_id: UUID, user: User, tx: Tx) -> MetricToken:
    """Make the token with which KEDA's metrics-api trigger reads this cluster's floors; the former one ends."""
    return service.new_metric_token(tx, user, cluster_id)


@router.get(
    "/floors/{cluster_id}/{namespace}/{name}",
    responses=responses_for(HTTPStatus.UNAUTHORIZED),
    dependencies=[public("for metrics adapters, by the metric token of the cluster itself")],
)
def get_floor(
    cluster_id: UUID,
    namespace: Name,
    name: Name,
    tx: Tx,
    authorization: Annotated[str | None, Header(max_length=200)] = None,
) -> FloorView:
    """The floor of a workload as a metric, by the cluster's metric token. An HPA takes the highest of its metrics."""
    sent = authorization or ""
    token = sent[len(BEARER) :].strip() if sent.lower().startswith(BEARER) else None
    return service.floor(tx.connection, cluster_id, namespace, name, token, utc_now())
