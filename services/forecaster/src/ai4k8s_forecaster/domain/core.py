"""The six-hour point forecast: experts weighed by how they did on the series' own past.

Backtest origins stand six hours apart and share now's phase of the day, because a rule that is right at night may be
wrong in the morning. The weights are so steep that they nearly choose, and are shrunk to equality while there are few
origins to judge by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.experts import (
    DAY_STEPS,
    EXPERTS,
    PHASE_STEPS,
    PHASES_A_DAY,
    REFERENCE,
    Levels,
    expert_forecasts,
    levels_of,
)
from ai4k8s_forecaster.domain.shift import Shifts, find_shifts, moved_past

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

    Block = NDArray[Any]

STEPS = 72
HISTORY_DAYS = 14
#: 2.2 days: an origin with less before it has nothing to choose from.
MINIMUM_STEPS = 633
BACKTEST_ORIGINS = 24
JUDGED_HORIZONS: IntArray = np.array([3, 9, 18, 30, 42, 54, 66])
_BACKTEST_DAYS = 10
_DECAY_ORIGINS = 12.0
_SHARPNESS = 20.0
_PRIOR_RATIO = 1.3
_RATIO_LIMITS = (0.02, 50.0)
#: Series at a time: blocks stay in the processor's cache.
_BLOCK = 128
#: numpy sums a narrow array in another order: blocks are never narrower, so that company never changes a bit.
_NARROWEST = 8


@dataclass(frozen=True)
class CorePath:
    """Point forecasts and the errors they would have made.

    Attributes:
        point: ``[series, 72]``; NaN for series with less than 2.2 days between their first and last sample.
        errors: ``[series, origins, 7]`` actual minus forecast at the judged horizons, newest origin first; NaN
            where not known.
        naive_errors: ``[series, 2, origins, 7]`` the same of the last value and of yesterday's, the yardsticks
            of skill.
        shifts: changes of level that were taken into account.
    """

    point: FloatArray
    errors: FloatArray
    naive_errors: FloatArray
    shifts: Shifts


def forecast_core(demand: FloatArray, deployed_hours_ago: FloatArray | None = None) -> CorePath:
    """Foresee 72 steps after the end.

    Args:
        demand: ``[series, steps]`` five-minute means, newest last, NaN where not measured; 14 days are used.
        deployed_hours_ago: ``[series]`` age of the newest known change of each workload; NaN where none is known.
    """
    path = _empty(demand.shape[0])
    for start in range(0, demand.shape[0], _BLOCK):
        chosen = np.arange(start, min(start + _BLOCK, demand.shape[0]))
        wide = np.pad(chosen, (0, max(_NARROWEST - chosen.size, 0)), mode="edge")
        deployed = None if deployed_hours_ago is None else deployed_hours_ago[wide]
        _fill(path, chosen, _forecast_block(_time_major(demand[wide]), deployed))
    return path


def _empty(series: int) -> CorePath:
    errors = np.full((series, BACKTEST_ORIGINS, JUDGED_HORIZONS.size), np.nan)
    naive = np.full((series, 2, BACKTEST_ORIGINS, JUDGED_HORIZONS.size), np.nan)
    shifts = Shifts(np.zeros(series, np.int64), np.zeros(series), np.zeros(series))
    return CorePath(np.full((series, STEPS), np.nan), errors, naive, shifts)


def _fill(path: CorePath, chosen: IntArray, part: CorePath) -> None:
    count = chosen.size
    path.point[chosen], path.errors[chosen] = part.point[:count], part.errors[:count]
    path.naive_errors[chosen] = part.naive_errors[:count]
    path.shifts.age_hours[chosen] = part.shifts.age_hours[:count]
    path.shifts.height[chosen] = part.shifts.height[:count]
    path.shifts.trusted[chosen] = part.shifts.trusted[:count]


def _time_major(demand: FloatArray) -> Block:
    """The last 14 days as ``[steps, series]`` in single precision, a whole number of six-hour phases."""
    steps = min(demand.shape[1], HISTORY_DAYS * DAY_STEPS)
    phases = max(-(-steps // PHASE_STEPS), PHASES_A_DAY + 1)
    block = np.full((phases * PHASE_STEPS, demand.shape[0]), np.nan, dtype=np.float32)
    if steps:
        block[-steps:] = demand[:, -steps:].T
    return block


def _forecast_block(block: Block, deployed: FloatArray | None) -> CorePath:
    levels = levels_of(block)
    shifts = find_shifts(levels.hourly_median, deployed)
    if shifts.age_hours.any():
        block = moved_past(block, shifts)
        levels = levels_of(block)
    present = ~np.isnan(block)
    age = np.where(present.any(axis=0), block.shape[0] - np.argmax(present, axis=0), 0)
    path = replace(_empty(block.shape[1]), shifts=shifts)
    weights = _backtest(block, levels, age, path)
    days = min(max(block.shape[0] // DAY_STEPS, 1), HISTORY_DAYS)
    now = expert_forecasts(block, levels, np.array([0]), np.arange(1, STEPS + 1), days)
    path.point[:] = _mixed(now, weights)[0].T
    path.point[age < MINIMUM_STEPS] = np.nan
    return path


def _backtest(block: Block, levels: Levels, age: IntArray, path: CorePath) -> Block:
    """Fill in the errors that were made before; return the weights ``[experts, series]`` that follow from them."""
    reach = (block.shape[0] - MINIMUM_STEPS) // PHASE_STEPS
    phases = np.arange(1, min(reach, BACKTEST_ORIGINS) + 1)
    if phases.size == 0:
        return _weights(None, block.shape[1])
    forecasts = expert_forecasts(block, levels, phases, JUDGED_HORIZONS, _BACKTEST_DAYS)
    origins = block.shape[0] - 1 - PHASE_STEPS * phases
    actual = block[origins[:, None] + JUDGED_HORIZONS]
    actual = np.where((age - PHASE_STEPS * phases[:, None] >= MINIMUM_STEPS)[:, None], actual, np.nan)
    weights = _weights(np.stack([_mean_error(forecast, actual) for forecast in forecasts]), block.shape[1])
    known = slice(0, phases.size)
    path.errors[:, known] = np.moveaxis(actual - _mixed(forecasts, weights), 2, 0)
    path.naive_errors[:, 0, known] = np.moveaxis(actual - block[origins][:, None], 2, 0)
    path.naive_errors[:, 1, known] = np.moveaxis(actual - forecasts[0], 2, 0)
    return weights


def _mean_error(forecast: Block, actual: Block) -> Block:
    """Mean absolute error per origin and series; NaN where nothing was measured."""
    error = np.abs(forecast - actual)
    present = ~np.isnan(error)
    count = present.sum(axis=1)
    total = np.where(present, error, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1).astype(error.dtype), np.nan)


def _weights(mean_errors: Block | None, series: int) -> Block:
    """Weights ``[experts, series]`` from mean errors ``[experts, origins, series]``, newest origin first."""
    if mean_errors is None:
        return np.full((len(EXPERTS), series), 1 / len(EXPERTS), dtype=np.float32)
    decay = (0.5 ** (np.arange(mean_errors.shape[1]) / _DECAY_ORIGINS)).astype(np.float32)[:, None]
    present = ~np.isnan(mean_errors[REFERENCE])
    total = np.where(present, mean_errors * decay, 0).sum(axis=1)
    count = np.where(present, decay, 0).sum(axis=0)
    reference = total[REFERENCE]
    ratio = np.where(reference > 0, total / np.where(reference > 0, reference, 1), np.where(total > 0, np.inf, 1))
    ratio = np.clip(ratio, *_RATIO_LIMITS)
    shrunk = (count * ratio + _PRIOR_RATIO) / (count + 1)
    power = -_SHARPNESS * np.log(shrunk)
    weights = np.exp(power - power.max(axis=0))
    out: Block = (weights / weights.sum(axis=0)).astype(np.float32)
    return out


def _mixed(forecasts: tuple[Block, ...], weights: Block) -> Block:
    out: Block = forecasts[0] * weights[0]
    for forecast, weight in zip(forecasts[1:], weights[1:], strict=True):
        out += forecast * weight
    return out
