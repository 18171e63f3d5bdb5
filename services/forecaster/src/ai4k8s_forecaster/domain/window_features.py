"""What is known at a minute about the highest demand of the minutes after it.

All inputs are differences of logarithms, ln(demand + 1) with demand in units of one pod's request: the "+ 1"
keeps the noise of a nearly idle workload from looking like a twentyfold rise. Rises that recur do so
at the same time of day or at the same minute of the hour, give or take a minute or two; hence the lags, and their
jittered maxima.
"""

from __future__ import annotations

import numpy as np

from ai4k8s_forecaster.domain.arrays import (
    FloatArray,
    Rows,
    lagged,
    leading_max,
    mean,
    median,
    trailing_max,
    trailing_mean,
)

DAY_MINUTES = 1440
HOUR_MINUTES = 60
SAME_TIME_DAYS = 7
HOURLY_LAGS = 5
JITTER_MINUTES = 2

#: Inputs that are zero but for rare moments; clipped as hard as the others they would hide the rise they announce.
RARE_INPUTS = slice(9, None)


def target(log_demand: FloatArray, horizon_minutes: int) -> FloatArray:
    """z = ln((Y + 1) / (x + 1)): rise from now to the maximum Y over the next ``horizon_minutes``."""
    rise: FloatArray = leading_max(log_demand, horizon_minutes) - log_demand
    return rise


def demand_features(log_demand: FloatArray, horizon_minutes: int, rows: Rows) -> FloatArray:
    """Inputs of the location model, ``[series, inputs, rows]``; NaN where history does not tell.

    Args:
        log_demand: ``[series, minutes]`` of ln(demand + 1), NaN where not measured.
        horizon_minutes: length of the window whose maximum is foreseen.
        rows: the minutes at which to foresee.
    """
    now = lagged(log_demand, 0, rows)
    parts = [
        *_recent(log_demand, now, rows),
        *_same_time_of_day(log_demand, now, horizon_minutes, rows),
        *_same_minute_of_hour(log_demand, now, horizon_minutes, rows),
    ]
    return np.stack(parts, axis=1)


def _recent(log_demand: FloatArray, now: FloatArray, rows: Rows) -> list[FloatArray]:
    """Level, momentum and recent maxima (nine inputs)."""
    two_back = now - lagged(log_demand, 2, rows)
    return [
        now - lagged(trailing_mean(log_demand, 2), 0, rows),
        now - lagged(trailing_mean(log_demand, 10), 0, rows),
        now - lagged(trailing_mean(log_demand, HOUR_MINUTES), 0, rows),
        now - lagged(log_demand, 1, rows),
        now - lagged(log_demand, 5, rows),
        np.where(np.isfinite(two_back), np.maximum(two_back, 0.0), np.nan),
        lagged(trailing_max(log_demand, 15), 0, rows) - now,
        lagged(trailing_max(log_demand, HOUR_MINUTES), 0, rows) - now,
        lagged(trailing_max(log_demand, 3 * DAY_MINUTES), 0, rows) - now,
    ]


def _same_time_of_day(log_demand: FloatArray, now: FloatArray, horizon: int, rows: Rows) -> list[FloatArray]:
    """What followed at this time on earlier days: rise and level, mean, median, a week ago, and with jitter."""
    peak = leading_max(log_demand, horizon)
    rise = peak - log_demand
    days = range(1, SAME_TIME_DAYS + 1)
    rises = np.stack([lagged(rise, day * DAY_MINUTES, rows) for day in days])
    levels = np.stack([lagged(peak, day * DAY_MINUTES, rows) for day in days]) - now
    early, late = _jittered(rise, DAY_MINUTES, rows)
    steps = [lagged(log_demand, day * DAY_MINUTES - horizon, rows) for day in days]
    before = [lagged(trailing_mean(log_demand, 5), day * DAY_MINUTES, rows) for day in days]
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


def _same_minute_of_hour(log_demand: FloatArray, now: FloatArray, horizon: int, rows: Rows) -> list[FloatArray]:
    """What followed at this minute of earlier hours: hourly jobs and schedules."""
    peak = leading_max(log_demand, horizon)
    rise = peak - log_demand
    first = 1 if horizon < HOUR_MINUTES else horizon // HOUR_MINUTES + 1
    hours = range(first, first + HOURLY_LAGS)
    rises = np.stack([lagged(rise, hour * HOUR_MINUTES, rows) for hour in hours])
    levels = np.stack([lagged(peak, hour * HOUR_MINUTES, rows) for hour in hours]) - now
    early = np.stack([lagged(rise, hour * HOUR_MINUTES - 1, rows) for hour in hours[1:]])
    return [*rises, median(rises), median(levels), median(early)]


def _jittered(rise: FloatArray, lag: int, rows: Rows) -> tuple[FloatArray, FloatArray]:
    """Highest rise of yesterday within two minutes after, and within two minutes before, this time of day."""
    after = lagged(rise, lag - 1, rows)
    before = lagged(rise, lag + 1, rows)
    for minutes in range(2, JITTER_MINUTES + 1):
        after = np.fmax(after, lagged(rise, lag - minutes, rows))
        before = np.fmax(before, lagged(rise, lag + minutes, rows))
    return after, before


def error_features(
    abs_error: FloatArray, log_demand: FloatArray, predicted: FloatArray, horizon_minutes: int, rows: Rows
) -> tuple[FloatArray, FloatArray]:
    """Inputs of the scale model and sigma^2, the plain estimate of the squared error.

    An error is known only when its window has passed, so every window over ``abs_error`` ends ``horizon_minutes`` ago.

    Args:
        abs_error: ``[series, minutes]``, |z - predicted z|.
        log_demand: ``[series, minutes]`` on the same minutes.
        predicted: ``[series, rows]``, the location model's answer.
        horizon_minutes: length of the window.
        rows: the minutes at which to foresee.

    Returns:
        ``[series, inputs, rows]`` and ``[series, rows]``.
    """
    short, half_hour, half_day = (
        lagged(trailing_mean(abs_error, width), horizon_minutes, rows) for width in (6, 30, 720)
    )
    nearby = trailing_max(abs_error, 2 * JITTER_MINUTES + 1)
    centred = lagged(nearby, -JITTER_MINUTES, Rows(0, abs_error.shape[1]))
    exact = mean(np.stack([lagged(abs_error, day * DAY_MINUTES, rows) for day in (1, 2, 3)]))
    same_time = mean(np.stack([lagged(centred, day * DAY_MINUTES, rows) for day in (1, 2, 3)]))
    first = (horizon_minutes + JITTER_MINUTES) // HOUR_MINUTES + 1
    hours = range(first, first + HOURLY_LAGS)
    same_minute = mean(np.stack([lagged(centred, hour * HOUR_MINUTES, rows) for hour in hours]))
    fallback = np.where(np.isfinite(half_day), half_day, 0.0)
    filled = [np.where(np.isfinite(part), part, fallback) for part in (half_hour, exact, half_day)]
    sigma2 = 0.4 * filled[0] ** 2 + 0.3 * filled[1] ** 2 + 0.3 * filled[2] ** 2
    now = lagged(log_demand, 0, rows)
    inputs = [np.log(part + 0.02) for part in (short, half_hour, half_day, exact, same_time, same_minute)]
    inputs += [
        np.abs(now - lagged(log_demand, 1, rows)),
        np.abs(now - lagged(log_demand, 5, rows)),
        now,
        predicted,
    ]
    return np.stack(inputs, axis=1), sigma2
