"""What a person says to a decision: apply what was recommended, dismiss it, or go back to what was there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import Settlement, SettleRecommendation, UndoDecision
from ai4k8s_common.errors import ConflictError, NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.scaler import Actuator, DecisionOutcome
from ai4k8s_scaler import commands, repository, sizing
from ai4k8s_scaler.domain import sizes
from ai4k8s_scaler.ledger import decision_event

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context


def settle_recommendation(tx: Transaction, context: Context, message: SettleRecommendation) -> None:
    """Apply a recommendation as it stands, or dismiss it.

    Raises NotFoundError, ConflictError when it is settled already or the workload has changed since.
    """
    decision = _decision(tx, message.decision_id)
    if decision.outcome != DecisionOutcome.OBSERVED.value:
        raise ConflictError(f"this decision is {decision.outcome} already")
    now = context.clock()
    if message.settlement is Settlement.DISMISS:
        detail = "A person dismissed it."
        repository.record_outcome(tx.connection, decision.id, DecisionOutcome.DISMISSED, detail, now)
        _tell(tx, decision, DecisionOutcome.DISMISSED)
        _report(tx, message.job_id, SettleRecommendation.name, f"{_name(decision)}: dismissed", {})
        return
    if decision.actuator == Actuator.REVISION.value:
        _roll_back(tx, context, message, decision)
        return
    row = commands.workload(tx, decision.cluster_id, decision.workload_id)
    target = commands.present_target(tx, context, row)
    if target.current != decision.from_replicas or target.actuator.value != decision.actuator:
        raise ConflictError(
            f"{_name(decision)} is at {target.current} now, and this was recommended at {decision.from_replicas}",
            hint="Look at the newest recommendation.",
        )
    reason = f"Recommended, and applied by a person: {decision.reason}"
    ask = commands.Ask(decision.to_replicas, reason, message.job_id, message.requested_by)
    commands.carry_out(tx, context, row, target, ask)
    detail = "A person applied it."
    repository.record_outcome(tx.connection, decision.id, DecisionOutcome.SUPERSEDED, detail, now)
    done = f"{_name(decision)} set to {decision.to_replicas}"
    _report(tx, message.job_id, SettleRecommendation.name, done, {"to_replicas": decision.to_replicas})


def _roll_back(tx: Transaction, context: Context, message: SettleRecommendation, decision: Row[Any]) -> None:
    """The revision that was recommended, by a decision of its own: that one is applied, by whom it says."""
    plan: dict[str, Any] = decision.plan
    reason = f"Recommended, and applied by a person: {decision.reason}"
    commands.carry_out_plan(tx, context, decision, plan, reason, message.job_id, message.requested_by)
    detail = "A person applied it."
    repository.record_outcome(tx.connection, decision.id, DecisionOutcome.SUPERSEDED, detail, context.clock())
    done = f"{_name(decision)} is going back to revision {plan['to_revision']}"
    _report(tx, message.job_id, SettleRecommendation.name, done, {"to_revision": plan["to_revision"]})


def undo_decision(tx: Transaction, context: Context, message: UndoDecision) -> None:
    """Go back to what was there before a decision, and leave the workload alone for a while.

    Raises NotFoundError, and ConflictError when something else came after it.
    """
    decision = _decision(tx, message.decision_id)
    if decision.outcome != DecisionOutcome.APPLIED.value:
        raise ConflictError(f"this decision is {decision.outcome}: there is nothing to undo")
    if decision.actuator == Actuator.REVISION.value:
        raise ConflictError(
            "a revision that was rolled back comes again by deploying it",
            hint="Deploy it again once it is mended: it made things worse.",
        )
    if decision.actuator == Actuator.REQUESTS.value:
        _give_requests_back(tx, context, message, decision)
        return
    row = commands.workload(tx, decision.cluster_id, decision.workload_id)
    target = commands.present_target(tx, context, row)
    if target.actuator.value != decision.actuator or target.current != decision.to_replicas:
        raise ConflictError(
            f"{_name(decision)} is at {target.current} now, and this decision had left it at {decision.to_replicas}",
            hint="Something changed it since. Undo the latest change, or set a number yourself.",
        )
    plan: dict[str, Any] = decision.plan or {}
    maximum = plan.get("from_maximum") if target.actuator is Actuator.HPA_FLOOR else None
    reason = f"A person undid the change from {decision.from_replicas} to {decision.to_replicas}."
    ask = commands.Ask(
        decision.from_replicas, reason, message.job_id, message.requested_by, undo_of=decision.id, maximum=maximum
    )
    commands.carry_out(tx, context, row, target, ask)
    rest = context.settings.rest_after_undo_seconds / 60
    done = f"{_name(decision)} is back at {decision.from_replicas}, and left alone for {rest:.0f} min"
    _report(tx, message.job_id, UndoDecision.name, done, {"to_replicas": decision.from_replicas})


def _give_requests_back(tx: Transaction, context: Context, message: UndoDecision, decision: Row[Any]) -> None:
    plan = sizing.undone(decision.plan)
    reason = f"A person undid it: {sizes.words(plan['wanted'], plan['original'])}, {sizing.WAYS[plan['way']]}."
    who = (message.job_id, message.requested_by)
    commands.carry_out_plan(tx, context, decision, plan, reason, *who, undo_of=decision.id)
    done = f"{_name(decision)} asks for what it asked for before"
    _report(tx, message.job_id, UndoDecision.name, done, {"way": plan["way"]})


def _decision(tx: Transaction, decision_id: UUID) -> Row[Any]:
    decision = repository.lock_decision(tx.connection, decision_id)
    if decision is None:
        raise NotFoundError("there is no such decision")
    return decision


def _name(decision: Row[Any]) -> str:
    return f"{decision.namespace}/{decision.name}"


def _tell(tx: Transaction, decision: Row[Any], outcome: DecisionOutcome) -> None:
    tx.emit(
        decision_event(
            decision.cluster_id, decision.workload_id, decision.id, outcome, decision.to_replicas, decision.reason
        )
    )


def _report(tx: Transaction, job_id: UUID, kind: str, message: str, result: dict[str, JsonValue]) -> None:
    tx.report_job(JobReport(job_id, kind, JobStatus.COMPLETED, 100, message, result))
