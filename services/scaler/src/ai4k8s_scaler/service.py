"""Decides for every workload of a cluster that has a policy, as of one cycle, in one transaction.

The ledger gets a row for everything that is done or would be, and for every new reason for which nothing is; cycles in
which nothing changes leave their mark in the workload's state only.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.contracts.scaler import ApplyDecision
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome
from ai4k8s_scaler import repository
from ai4k8s_scaler.domain.guards import GuardName
from ai4k8s_scaler.domain.hpa import Usage
from ai4k8s_scaler.domain.policy import (
    HOLD_SECONDS,
    REACTIVE_HOLD_SECONDS,
    Action,
    Decision,
    Foresight,
    Limits,
    Observed,
    decide,
)
from ai4k8s_scaler.domain.price import Candidate, QuantileFunction
from ai4k8s_scaler.memory import Memory
from ai4k8s_scaler.policies import EffectivePolicy, from_annotations

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import EvaluatePolicies, RecordAdvice

#: How far back a workload's newest usage is looked for; older ones are all the same: too old.
SAMPLES_WITHIN = timedelta(minutes=15)
DEFAULT_LEAD_SECONDS = 120.0
#: Guards whose coming and going is told; the others shape a number and are part of its decision.
TOLD_GUARDS = frozenset(
    {
        GuardName.STALE_METRICS,
        GuardName.CLOCK_SKEW,
        GuardName.INVALID_METRICS,
        GuardName.NO_METRICS,
        GuardName.UNREACHABLE,
        GuardName.PAUSED,
        GuardName.FORECAST,
        GuardName.BOUNDS,
        GuardName.ROLLOUT,
    }
)
_ACTIONS = {
    Action.SCALE_UP: DecisionAction.SCALE_UP,
    Action.SCALE_DOWN: DecisionAction.SCALE_DOWN,
    Action.NONE: DecisionAction.MAINTAIN,
    Action.BLOCKED: DecisionAction.MAINTAIN,
}

log = structlog.stdlib.get_logger(__name__)


def evaluate_policies(tx: Transaction, message: EvaluatePolicies) -> None:
    """Decide for each workload with a policy; a cycle older than the last evaluated one is left out."""
    facts = repository.cluster_facts(tx.connection, message.cluster_id)
    if facts is None:
        return
    since = message.cycle_at - SAMPLES_WITHIN
    samples = repository.latest_samples(tx.connection, message.cluster_id, since, message.cycle_at)
    evaluated: list[tuple[Row[Any], EffectivePolicy]] = []
    for row in repository.present_workloads(tx.connection, message.cluster_id):
        policy = effective_policy(row)
        if policy is None or (row.evaluated_at is not None and row.evaluated_at >= message.cycle_at):
            continue
        evaluated.append((row, policy))
    repository.supersede_planned(tx.connection, [row.id for row, _ in evaluated], message.cycle_at)
    for row, policy in evaluated:
        paused = "the cluster is paused" if facts.paused else policy.problem
        _evaluate(tx, message, row, policy, samples.get(row.id), reachable=facts.reachable, paused=paused)
    # Whatever stopped goes on: this cycle is the proof.
    repository.release_hold(tx.connection, message.cluster_id)
    log.info("policies_evaluated", cluster_id=str(message.cluster_id), workloads=len(evaluated))


def effective_policy(row: Row[Any]) -> EffectivePolicy | None:
    """The gateway's row, or else the workload's annotations."""
    if row.mode is None:
        return from_annotations(row.annotations or {})
    limits = Limits(row.min_replicas, row.max_replicas, row.target_utilization_percent, row.slo_short_share)
    return EffectivePolicy(PolicyMode(row.mode), limits)


def record_advice(tx: Transaction, message: RecordAdvice) -> None:
    """Keep what the advisor said beside the decision; it changes nothing that was done."""
    advice = {
        **message.advice.model_dump(mode="json"),
        "provider": message.provider,
        "text": message.text,
        "cached": message.cached,
    }
    if not repository.record_advice(tx.connection, message.decision_id, advice):
        log.warning("advice_dropped", decision_id=str(message.decision_id), reason="no such decision")


def _evaluate(
    tx: Transaction,
    message: EvaluatePolicies,
    row: Row[Any],
    policy: EffectivePolicy,
    sample: Row[Any] | None,
    *,
    reachable: bool,
    paused: str,
) -> None:
    observed = _observed(row, sample, message.cycle_at, reachable=reachable, paused=paused)
    foresight = _foresight(row, message.cycle_at)
    memory = Memory.of(row.slo_price, row.memory, policy.limits.slo_short_share)
    decision = decide(observed, foresight, policy.limits, memory.policy, message.cycle_at)
    memory = replace(memory, policy=decision.memory)
    if sample is not None and decision.action is not Action.BLOCKED:
        short = observed.usage.total_millicores > observed.usage.request_millicores * observed.ready
        memory = memory.counted(message.cycle_at.timestamp(), short or sample.saturated, policy.limits.slo_short_share)
    outcome, memory = _outcome(decision, policy.mode, memory)
    if outcome is not None:
        _record(tx, message, row, policy, decision, outcome, observed=observed, price=memory.policy.price)
    repository.upsert_state(
        tx.connection,
        row.id,
        {
            "cluster_id": message.cluster_id,
            "cycle_id": message.cycle_id,
            "evaluated_at": message.cycle_at,
            "mode": policy.mode.value,
            "wanted_replicas": decision.to_replicas,
            "reason": decision.reason,
            "guards": _guards(decision),
            "hold_until": _hold_until(decision),
            "slo_price": memory.policy.price,
            "memory": memory.to_json(),
        },
    )


def _observed(row: Row[Any], sample: Row[Any] | None, now: datetime, *, reachable: bool, paused: str) -> Observed:
    request = row.cpu_request_millicores or 0.0
    if sample is None:
        usage, age = Usage(0.0, request, 0), float("inf")
    else:
        ready, pods = sample.ready_replicas or 0, sample.pods or 0
        measured = min(sample.pods_with_metrics or 0, ready)
        usage = Usage(
            total_millicores=sample.cpu_usage_millicores,
            request_millicores=request,
            measured=measured,
            unready=max(pods - ready, 0),
            missing=max(ready - measured, 0),
        )
        age = (now - sample.at).total_seconds()
    return Observed(
        usage=usage,
        current=row.desired_replicas,
        ready=row.ready_replicas,
        metrics_age_seconds=age,
        rollout_in_progress=row.rollout_in_progress,
        reachable=reachable,
        paused_reason=paused,
    )


def _foresight(row: Row[Any], now: datetime) -> Foresight:
    lead = row.lead_time_seconds or DEFAULT_LEAD_SECONDS
    request = row.cpu_request_millicores
    if row.made_at is None:
        return Foresight(None, lead, detail="no forecast yet")
    age = (now - row.made_at).total_seconds()
    if row.window_status != "ready" or not row.window_values or not request:
        return Foresight(None, lead, age, row.window_detail or row.window_status)
    pods = tuple(value / request for value in row.window_values)
    return Foresight(QuantileFunction(tuple(row.window_levels), pods), lead, age)


def _outcome(decision: Decision, mode: PolicyMode, memory: Memory) -> tuple[DecisionOutcome | None, Memory]:
    """Whether the ledger gets a row, and with which outcome."""
    told = tuple(sorted({verdict.name.value for verdict in decision.verdicts if verdict.name in TOLD_GUARDS}))
    news = bool(told) and told != memory.told
    memory = replace(memory, told=told)
    proposal = (decision.from_replicas, decision.to_replicas)
    if decision.action not in {Action.SCALE_UP, Action.SCALE_DOWN}:
        return (DecisionOutcome.HELD if news else None), replace(memory, last_proposal=None)
    if mode is PolicyMode.AUTO:
        return DecisionOutcome.PLANNED, memory
    said_before = proposal == memory.last_proposal
    return (None if said_before else DecisionOutcome.OBSERVED), replace(memory, last_proposal=proposal)


def _record(
    tx: Transaction,
    message: EvaluatePolicies,
    row: Row[Any],
    policy: EffectivePolicy,
    decision: Decision,
    outcome: DecisionOutcome,
    *,
    observed: Observed,
    price: float,
) -> None:
    decision_id = uuid.uuid4()
    fresh = repository.insert_decision(
        tx.connection,
        {
            "id": decision_id,
            "cluster_id": message.cluster_id,
            "workload_id": row.id,
            "cycle_id": message.cycle_id,
            "decided_at": message.cycle_at,
            "mode": policy.mode.value,
            "action": _ACTIONS[decision.action].value,
            "from_replicas": decision.from_replicas,
            "to_replicas": decision.to_replicas,
            "planned_resource_version": row.resource_version,
            "reason": decision.reason,
            "inputs": _inputs(observed, policy.limits, decision, price),
            "forecast": _forecast(row),
            "alternatives": [_candidate(option) for option in decision.alternatives],
            "guards": _guards(decision),
            "outcome": outcome.value,
            "outcome_at": None if outcome is DecisionOutcome.PLANNED else message.cycle_at,
        },
    )
    if not fresh:
        return
    if outcome is DecisionOutcome.PLANNED:
        tx.send(ApplyDecision(decision_id=decision_id))
    else:
        tx.send(Advise(decision_id=decision_id))
    tx.emit(decision_event(message.cluster_id, row.id, decision_id, outcome, decision.to_replicas, decision.reason))


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


def _inputs(observed: Observed, limits: Limits, decision: Decision, price: float) -> dict[str, Any]:
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
        "price_of_risk_pods": price,
        "hpa_asks": decision.reactive,
        "predictive_floor": None if decision.floor is None else _candidate(decision.floor),
        "wanted_before_guards": decision.wanted,
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


def _guards(decision: Decision) -> list[dict[str, Any]]:
    return [
        {"name": verdict.name.value, "detail": verdict.detail, "before": verdict.before, "after": verdict.after}
        for verdict in decision.verdicts
    ]


def _hold_until(decision: Decision) -> datetime | None:
    """When what was wanted lately stops to hold; None when nothing is held."""
    if not any(verdict.name is GuardName.HOLD for verdict in decision.verdicts):
        return None
    higher = [at for at, replicas in decision.memory.wanted if replicas > decision.wanted]
    seconds = HOLD_SECONDS if decision.floor else REACTIVE_HOLD_SECONDS
    return datetime.fromtimestamp(max(higher) + seconds, tz=UTC) if higher else None
