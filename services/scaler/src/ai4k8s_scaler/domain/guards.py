"""The conditions under which a wish does not become an act, each a small function with a name that people see."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai4k8s_scaler.domain.price import QuantileFunction

#: A sample older than this says nothing about now (metrics-server's own lag is up to a minute).
STALE_METRICS_SECONDS = 120.0
#: A sample from the future by more than this means that clocks disagree.
SKEW_SECONDS = 10.0
#: A window forecast ages with its horizon; two demo cycles or one default cycle late is still of use.
STALE_FORECAST_SECONDS = 150.0
#: Lowering by less than this share is not worth the restart risk and never costs the SLO.
SMALL_DECREASE_SHARE = 0.1
#: Most that one decision adds or takes away.
STEP_UP_FACTOR = 3.0
STEP_UP_PODS = 10
STEP_DOWN_SHARE = 0.5


class GuardName(Enum):
    """Names in the ledger, the API and metrics."""

    BOUNDS = "bounds"
    STEP_LIMIT = "step_limit"
    HOLD = "hold"
    SMALL_DECREASE = "small_decrease"
    ROLLOUT = "rollout_in_progress"
    FORECAST = "unskilled_forecast"
    STALE_METRICS = "stale_metrics"
    CLOCK_SKEW = "clock_skew"
    INVALID_METRICS = "invalid_metrics"
    NO_METRICS = "no_metrics"
    UNREACHABLE = "cluster_unreachable"
    PAUSED = "paused"
    FROZEN = "frozen"
    MAINTENANCE = "maintenance_window"
    UNDONE = "undone"
    FIGHT = "fight"
    IN_FLIGHT = "in_flight"
    COOL_DOWN = "cool_down"
    SCHEDULE = "schedule"
    BUDGET = "namespace_budget"
    COST = "cost_budget"
    QUOTA = "quota"
    NODE_CAPACITY = "node_capacity"
    DISRUPTION_BUDGET = "disruption_budget"
    ROLLBACK = "rollback"
    ROLLED_BACK = "rolled_back"
    ADVISED = "advised"


@dataclass(frozen=True)
class GuardVerdict:
    """A guard that spoke: its name, what it did in words, and the replicas before and after it."""

    name: GuardName
    detail: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Room:
    """How many replicas something leaves room for, and in which words."""

    name: GuardName
    replicas: int
    detail: str


@dataclass(frozen=True)
class Plan:
    """Replicas on their way through the guards."""

    replicas: int
    current: int
    verdicts: tuple[GuardVerdict, ...]

    def changed(self, name: GuardName, replicas: int, detail: str) -> Plan:
        """The plan with other replicas, and the guard's verdict noted."""
        verdict = GuardVerdict(name, detail, self.replicas, replicas)
        return replace(self, replicas=replicas, verdicts=(*self.verdicts, verdict))


def first_block(
    *,
    reachable: bool,
    paused_reason: str,
    metrics_age_seconds: float,
    usage_millicores: float,
    request_millicores: float,
) -> GuardVerdict | None:
    """The first reason for which nothing may be changed at all, or None."""
    if not reachable:
        return GuardVerdict(GuardName.UNREACHABLE, "the cluster does not answer")
    if paused_reason:
        return GuardVerdict(GuardName.PAUSED, f"scaling is paused: {paused_reason}")
    if not math.isfinite(usage_millicores) or usage_millicores < 0:
        return GuardVerdict(GuardName.INVALID_METRICS, "usage is not a valid number")
    if not math.isfinite(request_millicores) or request_millicores <= 0:
        return GuardVerdict(GuardName.INVALID_METRICS, "the pods have no CPU request to measure demand by")
    if not math.isfinite(metrics_age_seconds) or metrics_age_seconds > STALE_METRICS_SECONDS:
        age = f"{metrics_age_seconds:.0f} s old" if math.isfinite(metrics_age_seconds) else "of unknown age"
        return GuardVerdict(GuardName.STALE_METRICS, f"the newest metrics are {age}")
    if metrics_age_seconds < -SKEW_SECONDS:
        return GuardVerdict(GuardName.CLOCK_SKEW, f"metrics lie {-metrics_age_seconds:.0f} s in the future")
    return None


def nothing_to_go_by() -> GuardVerdict:
    """Neither a forecast nor a usable metric."""
    return GuardVerdict(GuardName.NO_METRICS, "no pod has usable metrics and there is no forecast")


def forecast_trust(demand: QuantileFunction | None, age_seconds: float, detail: str) -> GuardVerdict | None:
    """Why the forecast may not set a floor, or None when it may."""
    if demand is None:
        return GuardVerdict(GuardName.FORECAST, detail or "no forecast yet")
    if not demand.finite:
        return GuardVerdict(GuardName.FORECAST, "the forecast is not a number")
    if not -SKEW_SECONDS <= age_seconds <= STALE_FORECAST_SECONDS:
        return GuardVerdict(GuardName.FORECAST, f"the forecast is {age_seconds:.0f} s old")
    return None


def advised(plan: Plan, replicas: int | None, weighed: frozenset[int]) -> Plan:
    """What the advisor prefers, where somebody lets it refine: more than is wanted, and weighed in this very cycle.

    It comes first, so that everything else has its word after it; and it only adds.
    """
    if replicas is None or replicas <= plan.replicas or replicas not in weighed:
        return plan
    return plan.changed(GuardName.ADVISED, replicas, f"the advisor prefers {replicas} to {plan.replicas}")


def hold(plan: Plan, recent_maximum: int, seconds: float) -> Plan:
    """What was wanted within the hold stands."""
    kept = min(recent_maximum, plan.current)
    if plan.replicas >= plan.current or plan.replicas >= kept:
        return plan
    return plan.changed(GuardName.HOLD, kept, f"{kept} was needed within the last {seconds / 60:.0f} min")


def small_decrease(plan: Plan) -> Plan:
    """A small decrease is not worth it."""
    decrease = plan.current - plan.replicas
    if decrease <= 0 or decrease >= SMALL_DECREASE_SHARE * plan.current:
        return plan
    return plan.changed(GuardName.SMALL_DECREASE, plan.current, "fewer than 10 % less is not worth a change")


def rollout(plan: Plan, in_progress: bool) -> Plan:
    """While a new revision rolls out, capacity is only added."""
    if not in_progress or plan.replicas >= plan.current:
        return plan
    return plan.changed(GuardName.ROLLOUT, plan.current, "a rollout is in progress: nothing is taken away")


def cool_down(
    plan: Plan, *, up_seconds: float, down_seconds: float, since_up: float | None, since_down: float | None
) -> Plan:
    """Rest between two changes in one direction, as the policy asks for."""
    rising, falling = plan.replicas > plan.current, plan.replicas < plan.current
    rest, since = (up_seconds, since_up) if rising else (down_seconds, since_down) if falling else (0.0, None)
    if since is None or since >= rest:
        return plan
    return plan.changed(GuardName.COOL_DOWN, plan.current, f"changed {since:.0f} s ago, rests {rest:.0f} s")


def scheduled(plan: Plan, minimum: int | None, maximum: int | None, names: tuple[str, ...]) -> Plan:
    """Rules of the clock that hold now: their minimum and maximum."""
    lowest = 0 if minimum is None else minimum
    highest = plan.replicas if maximum is None else maximum
    kept = max(min(plan.replicas, highest), lowest)
    if kept == plan.replicas:
        return plan
    side = f"min {minimum}" if kept > plan.replicas else f"max {maximum}"
    return plan.changed(GuardName.SCHEDULE, kept, f"{side} by schedule {', '.join(names)}")


def rooms(plan: Plan, limits: tuple[Room, ...]) -> Plan:
    """Budgets, quotas and nodes bound what is added; what is there already is never taken away for them."""
    for room in limits:
        if plan.replicas > plan.current and plan.replicas > room.replicas:
            plan = plan.changed(room.name, max(room.replicas, plan.current), room.detail)
    return plan


def kept_available(plan: Plan, room: Room | None) -> Plan:
    """A disruption budget's minimum: nothing below it is asked for, though a scale-down would not be refused."""
    if room is None or plan.replicas >= min(room.replicas, plan.current):
        return plan
    return plan.changed(room.name, min(room.replicas, plan.current), room.detail)


def restored(plan: Plan, room: Room | None) -> Plan:
    """What our own change took away comes back whole: the way back is no step into the unknown."""
    if room is None or plan.replicas >= room.replicas:
        return plan
    return plan.changed(room.name, room.replicas, room.detail)


def step_limit(plan: Plan, most_up: int | None = None, most_down: int | None = None) -> Plan:
    """Change by the policy's steps; without them, triple or add ten pods at most, and at most halve."""
    highest, lowest = reach(plan.current, most_up, most_down)
    limited = min(max(plan.replicas, lowest), highest)
    if limited == plan.replicas:
        return plan
    return plan.changed(GuardName.STEP_LIMIT, limited, f"{plan.replicas} wanted, one step reaches {limited}")


def reach(current: int, most_up: int | None = None, most_down: int | None = None) -> tuple[int, int]:
    """The highest and the lowest number that one step leads to."""
    up = max(math.floor(current * STEP_UP_FACTOR), current + STEP_UP_PODS)
    down = math.ceil(current * STEP_DOWN_SHARE)
    return (up if most_up is None else current + most_up, down if most_down is None else max(current - most_down, 0))


def bounds(plan: Plan, lowest: int, highest: int) -> Plan:
    """The user's bounds come last: nothing passes them."""
    clamped = min(max(plan.replicas, lowest), highest)
    if clamped == plan.replicas:
        return plan
    side = f"max {highest}" if plan.replicas > highest else f"min {lowest}"
    return plan.changed(GuardName.BOUNDS, clamped, f"wants {plan.replicas}, kept to {clamped} by {side}")
