"""Carries a planned decision out: once in effect, on the version it was planned on, or not at all.

Dying between the patch and its record is the case to get right. The redelivered message finds the decision still
planned and the cluster already where it should be: it records that, and patches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common import audit
from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.contracts.scaler import SurveyCluster
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeConflictError
from ai4k8s_common.store.scaler import Actuator, DecisionOutcome
from ai4k8s_scaler import repository, resizes, revisions, surroundings
from ai4k8s_scaler.adapters.cluster import ref_of
from ai4k8s_scaler.adapters.events import write_event
from ai4k8s_scaler.adapters.hpa import hpa_of
from ai4k8s_scaler.hands import FloorHand, Hand, MetricHand, Order, ReplicasHand, Standing
from ai4k8s_scaler.ledger import decision_event

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import ApplyDecision
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef
    from ai4k8s_scaler.context import Context

SCALED = "Scaled"

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of a decision."""

    outcome: DecisionOutcome
    detail: str
    answer: dict[str, Any] = field(default_factory=dict)


def apply_decision(tx: Transaction, context: Context, message: ApplyDecision) -> None:
    """Apply, record, tell. A decision that is not planned any more is left as it is."""
    decision = repository.lock_decision(tx.connection, message.decision_id)
    if decision is None or decision.outcome != DecisionOutcome.PLANNED.value:
        log.info("decision_left_alone", decision_id=str(message.decision_id))
        return
    settle(tx, context, decision)


def settle(tx: Transaction, context: Context, decision: Row[Any]) -> Result:
    """Carry a planned decision out and write down what became of it."""
    result = _carry_out(tx, context, decision)
    now = context.clock()
    repository.record_outcome(tx.connection, decision.id, result.outcome, result.detail, now, result.answer)
    if result.outcome is DecisionOutcome.APPLIED:
        repository.note_applied(tx.connection, decision.workload_id, now)
        if decision.actuator == Actuator.REQUESTS.value:
            _note_requests(tx, decision, now)
        elif decision.actuator != Actuator.REVISION.value:
            _claim(tx, context, decision, now)
    tx.audit(_entry(decision, result, now))
    tx.send(Advise(decision_id=decision.id))
    tx.emit(
        decision_event(
            decision.cluster_id,
            decision.workload_id,
            decision.id,
            result.outcome,
            decision.to_replicas,
            decision.reason,
        )
    )
    log.info(
        "decision_carried_out",
        decision_id=str(decision.id),
        workload=f"{decision.namespace}/{decision.name}",
        actuator=decision.actuator,
        from_replicas=decision.from_replicas,
        to_replicas=decision.to_replicas,
        outcome=result.outcome.value,
        detail=result.detail,
    )
    return result


_ENDED = {
    DecisionOutcome.APPLIED: audit.AuditResult.DONE,
    DecisionOutcome.FAILED: audit.AuditResult.FAILED,
}


def _entry(decision: Row[Any], result: Result, now: datetime) -> audit.Entry:
    """For the audit log: a person's order under their name, the scaler's own decision under its."""
    by = audit.Actor(decision.requested_by, "" if decision.requested_by else "scaler")
    return audit.Entry(
        by,
        f"scaler.{decision.action}",
        decision.cluster_id,
        decision.namespace or "",
        f"{decision.kind}/{decision.name}" if decision.name else str(decision.workload_id),
        before={"replicas": decision.from_replicas},
        after={"replicas": decision.to_replicas, "decision": str(decision.id), "reason": decision.reason},
        result=_ENDED.get(result.outcome, audit.AuditResult.REFUSED),
        detail=result.detail,
        at=now,
    )


def _carry_out(tx: Transaction, context: Context, decision: Row[Any]) -> Result:
    if decision.name is None or decision.sealed is None:
        return Result(DecisionOutcome.FAILED, "The workload or its cluster is not connected any more.")
    ref = ref_of(decision)
    try:
        with context.open_cluster(decision.cluster_id, decision.sealed) as cluster:
            if decision.actuator == Actuator.REVISION.value:
                result = _with_revision(context, decision, cluster, ref)
            elif decision.actuator == Actuator.REQUESTS.value:
                result = _with_requests(decision, cluster, ref)
            else:
                hand = hand_for(cluster, ref, decision, context)
                result = _with_hand(tx, context, decision, cluster, ref, hand)
            if result.outcome is DecisionOutcome.APPLIED and context.settings.annotate:
                text = f"{_change(decision)}: {decision.reason}"
                write_event(cluster, ref, decision.id, SCALED, text, context.clock())
    except KubeConflictError as error:
        return Result(DecisionOutcome.CONFLICT, f"{error.detail}; planned again.")
    except Ai4k8sError as error:
        return Result(DecisionOutcome.FAILED, f"{error.detail} {error.hint}".strip())
    return result


def _change(decision: Row[Any]) -> str:
    if decision.actuator == Actuator.REVISION.value:
        return f"revision {decision.plan['from_revision']} -> {decision.plan['to_revision']}"
    if decision.actuator == Actuator.REQUESTS.value:
        return "requests"
    return f"{decision.from_replicas} -> {decision.to_replicas}"


def _with_revision(context: Context, decision: Row[Any], cluster: KubeScaler, ref: WorkloadRef) -> Result:
    age = (context.clock() - decision.decided_at).total_seconds()
    if age > context.settings.apply_within_seconds:
        return Result(DecisionOutcome.SUPERSEDED, f"It could not be carried out for {age:.0f} s: void.")
    answer = revisions.roll_back(cluster, ref, decision.plan)
    if answer is None:
        return Result(DecisionOutcome.APPLIED, "It was in place already.")
    return Result(DecisionOutcome.APPLIED, "", answer)


def _with_requests(decision: Row[Any], cluster: KubeScaler, ref: WorkloadRef) -> Result:
    answer = resizes.resize(cluster, ref, decision.plan)
    refused = answer.get("refused") or {}
    detail = "; ".join(f"{name} was not resized: {why}" for name, why in refused.items())
    return Result(DecisionOutcome.APPLIED, detail, answer)


def hand_for(cluster: KubeScaler, ref: WorkloadRef, decision: Row[Any], context: Context) -> Hand:
    """The hand that a decision was planned for."""
    actuator = Actuator(decision.actuator)
    if actuator is Actuator.HPA_FLOOR:
        return FloorHand(cluster, ref.namespace, str(decision.plan["object"]))
    if actuator is Actuator.EXTERNAL_METRIC:
        return MetricHand(decision.from_replicas)
    return ReplicasHand(cluster, ref, context.settings.annotate)


def _with_hand(
    tx: Transaction, context: Context, decision: Row[Any], cluster: KubeScaler, ref: WorkloadRef, hand: Hand
) -> Result:
    standing = hand.standing()
    if _in_place(decision, standing):
        return _found_in_place(tx, decision)
    age = (context.clock() - decision.decided_at).total_seconds()
    if age > context.settings.apply_within_seconds:
        return Result(DecisionOutcome.SUPERSEDED, f"It could not be carried out for {age:.0f} s: void.")
    if decision.actuator == Actuator.REPLICAS.value:
        if standing.resource_version != decision.planned_resource_version:
            planned, found = decision.planned_resource_version, standing.resource_version
            detail = f"The object changed since the plan (planned on version {planned}, found {found}); planned again."
            return Result(DecisionOutcome.CONFLICT, detail)
        owner = hpa_of(cluster, ref)
        if owner is not None:
            tx.send(SurveyCluster(cluster_id=decision.cluster_id))
            return Result(
                DecisionOutcome.CONFLICT, f"HPA {owner} owns the replicas; planned again as a floor under it."
            )
    order = order_of(tx, context, decision)
    return Result(DecisionOutcome.APPLIED, "", hand.carry_out(order))


def _in_place(decision: Row[Any], standing: Standing) -> bool:
    if decision.actuator == Actuator.EXTERNAL_METRIC.value:
        return False
    wanted_maximum = (decision.plan or {}).get("to_maximum")
    return standing.replicas == decision.to_replicas and wanted_maximum in {None, standing.maximum}


def _found_in_place(tx: Transaction, decision: Row[Any]) -> Result:
    """The cluster is where we want it: our own patch before we died, or somebody else's."""
    if repository.applied_since(tx.connection, decision.workload_id, decision.to_replicas, decision.decided_at):
        return Result(DecisionOutcome.SUPERSEDED, "Another decision had set the same number already.")
    return Result(DecisionOutcome.APPLIED, "It was in place already.")


def order_of(tx: Transaction, context: Context, decision: Row[Any]) -> Order:
    """What a decision shall write."""
    plan = decision.plan or {}
    return Order(
        decision_id=decision.id,
        reason=decision.reason,
        replicas=decision.to_replicas,
        maximum=plan.get("to_maximum"),
        planned_from=decision.from_replicas,
        planned_maximum=plan.get("from_maximum"),
        planned_version=decision.planned_resource_version,
        original=_original(tx, decision),
        expires_at=_expiry(context, decision),
    )


def _original(tx: Transaction, decision: Row[Any]) -> dict[str, Any]:
    """What was there before us: as noted with our first change, or as it was when this one was planned."""
    claim = surroundings.claim_of(tx.connection, decision.workload_id)
    if claim is not None and claim.actuator == decision.actuator:
        return dict(claim.original)
    plan = decision.plan or {}
    if decision.actuator == Actuator.HPA_FLOOR.value:
        return {"min_replicas": plan["owner_minimum"], "max_replicas": plan["owner_maximum"]}
    return {"replicas": decision.from_replicas}


def _expiry(context: Context, decision: Row[Any]) -> Any:
    """Floors end by themselves; the owner's own number is none, and neither is a number of replicas."""
    plan = decision.plan or {}
    if decision.actuator == Actuator.REPLICAS.value:
        return None
    owners = (plan.get("owner_minimum"), plan.get("owner_maximum"))
    if decision.actuator == Actuator.HPA_FLOOR.value and (decision.to_replicas, plan.get("to_maximum")) == owners:
        return None
    return context.clock() + timedelta(seconds=context.settings.floor_seconds)


def _claim(tx: Transaction, context: Context, decision: Row[Any], now: Any) -> None:
    """Note what we hold now."""
    expires_at = _expiry(context, decision)
    plan = decision.plan or {}
    if decision.actuator == Actuator.HPA_FLOOR.value:
        hpa, bounds = (decision.namespace, plan["object"]), (decision.to_replicas, plan.get("to_maximum"))
        surroundings.note_bounds(tx.connection, decision.cluster_id, hpa, bounds, now)
        if expires_at is None:
            surroundings.drop_claim(tx.connection, decision.workload_id)
            return
    original = _original(tx, decision)
    former = surroundings.claim_of(tx.connection, decision.workload_id)
    if former is not None and former.actuator != decision.actuator:
        surroundings.drop_claim(tx.connection, decision.workload_id)
    values = {
        "cluster_id": decision.cluster_id,
        "actuator": decision.actuator,
        "object_name": plan.get("object") or decision.name,
        "original": original,
        "held_replicas": decision.to_replicas,
        "held_maximum": plan.get("to_maximum"),
        "held_at": now,
        "expires_at": expires_at,
    }
    surroundings.write_claim(tx.connection, decision.workload_id, values)


def _note_requests(tx: Transaction, decision: Row[Any], now: Any) -> None:
    """Remember what running pods were given, so that new ones are brought to it; or that they were given it back."""
    plan = decision.plan
    if plan["way"] != resizes.IN_PLACE or plan.get("undone"):
        surroundings.drop_held_requests(tx.connection, decision.workload_id)
        return
    values = {
        "cluster_id": decision.cluster_id,
        "decision_id": decision.id,
        "wanted": plan["wanted"],
        "original": plan["original"],
        "held_at": now,
    }
    surroundings.write_held_requests(tx.connection, decision.workload_id, values)
