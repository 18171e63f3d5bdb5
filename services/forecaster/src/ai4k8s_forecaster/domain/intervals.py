"""How wrong a forecast may be: intervals from the errors the same method made on the same series.

A scale per series and stretch of horizons comes from its backtest errors, shrunk to how much its days differ
while there
are few; how many scales an interval is wide was learnt from many workloads; and each side of each interval is then
widened or narrowed until it would have held as often as it says. Nothing is assumed about the errors' shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import row_mean
from ai4k8s_forecaster.domain.core import BACKTEST_ORIGINS, JUDGED_HORIZONS, STEPS
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.pooled import CORE_WIDTHS

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

#: Stretches of horizons that share a scale, by their first step.
_STRETCH_STARTS = (1, 7, 25, 49)
STRETCH_OF_STEP: IntArray = np.searchsorted(_STRETCH_STARTS, np.arange(1, STEPS + 1), side="right") - 1
_STRETCH_OF_JUDGED: IntArray = np.searchsorted(_STRETCH_STARTS, JUDGED_HORIZONS, side="right") - 1
STRETCHES = len(_STRETCH_STARTS)
#: Shares outside of the 50, 80 and 95 % intervals.
OUTSIDE: FloatArray = np.array([0.5, 0.2, 0.05])
_DECAY_ORIGINS = 12.0
_PRIOR_ORIGINS = 3.0
_LEARNING_RATE = 1.0
_LIMITS = (np.log(0.2), np.log(20.0))
_PRIOR_SHARE = 0.5
_FLOOR_SHARE = 0.002


def error_scales(demand: FloatArray, errors: FloatArray) -> FloatArray:
    """Typical size of an error, ``[series, stretches]``.

    Args:
        demand: ``[series, steps]`` history.
        errors: ``[series, origins, horizons]`` of the backtest.
    """
    decay = 0.5 ** (np.arange(BACKTEST_ORIGINS) / _DECAY_ORIGINS)
    present = np.isfinite(errors)
    size = np.where(present, np.abs(errors), 0.0)
    prior = _prior(demand)
    scales = np.empty((demand.shape[0], STRETCHES))
    for stretch in range(STRETCHES):
        chosen: BoolArray = np.equal(_STRETCH_OF_JUDGED, stretch)
        weight = np.where(chosen, decay[:, None], 0.0) / chosen.sum()
        count, total = _row_sums(present * weight), _row_sums(size * weight)
        scales[:, stretch] = (total + _PRIOR_ORIGINS * prior) / (count + _PRIOR_ORIGINS)
    return scales


def corrections(errors: FloatArray, scales: FloatArray, widths: FloatArray) -> FloatArray:
    """How much wider each side must be for the intervals to have held as promised, ``[series, intervals, 2]``.

    The intervals are followed through the backtest from the oldest origin to the newest: one that was missed
    too often is widened, one that was never missed is narrowed (Gibbs and Candes, 2021, on a logarithmic width).

    Args:
        errors: ``[series, origins, horizons]`` newest origin first.
        scales: of ``error_scales``.
        widths: ``[intervals, 2, stretches]`` in scales, up and down.
    """
    series = errors.shape[0]
    log_width = np.zeros((series, OUTSIDE.size, 2))
    standard = errors / scales[:, None, _STRETCH_OF_JUDGED]
    both = np.stack([standard, -standard], axis=1)
    for origin in range(BACKTEST_ORIGINS - 1, -1, -1):
        known = np.isfinite(standard[:, origin])
        count = known.sum(axis=1)[:, None, None]
        if not count.any():
            continue
        bound = widths[None, :, :, _STRETCH_OF_JUDGED] * np.exp(log_width)[..., None]
        missed = (both[:, None, :, origin] > bound).sum(axis=3) / np.maximum(count, 1)
        step = _LEARNING_RATE * (missed - OUTSIDE[:, None] / 2)
        log_width = np.clip(log_width + np.where(count > 0, step, 0.0), *_LIMITS)
    out: FloatArray = np.exp(log_width)
    return out


def core_bounds(demand: FloatArray, errors: FloatArray) -> FloatArray:
    """Distances from the point to the bounds, ``[series, intervals, 2, steps]``, both positive, up first."""
    scales = error_scales(demand, errors)
    factor = corrections(errors, scales, CORE_WIDTHS)
    width = CORE_WIDTHS[None] * factor[..., None] * scales[:, None, None, :]
    return width[..., STRETCH_OF_STEP]


def _row_sums(values: FloatArray) -> FloatArray:
    """Sum per series over one contiguous axis, so that the order of adding never depends on their number."""
    out: FloatArray = values.reshape(values.shape[0], -1).sum(axis=1)
    return out


def _prior(demand: FloatArray) -> FloatArray:
    """What to expect of a series whose errors are not known yet: half of how much two days differ."""
    recent = demand[:, -3 * DAY_STEPS :]
    daily = row_mean(np.abs(recent[:, DAY_STEPS:] - recent[:, :-DAY_STEPS]))
    volatility = 3.0 * row_mean(np.abs(np.diff(demand[:, -DAY_STEPS:], axis=1)))
    return (
        np.where(np.isfinite(daily), _PRIOR_SHARE * daily, volatility) + _FLOOR_SHARE * row_mean(np.abs(recent)) + 1e-12
    )
