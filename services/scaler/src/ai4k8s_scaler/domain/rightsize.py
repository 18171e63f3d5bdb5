"""Requests that fit what pods used: the VerticalPodAutoscaler recommender's rules, on a workload's own history.

CPU is a histogram whose samples lose half their weight each day; memory is the highest use of each day. Bounds widen
while there is little history, by the recommender's confidence factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

DAY_SECONDS = 86_400.0
HALF_LIFE_SECONDS = DAY_SECONDS
MARGIN = 1.15
LOWER, TARGET, UPPER = 0.5, 0.9, 0.95
MEMORY_DAYS = 8
LEAST_CPU_MILLICORES = 25.0
LEAST_MEMORY_BYTES = 250.0 * 1024 * 1024
_FIRST_BUCKET_MILLICORES = 10.0
_GROWTH = 1.05
_SAMPLES_PER_DAY = 1440.0


@dataclass(frozen=True)
class Range:
    """A recommendation: what to ask for, and between what it may lie without being worth a restart."""

    lower: float
    target: float
    upper: float


def recommended_cpu(at: FloatArray, millicores: FloatArray, now: float) -> Range | None:
    """What one pod should ask for.

    Args:
        at: ``[samples]`` epoch seconds.
        millicores: ``[samples]`` use of one pod; NaN and negatives are left out.
        now: epoch second.
    """
    usable = np.isfinite(millicores) & (millicores >= 0) & (at <= now)
    at, millicores = at[usable], millicores[usable]
    if at.size == 0:
        return None
    weights = 2.0 ** ((at - now) / HALF_LIFE_SECONDS) * np.maximum(millicores, 100.0)
    return _range(_bucketed(millicores), weights, _history_days(at), LEAST_CPU_MILLICORES)


def recommended_memory(at: FloatArray, memory_bytes: FloatArray, now: float) -> Range | None:
    """What one pod should ask for, from the highest use of each of the last eight days. Arguments as for CPU."""
    usable = np.isfinite(memory_bytes) & (memory_bytes > 0) & (at <= now) & (at > now - MEMORY_DAYS * DAY_SECONDS)
    at, memory_bytes = at[usable], memory_bytes[usable]
    if at.size == 0:
        return None
    ages = ((now - at) // DAY_SECONDS).astype(np.int64)
    days = np.unique(ages)
    peaks = np.array([memory_bytes[ages == day].max() for day in days])
    weights = 2.0 ** (-days.astype(np.float64))
    return _range(peaks, weights, _history_days(at), LEAST_MEMORY_BYTES)


def _bucketed(millicores: FloatArray) -> FloatArray:
    """The upper edge of each value's bucket: buckets grow by 5 % from 10 millicores."""
    steps = np.log1p(millicores * (_GROWTH - 1) / _FIRST_BUCKET_MILLICORES) / np.log(_GROWTH)
    edges: FloatArray = _FIRST_BUCKET_MILLICORES * (_GROWTH ** (np.floor(steps) + 1) - 1) / (_GROWTH - 1)
    return edges


def _history_days(at: FloatArray) -> float:
    """How much history there is: time that passed, and no more than there are samples for."""
    return max(min(float(at.max() - at.min()) / DAY_SECONDS, at.size / _SAMPLES_PER_DAY), 1.0 / _SAMPLES_PER_DAY)


def _range(values: FloatArray, weights: FloatArray, days: float, least: float) -> Range:
    order = np.argsort(values)
    values, reached = values[order], np.cumsum(weights[order])
    shares = reached / reached[-1]
    lower, target, upper = (
        float(values[min(int(np.searchsorted(shares, level - 1e-12)), values.size - 1)]) * MARGIN
        for level in (LOWER, TARGET, UPPER)
    )
    target = max(target, least)
    lower = min(max(lower * (1 + 0.001 / days) ** -2, least), target)
    return Range(lower, target, max(upper * (1 + 1 / days), target))
