"""Carries a planned decision out: once in effect, on the version it was planned on, or not at all.

Dying between the patch and its record is the case to get right. The redelivered message finds the decision still
planned and the cluster already where it should be: it records that, and patches nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeConflictError, KubeError
from ai4k8s_common.kube.types import WorkloadRef
from ai4k8s_common.store.scaler import DecisionOutcome
from ai4k8s_scaler import repository
from ai4k8s_scaler.service import decision_event

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import ApplyDecision
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_scaler.context import Context

LAST_DECISION = "ai4k8s.io/last-decision"

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of a decision."""

    outcome: DecisionOutcome
    detail: str


def apply_decision(tx: Transaction, context: Context, message: ApplyDecision) -> None:
    """Apply, record, tell. A decision that is not planned any more is left as it is."""
    decision = repository.lock_decision(tx.connection, message.decision_id)
    if decision is None or decision.outcome != DecisionOutcome.PLANNED.value:
        log.info("decision_left_alone", decision_id=str(message.decision_id))
        return
    result = _carry_out(tx, context, decision)
    now = context.clock()
    repository.record_outcome(tx.connection, decision.id, result.outcome, result.detail, now)
    if result.outcome is DecisionOutcome.APPLIED:
        repository.note_applied(tx.connection, decision.workload_id, now)
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
        from_replicas=decision.from_replicas,
        to_replicas=decision.to_replicas,
        outcome=result.outcome.value,
        detail=result.detail,
    )


def _carry_out(tx: Transaction, context: Context, decision: Row[Any]) -> Result:
    if decision.name is None or decision.sealed is None:
        return Result(DecisionOutcome.FAILED, "The workload or its cluster is not connected any more.")
    ref = WorkloadRef(decision.kind, decision.namespace, decision.name, decision.api_version, decision.resource)
    age = (context.clock() - decision.decided_at).total_seconds()
    try:
        with context.open_cluster(decision.cluster_id, decision.sealed) as cluster:
            scale = cluster.get_scale(ref)
            if scale.desired_replicas == decision.to_replicas:
                return _in_place(tx, decision)
            if age > context.settings.apply_within_seconds:
                return Result(DecisionOutcome.SUPERSEDED, f"It could not be carried out for {age:.0f} s: void.")
            if scale.resource_version != decision.planned_resource_version:
                return _conflict(decision.planned_resource_version, scale.resource_version)
            cluster.patch_scale(ref, decision.to_replicas, resource_version=decision.planned_resource_version)
            if context.settings.annotate:
                _annotate(cluster, ref, decision.id, decision.reason)
    except KubeConflictError:
        return _conflict(decision.planned_resource_version, "a later version")
    except Ai4k8sError as error:
        return Result(DecisionOutcome.FAILED, f"{error.detail} {error.hint}".strip())
    return Result(DecisionOutcome.APPLIED, "")


def _in_place(tx: Transaction, decision: Row[Any]) -> Result:
    """The cluster is where we want it: our own patch before we died, or somebody else's."""
    if repository.applied_since(tx.connection, decision.workload_id, decision.to_replicas, decision.decided_at):
        return Result(DecisionOutcome.SUPERSEDED, "Another decision had set the same number already.")
    return Result(DecisionOutcome.APPLIED, "It was in place already.")


def _conflict(planned: str, found: str) -> Result:
    detail = f"The object changed since the plan (planned on version {planned}, found {found}); planned again."
    return Result(DecisionOutcome.CONFLICT, detail)


def _annotate(cluster: KubeScaler, ref: WorkloadRef, decision_id: UUID, reason: str) -> None:
    """For people with kubectl. The scaling is done: a failure here changes nothing about it."""
    note = json.dumps({"id": str(decision_id), "reason": reason})
    try:
        cluster.patch_annotations(ref, {LAST_DECISION: note})
    except KubeError as error:
        log.warning("annotation_failed", decision_id=str(decision_id), error=error.detail)
