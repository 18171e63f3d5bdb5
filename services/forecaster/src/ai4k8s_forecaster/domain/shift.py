"""Notices that a workload's level has changed for good, so that a release is absorbed within hours instead of days.

Hourly medians are compared with those of earlier days. A run of hours that stands apart from everything in the history,
steadily, and from a sharp beginning, is a shift; the past before it is then moved to the new level. Most young
jumps revert, so a young one is moved only in part, unless a deploy is known to have happened when it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.medians import network_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

    Block = NDArray[Any]

#: Ages in hours that are looked for, the oldest first: the first that fires wins.
AGES = (18, 12, 9, 6, 4, 3, 2, 1)
#: More than a week, or every Monday would look like a shift.
MINIMUM_DAYS = 9
#: Younger jumps count only where a deploy explains them: most of the others revert.
UNMARKED_FROM_HOURS = 2
_DAY_HOURS = 24
_HALF_DAY_HOURS = 12
_KNOWN_SHARE = 0.9
_RECORD_SHARE = 0.5
_SPREAD_RATIO = 1.5
_SHARPNESS = 0.5
_DISPLACEMENT_SHARE = 0.6
_TRUST = {1: 0.5, 2: 0.6, 3: 0.9, 4: 0.9}


@dataclass(frozen=True)
class Shifts:
    """What changed, per series.

    Attributes:
        age_hours: ``[series]`` since when; 0 where nothing changed.
        height: ``[series]`` by how much the level moved.
        trusted: ``[series]`` how much of it the forecast takes over.
    """

    age_hours: IntArray
    height: FloatArray
    trusted: FloatArray


def find_shifts(hourly: Block, deployed_hours_ago: FloatArray | None = None) -> Shifts:
    """Look for the age at which each series' level changed.

    Args:
        hourly: ``[hours, series]`` hourly medians, newest first, aligned to now.
        deployed_hours_ago: ``[series]`` hours since the last known change of the workload; NaN where none is known.
    """
    series = hourly.shape[1]
    age, height, trusted = np.zeros(series, np.int64), np.zeros(series), np.zeros(series)
    if hourly.shape[0] < MINIMUM_DAYS * _DAY_HOURS:
        return Shifts(age, height, trusted)
    look = _Look(hourly)
    enough = np.isfinite(hourly).sum(axis=0) >= _KNOWN_SHARE * MINIMUM_DAYS * _DAY_HOURS
    for hours in AGES:
        marked = np.zeros(series, np.bool_)
        if deployed_hours_ago is not None:
            marked = np.abs(deployed_hours_ago - hours) <= 1.0
        fires, delta = look.at(hours, marked)
        new = fires & enough & (age == 0)
        age[new], height[new] = hours, delta[new]
        trusted[new] = np.where(marked[new], 1.0, _TRUST.get(hours, 1.0))
    return Shifts(age, height, trusted)


class _Look:
    """Residuals against earlier days, and what is usual for them."""

    def __init__(self, hourly: Block) -> None:
        days = hourly.shape[0] // _DAY_HOURS
        self._hourly = hourly
        self._days = days
        by_day = hourly[: days * _DAY_HOURS].reshape(days, _DAY_HOURS, -1)
        earlier = [network_median(by_day[day + 1 :]) for day in range(days - 2)]
        self._residual = np.concatenate([by_day[day] - earlier[day] for day in range(days - 2)])
        self._change = _nanmean(np.abs(np.diff(by_day, axis=0)).reshape((days - 1) * _DAY_HOURS, -1))

    def at(self, age: int, marked: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], FloatArray]:
        """Whether a shift of this age is seen, and its height. A known deploy replaces proof by rarity."""
        residual = self._residual
        base = network_median(residual[age : age + _DAY_HOURS])
        run = residual[:age] - base
        delta = network_median(run)
        weakest = (run * np.sign(delta)).min(axis=0)
        size = np.abs(delta)
        with np.errstate(invalid="ignore"):
            fires = (weakest > self._change) & (np.abs(residual[age + 1] - base) < _SHARPNESS * size) & (size > 0)
        if age < UNMARKED_FROM_HOURS:
            fires &= marked
        # Proof costs far more than suspicion, and few are suspected.
        suspects = np.flatnonzero(fires & ~marked)
        if suspects.size:
            proven = self._proven(age, suspects, weakest[suspects], delta[suspects])
            fires[suspects] = proven
        return fires, np.where(np.isfinite(delta), delta, 0.0).astype(np.float64)

    def _proven(self, age: int, suspects: IntArray, weakest: Block, delta: Block) -> NDArray[np.bool_]:
        residual, hourly = self._residual[:, suspects], self._hourly[:, suspects]
        rare = weakest > _RECORD_SHARE * _record(residual, age)
        steady = _spread(residual[:age]) < _SPREAD_RATIO * _spread(residual[age : age + _DAY_HOURS])
        return rare & steady & _displaced(hourly, age, delta, self._days)


def _record(residual: Block, age: int) -> Block:
    """The largest equally long run in history, told like the present one."""
    starts = residual.shape[0] - age - _DAY_HOURS + 1
    before = network_median(np.stack([residual[hour : hour + starts + age] for hour in range(_DAY_HOURS)]))[age:]
    lowest = residual[:starts] - before
    highest = lowest.copy()
    for hour in range(1, age):
        moved = residual[hour : hour + starts] - before
        np.minimum(lowest, moved, out=lowest)
        np.maximum(highest, moved, out=highest)
    run = np.fmax(lowest, -highest)[age:]
    highest_run: Block = np.fmax.reduce(run, axis=0, initial=0)
    return highest_run


def _displaced(hourly: Block, age: int, delta: Block, days: int) -> NDArray[np.bool_]:
    """Whether the run stands apart from the same hours of every earlier day, levels before it made equal."""
    out = np.ones(delta.shape, np.bool_)
    now = hourly[:age] - network_median(hourly[age : age + _HALF_DAY_HOURS])
    for day in range(1, days - 1):
        back = day * _DAY_HOURS
        then = hourly[back : back + age] - network_median(hourly[back + age : back + age + _HALF_DAY_HOURS])
        displacement = network_median(now - then) * np.sign(delta)
        out &= ~(displacement <= _DISPLACEMENT_SHARE * np.abs(delta))
    return out


def moved_past(demand: Block, shifts: Shifts, steps_an_hour: int = 12) -> Block:
    """``[steps, series]`` with everything before each shift moved towards the new level."""
    if not shifts.age_hours.any():
        return demand
    out = demand.copy()
    for index in np.flatnonzero(shifts.age_hours):
        until = demand.shape[0] - int(shifts.age_hours[index]) * steps_an_hour
        out[:until, index] += demand.dtype.type(shifts.height[index] * shifts.trusted[index])
    return out


def _spread(values: Block) -> Block:
    return np.asarray(values.std(axis=0)) + 1e-12


def _nanmean(values: Block) -> Block:
    present = np.isfinite(values)
    total = np.where(present, values, 0).sum(axis=0)
    return np.asarray(total / np.maximum(present.sum(axis=0), 1))
