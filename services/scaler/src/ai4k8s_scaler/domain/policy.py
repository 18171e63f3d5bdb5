"""One decision for one workload: observe -> candidates -> guards -> plan.

The floor under the workload is what the forecast of the next minutes' maximum makes worth paying for; it is never below
what HPA's formula asks now, so prediction can only add. Guards then have the last word. Everything here is a value: the
same input gives the same decision, and the decision says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from ai4k8s_scaler.domain import guards
from ai4k8s_scaler.domain.guards import GuardName, GuardVerdict
from ai4k8s_scaler.domain.hpa import Usage, desired_replicas
from ai4k8s_scaler.domain.price import Candidate, QuantileFunction, candidates, cheapest

#: How long a floor stands: it drops straight past HPA's stabilisation, so it must not flicker.
HOLD_SECONDS = 180.0
#: Without a usable forecast we are an HPA, with HPA's own window.
REACTIVE_HOLD_SECONDS = 300.0


class Action(Enum):
    """What a decision does."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    NONE = "none"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Limits:
    """A workload's policy.

    Attributes:
        min_replicas, max_replicas: bounds, both included.
        target_percent: utilisation that the reactive formula aims at.
        slo_short_share: share of time that the workload may be short of capacity.
    """

    min_replicas: int
    max_replicas: int
    target_percent: int = 80
    slo_short_share: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.min_replicas <= self.max_replicas:
            raise ValueError("bounds must satisfy 0 <= min <= max")
        if not 1 <= self.target_percent <= 1000:
            raise ValueError("target_percent must lie within 1 to 1000")


@dataclass(frozen=True)
class Foresight:
    """What the forecaster said.

    Attributes:
        demand: quantiles of the maximum over ``horizon_seconds``, in pods; None when it declined.
        horizon_seconds: length of the window.
        age_seconds: time since it was made.
        detail: why it declined, or an empty string.
    """

    demand: QuantileFunction | None
    horizon_seconds: float
    age_seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Observed:
    """The workload as last measured.

    Attributes:
        usage: HPA's view of its pods.
        current: ``spec.replicas``.
        ready: ready pods.
        metrics_age_seconds: age of the newest sample; negative when its clock runs ahead.
        rollout_in_progress: a new revision is being rolled out.
        reachable: whether the cluster answered in this cycle.
        paused_reason: why scaling is paused, or an empty string.
    """

    usage: Usage
    current: int
    ready: int
    metrics_age_seconds: float
    rollout_in_progress: bool = False
    reachable: bool = True
    paused_reason: str = ""


@dataclass(frozen=True)
class PolicyMemory:
    """What one cycle passes to the next.

    Attributes:
        price: price of risk.
        wanted: ``(at, replicas)`` of recent cycles, for the hold.
    """

    price: float
    wanted: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Decision:
    """A decision and its reasons.

    Attributes:
        action: what to do.
        from_replicas, to_replicas: before and after; equal when nothing is done.
        reason: one sentence for people.
        wanted: replicas wanted before the guards.
        floor: the predictive floor, None without a usable forecast.
        reactive: what HPA's formula asks now, None when it cannot tell.
        alternatives: other numbers weighed, cheapest first.
        verdicts: guards that spoke.
        memory: for the next cycle.
    """

    action: Action
    from_replicas: int
    to_replicas: int
    reason: str
    wanted: int
    floor: Candidate | None
    reactive: int | None
    alternatives: tuple[Candidate, ...]
    verdicts: tuple[GuardVerdict, ...]
    memory: PolicyMemory = field(compare=False)


def decide(observed: Observed, foresight: Foresight, limits: Limits, memory: PolicyMemory, now: datetime) -> Decision:
    """Decide for one workload in one cycle.

    Args:
        observed: the workload as measured.
        foresight: the forecast of the maximum over the lead time.
        limits: the policy.
        memory: of the cycle before.
        now: the cycle's time.
    """
    block = guards.first_block(
        reachable=observed.reachable,
        paused_reason=observed.paused_reason,
        metrics_age_seconds=observed.metrics_age_seconds,
        usage_millicores=observed.usage.total_millicores,
        request_millicores=observed.usage.request_millicores,
    )
    if block is not None:
        return _blocked(observed, block, memory)
    trust = guards.forecast_trust(foresight.demand, foresight.age_seconds, foresight.detail)
    options = candidates(foresight.demand, memory.price) if foresight.demand is not None and trust is None else ()
    floor = cheapest(options) if options else None
    reactive = desired_replicas(observed.usage, observed.current, limits.target_percent)
    if floor is None and reactive is None:
        return _blocked(observed, guards.nothing_to_go_by(), memory)
    wanted = max(floor.replicas if floor else 0, reactive or 0)
    hold = HOLD_SECONDS if floor else REACTIVE_HOLD_SECONDS
    at = now.timestamp()
    recent = tuple(entry for entry in memory.wanted if at - hold < entry[0] <= at)
    plan = guards.Plan(wanted, observed.current, ())
    plan = guards.hold(plan, max((replicas for _, replicas in recent), default=0), hold)
    plan = guards.small_decrease(plan)
    plan = guards.rollout(plan, observed.rollout_in_progress)
    plan = guards.step_limit(plan)
    plan = guards.bounds(plan, limits.min_replicas, limits.max_replicas)
    verdicts = (*((trust,) if trust else ()), *plan.verdicts)
    kept = tuple(entry for entry in memory.wanted if at - REACTIVE_HOLD_SECONDS < entry[0] <= at)
    return Decision(
        action=_action(observed.current, plan.replicas),
        from_replicas=observed.current,
        to_replicas=plan.replicas,
        reason=_reason(observed, foresight, floor, reactive, plan, verdicts, limits, now),
        wanted=wanted,
        floor=floor,
        reactive=reactive,
        alternatives=tuple(sorted(options, key=lambda option: option.total)[:5]),
        verdicts=verdicts,
        memory=PolicyMemory(memory.price, (*kept, (at, wanted))),
    )


def _action(current: int, replicas: int) -> Action:
    if replicas == current:
        return Action.NONE
    return Action.SCALE_UP if replicas > current else Action.SCALE_DOWN


def _blocked(observed: Observed, verdict: GuardVerdict, memory: PolicyMemory) -> Decision:
    return Decision(
        action=Action.BLOCKED,
        from_replicas=observed.current,
        to_replicas=observed.current,
        reason=f"Nothing is changed: {verdict.detail}.",
        wanted=observed.current,
        floor=None,
        reactive=None,
        alternatives=(),
        verdicts=(verdict,),
        memory=memory,
    )


def _reason(
    observed: Observed,
    foresight: Foresight,
    floor: Candidate | None,
    reactive: int | None,
    plan: guards.Plan,
    verdicts: tuple[GuardVerdict, ...],
    limits: Limits,
    now: datetime,
) -> str:
    minutes = max(1, round(foresight.horizon_seconds / 60))
    if floor is not None and foresight.demand is not None:
        basis = (
            f"Forecast .95 of the {minutes}-min maximum is {foresight.demand.at(0.95):.1f} pods; "
            f"{observed.ready} ready."
        )
    else:
        declined = next((verdict.detail for verdict in verdicts if verdict.name is GuardName.FORECAST), "no forecast")
        basis = f"No predictive floor ({declined}); HPA's formula asks for {reactive} now; {observed.ready} ready."
    if plan.replicas > observed.current:
        foreseen = floor is not None and floor.replicas > (reactive or 0)
        due = (now + timedelta(seconds=foresight.horizon_seconds)).strftime("%H:%M")
        tail = (
            f"Scaling to {plan.replicas} before {due}."
            if foreseen
            else (f"Scaling to {plan.replicas}: usage is above {limits.target_percent} % now.")
        )
    elif plan.replicas < observed.current:
        tail = f"Scaling down to {plan.replicas}."
    else:
        tail = f"Staying at {plan.replicas}."
    held = [verdict.detail for verdict in verdicts if verdict.name is not GuardName.FORECAST]
    return " ".join([basis, tail, *(f"({detail})" for detail in held)])
