"""Twelve simple rules for the next six hours, each good for some kind of workload.

Yesterday, medians of earlier days, the same moved or scaled to today's level, days that resemble today, the
same weekday, and plain levels. None is right for all; `core.py` weighs them by how they did on the series' own past.

Everything here is time-major, ``[time, series]``, for a block of series that fits the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.medians import network_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ai4k8s_forecaster.domain.arrays import IntArray

    Block = NDArray[Any]

DAY_STEPS = 288
HOUR_STEPS = 12
#: Origins and levels stand six hours apart, so that levels of all origins and all earlier days are shared.
PHASE_STEPS = 72
PHASES_A_DAY = DAY_STEPS // PHASE_STEPS
EXPERTS = ("yesterday", "analog_moved", "median_scaled", "analog_scaled", "median", "median_moved",
           "median_moved_whole", "weekday", "last", "level_35min", "level_2h", "level_day")  # fmt: skip
#: Errors are told relative to this one's.
REFERENCE = EXPERTS.index("median_moved")
_FADE_STEPS = 36.0
_SHORT_LEVEL = 7
_LEVEL = 24
_RATIO_LIMITS = (0.2, 5.0)


@dataclass(frozen=True)
class Levels:
    """Levels at the end of each six-hour phase, newest first: row k is the level 6k hours ago.

    Attributes:
        last: ``[phases, series]`` the last step.
        short: median of the last 7 steps.
        level: median of the last 24 steps.
        quarter: mean of the last 72 steps.
        day: mean of the last 288 steps.
        day_median: median of the last day's hourly medians.
        hourly: ``[hours, series]`` hourly means, newest first.
        hourly_median: the same as medians.
    """

    last: Block
    short: Block
    level: Block
    quarter: Block
    day: Block
    day_median: Block
    hourly: Block
    hourly_median: Block


def levels_of(demand: Block) -> Levels:
    """Compute the levels of ``[steps, series]``; the number of steps must be a multiple of 72."""
    phases = demand.shape[0] // PHASE_STEPS
    by_phase = demand.reshape(phases, PHASE_STEPS, -1)[::-1]
    hours = demand.reshape(phases * 6, HOUR_STEPS, -1)[::-1]
    hourly_median = network_median(np.ascontiguousarray(np.moveaxis(hours, 1, 0)))
    quarter = _mean(by_phase, axis=1)
    return Levels(
        last=by_phase[:, -1],
        short=_tail_median(by_phase, _SHORT_LEVEL),
        level=_tail_median(by_phase, _LEVEL),
        quarter=quarter,
        day=_running_day(quarter),
        day_median=_day_median(hourly_median, phases),
        hourly=_mean(hours, axis=1),
        hourly_median=hourly_median,
    )


def expert_forecasts(
    demand: Block, levels: Levels, phases: IntArray, horizons: IntArray, days: int
) -> tuple[Block, ...]:
    """The forecasts of all experts, in the order of ``EXPERTS``, each ``[origins, horizons, series]``.

    A rule that has nothing to say (a day that is missing) says what the reference does, or the two-hour level.

    Args:
        demand: ``[steps, series]``, newest last, NaN where not measured.
        levels: of the same.
        phases: origins, as how many times six hours before the end.
        horizons: steps ahead, from 1.
        days: earlier days to look at.
    """
    past = _Past(demand, levels, phases, horizons, days)
    median_moved = network_median(past.profiles + past.move_fading)
    level = past.flat(levels.level)
    base = np.where(np.isnan(median_moved), level, median_moved)
    said = (
        past.profiles[0],
        past.weighted_mean(past.profiles + past.move_level * past.fade),
        network_median(past.profiles * past.ratio),
        past.weighted_mean(past.profiles * past.ratio),
        network_median(past.profiles),
        base,
        network_median(past.profiles + past.move_level),
        past.weekday(),
        past.flat(levels.last),
        past.flat(levels.short),
        level,
        past.flat(levels.day_median),
    )
    return tuple(np.where(np.isnan(one), base, one) for one in said)


class _Past:
    """What the experts share: earlier days as seen from each origin, ``[days, origins, horizons, series]``."""

    def __init__(self, demand: Block, levels: Levels, phases: IntArray, horizons: IntArray, days: int) -> None:
        self._levels, self._phases = levels, phases
        self._shape = (phases.size, horizons.size, demand.shape[1])
        steps = demand.shape[0]
        first = steps - 1 - PHASE_STEPS * phases[:, None] + horizons
        self.profiles = np.stack([_rows(demand, first - DAY_STEPS * day) for day in range(1, days + 1)])
        self.fade = np.exp(-horizons / _FADE_STEPS).astype(demand.dtype)[:, None]
        self._back = phases + PHASES_A_DAY * np.arange(1, days + 1)[:, None]
        now, then = self._now_and_then(levels.level)
        now_day, then_day = self._now_and_then(levels.day)
        now_quarter, then_quarter = self._now_and_then(levels.quarter)
        self.move_level = (now - then)[:, :, None]
        slow = now_day - then_day
        slow = np.where(np.isnan(slow), now - then, slow)[:, :, None]
        self.move_fading = slow + (self.move_level - slow) * self.fade
        self.ratio = self._ratio(now, then, now_quarter, then_quarter)
        self._weights = self._resemblance()

    def flat(self, level: Block) -> Block:
        """A level as a forecast."""
        return np.broadcast_to(level[self._phases][:, None], self._shape)

    def weekday(self) -> Block:
        """Mean of the same time one and two weeks ago; of all days where there is no week."""
        days = self.profiles.shape[0]
        if days < 7:
            return _mean(self.profiles, axis=0)
        week = self.profiles[6]
        if days >= 14:
            week = _mean(self.profiles[[6, 13]], axis=0)
        every = _mean(self.profiles, axis=0) if np.isnan(week).any() else week
        return np.where(np.isnan(week), every, week)

    def weighted_mean(self, forecasts: Block) -> Block:
        """Mean over days, weighted by how much each resembles today."""
        total = np.zeros(self._shape, dtype=forecasts.dtype)
        weight_total = np.zeros(self._shape, dtype=forecasts.dtype)
        for day, weights in zip(forecasts, self._weights, strict=True):
            present = ~np.isnan(day)
            weight = np.where(present, weights[:, None], 0)
            total += np.where(present, day, 0) * weight
            weight_total += weight
        return np.where(weight_total > 0, total / np.where(weight_total > 0, weight_total, 1), np.nan)

    def _now_and_then(self, level: Block) -> tuple[Block, Block]:
        return level[self._phases], _rows(level, self._back)

    def _ratio(self, now: Block, then: Block, now_quarter: Block, then_quarter: Block) -> Block:
        """(l24/l24_d)^e (l72/l72_d)^(1-e); 1 unless all are positive."""
        positive = (now > 0) & (then > 0) & (now_quarter > 0) & (then_quarter > 0)
        short = np.log(_clipped_ratio(now, then, positive))
        quarter = np.log(_clipped_ratio(now_quarter, then_quarter, positive))
        exponent = quarter[:, :, None] + (short - quarter)[:, :, None] * self.fade
        out: Block = np.exp(exponent)
        return out

    def _resemblance(self) -> Block:
        """Weights ``[days, origins, series]``, (delta_d / mean delta + .1)^-3 delta = difference of 12 hours."""
        hourly = self._levels.hourly
        hours = np.arange(12)
        today = _rows(hourly, 6 * self._phases[:, None] + hours)
        delta = np.stack(
            [_mean(np.abs(today - _rows(hourly, 6 * back[:, None] + hours)), axis=1) for back in self._back]
        )
        average = _mean(delta, axis=0)
        relative = delta / np.where(average > 0, average, 1) + delta.dtype.type(0.1)
        weights: Block = np.where(np.isnan(relative), 0, 1 / (relative * relative * relative))
        return weights


def _rows(values: Block, index: IntArray) -> Block:
    """Rows of ``values``; NaN where the index lies outside."""
    inside = (index >= 0) & (index < values.shape[0])
    taken = values[np.where(inside, index, 0)]
    if not inside.all():
        taken[~inside] = np.nan
    return taken


def _clipped_ratio(now: Block, then: Block, usable: Block) -> Block:
    ratio = np.divide(now, then, out=np.ones_like(then), where=usable)
    return np.clip(ratio, *_RATIO_LIMITS)


def _mean(values: Block, axis: int) -> Block:
    """Mean with missing values left out; NaN where all are missing."""
    total = values.sum(axis=axis)
    missing = np.isnan(total)
    if not missing.any():
        whole: Block = total / values.dtype.type(values.shape[axis])
        return whole
    present = ~np.isnan(values)
    count = present.sum(axis=axis)
    part = np.where(present, values, 0).sum(axis=axis) / np.maximum(count, 1).astype(values.dtype)
    return np.where(missing, np.where(count > 0, part, np.nan), total / values.dtype.type(values.shape[axis]))


def _tail_median(by_phase: Block, width: int) -> Block:
    return network_median(np.ascontiguousarray(np.moveaxis(by_phase[:, -width:], 1, 0)))


def _running_day(quarter: Block) -> Block:
    padded = np.concatenate([quarter, np.full((PHASES_A_DAY - 1, quarter.shape[1]), np.nan, quarter.dtype)])
    four = np.stack([padded[shift : shift + quarter.shape[0]] for shift in range(PHASES_A_DAY)])
    return _mean(four, axis=0)


def _day_median(hourly_median: Block, phases: int) -> Block:
    padded = np.concatenate([hourly_median, np.full((24, hourly_median.shape[1]), np.nan, hourly_median.dtype)])
    return network_median(np.stack([padded[hour : hour + 6 * phases : 6] for hour in range(24)]))
