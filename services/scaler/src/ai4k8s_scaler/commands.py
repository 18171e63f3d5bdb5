"""Carries out what a person asks for: the same hand, the same ledger, on what is read a moment before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from ai4k8s_common.store.scaler import Actuator, DecisionAction, DecisionOutcome, Engine
from ai4k8s_scaler import repository, surroundings
from ai4k8s_scaler.adapters.cluster import ref_of
from ai4k8s_scaler.applying import Result, settle
from ai4k8s_scaler.hands import FloorHand, MetricHand, ReplicasHand
from ai4k8s_scaler.policies import ONLY_SCHEDULED, effective_policy
from ai4k8s_scaler.targets import Target, target_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context


@dataclass(frozen=True)
class Ask:
    """What a person wants.

    Attributes:
        replicas: the number that we move: replicas, or the floor under the HPA.
        reason: one sentence for the ledger.
        job_id: the idempotency key.
        requested_by: who.
        undo_of: the decision that is undone.
        maximum: the HPA's maximum, where it goes back with it.
    """

    replicas: int
    reason: str
    job_id: UUID
    requested_by: UUID
    undo_of: UUID | None = None
    maximum: int | None = None


def workload(tx: Transaction, cluster_id: UUID, workload_id: int) -> Row[Any]:
    """Return the workload that a person means. Raises NotFoundError."""
    row = repository.workload_for_person(tx.connection, cluster_id, workload_id)
    if row is None or row.sealed is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    if not row.scalable:
        raise InvalidInputError(f"a {row.kind} has no replicas to set", hint="Choose a workload that can be scaled.")
    return row


def present_target(tx: Transaction, context: Context, row: Row[Any]) -> Target:
    """What would be moved for a workload, as the cluster says now. Raises KubeError."""
    policy = effective_policy(row) or ONLY_SCHEDULED
    around = surroundings.load(tx.connection, row.cluster_id, context.clock(), context.clock())
    claim = around.claims.get(row.id)
    hpa = around.hpas.get((row.namespace, row.kind, row.name))
    target = target_of(row, policy, hpa, claim, row.last_seen_at)
    ref = ref_of(row)
    with context.open_cluster(row.cluster_id, row.sealed) as cluster:
        if target.actuator is Actuator.HPA_FLOOR:
            standing = FloorHand(cluster, row.namespace, target.object_name).standing()
        elif target.actuator is Actuator.EXTERNAL_METRIC:
            standing = MetricHand(target.current).standing()
        else:
            standing = ReplicasHand(cluster, ref, context.settings.annotate).standing()
    return replace(
        target,
        current=standing.replicas,
        current_maximum=standing.maximum,
        resource_version=standing.resource_version or target.resource_version,
    )


def carry_out(tx: Transaction, context: Context, row: Row[Any], target: Target, ask: Ask) -> Result:
    """Write it into the ledger as planned and carry it out at once.

    Raises ConflictError or UnavailableError when the cluster did not take it: the person sees it and asks again.
    """
    policy = effective_policy(row) or ONLY_SCHEDULED
    plan = target.plan(ask.replicas)
    if ask.maximum is not None:
        plan["to_maximum"] = ask.maximum
    values = {
        "cluster_id": row.cluster_id,
        "workload_id": row.id,
        "mode": policy.mode.value,
        "from_replicas": target.current,
        "to_replicas": ask.replicas,
        "planned_resource_version": target.resource_version,
        "reason": ask.reason,
        "inputs": {
            "requested_by": str(ask.requested_by),
            "min_replicas": policy.limits.min_replicas,
            "max_replicas": policy.limits.max_replicas,
        },
        "actuator": target.actuator.value,
        "plan": plan,
        "undo_of": ask.undo_of,
    }
    return at_once(tx, context, values, ask.job_id, ask.requested_by)


def carry_out_plan(
    tx: Transaction,
    context: Context,
    decision: Row[Any],
    plan: dict[str, Any],
    reason: str,
    job_id: UUID,
    requested_by: UUID,
    *,
    undo_of: UUID | None = None,
) -> Result:
    """Like ``carry_out``, for what leaves the replicas alone: a decision's plan, or one that undoes it."""
    values = {
        "cluster_id": decision.cluster_id,
        "workload_id": decision.workload_id,
        "mode": decision.mode,
        "from_replicas": decision.to_replicas,
        "to_replicas": decision.to_replicas,
        "planned_resource_version": decision.planned_resource_version,
        "reason": reason,
        "inputs": {"requested_by": str(requested_by)},
        "actuator": decision.actuator,
        "plan": plan,
        "undo_of": undo_of,
    }
    return at_once(tx, context, values, job_id, requested_by)


def at_once(tx: Transaction, context: Context, values: dict[str, Any], job_id: UUID, requested_by: UUID) -> Result:
    decision_id = uuid.uuid4()
    change = values["to_replicas"] - values["from_replicas"]
    action = DecisionAction.SCALE_UP if change > 0 else DecisionAction.SCALE_DOWN if change else DecisionAction.MAINTAIN
    row = {
        "id": decision_id,
        "cycle_id": job_id,
        "decided_at": context.clock(),
        "action": action.value,
        "outcome": DecisionOutcome.PLANNED.value,
        "engine": Engine.MANUAL.value,
        "requested_by": requested_by,
    }
    if not repository.insert_decision(tx.connection, values | row):
        raise ConflictError("this was carried out already")
    decision = repository.lock_decision(tx.connection, decision_id)
    if decision is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    result = settle(tx, context, decision)
    if result.outcome is DecisionOutcome.CONFLICT:
        raise ConflictError(result.detail, hint="Look at how it stands now, and ask again.")
    if result.outcome is not DecisionOutcome.APPLIED:
        raise UnavailableError(result.detail, hint="Nothing was changed. Try again once the cluster answers.")
    return result
