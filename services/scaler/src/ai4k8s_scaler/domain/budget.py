"""The SLO as one knob: 'at most 1 % of the time short of capacity', run as an error budget.

What was spent moves, by the hour, what risk is worth: the price in a workload's own decisions, or where nothing can be
foreseen the target of the reactive formula. Underspending makes it cheaper, so the budget is spent and no more. Two
terms: a slow one that learns the price that this demand needs, and one that leans against what was over- or underspent
in the last days.

All functions take floats or arrays alike: one workload in the product, many lanes in a replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ai4k8s_scaler.domain.replay import TICK_SECONDS, FloatArray

if TYPE_CHECKING:
    from ai4k8s_scaler.domain.replay import BoolArray, IntArray

Number = TypeVar("Number", float, FloatArray)

#: Price of risk that a new workload starts with, for an SLO of 1 %: what real traces need about in the middle.
START_PRICE = 50.0
LOWEST_PRICE = 2.0
HIGHEST_PRICE = 4000.0
#: Twenty times what a workload starts with: more than that for a pod's worth of risk is hardly meant.
SENSIBLE_FACTOR = 20.0
GAIN = 0.03
LEAN = 1.0
#: The share of the SLO that is aimed at: what is left is for surprises.
AIM = 0.8
MOST_EXCESS = 20.0
#: Spending is forgotten with this time constant.
WINDOW_HOURS = 72.0
_LEAN_HOURS = 24.0
_MOST_SAVED, _MOST_OWED = -2.0, 3.0
#: HPA's target where a trusted floor carries the headroom.
FLOORED_TARGET_PERCENT = 100
LOWEST_TARGET_PERCENT, HIGHEST_TARGET_PERCENT = 20.0, 100.0
_TARGET_GAIN = 0.014
_TICKS_AN_HOUR = 3600 // TICK_SECONDS


def start_price(slo_short_share: float) -> float:
    """Price to begin with: risk is dearer where the SLO is tighter."""
    return float(np.clip(START_PRICE * 0.01 / max(slo_short_share, 1e-6), LOWEST_PRICE, HIGHEST_PRICE))


def excess_of(short_share: Number, slo_short_share: float) -> Number:
    """By how much an hour overspent, relative to what it was to spend; -1 when it spent nothing."""
    out: Number = np.clip(short_share / (AIM * slo_short_share) - 1.0, -1.0, MOST_EXCESS)
    return out


def moved_price(price: Number, excess: Number) -> Number:
    """The learnt price of the next hour."""
    out: Number = np.clip(price * np.exp(GAIN * excess), LOWEST_PRICE, HIGHEST_PRICE)
    return out


def steered_target(target_percent: FloatArray, excess: FloatArray) -> FloatArray:
    """HPA's target of the next hour: less gain than the price has, for a percent of target moves far more pods."""
    moved = target_percent * np.exp(-_TARGET_GAIN * excess)
    out: FloatArray = np.clip(moved, LOWEST_TARGET_PERCENT, HIGHEST_TARGET_PERCENT)
    return out


def steered_after_hour(target_percent: float, short_share: float, slo_short_share: float) -> float:
    """``steered_target`` for one workload."""
    excess = excess_of(np.array([short_share]), slo_short_share)
    return float(steered_target(np.array([target_percent]), excess)[0])


def kept(total: Number, hour: Number) -> Number:
    """A running total of hours, after one more."""
    out: Number = total * np.exp(-1.0 / WINDOW_HOURS) + hour
    return out


def lean(spent_hours: Number, counted_hours: Number, slo_short_share: float) -> Number:
    """By what the learnt price is multiplied: dearer after overspending and cheaper after underspending.

    Args:
        spent_hours: hours short of capacity within the window.
        counted_hours: hours observed within it.
        slo_short_share: the share of them that the SLO allows.
    """
    owed = (spent_hours / slo_short_share - AIM * counted_hours) / _LEAN_HOURS
    out: Number = np.exp(LEAN * np.clip(owed, _MOST_SAVED, _MOST_OWED))
    return out


def leaned(price: Number, spent_hours: Number, counted_hours: Number, slo_short_share: float) -> Number:
    """The price that counts: the learnt one, times ``lean``."""
    factor = lean(spent_hours, counted_hours, slo_short_share)
    out: Number = np.clip(price * factor, LOWEST_PRICE, HIGHEST_PRICE)
    return out


@dataclass(frozen=True)
class Budget:
    """One workload's account.

    Attributes:
        price: learnt price of risk, in pods.
        spent_hours, counted_hours: short of capacity and observed, within the window.
    """

    price: float
    spent_hours: float = 0.0
    counted_hours: float = 0.0

    def after_hour(self, short_share: float, slo_short_share: float) -> Budget:
        """The account after one more hour.

        Args:
            short_share: share of that hour during which ready pods did not suffice.
            slo_short_share: the share that the SLO allows.
        """
        price = moved_price(self.price, excess_of(short_share, slo_short_share))
        return Budget(float(price), float(kept(self.spent_hours, short_share)), float(kept(self.counted_hours, 1.0)))

    def risk_price(self, slo_short_share: float) -> float:
        """What risk costs in the next decision."""
        return float(leaned(self.price, self.spent_hours, self.counted_hours, slo_short_share))

    def short_share(self) -> float | None:
        """Share of the window that was short of capacity; None before the first hour."""
        return self.spent_hours / self.counted_hours if self.counted_hours > 0 else None

    def left(self, slo_short_share: float) -> float | None:
        """Share of the window's budget that is left; negative when overspent, None before the first hour."""
        share = self.short_share()
        return None if share is None else 1.0 - share / slo_short_share

    def beyond_sense(self, slo_short_share: float) -> bool:
        """Whether the SLO is missed although risk is already dearer than anybody will have meant."""
        left = self.left(slo_short_share)
        dear = self.risk_price(slo_short_share) >= min(
            SENSIBLE_FACTOR * start_price(slo_short_share), 0.99 * HIGHEST_PRICE
        )
        return left is not None and left < 0 and dear


@dataclass
class Accounts:
    """The running hours of many lanes, and what they spent within the window."""

    short: IntArray
    spent_hours: FloatArray
    counted_hours: FloatArray
    seen: int = 0

    @classmethod
    def of(cls, lanes: int) -> Accounts:
        """Empty accounts."""
        return cls(np.zeros(lanes, np.int64), np.zeros(lanes), np.zeros(lanes))

    def excess(self, short: BoolArray, tick: int, slo_short_share: float) -> FloatArray | None:
        """Book one observation; when the hour is over, by how much it overspent."""
        self.short += short
        self.seen += 1
        if tick == 0 or tick % _TICKS_AN_HOUR:
            return None
        share: FloatArray = self.short / self.seen
        self.spent_hours = kept(self.spent_hours, share)
        self.counted_hours = kept(self.counted_hours, np.ones_like(share))
        self.short = np.zeros_like(self.short)
        self.seen = 0
        return excess_of(share, slo_short_share)
