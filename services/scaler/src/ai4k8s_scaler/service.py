"""Decides for every workload of a cluster that somebody wants scaled, as of one cycle, in one transaction.

The ledger gets a row for everything that is done or would be, and for every new reason for which nothing is; cycles in
which nothing changes leave their mark in the workload's state only. A change that is still on its way is not planned
again: what was decided stands until it is carried out, void, or too little.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.contracts.scaler import RenewFloor, SurveyCluster
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import Actuator, DecisionOutcome
from ai4k8s_scaler import advising, ledger, repository, rollbacks, situations, surroundings
from ai4k8s_scaler.domain.guards import GuardName
from ai4k8s_scaler.domain.hpa import Usage
from ai4k8s_scaler.domain.lag import Lag
from ai4k8s_scaler.domain.policy import (
    HOLD_SECONDS,
    REACTIVE_HOLD_SECONDS,
    Action,
    Decision,
    Foresight,
    Observed,
    decide,
)
from ai4k8s_scaler.domain.price import QuantileFunction, weigh
from ai4k8s_scaler.memory import Memory
from ai4k8s_scaler.policies import ONLY_SCHEDULED, EffectivePolicy, effective_policy
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.targets import Target, target_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import EvaluatePolicies
    from ai4k8s_scaler.surroundings import Around

#: How far back a workload's newest usage is looked for; older ones are all the same: too old.
SAMPLES_WITHIN = timedelta(minutes=15)
#: How far back changes count for cool-downs and undoing.
CHANGES_WITHIN = timedelta(hours=24)
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
        GuardName.FROZEN,
        GuardName.MAINTENANCE,
        GuardName.UNDONE,
        GuardName.FIGHT,
        GuardName.BUDGET,
        GuardName.COST,
        GuardName.QUOTA,
        GuardName.NODE_CAPACITY,
        GuardName.ROLLED_BACK,
    }
)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Cycle:
    """What one evaluation knows of the cluster as a whole."""

    cluster_id: UUID
    cycle_id: UUID
    at: datetime
    around: Around
    settings: ScalerSettings
    reachable: bool
    paused: bool
    foresights: dict[int, Foresight] = field(default_factory=dict)  # by workload, weighed together


def evaluate_policies(
    tx: Transaction,
    message: EvaluatePolicies,
    settings: ScalerSettings | None = None,
    *,
    decided_at: datetime | None = None,
) -> None:
    """Decide for each workload with a policy; a cycle older than the last evaluated one is left out.

    ``decided_at`` is the time now, by which the age of the newest sample is measured.
    """
    facts = repository.cluster_facts(tx.connection, message.cluster_id)
    if facts is None:
        return
    rules, now = settings or ScalerSettings(), message.cycle_at
    samples = repository.latest_samples(tx.connection, message.cluster_id, now - SAMPLES_WITHIN, now)
    around = surroundings.load(tx.connection, message.cluster_id, now, now - CHANGES_WITHIN)
    if rules.advisor_may_refine:
        around.advised = advising.wishes(tx.connection, message.cluster_id, now - advising.REFINED_FOR)
    rows = repository.present_workloads(tx.connection, message.cluster_id)
    for row in rows:
        around.count(row, row.desired_replicas)
    due = [
        (row, policy)
        for row in rows
        if (policy := _policy(row, around)) is not None and (row.evaluated_at is None or row.evaluated_at < now)
    ]
    cycle = Cycle(
        message.cluster_id,
        message.cycle_id,
        now,
        around,
        rules,
        facts.reachable,
        facts.paused,
        _foresights(due, now),
    )
    states = [evaluate(tx, cycle, row, policy, samples.get(row.id)) for row, policy in due]
    repository.upsert_states(tx.connection, states)
    if samples and decided_at is not None:
        _measure_lag(tx, message.cluster_id, max(sample.at for sample in samples.values()), decided_at)
    # Whatever stopped goes on: this cycle is the proof.
    repository.release_hold(tx.connection, message.cluster_id)
    if facts.reachable and (around.seen_at is None or (now - around.seen_at).total_seconds() > rules.survey_seconds):
        tx.send(SurveyCluster(cluster_id=message.cluster_id))
    log.info("policies_evaluated", cluster_id=str(message.cluster_id), workloads=len(states))


def _measure_lag(tx: Transaction, cluster_id: UUID, newest: datetime, now: datetime) -> None:
    """Remember how old the newest sample is by now."""
    lag = Lag(tuple(repository.metric_ages(tx.connection, cluster_id))).seen((now - newest).total_seconds())
    if not lag.ages:
        return
    values = {
        "median_seconds": lag.at(0.5),
        "p95_seconds": lag.at(0.95),
        "ages_seconds": list(lag.ages),
        "measured_at": now,
    }
    repository.write_metric_ages(tx.connection, cluster_id, values)


def _policy(row: Row[Any], around: Around) -> EffectivePolicy | None:
    """What holds for a workload: its policy, else its rules of the clock, if it has any."""
    policy = effective_policy(row)
    if policy is None and situations.key_of(row) in around.rules:
        return ONLY_SCHEDULED
    return policy


def evaluate(
    tx: Transaction, cycle: Cycle, row: Row[Any], policy: EffectivePolicy, sample: Row[Any] | None
) -> dict[str, Any]:
    """Decide for one workload, write the ledger if there is something to tell, and return its new state."""
    around, now = cycle.around, cycle.at
    seen_at = min(row.last_seen_at, now)
    target = target_of(row, policy, around.hpas.get(situations.key_of(row)), around.claims.get(row.id), seen_at)
    situations.notice_reset(tx.connection, row, target, around, now)
    situation = situations.situation_of(row, policy, target, around, now, cycle.settings)
    if situation.schedule is not None:
        target = replace(target, ceiling=situation.schedule.maximum)
    policy = situations.within_owner(policy, target)
    paused = "the cluster is paused" if cycle.paused else policy.problem
    observed = _observed(row, sample, now, reachable=cycle.reachable, paused=paused)
    observed = replace(observed, current=target.current)
    memory = Memory.of(row.slo_price, row.memory, policy.limits.slo_short_share)
    counts = sample is not None and policy.predictive
    short = sample is not None and (sample.saturated or observed.short)
    if counts:
        memory = rollbacks.watched(cycle, row, observed, memory, short=short)
        situation = rollbacks.with_what_comes_back(cycle, row, policy, memory, situation)
    foresight = cycle.foresights.get(row.id) or _foresight(row, now, slo_leads=policy.limits.slo_leads)
    decision = decide(observed, foresight, memory.steering(policy.limits), memory.policy, now, situation)
    memory = replace(memory, policy=decision.memory)
    if counts and decision.action is not Action.BLOCKED:
        memory = rollbacks.watch_rollout(tx, cycle, row, policy, memory)
        foreseen = decision.floor is not None
        memory = memory.counted(now.timestamp(), short=short, foreseen=foreseen, limits=policy.limits)
    outcome, memory = _outcome(tx, cycle, row, target, decision, policy.mode, memory)
    if outcome is not None:
        price, taken_back = memory.policy.price, rollbacks.taken_back(cycle, row)
        entry = ledger.Entry(
            cycle.cluster_id, cycle.cycle_id, now, row, policy, target, decision, observed, price, taken_back
        )
        ledger.record(tx, entry, outcome)
        situations.take(around, row, decision)
    if policy.mode is PolicyMode.AUTO:
        _renew(tx, cycle, row)
    return _state(cycle, row, policy, target, decision, memory)


def _state(
    cycle: Cycle, row: Row[Any], policy: EffectivePolicy, target: Target, decision: Decision, memory: Memory
) -> dict[str, Any]:
    """What is thought of a workload now."""
    return {
        "workload_id": row.id,
        "cluster_id": cycle.cluster_id,
        "cycle_id": cycle.cycle_id,
        "evaluated_at": cycle.at,
        "mode": policy.mode.value,
        "wanted_replicas": _wanted(row, target, decision),
        "reason": decision.reason,
        "guards": ledger.guards(decision),
        "hold_until": _hold_until(decision),
        "slo_price": memory.policy.price,
        "slo_short_seen": memory.budget.short_share(),
        "slo_budget_left": memory.budget.left(policy.limits.slo_short_share),
        "slo_beyond_sense": memory.budget.beyond_sense(policy.limits.slo_short_share),
        "memory": memory.to_json(),
    }


def _wanted(row: Row[Any], target: Target, decision: Decision) -> int:
    """Replicas wanted: a floor below what an HPA keeps anyway wants nothing else than is there."""
    if target.actuator is Actuator.REPLICAS:
        return decision.to_replicas
    return max(decision.to_replicas, int(row.desired_replicas))


def _renew(tx: Transaction, cycle: Cycle, row: Row[Any]) -> None:
    """A floor stands for as long as we say so, in time before it would end."""
    claim = cycle.around.claims.get(row.id)
    half = timedelta(seconds=cycle.settings.floor_seconds / 2)
    if claim is None or claim.expires_at is None or claim.expires_at - cycle.at > half:
        return
    if claim.actuator == Actuator.EXTERNAL_METRIC.value:
        surroundings.renew_claim(tx.connection, row.id, cycle.at + 2 * half)
    else:
        tx.send(RenewFloor(workload_id=row.id))


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


def _foresights(due: Sequence[tuple[Row[Any], EffectivePolicy]], now: datetime) -> dict[int, Foresight]:
    """What is foreseen of each workload; the forecasts of a cluster are weighed at once."""
    found = {row.id: _foresight(row, now, slo_leads=policy.limits.slo_leads) for row, policy in due}
    told = {
        workload_id: demand
        for workload_id, each in found.items()
        if (demand := each.demand) is not None and demand.finite
    }
    options = weigh(list(told.values()))
    return found | {
        workload_id: replace(found[workload_id], options=each) for workload_id, each in zip(told, options, strict=True)
    }


def _foresight(row: Row[Any], now: datetime, *, slo_leads: bool) -> Foresight:
    lead = row.lead_time_seconds or DEFAULT_LEAD_SECONDS
    request = row.cpu_request_millicores
    if row.made_at is None:
        return Foresight(None, lead, detail="no forecast yet")
    age = (now - row.made_at).total_seconds()
    # Where the SLO leads, a forecast without skill serves too: what it is worth is what the budget makes of its price.
    trusted = {"ready", "no_skill"} if slo_leads else {"ready"}
    if row.window_status not in trusted or not row.window_values or not request:
        return Foresight(None, lead, age, row.window_detail or row.window_status)
    pods = tuple(value / request for value in row.window_values)
    return Foresight(QuantileFunction(tuple(row.window_levels), pods), lead, age)


def _outcome(
    tx: Transaction,
    cycle: Cycle,
    row: Row[Any],
    target: Target,
    decision: Decision,
    mode: PolicyMode,
    memory: Memory,
) -> tuple[DecisionOutcome | None, Memory]:
    """Whether the ledger gets a row, and with which outcome."""
    told = tuple(sorted({verdict.name.value for verdict in decision.verdicts if verdict.name in TOLD_GUARDS}))
    news = bool(told) and told != memory.told
    memory = replace(memory, told=told)
    proposal = (decision.from_replicas, decision.to_replicas)
    changes = decision.action in {Action.SCALE_UP, Action.SCALE_DOWN}
    if decision.action is Action.BLOCKED or not (changes or target.maximum_differs):
        return (DecisionOutcome.HELD if news else None), replace(memory, last_proposal=None)
    if mode is PolicyMode.AUTO:
        return (None if _under_way(tx, cycle, row, target, decision) else DecisionOutcome.PLANNED), memory
    said_before = proposal == memory.last_proposal
    return (None if said_before else DecisionOutcome.OBSERVED), replace(memory, last_proposal=proposal)


def _under_way(tx: Transaction, cycle: Cycle, row: Row[Any], target: Target, decision: Decision) -> bool:
    """Whether a change is on its way that this one need not replace; what is void or too little is overtaken."""
    planned = cycle.around.planned.get(row.id)
    if planned is None:
        # What was seen may be older than our own latest change: the next cycle will see it.
        return target.settling
    age = (cycle.at - planned.decided_at).total_seconds()
    if age <= cycle.settings.apply_within_seconds and decision.to_replicas <= planned.to_replicas:
        return True
    detail = "More was needed before this was carried out." if age <= cycle.settings.apply_within_seconds else ""
    repository.supersede(
        tx.connection, row.id, cycle.at, detail or f"It could not be carried out for {age:.0f} s: void."
    )
    return False


def _hold_until(decision: Decision) -> datetime | None:
    """When what was wanted lately stops to hold; None when nothing is held."""
    if not any(verdict.name is GuardName.HOLD for verdict in decision.verdicts):
        return None
    higher = [at for at, replicas in decision.memory.wanted if replicas > decision.wanted]
    seconds = HOLD_SECONDS if decision.floor else REACTIVE_HOLD_SECONDS
    return datetime.fromtimestamp(max(higher) + seconds, tz=UTC) if higher else None
