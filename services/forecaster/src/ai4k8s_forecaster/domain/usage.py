"""What containers used, as histograms a day: percentiles of many containers and days in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

#: A day with fewer readings than this says little about its 95th percentile.
LEAST_READINGS = 12


@dataclass(frozen=True)
class Use:
    """Use by container; NaN where nothing was measured.

    Attributes:
        typical: ``[containers]`` median of all readings.
        busy: ``[containers]`` 95th percentile of all readings.
        quiet: ``[containers]`` the lowest of the days' 95th percentiles.
        peak: ``[containers]`` the highest reading.
        days: ``[containers]`` days with enough readings.
        readings: ``[containers]`` how many there are.
    """

    typical: FloatArray
    busy: FloatArray
    quiet: FloatArray
    peak: FloatArray
    days: IntArray
    readings: IntArray


def use_of(counts: IntArray, edges: FloatArray, peaks: FloatArray) -> Use:
    """Read percentiles from histograms.

    A percentile is the upper edge of the bucket that its nearest rank falls into, so at most one bucket's width (5 %)
    above the truth, never below it; and never above the day's highest reading.

    Args:
        counts: ``[containers, days, buckets]`` readings.
        edges: ``[buckets]`` upper edges, rising.
        peaks: ``[containers, days]`` highest readings, NaN where there are none.
    """
    per_day = counts.sum(axis=2)
    enough = per_day >= LEAST_READINGS
    daily = np.where(enough, np.fmin(quantile_of(counts, edges, 0.95), peaks), np.nan)
    pooled = (counts * enough[..., None]).sum(axis=1)
    return Use(
        typical=quantile_of(pooled, edges, 0.5),
        busy=np.fmin(quantile_of(pooled, edges, 0.95), _fold(np.fmax, peaks)),
        quiet=_fold(np.fmin, daily),
        peak=_fold(np.fmax, peaks),
        days=(per_day >= LEAST_READINGS).sum(axis=1),
        readings=per_day.sum(axis=1),
    )


def quantile_of(counts: IntArray, edges: FloatArray, share: float) -> FloatArray:
    """Return nearest-rank quantiles along the last axis; NaN where nothing was counted."""
    reached = counts.cumsum(axis=-1)
    total = reached[..., -1:]
    rank = np.maximum(np.ceil(share * total - 1e-9), 1)
    bucket = (reached < rank).sum(axis=-1)
    return np.where(total[..., 0] > 0, edges[np.minimum(bucket, edges.size - 1)], np.nan)


def _fold(by: np.ufunc, values: FloatArray) -> FloatArray:
    if not values.shape[1]:
        return np.full(values.shape[0], np.nan)
    folded: FloatArray = by.reduce(values, axis=1)
    return folded
