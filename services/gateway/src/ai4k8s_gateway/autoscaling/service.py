"""What scales and bounds a cluster and a workload, told; and the switches, budgets and tokens that people set."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from ai4k8s_common.rights import Permission
from ai4k8s_common.store.gateway import PolicyMode, ScheduleEffect
from ai4k8s_common.store.isolation import see_clusters
from ai4k8s_common.store.scaler import AutoscalerKind
from ai4k8s_gateway.autoscaling import repository, views
from ai4k8s_gateway.autoscaling.schemas import (
    AutoscalingStatus,
    BudgetView,
    FloorView,
    FreezeList,
    FreezeView,
    MetricToken,
    WorkloadScaling,
)
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.workloads import repository as workload_repository

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.autoscaling.schemas import NewBudget, NewFreeze

EVIDENCE_DAYS = 7
TOKEN_BYTES = 32

log = structlog.stdlib.get_logger(__name__)


def find_workload(connection: Connection, principal: Principal, workload_id: int) -> Row[Any]:
    """Return a workload that somebody may see. Raises NotFoundError."""
    row = workload_repository.one(connection, principal, workload_id)
    if row is None:
        raise NotFoundError("there is no such workload", hint="Choose one of a cluster's workloads.")
    return row


def workload_to_change(connection: Connection, principal: Principal, workload_id: int) -> Row[Any]:
    """Return a workload that somebody may change. Raises NotFoundError, ForbiddenError."""
    row = find_workload(connection, principal, workload_id)
    require_change(connection, principal, row.cluster_id, row.namespace)
    return row


def require_change(
    connection: Connection, principal: Principal, cluster_id: UUID, namespace: str | None = None
) -> None:
    """Refuse whoever may not see a cluster, or not scale there. Raises NotFoundError, ForbiddenError."""
    cluster_service.require_scale(connection, principal, cluster_id, namespace)


def status(connection: Connection, principal: Principal, cluster_id: UUID, now: datetime) -> AutoscalingStatus:
    """Return all that scales and bounds a cluster."""
    cluster_service.get(connection, principal, cluster_id)
    seen, lag = repository.surroundings_of(connection, cluster_id), repository.metrics_lag(connection, cluster_id)
    rules = [views.schedule_view(row, now) for row in repository.schedules_of(connection, cluster_id)]
    found = [views.autoscaler_view(row) for row in repository.autoscalers_of(connection, cluster_id)]
    return AutoscalingStatus(
        seen_at=None if seen is None else seen.seen_at,
        vpa_installed=None if seen is None else seen.vpa_installed,
        problems=[] if seen is None else list(seen.problems),
        freezes=[view for view in _freezes(connection, principal, now) if view.cluster_id in {None, cluster_id}],
        budgets=[views.budget_view(row) for row in repository.budgets_of(connection, cluster_id)],
        windows=[rule for rule in rules if rule.effect is ScheduleEffect.MAINTENANCE],
        schedules=[rule for rule in rules if rule.effect is ScheduleEffect.BOUNDS],
        hpas=[item for item in found if item.kind is AutoscalerKind.HPA],
        vpas=[item for item in found if item.kind is AutoscalerKind.VPA],
        claims=[views.claim_view(row) for row in repository.claims_of(connection, cluster_id)],
        fights=[views.fight_view(row) for row in repository.fights_of(connection, cluster_id, now)],
        metrics_lag=None if lag is None else views.lag_view(lag),
    )


def of_workload(connection: Connection, principal: Principal, workload_id: int, now: datetime) -> WorkloadScaling:
    """Return all that scales one workload."""
    row = find_workload(connection, principal, workload_id)
    key = (row.namespace, row.kind, row.name)
    seen = repository.surroundings_of(connection, row.cluster_id)
    found = [
        views.autoscaler_view(item)
        for item in repository.autoscalers_of(connection, row.cluster_id)
        if (item.namespace, item.target_kind, item.target_name) == key
    ]
    hpa = next((item for item in found if item.kind is AutoscalerKind.HPA), None)
    vpa = next((item for item in found if item.kind is AutoscalerKind.VPA), None)
    rules = [views.schedule_view(rule, now) for rule in repository.schedules_of(connection, row.cluster_id, key)]
    claims = [views.claim_view(item) for item in repository.claims_of(connection, row.cluster_id, workload_id)]
    fights = [views.fight_view(item) for item in repository.fights_of(connection, row.cluster_id, now, workload_id)]
    since = now - timedelta(days=EVIDENCE_DAYS)
    return WorkloadScaling(
        claim=claims[0] if claims else None,
        fight=fights[0] if fights else None,
        freezes=[view for view in _freezes(connection, principal, now) if _covers(view, row)],
        schedules=rules,
        hpa=hpa,
        vpa=vpa,
        vpa_installed=None if seen is None else seen.vpa_installed,
        evidence=views.evidence_view(*repository.evidence_of(connection, workload_id, since), EVIDENCE_DAYS),
        engines=_engines(row, hpa is not None, bool(rules), vpa is not None),
    )


def _engines(row: Row[Any], hpa: bool, rules: bool, vpa: bool) -> list[str]:
    """Who decides, and who owns the replicas."""
    mode = row.mode or row.scaling_mode
    engines = []
    if hpa:
        engines.append("The HPA owns the replicas.")
    if mode is not None:
        what = "a floor under the HPA" if hpa else "the replicas"
        done = (
            f"Prediction holds {what}." if mode == PolicyMode.AUTO else f"Prediction would set {what}: in mode {mode}."
        )
        engines.append(done)
    if rules:
        engines.append("Schedules set the least and the most while they hold.")
    if vpa:
        engines.append("A VPA moves the requests.")
    return engines or ["Nothing scales it but people."]


def _covers(view: FreezeView, row: Row[Any]) -> bool:
    pairs = ((view.cluster_id, row.cluster_id), (view.namespace, row.namespace), (view.name, row.name))
    return all(own is None or own == other for own, other in (*pairs, (view.kind, row.kind)))


def _freezes(connection: Connection, principal: Principal, now: datetime) -> list[FreezeView]:
    return [views.freeze_view(row, principal) for row in repository.freezes_seen(connection, principal, now)]


def list_freezes(connection: Connection, principal: Principal, now: datetime) -> FreezeList:
    """Return the switches that are on."""
    return FreezeList(
        items=_freezes(connection, principal, now), may_freeze_everything=_may_freeze_everything(principal)
    )


def _may_freeze_everything(principal: Principal) -> bool:
    return principal.rights.may(Permission.WORKLOAD_SCALE)


def freeze(tx: Transaction, principal: Principal, new: NewFreeze, now: datetime) -> FreezeView:
    """Switch on. Raises ForbiddenError, NotFoundError."""
    values: dict[str, Any] = {"cluster_id": new.cluster_id, "namespace": new.namespace, "kind": None, "name": None}
    if new.workload_id is not None:
        row = workload_to_change(tx.connection, principal, new.workload_id)
        values = {"cluster_id": row.cluster_id, "namespace": row.namespace, "kind": row.kind, "name": row.name}
    elif new.cluster_id is not None:
        require_change(tx.connection, principal, new.cluster_id, new.namespace)
    elif not _may_freeze_everything(principal):
        raise ForbiddenError("only an administrator can freeze everything", hint="Freeze your own clusters.")
    more = {"reason": new.reason, "until": new.until, "created_by": principal.user_id}
    freeze_id = repository.put_freeze(tx.connection, {**values, **more})
    log.info("frozen", freeze_id=str(freeze_id), user_id=str(principal.user_id))
    return _freeze(tx.connection, principal, freeze_id, now)


def lift(tx: Transaction, principal: Principal, freeze_id: UUID, now: datetime) -> None:
    """Switch off. Raises NotFoundError, ForbiddenError."""
    if not _freeze(tx.connection, principal, freeze_id, now).may_lift:
        raise ForbiddenError("you may not lift this freeze", hint="Ask an administrator of the team.")
    repository.lift_freeze(tx.connection, freeze_id)
    log.info("freeze_lifted", freeze_id=str(freeze_id), user_id=str(principal.user_id))


def _freeze(connection: Connection, principal: Principal, freeze_id: UUID, now: datetime) -> FreezeView:
    found = next((view for view in _freezes(connection, principal, now) if view.id == freeze_id), None)
    if found is None:
        raise NotFoundError("there is no such freeze")
    return found


def set_budget(tx: Transaction, principal: Principal, cluster_id: UUID, namespace: str, new: NewBudget) -> BudgetView:
    """Set a namespace's budget. The scaler obeys from its next cycle on; what is there already stays."""
    require_change(tx.connection, principal, cluster_id, namespace)
    values = {**new.model_dump(), "updated_by": principal.user_id}
    repository.put_budget(tx.connection, cluster_id, namespace, values)
    rows = repository.budgets_of(tx.connection, cluster_id)
    return next(views.budget_view(row) for row in rows if row.namespace == namespace)


def remove_budget(tx: Transaction, principal: Principal, cluster_id: UUID, namespace: str) -> None:
    """Forget a budget. Raises NotFoundError."""
    require_change(tx.connection, principal, cluster_id, namespace)
    if not repository.delete_budget(tx.connection, cluster_id, namespace):
        raise NotFoundError("this namespace has no budget")


def new_metric_token(tx: Transaction, principal: Principal, cluster_id: UUID) -> MetricToken:
    """Make a token with which a cluster's KEDA reads its floors; the former one ends."""
    require_change(tx.connection, principal, cluster_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    repository.put_metric_token(tx.connection, cluster_id, _hash(token), principal.user_id)
    return MetricToken(token=token, url_template=f"/api/v1/floors/{cluster_id}/{{namespace}}/{{name}}")


def floor(
    connection: Connection, cluster_id: UUID, namespace: str, name: str, token: str | None, now: datetime
) -> FloorView:
    """Return the floor that stands for a workload; 0 when none does: then the HPA's other metrics decide alone.

    Raises UnauthenticatedError.
    """
    see_clusters(connection, [cluster_id])  # nobody asks here: the token is the cluster's own
    known = repository.metric_token_hash(connection, cluster_id)
    if token is None or known is None or not hmac.compare_digest(known, _hash(token)):
        raise UnauthenticatedError("this token opens no floors", hint="Make one on the cluster's autoscaling page.")
    served = repository.served_floor(connection, cluster_id, namespace, name, now)
    text = "no floor stands" if served is None else f"at least {served} pods"
    return FloorView(floor=served or 0, text=text)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
