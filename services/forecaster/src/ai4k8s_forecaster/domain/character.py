"""What a workload is like: which rhythms its demand keeps, whether it grows from week to week, and whether it spikes.

A rhythm counts as found only when it foretells days (or hours) that had no part in it; a profile always fits
the data that it was made from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import FloatArray, mean, median
from ai4k8s_forecaster.domain.experts import DAY_STEPS

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray

HOUR_STEPS = 12
WEEK_DAYS = 7
_KNOWN_SHARE = 0.8
_DAILY_DAYS = 3
_WEEKLY_DAYS = 14
_HOURLY_HOURS = 24
_GROWTH_DAYS = 7
_FOUND = 0.2
_WEEKLY_GAIN = 0.2
_SIGNIFICANT = 0.05
#: A spike rises above the hours around it by half of them, and by several times what is usual.
_SPIKE_RATIO = 1.5
_SPIKE_DEVIATIONS = 5.0
_SPIKE_DAYS = 3
_LEAST_SPIKES = 3


class Rhythm(StrEnum):
    """A season that demand follows."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Spikes:
    """Short rises out of nowhere.

    Attributes:
        per_day: how many in a day, on average.
        height: how high they go, in the middle, relative to the level of the hours around them.
    """

    per_day: float
    height: float


@dataclass(frozen=True)
class Character:
    """One series.

    Attributes:
        rhythms: those that were found, with the share of variance (for weekly: of the error of the daily rhythm) that
            each explains on data it was not learnt from.
        growth_per_week: relative change of the daily median in a week; None without a week of history or where it may
            as well be chance.
        growth_p_value: two-sided, of Mann and Kendall's test on daily medians; None with less than a week.
        spikes: None where there are hardly any, or with less than three days.
    """

    rhythms: dict[Rhythm, float]
    growth_per_week: float | None
    growth_p_value: float | None
    spikes: Spikes | None = None


def describe(demand: FloatArray) -> list[Character]:
    """Describe each series of ``[series, steps]`` five-minute means, newest last, NaN where not measured."""
    hourly = _explained_within_hours(demand)
    days = _days(demand)
    by_hour = _means(days.reshape(*days.shape[:2], 24, HOUR_STEPS))
    daily = _explained_by_other_days(by_hour)
    weekly = np.where(daily > _FOUND, _gain_of_weekdays(by_hour), 0.0)
    medians = median(np.moveaxis(days, 2, 0))
    spikes = _spikes(days, by_hour)
    found = []
    for index in range(demand.shape[0]):
        strengths = {Rhythm.HOURLY: hourly[index], Rhythm.DAILY: daily[index], Rhythm.WEEKLY: weekly[index]}
        rhythms = {rhythm: round(float(share), 3) for rhythm, share in strengths.items() if share > _FOUND}
        found.append(Character(rhythms, *_growth(medians[index]), spikes[index]))
    return found


def _days(demand: FloatArray) -> FloatArray:
    """``[series, days, steps]`` aligned to now, the oldest first; incomplete days at the beginning are dropped."""
    count = demand.shape[1] // DAY_STEPS
    return demand[:, demand.shape[1] - count * DAY_STEPS :].reshape(demand.shape[0], count, DAY_STEPS)


def _means(values: FloatArray) -> FloatArray:
    return mean(np.moveaxis(values, -1, 0))


def _explained_by_other_days(by_hour: FloatArray) -> FloatArray:
    """Share of the variance over hours that the mean of the other days foretells; levels of days are set aside."""
    if by_hour.shape[1] < _DAILY_DAYS:
        return np.zeros(by_hour.shape[0])
    course = by_hour - _means(by_hour)[:, :, None]
    return _left_out(course, axis=1, least=_DAILY_DAYS)


def _explained_within_hours(demand: FloatArray) -> FloatArray:
    """The same for the course of an hour: jobs that start at a minute of every hour."""
    hours = demand.shape[1] // HOUR_STEPS
    if hours < _HOURLY_HOURS:
        return np.zeros(demand.shape[0])
    recent = min(hours, 4 * 24) * HOUR_STEPS
    by_step = demand[:, demand.shape[1] - recent :].reshape(demand.shape[0], -1, HOUR_STEPS)
    course = by_step - _means(by_step)[:, :, None]
    # The course of a day runs through an hour as a slope: a job is what is left without it.
    step = np.arange(HOUR_STEPS) - (HOUR_STEPS - 1) / 2
    slope = _means(course * step)[:, :, None] / np.mean(step**2)
    return _left_out(course - slope * step, axis=1, least=_HOURLY_HOURS)


def _left_out(course: FloatArray, axis: int, least: int) -> FloatArray:
    """1 - squared error of foretelling each period by the mean of the others, relative to foretelling nothing."""
    present = np.isfinite(course)
    count = present.sum(axis=axis, keepdims=True)
    total = np.where(present, course, 0.0).sum(axis=axis, keepdims=True)
    others = (total - np.where(present, course, 0.0)) / np.maximum(count - 1, 1)
    error = np.where(present, course - others, 0.0)
    whole = np.where(present, course, 0.0)
    squared = (whole**2).sum(axis=(1, 2))
    share = 1 - (error**2).sum(axis=(1, 2)) / np.where(squared > 0, squared, 1.0)
    periods: BoolArray = (present.mean(axis=2) > _KNOWN_SHARE).sum(axis=1) >= least
    return np.where((squared > 0) & periods, np.maximum(share, 0.0), 0.0)


def _gain_of_weekdays(by_hour: FloatArray) -> FloatArray:
    """By how much the same day a week ago is nearer than the day before is, over the last week."""
    if by_hour.shape[1] < _WEEKLY_DAYS:
        return np.zeros(by_hour.shape[0])
    now = by_hour[:, -WEEK_DAYS:]
    week = np.abs(now - by_hour[:, -2 * WEEK_DAYS : -WEEK_DAYS])
    day = np.abs(now - by_hour[:, -WEEK_DAYS - 1 : -1])
    both = np.isfinite(week) & np.isfinite(day)
    against = np.where(both, day, 0.0).sum(axis=(1, 2))
    gain = 1 - np.where(both, week, 0.0).sum(axis=(1, 2)) / np.where(against > 0, against, 1.0)
    return np.where((against > 0) & (both.mean(axis=(1, 2)) > _KNOWN_SHARE) & (gain > _WEEKLY_GAIN), gain, 0.0)


def _spikes(days: FloatArray, by_hour: FloatArray) -> list[Spikes | None]:
    """Spikes of each series: five-minute means far above the middle one of the hours around them, joined in time."""
    series, count, _ = days.shape
    if count < _SPIKE_DAYS:
        return [None] * series
    hours = by_hour.reshape(series, -1)
    around = np.stack([np.roll(hours, 1, axis=1), hours, np.roll(hours, -1, axis=1)])
    # An hour with a spike in it is above both its neighbours; at the ends there is only one.
    around[0, :, 0], around[2, :, -1] = hours[:, 0], hours[:, -1]
    base = np.repeat(np.sort(around, axis=0)[1], HOUR_STEPS, axis=1)
    steps = days.reshape(series, -1)
    above = steps - base
    known = np.isfinite(above)
    usual = np.where(known, np.abs(above), 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    high = known & (steps > _SPIKE_RATIO * base) & (above > _SPIKE_DEVIATIONS * usual[:, None])
    begins = high & ~np.concatenate([np.zeros((series, 1), bool), high[:, :-1]], axis=1)
    known_days = known.sum(axis=1) / DAY_STEPS
    return [
        _told(begins[index], high[index], steps[index], base[index], float(known_days[index]))
        for index in range(series)
    ]


def _told(begins: BoolArray, high: BoolArray, steps: FloatArray, base: FloatArray, days: float) -> Spikes | None:
    number = int(begins.sum())
    if number < _LEAST_SPIKES or days < _SPIKE_DAYS:
        return None
    ratio = np.where(high, steps / np.maximum(base, 1e-9), 0.0)
    heights = np.maximum.reduceat(ratio, np.flatnonzero(begins))
    return Spikes(round(number / days, 2), round(float(np.median(heights)), 2))


def _growth(daily_medians: FloatArray) -> tuple[float | None, float | None]:
    """Theil and Sen's slope per week relative to the level, if Mann and Kendall's test finds it significant."""
    day = np.flatnonzero(np.isfinite(daily_medians))
    if day.size < _GROWTH_DAYS:
        return None, None
    values = daily_medians[day]
    older, newer = np.triu_indices(day.size, 1)
    change = values[newer] - values[older]
    n = day.size
    score = float(np.sign(change).sum())
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    z = (abs(score) - 1) / deviation if score else 0.0
    p_value = math.erfc(max(z, 0.0) / math.sqrt(2))
    level = float(np.median(np.abs(values)))
    if p_value >= _SIGNIFICANT or level <= 0:
        return None, round(p_value, 4)
    slope = float(np.median(change / (day[newer] - day[older])))
    return round(WEEK_DAYS * slope / level, 4), round(p_value, 4)
