"""The peer: a floor from Holt and Winters' additive method with a daily season, as textbooks have it.

Level and season are smoothed at one-minute steps; the smoothing constants are chosen per trace, from a grid, by their
errors on the days before the replay. The floor is the highest expected demand over the lead time plus a multiple of the
errors' standard deviation, and that multiple is steered by the same error budget as our price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_scaler.domain import budget

if TYPE_CHECKING:
    from ai4k8s_scaler.domain.budget import Accounts
    from ai4k8s_scaler.domain.replay import BoolArray, FloatArray, IntArray

DAY_MINUTES = 1440
_LEVELS = (0.05, 0.2, 0.5, 0.9)
_SEASONS = (0.1, 0.3)
_VARIANCE_MINUTES = 720.0
FIRST_MULTIPLE, LEAST_MULTIPLE, MOST_MULTIPLE = 2.0, 0.25, 60.0


@dataclass(frozen=True)
class HoltWintersFloor:
    """A ``FloorSource``; the knob is the multiple of the standard deviation.

    Attributes:
        highest: ``[demands, minutes]`` largest expected demand over the lead time.
        deviation: ``[demands, minutes]`` of its errors.
        told, usable, truth, told_late_ticks: as for ``FloorSource``.
    """

    highest: FloatArray
    deviation: FloatArray
    told: BoolArray
    usable: BoolArray
    truth: FloatArray
    told_late_ticks: int

    def first_knob(self, _: float) -> float:
        """Two standard deviations."""
        return FIRST_MULTIPLE

    def moved(self, knob: FloatArray, excess: FloatArray) -> FloatArray:
        """The same gain as the price of risk."""
        out: FloatArray = np.clip(knob * np.exp(budget.GAIN * excess), LEAST_MULTIPLE, MOST_MULTIPLE)
        return out

    def leaned(self, knob: FloatArray, accounts: Accounts, slo_short_share: float) -> FloatArray:
        """As our price leans."""
        factor = budget.lean(accounts.spent_hours, accounts.counted_hours, slo_short_share)
        out: FloatArray = np.clip(knob * factor, LEAST_MULTIPLE, MOST_MULTIPLE)
        return out

    def floor(self, demands: IntArray, minute: int, knob: FloatArray) -> FloatArray:
        """Expected maximum and the safety margin, in whole pods."""
        out: FloatArray = np.ceil(self.highest[demands, minute] + knob * self.deviation[demands, minute])
        return out


def holt_winters(demand: FloatArray, horizon_minutes: int, chosen_before: IntArray) -> tuple[FloatArray, FloatArray]:
    """Expected maximum over the next minutes and the deviation of its errors, ``[series, minutes]`` each.

    Args:
        demand: ``[series, minutes]`` of one-minute means, NaN where not measured (in front as well).
        horizon_minutes: length of the window.
        chosen_before: ``[series]`` minute before which errors choose the constants.
    """
    best = np.full(demand.shape[0], np.inf)
    highest, deviation = np.full(demand.shape, np.nan), np.full(demand.shape, np.nan)
    for alpha in _LEVELS:
        for gamma in _SEASONS:
            peaks = _smoothed(demand, horizon_minutes, alpha, gamma)
            errors = _errors(demand, peaks, horizon_minutes)
            before = np.arange(demand.shape[1])[None, :] < chosen_before[:, None] - horizon_minutes
            count = np.maximum((before & np.isfinite(errors)).sum(axis=1), 1)
            loss = np.where(before & np.isfinite(errors), np.abs(errors), 0.0).sum(axis=1) / count
            better = loss < best
            best = np.where(better, loss, best)
            highest[better] = peaks[better]
            deviation[better] = _deviation(errors[better], horizon_minutes)
    return highest, deviation


def _smoothed(demand: FloatArray, horizon: int, alpha: float, gamma: float) -> FloatArray:
    series, minutes = demand.shape
    level = np.zeros(series)
    season = np.zeros((DAY_MINUTES, series))
    begun = np.zeros(series, np.bool_)
    out = np.full((minutes, series), np.nan)
    columns = np.ascontiguousarray(demand.T)
    for minute in range(minutes):
        now = columns[minute]
        known = np.isfinite(now)
        slot = minute % DAY_MINUTES
        level = np.where(known & ~begun, now, level)
        begun |= known
        new = alpha * (now - season[slot]) + (1 - alpha) * level
        level = np.where(known, new, level)
        season[slot] = np.where(known, gamma * (now - level) + (1 - gamma) * season[slot], season[slot])
        ahead = [season[(slot + step) % DAY_MINUTES] for step in range(1, horizon + 1)]
        out[minute] = np.where(begun, np.maximum(level + np.maximum.reduce(ahead), 0.0), np.nan)
    return np.ascontiguousarray(out.T)


def _errors(demand: FloatArray, peaks: FloatArray, horizon: int) -> FloatArray:
    ahead = [np.pad(demand[:, step:], ((0, 0), (0, step)), constant_values=np.nan) for step in range(1, horizon + 1)]
    out: FloatArray = np.fmax.reduce(ahead) - peaks
    return out


def _deviation(errors: FloatArray, horizon: int) -> FloatArray:
    """Exponentially weighed, of those errors whose window has passed."""
    keep = np.exp(-1.0 / _VARIANCE_MINUTES)
    variance, weight = np.zeros(errors.shape[0]), np.zeros(errors.shape[0])
    out = np.full(errors.shape, np.nan)
    for minute in range(horizon, errors.shape[1]):
        known = np.isfinite(errors[:, minute - horizon])
        error = np.where(known, errors[:, minute - horizon], 0.0)
        variance = np.where(known, keep * variance + (1 - keep) * error**2, variance)
        weight = np.where(known, keep * weight + (1 - keep), weight)
        out[:, minute] = np.sqrt(variance / np.maximum(weight, 1e-12))
    return out
