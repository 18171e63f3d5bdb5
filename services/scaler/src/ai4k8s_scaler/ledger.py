"""Writes the ledger: what was decided, on which grounds, and who shall hear of it."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.contracts.scaler import ApplyDecision
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome, Engine
from ai4k8s_scaler import repository
from ai4k8s_scaler.domain.policy import Action, Decision, Source

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.domain.policy import Observed
    from ai4k8s_scaler.domain.price import Candidate
    from ai4k8s_scaler.policies import EffectivePolicy
    from ai4k8s_scaler.targets import Target

_ACTIONS = {
    Action.SCALE_UP: DecisionAction.SCALE_UP,
    Action.SCALE_DOWN: DecisionAction.SCALE_DOWN,
    Action.NONE: DecisionAction.MAINTAIN,
    Action.BLOCKED: DecisionAction.MAINTAIN,
}
_ENGINES = {
    Source.PREDICTIVE: Engine.PREDICTIVE,
    Source.REACTIVE: Engine.REACTIVE,
    Source.SCHEDULED: Engine.SCHEDULED,
    Source.ROLLBACK: Engine.ROLLBACK,
}


@dataclass(frozen=True)
class Entry:
    """One decision on its way into the ledger."""

    cluster_id: UUID
    cycle_id: UUID
    at: datetime
    row: Row[Any]
    policy: EffectivePolicy
    target: Target
    decision: Decision
    observed: Observed
    price: float
    undo_of: UUID | None = None


def record(tx: Transaction, entry: Entry, outcome: DecisionOutcome) -> UUID | None:
    """Write it and tell; None when this cycle's decision about the workload is there already."""
    decision_id = uuid.uuid4()
    if not repository.insert_decision(tx.connection, _values(entry, outcome, decision_id)):
        return None
    if outcome is DecisionOutcome.PLANNED:
        tx.send(ApplyDecision(decision_id=decision_id))
    else:
        tx.send(Advise(decision_id=decision_id))
    decision = entry.decision
    tx.emit(decision_event(entry.cluster_id, entry.row.id, decision_id, outcome, decision.to_replicas, decision.reason))
    return decision_id


def _values(entry: Entry, outcome: DecisionOutcome, decision_id: UUID) -> dict[str, Any]:
    decision, target = entry.decision, entry.target
    fallback = Engine.PREDICTIVE if entry.policy.predictive else Engine.SCHEDULED
    return {
        "id": decision_id,
        "cluster_id": entry.cluster_id,
        "workload_id": entry.row.id,
        "cycle_id": entry.cycle_id,
        "decided_at": entry.at,
        "mode": entry.policy.mode.value,
        "action": _ACTIONS[decision.action].value,
        "from_replicas": decision.from_replicas,
        "to_replicas": decision.to_replicas,
        "planned_resource_version": target.resource_version,
        "reason": decision.reason,
        "inputs": _inputs(entry),
        "forecast": _forecast(entry.row),
        "alternatives": alternatives(decision),
        "guards": guards(decision),
        "outcome": outcome.value,
        "outcome_at": None if outcome is DecisionOutcome.PLANNED else entry.at,
        "engine": _ENGINES.get(decision.source, fallback).value,
        "actuator": target.actuator.value,
        "plan": target.plan(decision.to_replicas),
        "undo_of": entry.undo_of if decision.source is Source.ROLLBACK else None,
    }


def decision_event(
    cluster_id: UUID, workload_id: int, decision_id: UUID, outcome: DecisionOutcome, to_replicas: int, reason: str
) -> LiveEvent:
    """What those who watch a cluster hear of a decision."""
    return LiveEvent(
        LiveEventName.DECISION,
        cluster_room(cluster_id),
        {
            "cluster_id": str(cluster_id),
            "workload_id": workload_id,
            "decision_id": str(decision_id),
            "outcome": outcome.value,
            "to_replicas": to_replicas,
            "reason": reason,
        },
    )


def guards(decision: Decision) -> list[dict[str, Any]]:
    """The guards that spoke, as JSON."""
    return [
        {"name": verdict.name.value, "detail": verdict.detail, "before": verdict.before, "after": verdict.after}
        for verdict in decision.verdicts
    ]


def alternatives(decision: Decision) -> list[dict[str, Any]]:
    """What else was weighed; of changes also what may be chosen instead: `within`, or the guard that bars it."""
    if not decision.barred:
        return [_candidate(option) for option in decision.alternatives]
    pairs = zip(decision.alternatives, decision.barred, strict=True)
    return [{**_candidate(option), "within": not bar, "barred_by": bar} for option, bar in pairs]


def _inputs(entry: Entry) -> dict[str, Any]:
    observed, limits, decision = entry.observed, entry.policy.limits, entry.decision
    usage = observed.usage
    return {
        "cpu_usage_millicores": _number(usage.total_millicores),
        "cpu_request_millicores": _number(usage.request_millicores),
        "ready_replicas": observed.ready,
        "pods_measured": usage.measured,
        "pods_unready": usage.unready,
        "pods_missing_metrics": usage.missing,
        "metrics_age_seconds": _number(observed.metrics_age_seconds),
        "min_replicas": limits.min_replicas,
        "max_replicas": limits.max_replicas,
        "target_utilization_percent": limits.target_percent,
        "slo_short_share": limits.slo_short_share,
        "price_of_risk_pods": entry.price,
        "hpa_asks": decision.reactive,
        "predictive_floor": None if decision.floor is None else _candidate(decision.floor),
        "wanted_before_guards": decision.wanted,
        "chosen": None if decision.chosen is None else _candidate(decision.chosen),
    }


def _forecast(row: Row[Any]) -> dict[str, Any] | None:
    if row.made_at is None:
        return None
    return {
        "made_at": row.made_at.isoformat(),
        "status": row.window_status,
        "detail": row.window_detail,
        "lead_time_seconds": row.lead_time_seconds,
        "levels": row.window_levels,
        "values_millicores": None if row.window_values is None else [_number(value) for value in row.window_values],
    }


def _candidate(option: Candidate) -> dict[str, Any]:
    return {
        "replicas": option.replicas,
        "risk": round(option.risk, 4),
        "missing_pods": round(option.missing_pods, 4),
        "cost": round(option.total, 3),
    }


def _number(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return value if math.isfinite(value) else None
