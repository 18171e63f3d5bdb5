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


@dataclass(frozen=True)
class GuardVerdict:
    """A guard that spoke: its name, what it did in words, and the replicas before and after it."""

    name: GuardName
    detail: str
    before: int | None = None
    after: int | None = None


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


def step_limit(plan: Plan) -> Plan:
    """One decision triples a workload or adds ten pods at most, and at most halves it."""
    highest = max(math.floor(plan.current * STEP_UP_FACTOR), plan.current + STEP_UP_PODS)
    lowest = math.ceil(plan.current * STEP_DOWN_SHARE)
    limited = min(max(plan.replicas, lowest), highest)
    if limited == plan.replicas:
        return plan
    return plan.changed(GuardName.STEP_LIMIT, limited, f"{plan.replicas} wanted, one step reaches {limited}")


def bounds(plan: Plan, lowest: int, highest: int) -> Plan:
    """The user's bounds come last: nothing passes them."""
    clamped = min(max(plan.replicas, lowest), highest)
    if clamped == plan.replicas:
        return plan
    side = f"max {highest}" if plan.replicas > highest else f"min {lowest}"
    return plan.changed(GuardName.BOUNDS, clamped, f"wants {plan.replicas}, kept to {clamped} by {side}")
