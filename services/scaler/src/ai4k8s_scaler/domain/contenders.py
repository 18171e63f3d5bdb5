"""Controllers of many lanes at once: HPA at fixed or steered targets, and our own policy, as ``policy.decide`` has it.

Each is the vectorised twin of a scalar function that decides in the running product; tests hold them equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ai4k8s_scaler.domain import budget, guards
from ai4k8s_scaler.domain.hpa import TOLERANCE
from ai4k8s_scaler.domain.policy import HOLD_SECONDS, REACTIVE_HOLD_SECONDS
from ai4k8s_scaler.domain.price import Weighed
from ai4k8s_scaler.domain.replay import TICK_SECONDS, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_scaler.domain.fleet import FleetView

CYCLE_TICKS = 2
#: How long after the end of its minute a forecast is there, where demand varies within a minute.
TOLD_LATE_TICKS = 2
_TICKS_A_MINUTE = 60 // TICK_SECONDS


def asked_by_hpa(view: FleetView, target_percent: FloatArray) -> IntArray:
    """``hpa.desired_replicas`` for lanes without missing metrics; -1 where there is nothing to go by."""
    measured = np.maximum(view.measured, 1)
    first = np.floor(view.total * 100 / measured) / target_percent
    plain = np.ceil(first * measured)
    within = (first >= 1.0 - TOLERANCE) & (first <= 1.0 + TOLERANCE)
    wanted = np.where(within, view.current, plain)
    careful = (view.unready > 0) & (first > 1.0)
    if careful.any():
        counted = measured + view.unready
        second = np.floor(view.total * 100 / counted) / target_percent
        more = np.ceil(second * counted)
        # Below one the direction is flipped; between one and the tolerance nothing is worth a change.
        second_says = np.where((second > 1.0 + TOLERANCE) & (more >= view.current), more, view.current)
        wanted = np.where(careful, second_says, wanted)
    return np.where(view.measured > 0, wanted, -1).astype(np.int64)


@dataclass
class HpaLanes:
    """Plain HPAs, synced at every tick; behaviour is Kubernetes' default but for the window of scaling down.

    Attributes:
        target_percent: ``[lanes]``.
        min_replicas, max_replicas: of all lanes.
        down_window_seconds: stabilisation of scaling down.
    """

    target_percent: FloatArray
    min_replicas: int = 1
    max_replicas: int = 10_000
    down_window_seconds: float = 300.0
    recommendations: IntArray = field(init=False)

    def __post_init__(self) -> None:
        within = max(math.ceil(self.down_window_seconds / TICK_SECONDS), 1)
        self.recommendations = np.full((within, self.target_percent.size), -1, np.int64)

    def __call__(self, view: FleetView) -> IntArray:
        """One sync: recommend, stabilise, rate-limit, clamp."""
        wanted = asked_by_hpa(view, self.target_percent)
        self.recommendations[view.tick % self.recommendations.shape[0]] = wanted
        highest = self.recommendations.max(axis=0)
        settled = np.minimum(np.maximum(view.current, wanted), highest)
        limited = np.minimum(settled, np.maximum(view.current + 4, 2 * view.current))
        final = np.where(wanted >= 0, limited, view.current)
        return np.clip(final, self.min_replicas, self.max_replicas)


@dataclass
class FixedLanes:
    """Replicas that nobody changes."""

    replicas: IntArray

    def __call__(self, view: FleetView) -> IntArray | None:
        """Set once."""
        return self.replicas if view.tick == 0 else None


@dataclass
class SteeredHpaLanes:
    """HPAs whose target an SLO's error budget moves by the hour, as it moves our price of risk."""

    slo_short_share: float
    plain: HpaLanes
    account: budget.Accounts = field(init=False)

    def __post_init__(self) -> None:
        self.account = budget.Accounts.of(self.plain.target_percent.size)

    def __call__(self, view: FleetView) -> IntArray:
        """One sync."""
        if view.tick % CYCLE_TICKS == 0:
            excess = self.account.excess(view.per_pod > 1.0, view.tick, self.slo_short_share)
            if excess is not None:
                self.plain.target_percent = budget.steered_target(self.plain.target_percent, excess)
        return self.plain(view)


class FloorSource(Protocol):
    """Where floors come from, and the knob that the error budget turns.

    Attributes:
        told: ``[demands, minutes]`` where there is a forecast at all.
        usable: ``[demands, minutes]`` where it has skill beside.
        truth: ``[demands, minutes]`` demand that the forecast was made of: what was measured of it while pods were
            saturated was less, and so would the forecast have been.
        told_late_ticks: how long after the end of its minute a floor is known. Where demand is the same for a minute,
            the first sample of the minute tells all of it, to an HPA and to a forecast alike: -2.
    """

    @property
    def told(self) -> BoolArray: ...

    @property
    def usable(self) -> BoolArray: ...

    @property
    def truth(self) -> FloatArray: ...

    @property
    def told_late_ticks(self) -> int: ...

    def first_knob(self, slo_short_share: float) -> float:
        """The knob to begin with."""
        ...

    def moved(self, knob: FloatArray, excess: FloatArray) -> FloatArray:
        """The knob of the next hour."""
        ...

    def leaned(self, knob: FloatArray, accounts: budget.Accounts, slo_short_share: float) -> FloatArray:
        """The knob that counts, after what was spent lately."""
        ...

    def floor(self, demands: IntArray, minute: int, knob: FloatArray) -> FloatArray:
        """Replicas ``[n]`` for some demands by what was known once a minute was over."""
        ...


@dataclass(frozen=True)
class Foreseen:
    """Forecasts of the maximum over the lead time, weighed beforehand for every minute; the knob is the price of risk.

    Attributes:
        weighed: arrays ``[demands, minutes, candidates]``.
        told, usable, truth, told_late_ticks: as for ``FloorSource``.
    """

    weighed: Weighed
    told: BoolArray
    usable: BoolArray
    truth: FloatArray
    told_late_ticks: int = TOLD_LATE_TICKS

    @classmethod
    def of(
        cls,
        levels: Sequence[float],
        pods: FloatArray,
        usable: BoolArray,
        truth: FloatArray,
        told_late_ticks: int = TOLD_LATE_TICKS,
    ) -> Foreseen:
        """Weigh forecasts ``[demands, minutes, levels]`` once for all prices; NaN where nothing was said."""
        told: BoolArray = np.all(np.isfinite(pods), axis=2)
        weighed = Weighed.of(np.asarray(levels), np.where(told[:, :, None], pods, 0.0))
        return cls(weighed, told, usable & told, truth, told_late_ticks)

    def first_knob(self, slo_short_share: float) -> float:
        """``budget.start_price``."""
        return budget.start_price(slo_short_share)

    def moved(self, knob: FloatArray, excess: FloatArray) -> FloatArray:
        """``budget.moved_price``."""
        return budget.moved_price(knob, excess)

    def leaned(self, knob: FloatArray, accounts: budget.Accounts, slo_short_share: float) -> FloatArray:
        """``budget.leaned``."""
        return budget.leaned(knob, accounts.spent_hours, accounts.counted_hours, slo_short_share)

    def floor(self, demands: IntArray, minute: int, knob: FloatArray) -> FloatArray:
        """The candidate of the least total."""
        return self.weighed.cheapest(demands, minute, knob)


@dataclass
class PredictiveLanes:
    """Our policy on the replicas themselves.

    Attributes:
        foreseen: forecasts.
        demands: ``[lanes]`` row of the forecasts for each lane.
        slo_short_share: the one knob.
        user_target_percent: target of the user's HPA.
        min_replicas, max_replicas: bounds.
        slo_leads: as in ``policy.Limits``.
    """

    foreseen: FloorSource
    demands: IntArray
    slo_short_share: float = 0.01
    slo_leads: bool = True
    user_target_percent: int = 80
    min_replicas: int = 1
    max_replicas: int = 10_000
    hold_seconds: float = HOLD_SECONDS

    def __post_init__(self) -> None:
        lanes = self.demands.size
        self.account = budget.Accounts.of(lanes)
        self.learnt = np.full(lanes, self.foreseen.first_knob(self.slo_short_share))
        self.price = self.learnt
        self.target = np.full(lanes, float(self.user_target_percent))
        self.cycle = 0
        cycle = CYCLE_TICKS * TICK_SECONDS
        self.short_hold = round(self.hold_seconds / cycle) - 1
        self.wanted = np.zeros((round(REACTIVE_HOLD_SECONDS / cycle) - 1, lanes), np.int64)

    def __call__(self, view: FleetView) -> IntArray | None:
        """One cycle every 30 s."""
        if view.tick % CYCLE_TICKS:
            return None
        floor, usable = self._floor(view)
        self._steer(view, usable)
        floored = (
            max(self.user_target_percent, budget.FLOORED_TARGET_PERCENT) if self.slo_leads else self.user_target_percent
        )
        reactive = asked_by_hpa(view, np.where(usable, float(floored), np.round(self.target)))
        wanted = np.maximum(np.where(usable, floor, 0), np.maximum(reactive, 0))
        blind = view.measured <= 0
        plan = self._guarded(wanted, view.current, usable)
        self.wanted[(self.cycle - 1) % self.wanted.shape[0]] = np.where(blind, 0, wanted)
        return np.where(blind, view.current, plan)

    def _floor(self, view: FleetView) -> tuple[IntArray, BoolArray]:
        minute = (view.tick - self.foreseen.told_late_ticks) // _TICKS_A_MINUTE - 1
        if minute < 0:
            return np.zeros(self.demands.size, np.int64), np.zeros(self.demands.size, np.bool_)
        floor = self.foreseen.floor(self.demands, minute, self.price)
        trusted = self.foreseen.told if self.slo_leads else self.foreseen.usable
        usable = trusted[self.demands, minute]
        saturated = view.per_pod >= 1.5 - 1e-9
        if saturated.any():
            truth = self.foreseen.truth[self.demands, minute]
            share = np.clip(1.5 * view.ready / np.maximum(truth, 1e-9), 0.0, 1.0)
            floor = np.where(saturated & np.isfinite(share), np.ceil(floor * share), floor)
        return floor.astype(np.int64), usable

    def _steer(self, view: FleetView, usable: BoolArray) -> None:
        excess = self.account.excess(view.per_pod > 1.0, view.tick, self.slo_short_share)
        if excess is None:
            return
        self.learnt = np.where(usable, self.foreseen.moved(self.learnt, excess), self.learnt)
        self.price = self.foreseen.leaned(self.learnt, self.account, self.slo_short_share)
        if self.slo_leads:
            self.target = np.where(usable, self.target, budget.steered_target(self.target, excess))

    def _guarded(self, wanted: IntArray, current: IntArray, usable: BoolArray) -> IntArray:
        """The guards of ``guards`` in their order: hold, small decrease, step, bounds."""
        cycles = self.wanted.shape[0]
        slot = self.cycle
        self.cycle = slot + 1
        recent = [self.wanted[(slot - back) % cycles] for back in range(1, cycles + 1)]
        short = np.maximum.reduce(recent[: self.short_hold]) if self.short_hold > 0 else np.zeros_like(wanted)
        kept = np.minimum(np.where(usable, short, np.maximum(short, np.maximum.reduce(recent))), current)
        plan = np.where((wanted < current) & (wanted < kept), kept, wanted)
        decrease = current - plan
        plan = np.where((decrease > 0) & (decrease < guards.SMALL_DECREASE_SHARE * current), current, plan)
        highest = np.maximum(np.floor(current * guards.STEP_UP_FACTOR), current + guards.STEP_UP_PODS)
        lowest = np.ceil(current * guards.STEP_DOWN_SHARE)
        plan = np.minimum(np.maximum(plan, lowest), highest)
        out: IntArray = np.clip(plan, self.min_replicas, self.max_replicas).astype(np.int64)
        return out
