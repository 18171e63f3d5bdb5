"""What is known at a minute about the highest demand of the minutes after it.

All inputs are differences of logarithms, ln(demand + 1) with demand in units of one pod's request: the "+ 1"
keeps the noise of a nearly idle workload from looking like a twentyfold rise. Rises that recur do so
at the same time of day or at the same minute of the hour, give or take a minute or two; hence the lags, and their
jittered maxima.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import (
    FloatArray,
    Rows,
    carried_forward,
    leading_max,
    mean,
    median,
    trailing_max,
    trailing_max_at,
    trailing_mean,
)

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.course import Course

DAY_MINUTES = 1440
HOUR_MINUTES = 60
SAME_TIME_DAYS = 7
HOURLY_LAGS = 5
JITTER_MINUTES = 2
_CARRY_MINUTES = 2

#: Inputs that are zero but for rare moments; clipped as hard as the others they would hide the rise they announce.
RARE_INPUTS = slice(9, None)


def log_demand_of(demand: Course) -> Course:
    """ln(demand + 1); a missing minute or two count as the one before."""
    return demand.derive(lambda values: np.log1p(carried_forward(values, _CARRY_MINUTES)), _CARRY_MINUTES)


def peak_of(log_demand: Course, horizon_minutes: int) -> Course:
    """Highest of the next ``horizon_minutes``."""
    return log_demand.derive(lambda values: leading_max(values, horizon_minutes), 0, horizon_minutes)


def rise_of(log_demand: Course, horizon_minutes: int) -> Course:
    """z = ln((Y + 1) / (x + 1)): rise from now to the maximum Y over the next ``horizon_minutes``."""
    return log_demand.derive(lambda values: leading_max(values, horizon_minutes) - values, 0, horizon_minutes)


def demand_features(demand: Course, horizon_minutes: int, rows: Rows) -> FloatArray:
    """Inputs of the location model, ``[series, inputs, rows]``; NaN where history does not tell.

    Args:
        demand: in units of one pod's request, a value a minute, NaN where not measured.
        horizon_minutes: length of the window whose maximum is foreseen.
        rows: the minutes at which to foresee.
    """
    log_demand = log_demand_of(demand)
    now = log_demand.at(0, rows)
    parts = [
        *_recent(demand, log_demand, now, rows),
        *_same_time_of_day(log_demand, now, horizon_minutes, rows),
        *_same_minute_of_hour(log_demand, now, horizon_minutes, rows),
    ]
    return np.stack(parts, axis=1)


def _recent(demand: Course, log_demand: Course, now: FloatArray, rows: Rows) -> list[FloatArray]:
    """Level, momentum and recent maxima (nine inputs)."""
    two_back = now - log_demand.at(2, rows)
    return [
        now - _mean_of(log_demand, 2).at(0, rows),
        now - _mean_of(log_demand, 10).at(0, rows),
        now - _mean_of(log_demand, HOUR_MINUTES).at(0, rows),
        now - log_demand.at(1, rows),
        now - log_demand.at(5, rows),
        np.where(np.isfinite(two_back), np.maximum(two_back, 0.0), np.nan),
        _max_of(log_demand, 15).at(0, rows) - now,
        _max_of(log_demand, HOUR_MINUTES).at(0, rows) - now,
        np.log1p(trailing_max_at(demand.at(0, Rows(0, demand.width)), 3 * DAY_MINUTES, rows)) - now,
    ]


def _mean_of(course: Course, width: int) -> Course:
    return course.derive(lambda values: trailing_mean(values, width), width - 1)


def _max_of(course: Course, width: int) -> Course:
    return course.derive(lambda values: trailing_max(values, width), width - 1)


def _same_time_of_day(log_demand: Course, now: FloatArray, horizon: int, rows: Rows) -> list[FloatArray]:
    """What followed at this time on earlier days: rise and level, mean, median, a week ago, and with jitter."""
    peak, rise = peak_of(log_demand, horizon), rise_of(log_demand, horizon)
    days = range(1, SAME_TIME_DAYS + 1)
    rises = np.stack([rise.at(day * DAY_MINUTES, rows) for day in days])
    levels = np.stack([peak.at(day * DAY_MINUTES, rows) for day in days]) - now
    early, late = _jittered(rise, DAY_MINUTES, rows)
    steps = [log_demand.at(day * DAY_MINUTES - horizon, rows) for day in days]
    level_before = _mean_of(log_demand, 5)
    before = [level_before.at(day * DAY_MINUTES, rows) for day in days]
    return [
        mean(rises[:3]),
        median(rises),
        rises[-1],
        early,
        late,
        mean(levels[:3]),
        median(levels),
        levels[-1],
        median(np.stack(steps) - np.stack(before)),
    ]


def _same_minute_of_hour(log_demand: Course, now: FloatArray, horizon: int, rows: Rows) -> list[FloatArray]:
    """What followed at this minute of earlier hours: hourly jobs and schedules."""
    peak, rise = peak_of(log_demand, horizon), rise_of(log_demand, horizon)
    first = 1 if horizon < HOUR_MINUTES else horizon // HOUR_MINUTES + 1
    hours = range(first, first + HOURLY_LAGS)
    rises = np.stack([rise.at(hour * HOUR_MINUTES, rows) for hour in hours])
    levels = np.stack([peak.at(hour * HOUR_MINUTES, rows) for hour in hours]) - now
    early = np.stack([rise.at(hour * HOUR_MINUTES - 1, rows) for hour in hours[1:]])
    return [*rises, median(rises), median(levels), median(early)]


def _jittered(rise: Course, lag: int, rows: Rows) -> tuple[FloatArray, FloatArray]:
    """Highest rise of yesterday within two minutes after, and within two minutes before, this time of day."""
    after, before = rise.at(lag - 1, rows), rise.at(lag + 1, rows)
    for minutes in range(2, JITTER_MINUTES + 1):
        after = np.fmax(after, rise.at(lag - minutes, rows))
        before = np.fmax(before, rise.at(lag + minutes, rows))
    return after, before


def error_features(
    abs_error: Course, error_rows: Rows, log_demand: Course, predicted: FloatArray, horizon_minutes: int, rows: Rows
) -> tuple[FloatArray, FloatArray]:
    """Inputs of the scale model and sigma^2, the plain estimate of the squared error.

    An error is known only when its window has passed, so every window over ``abs_error`` ends ``horizon_minutes`` ago.

    Args:
        abs_error: |z - predicted z| by minute.
        error_rows: the minutes at which to foresee, counted in ``abs_error``.
        log_demand: ln(demand + 1).
        predicted: ``[series, rows]``, the location model's answer.
        horizon_minutes: length of the window.
        rows: the same minutes, counted in ``log_demand``.

    Returns:
        ``[series, inputs, rows]`` and ``[series, rows]``.
    """
    short, half_hour, half_day = (_mean_of(abs_error, width).at(horizon_minutes, error_rows) for width in (6, 30, 720))
    nearby = _max_of(abs_error, 2 * JITTER_MINUTES + 1)

    def around(lag: int) -> FloatArray:
        return nearby.at(lag - JITTER_MINUTES, error_rows)

    exact = mean(np.stack([abs_error.at(day * DAY_MINUTES, error_rows) for day in (1, 2, 3)]))
    same_time = mean(np.stack([around(day * DAY_MINUTES) for day in (1, 2, 3)]))
    first = (horizon_minutes + JITTER_MINUTES) // HOUR_MINUTES + 1
    hours = range(first, first + HOURLY_LAGS)
    same_minute = mean(np.stack([around(hour * HOUR_MINUTES) for hour in hours]))
    fallback = np.where(np.isfinite(half_day), half_day, 0.0)
    filled = [np.where(np.isfinite(part), part, fallback) for part in (half_hour, exact, half_day)]
    sigma2 = 0.4 * filled[0] ** 2 + 0.3 * filled[1] ** 2 + 0.3 * filled[2] ** 2
    now = log_demand.at(0, rows)
    inputs = [np.log(part + 0.02) for part in (short, half_hour, half_day, exact, same_time, same_minute)]
    inputs += [np.abs(now - log_demand.at(1, rows)), np.abs(now - log_demand.at(5, rows)), now, predicted]
    return np.stack(inputs, axis=1), sigma2
