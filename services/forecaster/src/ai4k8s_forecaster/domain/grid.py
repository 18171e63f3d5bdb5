"""Irregular samples become regular grids, and what was not measured stays unmeasured.

The models want equally spaced means; collectors deliver samples when they can. Bins lie on absolute multiples of their
width (minute 14:05 is the same bin for every cycle), so that "the same time yesterday" is exactly 1,440 bins back and a
cached matrix only ever grows at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

MINUTE_SECONDS = 60
FIVE_MINUTES_SECONDS = 300
DAY_SECONDS = 86_400
#: Series at a time.
_BLOCK = 256


def five_minutes_of(at: datetime) -> datetime:
    """Where the five-minute bin begins that a moment lies in."""
    return datetime.fromtimestamp(at.timestamp() // FIVE_MINUTES_SECONDS * FIVE_MINUTES_SECONDS, tz=UTC)


@dataclass(frozen=True)
class Grid:
    """Means of equally long bins.

    Attributes:
        first_bin: number of the first bin since the epoch (its start in seconds is ``first_bin * step_seconds``).
        step_seconds: width of a bin.
        values: ``[series, bins]``, NaN where nothing was measured.
        saturated: ``[series, bins]``, true where demand was at least this much (usage stood at its limit).
    """

    first_bin: int
    step_seconds: int
    values: FloatArray
    saturated: BoolArray

    @property
    def last_bin(self) -> int:
        """Number of the last bin since the epoch."""
        return self.first_bin + int(self.values.shape[1]) - 1

    @property
    def end_at(self) -> float:
        """Epoch second at which the last bin ends."""
        return float((self.last_bin + 1) * self.step_seconds)


def bin_samples(
    *,
    series: IntArray,
    at: FloatArray,
    values: FloatArray,
    saturated: BoolArray,
    n_series: int,
    now: float,
    bins: int,
    step_seconds: int,
) -> Grid:
    """Average samples into ``bins`` bins, the last of which holds ``now``.

    Samples after ``now``, before the first bin, and values that are NaN, infinite or negative are left out: a demand
    below zero is an instrument's error, not a demand. A bin is saturated when any of its samples is; then its value is
    the largest of the means with and without the saturated samples, both being lower bounds of demand.

    Args:
        series: index of each sample's series.
        at: epoch second of each sample.
        values: the samples.
        saturated: whether usage stood at its limit.
        n_series: number of series.
        now: epoch second of the newest instant that may be used.
        bins: number of bins.
        step_seconds: width of a bin.
    """
    last_bin = int(now // step_seconds)
    first_bin = last_bin - bins + 1
    with np.errstate(invalid="ignore"):
        column = np.floor(at / step_seconds) - first_bin
        usable = np.isfinite(values) & (values >= 0) & (at <= now) & (column >= 0) & (column < bins)
    cell = series[usable] * bins + column[usable].astype(np.int64)
    size = n_series * bins
    total = np.bincount(cell, weights=values[usable], minlength=size)
    count = np.bincount(cell, minlength=size)
    at_limit = saturated[usable]
    limited_total = np.bincount(cell[at_limit], weights=values[usable][at_limit], minlength=size)
    limited = np.bincount(cell[at_limit], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total / count
        lower_bound = np.where(limited > 0, limited_total / limited, -np.inf)
    merged = np.where(count > 0, np.fmax(means, lower_bound), np.nan)
    return Grid(
        first_bin=first_bin,
        step_seconds=step_seconds,
        values=merged.reshape(n_series, bins),
        saturated=(limited > 0).reshape(n_series, bins),
    )


def coarsen(grid: Grid, factor: int) -> Grid:
    """Means over ``factor`` neighbouring bins; a wide bin exists where at least one narrow one does."""
    skip = (-grid.first_bin) % factor
    bins = -(-(grid.values.shape[1] - skip) // factor)
    values = np.full((grid.values.shape[0], bins), np.nan, dtype=grid.values.dtype)
    saturated = np.zeros(values.shape, dtype=np.bool_)
    for start in range(0, values.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        values[block], saturated[block] = _coarse(grid.values[block, skip:], grid.saturated[block, skip:], factor)
    return Grid((grid.first_bin + skip) // factor, grid.step_seconds * factor, values, saturated)


def _coarse(values: FloatArray, saturated: BoolArray, factor: int) -> tuple[FloatArray, BoolArray]:
    missing = -values.shape[1] % factor
    blocks = np.pad(values, ((0, 0), (0, missing)), constant_values=np.nan).reshape(values.shape[0], -1, factor)
    flags = np.pad(saturated, ((0, 0), (0, missing))).reshape(blocks.shape)
    present = np.isfinite(blocks)
    count = present.sum(axis=2)
    total = np.where(present, blocks, 0.0).sum(axis=2, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), np.logical_or.reduce(flags, axis=2)


def held_between_samples(grid: Grid, longest: int = 5) -> Grid:
    """Let a sample stand for its own sampling interval where a series is sampled more rarely than once a bin.

    A five-minute scrape on a one-minute grid leaves four bins empty although nothing is missing. The interval is taken
    from the distance to the sample before, at most ``longest`` bins; a real gap is longer and stays empty.
    """
    present = np.isfinite(grid.values)
    index = np.arange(grid.values.shape[1])
    latest = np.maximum.accumulate(np.where(present, index, -1), axis=1)
    earlier = np.concatenate([np.full((present.shape[0], 1), -1), latest[:, :-1]], axis=1)
    interval = np.where(present & (earlier >= 0), index - earlier, 1)
    interval[interval > longest] = 1
    source = np.maximum(latest, 0)
    covered = (latest >= 0) & (index - latest < np.take_along_axis(interval, source, axis=1))
    held = np.where(covered, np.take_along_axis(grid.values, source, axis=1), np.nan)
    flags: BoolArray = np.take_along_axis(grid.saturated, source, axis=1) * covered
    return Grid(grid.first_bin, grid.step_seconds, held, flags)
