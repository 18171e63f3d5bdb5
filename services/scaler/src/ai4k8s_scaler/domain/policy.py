"""One decision for one workload: observe -> candidates -> guards -> plan.

The floor under the workload is what the forecast of the next minutes' maximum makes worth paying for; it is never below
what HPA's formula asks now, so prediction can only add. Guards then have the last word. Everything here is a value: the
same input gives the same decision, and the decision says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from ai4k8s_scaler.domain import guards
from ai4k8s_scaler.domain.budget import FLOORED_TARGET_PERCENT
from ai4k8s_scaler.domain.guards import GuardName, GuardVerdict
from ai4k8s_scaler.domain.hpa import Usage, desired_replicas
from ai4k8s_scaler.domain.price import Candidate, Options, QuantileFunction, candidates, cheapest, weighed
from ai4k8s_scaler.domain.situation import Situation

#: How long a floor stands: it drops straight past HPA's stabilisation, so it must not flicker.
HOLD_SECONDS = 180.0
#: Without a usable forecast we are an HPA, with HPA's own window.
REACTIVE_HOLD_SECONDS = 300.0
#: What bars an alternative below what HPA's own formula asks now.
HPA_ASKS = "hpa_asks"


class Action(Enum):
    """What a decision does."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    NONE = "none"
    BLOCKED = "blocked"


class Source(Enum):
    """The engine that an outcome comes from."""

    PREDICTIVE = "predictive"
    REACTIVE = "reactive"
    SCHEDULED = "scheduled"
    ROLLBACK = "rollback"  # a change of ours is taken back
    BASELINE = "baseline"  # what was there before us


@dataclass(frozen=True)
class Limits:
    """A workload's policy.

    Attributes:
        min_replicas, max_replicas: bounds, both included.
        target_percent: utilisation that the reactive formula aims at.
        slo_short_share: share of time that the workload may be short of capacity.
        max_step_up, max_step_down: most pods that one decision adds or takes away; None: the default factors.
        cooldown_up_seconds, cooldown_down_seconds: rest between two changes in one direction.
        slo_leads: a forecast carries the headroom, with or without skill, for the price of risk follows the SLO; the
            target counts only where nothing is foreseen, and follows the SLO there.
    """

    min_replicas: int
    max_replicas: int
    target_percent: int = 80
    slo_short_share: float = 0.01
    max_step_up: int | None = None
    max_step_down: int | None = None
    cooldown_up_seconds: float = 0.0
    cooldown_down_seconds: float = 0.0
    slo_leads: bool = False

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
        options: what ``price.weigh`` made of ``demand``, where a whole cluster was weighed at once.
    """

    demand: QuantileFunction | None
    horizon_seconds: float
    age_seconds: float = 0.0
    detail: str = ""
    options: Options | None = None


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

    @property
    def short(self) -> bool:
        """Whether more is used than the ready pods have."""
        return self.usage.total_millicores > self.usage.request_millicores * self.ready


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
        source: the engine that the outcome comes from.
        barred: of each alternative the guard that would not leave it as it is, or an empty string: what is left is the
            envelope within which somebody else may choose. Of changes only.
        chosen: ``to_replicas`` with its risk; None without a usable forecast.
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
    source: Source = Source.BASELINE
    barred: tuple[str, ...] = ()
    chosen: Candidate | None = None


def decide(
    observed: Observed,
    foresight: Foresight,
    limits: Limits,
    memory: PolicyMemory,
    now: datetime,
    situation: Situation | None = None,
) -> Decision:
    """Decide for one workload in one cycle.

    Args:
        observed: the workload as measured.
        foresight: the forecast of the maximum over the lead time.
        limits: the policy.
        memory: of the cycle before.
        now: the cycle's time.
        situation: what else bounds it.
    """
    around = situation or Situation()
    block = _block(observed, around)
    if block is not None:
        return _blocked(observed, block, memory)
    view = _candidates(observed, foresight, limits, memory, around)
    if isinstance(view, GuardVerdict):
        return _blocked(observed, view, memory)
    hold = HOLD_SECONDS if view.floor or not around.reactive else REACTIVE_HOLD_SECONDS
    at = now.timestamp()
    recent = tuple(entry for entry in memory.wanted if at - hold < entry[0] <= at)
    highest = max((replicas for _, replicas in recent), default=0)
    plan = _guarded(view, observed, limits, around, highest, hold)
    changes = plan.replicas != observed.current
    verdicts = (*view.told, *plan.verdicts)
    kept = tuple(entry for entry in memory.wanted if at - REACTIVE_HOLD_SECONDS < entry[0] <= at)
    return Decision(
        action=_action(observed.current, plan.replicas),
        from_replicas=observed.current,
        to_replicas=plan.replicas,
        reason=_reason(observed, foresight, view, plan, verdicts, limits, now, around),
        wanted=view.wanted,
        floor=view.floor,
        reactive=view.reactive,
        alternatives=view.options,
        verdicts=verdicts,
        memory=PolicyMemory(memory.price, (*kept, (at, view.wanted))),
        source=_source(view, plan),
        barred=_barred(view, observed, limits, around, highest, hold) if changes else (),
        chosen=weighed(plan.replicas, foresight.demand, memory.price, view.options)
        if foresight.demand and view.floor
        else None,
    )


def _barred(
    view: _View, observed: Observed, limits: Limits, around: Situation, highest: int, hold: float
) -> tuple[str, ...]:
    """Which guard keeps each alternative from being chosen; HPA's own formula is the first of them."""
    plain = replace(around, advised=None)
    found = []
    for option in view.options:
        if option.replicas < (view.reactive or 0):
            found.append(HPA_ASKS)
            continue
        plan = _guarded(replace(view, wanted=option.replicas), observed, limits, plain, highest, hold)
        moved = [verdict.name.value for verdict in plan.verdicts if verdict.before != verdict.after]
        found.append(moved[-1] if plan.replicas != option.replicas and moved else "")
    return tuple(found)


@dataclass(frozen=True)
class _View:
    """What the engines want, before the guards."""

    wanted: int
    floor: Candidate | None
    reactive: int | None
    options: tuple[Candidate, ...]
    told: tuple[GuardVerdict, ...]


def _block(observed: Observed, around: Situation) -> GuardVerdict | None:
    """The first reason for which nothing may be changed."""
    if not observed.reachable or observed.paused_reason:
        return _metrics_block(observed)
    return around.block


def _metrics_block(observed: Observed) -> GuardVerdict | None:
    return guards.first_block(
        reachable=observed.reachable,
        paused_reason=observed.paused_reason,
        metrics_age_seconds=observed.metrics_age_seconds,
        usage_millicores=observed.usage.total_millicores,
        request_millicores=observed.usage.request_millicores,
    )


def _candidates(
    observed: Observed, foresight: Foresight, limits: Limits, memory: PolicyMemory, around: Situation
) -> _View | GuardVerdict:
    """What each engine wants, or why there is nothing to go by.

    Metrics that cannot be trusted decide nothing; the clock needs none, and then only ever raises.
    """
    baseline = observed.current if around.baseline is None else around.baseline
    if not around.predictive:
        return _View(baseline, None, None, (), ())
    doubt = _metrics_block(observed)
    if doubt is not None:
        asked = around.schedule.minimum if around.schedule else None
        return _View(observed.current, None, None, (), (doubt,)) if asked and asked > observed.current else doubt
    trust = guards.forecast_trust(foresight.demand, foresight.age_seconds, foresight.detail)
    demand = foresight.demand if trust is None else None
    options = () if demand is None else candidates(demand, memory.price, foresight.options)
    floor = cheapest(options) if options else None
    told = (trust,) if trust else ()
    if not around.reactive:
        # The HPA answers for now; without foresight the floor is what its owner set.
        return _View(max(floor.replicas, baseline) if floor else baseline, floor, None, options, told)
    target = max(limits.target_percent, FLOORED_TARGET_PERCENT) if floor and limits.slo_leads else limits.target_percent
    reactive = desired_replicas(observed.usage, observed.current, target)
    if floor is None and reactive is None:
        return guards.nothing_to_go_by()
    return _View(max(floor.replicas if floor else 0, reactive or 0), floor, reactive, options, told)


def _guarded(
    view: _View, observed: Observed, limits: Limits, around: Situation, recent_maximum: int, hold_seconds: float
) -> guards.Plan:
    """Send a wish through the guards. What a person set comes late, so that it stands; room for more comes last."""
    plan = guards.Plan(view.wanted, observed.current, ())
    if around.predictive:
        plan = guards.advised(plan, around.advised, frozenset(option.replicas for option in view.options))
        plan = guards.hold(plan, recent_maximum, hold_seconds)
        plan = guards.small_decrease(plan)
    plan = guards.rollout(plan, observed.rollout_in_progress)
    plan = guards.cool_down(
        plan,
        up_seconds=limits.cooldown_up_seconds,
        down_seconds=limits.cooldown_down_seconds,
        since_up=around.since_up_seconds,
        since_down=around.since_down_seconds,
    )
    if around.schedule is not None:
        plan = guards.scheduled(plan, around.schedule.minimum, around.schedule.maximum, around.schedule.names)
    plan = guards.step_limit(plan, limits.max_step_up, limits.max_step_down)
    plan = guards.kept_available(plan, around.keep)
    plan = guards.kept_available(plan, around.rest)
    plan = guards.restored(plan, around.restore)
    plan = guards.bounds(plan, limits.min_replicas, limits.max_replicas)
    return guards.rooms(plan, around.rooms)


def _source(view: _View, plan: guards.Plan) -> Source:
    """Which engine the outcome comes from."""
    if any(verdict.name is GuardName.ROLLBACK for verdict in plan.verdicts):
        return Source.ROLLBACK
    if any(verdict.name is GuardName.SCHEDULE for verdict in plan.verdicts):
        return Source.SCHEDULED
    if view.floor is not None and view.floor.replicas > (view.reactive or 0):
        return Source.PREDICTIVE
    return Source.REACTIVE if view.reactive is not None else Source.BASELINE


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
    view: _View,
    plan: guards.Plan,
    verdicts: tuple[GuardVerdict, ...],
    limits: Limits,
    now: datetime,
    around: Situation,
) -> str:
    basis = _basis(observed, foresight, view, around)
    tail = _tail(observed, foresight, view, plan, limits, now)
    held = [verdict.detail for verdict in verdicts if verdict.name is not GuardName.FORECAST]
    return " ".join([*([basis] if basis else []), tail, *(f"({detail})" for detail in held)])


def _basis(observed: Observed, foresight: Foresight, view: _View, around: Situation) -> str:
    if not around.predictive or (view.told and view.told[0].name is not GuardName.FORECAST):
        return ""
    if view.floor is not None and foresight.demand is not None:
        minutes = max(1, round(foresight.horizon_seconds / 60))
        return (
            f"Forecast .95 of the {minutes}-min maximum is {foresight.demand.at(0.95):.1f} pods; "
            f"{observed.ready} ready."
        )
    declined = view.told[0].detail if view.told else "no forecast"
    if not around.reactive:
        return f"No predictive floor ({declined}); the HPA stands alone; {observed.ready} ready."
    return f"No predictive floor ({declined}); HPA's formula asks for {view.reactive} now; {observed.ready} ready."


def _tail(
    observed: Observed, foresight: Foresight, view: _View, plan: guards.Plan, limits: Limits, now: datetime
) -> str:
    if plan.replicas == observed.current:
        return f"Staying at {plan.replicas}."
    if plan.replicas < observed.current:
        return f"Scaling down to {plan.replicas}."
    source = _source(view, plan)
    if source is Source.PREDICTIVE:
        due = (now + timedelta(seconds=foresight.horizon_seconds)).strftime("%H:%M")
        return f"Scaling to {plan.replicas} before {due}."
    if source is Source.ROLLBACK:
        return f"Back to {plan.replicas}."
    if source is Source.REACTIVE:
        return f"Scaling to {plan.replicas}: usage is above {limits.target_percent} % now."
    return f"Scaling to {plan.replicas}."
