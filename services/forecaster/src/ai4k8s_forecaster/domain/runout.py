"""When something that grows reaches its limit, from daily peaks, and with which certainty.

The slope is Theil and Sen's: the median of the slopes between all pairs of days, which a few odd days do not move; its
interval comes from Kendall's statistic (Sen, 1968, "Estimates of the regression coefficient based on Kendall's tau").
What daily peaks scatter around the line is added as it was. Growth whose 95 % interval holds zero is no growth, and
nothing is said further ahead than twice as far as the past was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

LEAST_DAYS = 7
LONGEST_DAYS = 90
_Z_80, _Z_95 = 1.2816, 1.9600


@dataclass(frozen=True)
class Growth:
    """Growth of series, ``[series]`` each; slopes a day, in the series' unit. NaN where days are too few.

    Attributes:
        level: where the line stands on the last day.
        slope: of the median.
        slope_low: lower end of the 80 % interval.
        slope_high: upper end of the 80 % interval.
        spread_low: 10th percentile of what peaks differ from the line.
        spread_high: 90th percentile of it.
        days: with a peak.
        is_real: whether zero lies outside the 95 % interval.
    """

    level: FloatArray
    slope: FloatArray
    slope_low: FloatArray
    slope_high: FloatArray
    spread_low: FloatArray
    spread_high: FloatArray
    days: IntArray
    is_real: BoolArray


def growth_of(peaks: FloatArray) -> Growth:
    """Fit ``[series, days]`` of daily peaks, the last day last, NaN where nothing was measured."""
    days = np.isfinite(peaks).sum(axis=1)
    first, second = np.triu_indices(peaks.shape[1], k=1)
    slopes = np.sort((peaks[:, second] - peaks[:, first]) / (second - first), axis=1)
    slope, low, high, far_low, far_high = (np.full(peaks.shape[0], np.nan) for _ in range(5))
    for many in np.unique(days[days >= LEAST_DAYS]):
        rows = days == many
        pairs = int(many * (many - 1) // 2)
        half = np.sqrt(many * (many - 1) * (2 * many + 5) / 18) / 2
        known = slopes[rows, :pairs]  # NaN sorts to the end
        slope[rows] = np.median(known, axis=1)
        low[rows], high[rows] = _ranks(known, half * _Z_80)
        far_low[rows], far_high[rows] = _ranks(known, half * _Z_95)
    ago = np.arange(peaks.shape[1]) - (peaks.shape[1] - 1.0)
    rest = peaks - slope[:, None] * ago
    level, spread_low, spread_high = (np.full(peaks.shape[0], np.nan) for _ in range(3))
    enough = days >= LEAST_DAYS
    if enough.any():
        level[enough] = np.nanmedian(rest[enough], axis=1)
        around = rest[enough] - level[enough, None]
        spread_low[enough], spread_high[enough] = np.nanquantile(around, [0.1, 0.9], axis=1)
    is_real = np.nan_to_num(far_low * far_high) > 0
    return Growth(level, slope, low, high, spread_low, spread_high, days, is_real)


def _ranks(ordered: FloatArray, half: float) -> tuple[FloatArray, FloatArray]:
    middle = (ordered.shape[1] - 1) / 2
    low = max(int(np.floor(middle - half)), 0)
    high = min(int(np.ceil(middle + half)), ordered.shape[1] - 1)
    return ordered[:, low], ordered[:, high]


@dataclass(frozen=True)
class RunOut:
    """Days from now until the limit, ``[series]`` each; NaN: not within what may be said.

    Attributes:
        expected: the median of daily peaks reaches the limit.
        earliest: of the 80 % interval: growth and scatter at their upper ends.
        latest: growth and scatter at their lower ends.
        reach: how far ahead anything is said.
    """

    expected: FloatArray
    earliest: FloatArray
    latest: FloatArray
    reach: FloatArray


def run_out(growth: Growth, limit: FloatArray) -> RunOut:
    """Return when lines reach ``[series]`` limits; 0 when they have already."""
    reach = np.minimum(2.0 * growth.days, LONGEST_DAYS) * (growth.days >= LEAST_DAYS)

    def days_until(level: FloatArray, slope: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            ahead = np.where(level >= limit, 0.0, np.where(slope > 0, (limit - level) / slope, np.nan))
        said = (ahead == 0) | (growth.is_real & (ahead <= reach))
        return np.where(np.isfinite(ahead) & said & (reach > 0), ahead, np.nan)

    return RunOut(
        expected=days_until(growth.level, growth.slope),
        earliest=days_until(growth.level + growth.spread_high, growth.slope_high),
        latest=days_until(growth.level + growth.spread_low, growth.slope_low),
        reach=reach,
    )


def level_at(growth: Growth, days: float) -> FloatArray:
    """Return upper 90 % bounds of daily peaks so many days ahead; without real growth, of today's level."""
    slope = np.where(growth.is_real & (growth.slope_high > 0), growth.slope_high, 0.0)
    return growth.level + growth.spread_high + slope * days
