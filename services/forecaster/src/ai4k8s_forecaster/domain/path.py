"""The next six hours in five-minute steps, with intervals from the errors the same rule made before.

Several simple rules (yesterday, the median of earlier days, the same moved to today's level, the same weekday, plain
levels) are weighed by how they did on the series' own past, which is what makes one method serve smooth, bursty
and shifting workloads alike. Between one and two days of history, yesterday and the last half hour are all there is.
Intervals are empirical quantiles of backtest errors per horizon: nothing is assumed about their shape, and
nothing about a past that was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray, median

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.status import HistoryState

STEP_SECONDS = 300
STEPS = 72
DAY_STEPS = 288
#: Levels of the published path: the bounds of the 95, 80 and 50 % intervals around the median.
PATH_LEVELS: FloatArray = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
_MEDIAN_INDEX = 3
_PROFILE_DAYS = 10
_PROFILE_FROM_STEPS = 633  # 2.2 days: below, a median over days has nothing to choose from
_LEVEL_STEPS = 24
_FADE_STEPS = 36.0
_YOUNG_LEVEL_STEPS = 7
_YOUNG_FADE_STEPS = 12.0
_BACKTEST_STRIDE = 12
_BACKTEST_ORIGINS = 120
_POOLED_HORIZONS = 3
_JUDGED_HORIZONS: IntArray = np.array([3, 9, 18, 30, 42, 54, 66])
_REFERENCE = 2


@dataclass(frozen=True)
class PathForecast:
    """Six hours ahead, per series.

    Attributes:
        values: ``[series, levels, steps]``; NaN where nothing may be said.
        skill: ``[series]`` 1 - mean absolute error relative to the better of last value and same time yesterday.
        judged: ``[series]`` number of past forecasts behind the intervals.
    """

    values: FloatArray
    skill: FloatArray
    judged: IntArray


def forecast_path(demand: FloatArray, states: list[HistoryState]) -> PathForecast:
    """Foresee 72 five-minute means after the last one.

    Args:
        demand: ``[series, bins]`` five-minute means, newest last, NaN where not measured.
        states: per series; only those that are ready or without skill so far are forecast.
    """
    series, bins = demand.shape
    allowed = np.array([state.may_forecast for state in states], dtype=np.bool_)
    origins = _backtest_origins(bins)
    weights = _weights(demand, origins)
    point = _points(demand, np.array([bins - 1]), weights)[:, 0, :]
    past = _points(demand, origins, weights)
    actual = _at(demand, origins[:, None] + np.arange(1, STEPS + 1))
    error = actual - past
    offsets = _error_quantiles(error)
    values = np.maximum(point[:, None, :] + offsets, 0.0)
    values[:, _MEDIAN_INDEX, :] = np.maximum(point, 0.0)
    values = np.where(allowed[:, None, None], np.sort(values, axis=1), np.nan)
    if not series:
        return PathForecast(values, np.zeros(0), np.zeros(0, np.int64))
    judged = np.isfinite(error).any(axis=2).sum(axis=1)
    return PathForecast(values, _skill(demand, origins, actual, error), judged)


def _backtest_origins(bins: int) -> IntArray:
    """Hourly origins, newest first, each with a day before it and six hours after it."""
    newest = bins - 1 - STEPS
    oldest = DAY_STEPS
    origins = np.arange(newest, oldest - 1, -_BACKTEST_STRIDE, dtype=np.int64)
    return origins[:_BACKTEST_ORIGINS]


def _points(demand: FloatArray, origins: IntArray, weights: FloatArray) -> FloatArray:
    """``[series, origins, steps]`` point forecasts from each origin, each from what was known then."""
    horizons = np.arange(1, STEPS + 1)
    young = _young(demand, origins, horizons)
    mixed = _mixed(_experts(demand, origins, horizons), weights)
    old_enough = (origins + 1 >= _PROFILE_FROM_STEPS)[None, :, None]
    first = np.where(old_enough & np.isfinite(mixed), mixed, young)
    level = _level(demand, origins, _LEVEL_STEPS)
    return np.where(np.isfinite(first), first, level[:, :, None])


def _mixed(experts: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted mean over the experts that can say something."""
    present = np.isfinite(experts)
    weight = np.where(present, weights[:, :, None, None], 0.0)
    total = weight.sum(axis=0)
    answer = (np.where(present, experts, 0.0) * weight).sum(axis=0)
    return np.where(total > 0, answer / np.maximum(total, 1e-300), np.nan)


def _weights(demand: FloatArray, origins: IntArray) -> FloatArray:
    """``[experts, series]``: relative backtest errors to the power -20, shrunk to equality while there are few.

    Origins are six hours apart, so that they share now's phase of the day; older ones count less.
    """
    chosen = origins[:: STEPS // _BACKTEST_STRIDE]
    chosen = chosen[chosen + 1 >= _PROFILE_FROM_STEPS]
    experts = _experts(demand, chosen, _JUDGED_HORIZONS)
    actual = _at(demand, chosen[:, None] + _JUDGED_HORIZONS)
    decay = np.broadcast_to((0.5 ** (np.arange(chosen.size) / 12.0))[:, None], actual.shape[1:])
    error = np.abs(experts - actual)
    present = np.isfinite(error)
    total = np.where(present, decay, 0.0).sum(axis=(2, 3))
    mean_error = np.where(present, error * decay, 0.0).sum(axis=(2, 3)) / np.maximum(total, 1e-12)
    reference = np.maximum(mean_error[_REFERENCE], 1e-12)
    ratio = np.clip(mean_error / reference, 0.02, 50.0)
    count = total / _JUDGED_HORIZONS.size
    shrunk: FloatArray = (count * np.where(total > 0, ratio, 1.3) + 1.3) / (count + 1.0)
    return np.power(shrunk, -20.0)


def _experts(demand: FloatArray, origins: IntArray, horizons: IntArray) -> FloatArray:
    """``[experts, series, origins, horizons]``; the third is the reference of the weights."""
    profiles, moved = _profiles(demand, origins, horizons)
    week = [profiles[day - 1] for day in (7,) if day <= len(profiles)]
    flat = np.ones(horizons.size)
    levels = [_level(demand, origins, width)[:, :, None] * flat for width in (7, _LEVEL_STEPS, DAY_STEPS)]
    return np.stack([profiles[0], median(profiles), median(moved), *week, *levels])


def _young(demand: FloatArray, origins: IntArray, horizons: IntArray) -> FloatArray:
    """From recent level to same time yesterday: e^(-h/12) median(last 7) + (1 - e^(-h/12)) y[t + h - D]."""
    fade = np.exp(-horizons / _YOUNG_FADE_STEPS)
    yesterday = _at(demand, origins[:, None] + horizons - DAY_STEPS)
    level = _level(demand, origins, _YOUNG_LEVEL_STEPS)[:, :, None]
    out: FloatArray = fade * level + (1 - fade) * np.where(np.isfinite(yesterday), yesterday, level)
    return out


def _profiles(demand: FloatArray, origins: IntArray, horizons: IntArray) -> tuple[FloatArray, FloatArray]:
    """``[days, series, origins, horizons]``: the course of earlier days, and the same moved to today's level.

    The move starts with the difference of two-hour levels and fades into that of whole days.
    """
    fade = np.exp(-horizons / _FADE_STEPS)
    now_short = _level(demand, origins, _LEVEL_STEPS)
    now_day = _level(demand, origins, DAY_STEPS)
    plain, moved = [], []
    for day in range(1, _PROFILE_DAYS + 1):
        back = origins - day * DAY_STEPS
        short = (now_short - _level(demand, back, _LEVEL_STEPS))[:, :, None]
        daily = (now_day - _level(demand, back, DAY_STEPS))[:, :, None]
        slow = np.where(np.isfinite(daily), daily, short)
        plain.append(_at(demand, back[:, None] + horizons))
        moved.append(plain[-1] + short * fade + slow * (1 - fade))
    return np.stack(plain), np.stack(moved)


def _level(demand: FloatArray, origins: IntArray, width: int) -> FloatArray:
    """Level of the ``width`` values up to each origin: the median of a short stretch, the mean of a day."""
    window = _at(demand, origins[:, None] - np.arange(width))
    if width < DAY_STEPS:
        return median(np.moveaxis(window, 2, 0))
    present = np.isfinite(window)
    count = present.sum(axis=2)
    total = np.where(present, window, 0.0).sum(axis=2)
    return np.where(count >= width // 2, total / np.maximum(count, 1), np.nan)


def _at(demand: FloatArray, index: IntArray) -> FloatArray:
    """Values at time indices ``[origins, ...]``; NaN outside of history.

    ``take`` gives the same memory layout whatever the number of series; with ``demand[:, index]`` it varies, sums then
    add up in another order, and a forecast would differ in its last bit with the company it is made in.
    """
    inside: BoolArray = (index >= 0) & (index < demand.shape[1])
    taken = np.take(demand, np.where(inside, index, 0), axis=1)
    return np.where(inside, taken, np.nan)


def _error_quantiles(error: FloatArray) -> FloatArray:
    """``[series, levels, steps]``: quantiles of the errors at each horizon and the three on either side of it."""
    out = np.zeros((error.shape[0], PATH_LEVELS.size, STEPS))
    for step in range(STEPS):
        near = error[:, :, max(0, step - _POOLED_HORIZONS) : step + _POOLED_HORIZONS + 1]
        ordered = np.sort(near.reshape(error.shape[0], -1), axis=1)
        count = np.isfinite(ordered).sum(axis=1)
        if ordered.shape[1] == 0:
            continue
        position = np.rint(PATH_LEVELS[None, :] * np.maximum(count - 1, 0)[:, None]).astype(np.int64)
        picked = np.take_along_axis(ordered, position, axis=1)
        out[:, :, step] = np.where(count[:, None] > 0, picked, 0.0)
    return out


def _skill(demand: FloatArray, origins: IntArray, actual: FloatArray, error: FloatArray) -> FloatArray:
    last = _at(demand, origins)[:, :, None]
    yesterday = _at(demand, origins[:, None] + np.arange(1, STEPS + 1) - DAY_STEPS)
    naive = np.fmin(_mean_abs(actual - last), _mean_abs(actual - yesterday))
    ours = _mean_abs(error)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = ours / naive
    return np.where(np.isfinite(ratio), 1.0 - ratio, 0.0)


def _mean_abs(error: FloatArray) -> FloatArray:
    present = np.isfinite(error)
    count = present.sum(axis=(1, 2))
    total = np.where(present, np.abs(error), 0.0).sum(axis=(1, 2))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
