"""The next six hours from a single day of history.

With one day there are no earlier errors to learn from, so what to make of it was learnt from other workloads: a linear
rule (least absolute errors) on yesterday's course and today's levels, whose weights depend on how rough and
how persistent the
series is. The answer is the median of that rule, of yesterday, and of the two-hour level, so that none of them can go
far astray alone. A trend is never extrapolated from a day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ai4k8s_forecaster.domain.arrays import FloatArray, median, row_mean
from ai4k8s_forecaster.domain.core import STEPS
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.intervals import STRETCH_OF_STEP
from ai4k8s_forecaster.domain.pooled import DAY_STRETCH_STARTS, DAY_WEIGHTS, DAY_WIDTHS

_LEVEL_SHARE = 0.05
_CLIP = 10.0
_GATED_INPUTS = 8
_QUANTILES = (0.1, 0.25, 0.75, 0.9)


@dataclass(frozen=True)
class DayInputs:
    """What the rule looks at, told relative to the day's median in units of ``scale``.

    Attributes:
        centre: ``[series]`` the day's median.
        scale: ``[series]`` mean distance from it.
        inputs: ``[series, steps, inputs]``.
        yesterday, level: ``[series, steps]`` in the unit of the demand.
    """

    centre: FloatArray
    scale: FloatArray
    inputs: FloatArray
    yesterday: FloatArray
    level: FloatArray


def forecast_from_a_day(demand: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Point forecasts ``[series, 72]`` and distances to the bounds ``[series, intervals, 2, 72]``.

    Args:
        demand: ``[series, steps]``, newest last, NaN where not measured; the last 24 hours are used.
    """
    day = day_inputs(demand)
    bounds = DAY_WIDTHS[None] * day.scale[:, None, None, None]
    return day_points(day, DAY_WEIGHTS), bounds[..., STRETCH_OF_STEP]


def day_points(day: DayInputs, weights: FloatArray) -> FloatArray:
    """Point forecasts ``[series, 72]`` with weights ``[stretches, inputs + 1]``, the intercept last."""
    of_step = weights[np.searchsorted(DAY_STRETCH_STARTS, np.arange(1, STEPS + 1), side="right") - 1]
    linear = np.repeat(of_step[None, :, -1], day.centre.size, axis=0)
    for index in range(day.inputs.shape[2]):
        linear += day.inputs[:, :, index] * of_step[:, index]
    rule = linear * day.scale[:, None] + day.centre[:, None]
    return np.maximum(median(np.stack([rule, day.yesterday, day.level])), 0.0)


def day_inputs(demand: FloatArray) -> DayInputs:
    """Look at the last day of each series."""
    series = demand.shape[0]
    day = np.full((series, DAY_STEPS), np.nan)
    steps = min(demand.shape[1], DAY_STEPS)
    if steps:
        day[:, -steps:] = demand[:, -steps:]
    centre = median(day.T)
    average = row_mean(day)
    scale = row_mean(np.abs(day - centre[:, None])) + _LEVEL_SHARE * np.abs(average) + 1e-9
    filled = np.where(np.isfinite(day), day, centre[:, None])
    level = _or(median(day[:, -24:].T), centre)
    columns = _columns(day, filled, level, average)
    inputs = np.clip((columns - centre[:, None, None]) / scale[:, None, None], -_CLIP, _CLIP)
    gates = _gates((filled - centre[:, None]) / scale[:, None])
    gated = [inputs[:, :, :_GATED_INPUTS] * gates[:, None, index : index + 1] for index in range(gates.shape[1])]
    return DayInputs(
        centre, scale, np.concatenate([inputs, *gated], axis=2), filled[:, :STEPS], np.repeat(level[:, None], STEPS, 1)
    )


def _columns(day: FloatArray, filled: FloatArray, level: FloatArray, average: FloatArray) -> FloatArray:
    """``[series, steps, columns]``: yesterday's course, smoothed twice, and levels; those to be gated first."""
    steps = slice(0, STEPS)
    moved = level - median(filled[:, :24].T)
    flat = [_or(median(day[:, -7:].T), average), level, _or(row_mean(day[:, -72:]), average), average]
    ordered = np.sort(filled, axis=1)
    spread = [ordered[:, round(share * (DAY_STEPS - 1))] for share in _QUANTILES]
    ends = [row_mean(filled[:, :STEPS]), row_mean(filled[:, :12])]
    courses = [filled[:, steps], _smoothed(filled, 3), _smoothed(filled, 12)]
    columns = [*courses, *map(_as_course, flat), filled[:, steps] + moved[:, None], *map(_as_course, spread + ends)]
    return np.stack(columns, axis=2)


def _gates(standard: FloatArray) -> FloatArray:
    """``[series, 3]``: persistence from hour to hour, roughness, and how much hours differ."""
    clipped = np.clip(standard, -_CLIP, _CLIP)
    hours = clipped.reshape(clipped.shape[0], 24, 12).mean(axis=2)
    variance = hours.var(axis=1)
    covariance = (hours[:, 1:] * hours[:, :-1]).mean(axis=1) - hours[:, 1:].mean(axis=1) * hours[:, :-1].mean(axis=1)
    rough = np.abs(np.diff(clipped, axis=1)).mean(axis=1)
    gates = np.stack([covariance / (variance + 0.01), rough, np.sqrt(variance)], axis=1)
    clipped_gates: FloatArray = np.clip(gates, -1.5, 3.0)
    return clipped_gates


def _smoothed(filled: FloatArray, reach: int) -> FloatArray:
    """Centred mean over ``2 reach + 1`` steps of the first six hours, the day's edge repeated."""
    padded = np.concatenate([np.repeat(filled[:, :1], reach, axis=1), filled[:, : STEPS + reach]], axis=1)
    total = np.concatenate([np.zeros((filled.shape[0], 1)), np.cumsum(padded, axis=1)], axis=1)
    width = 2 * reach + 1
    out: FloatArray = (total[:, width:] - total[:, :-width]) / width
    return out


def _as_course(values: FloatArray) -> FloatArray:
    return np.repeat(values[:, None], STEPS, axis=1)


def _or(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, otherwise)
