"""Where in time to put a trace, so that a foreseeable rise lies a few minutes ahead.

A demonstration of foresight is only honest on a rise that could be foreseen: one that came at the same time
of day (or minute of the hour) on most days (or hours) before, clearly more often than rises come by chance in
that trace. The search looks for the largest of these, relative to the level before it, with as much history
behind it as possible.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ai4k8s_simcluster.load.traces import Trace
from ai4k8s_simcluster.types import FloatArray

DAY_SECONDS = 86_400.0
HOUR_SECONDS = 3_600.0
HISTORY_DAYS = 14.0
_FINEST_GRID_SECONDS = 60.0
_VALID_SHARE = 0.6
_HIT_SHARE = 0.5  # an earlier rise counts when it reached half of this one
_SMALLEST_RISE = 0.08  # of the trace's usual peak; less is noise
_CONSISTENCY = 0.6  # five of seven days: a working-day rise recurs
_LIFT = 0.3  # how much more often than by chance
_SHARP_SHARE = 0.5  # a rise within minutes shows more than one over an hour, unless it is much weaker
_EVIDENCE = 7.5  # one in two thousand
_LEAST_FUTURE_SECONDS = HOUR_SECONDS
_PEAK_QUANTILE = 0.999
_PODS_AT_PEAK = 10.0
_MOST_PODS_AT_PEAK = 12.0
_PODS_AFTER_RISE = 4.0
_TARGET_UTILIZATION = 0.8


class Recurrence(StrEnum):
    """With which period a rise comes back."""

    DAY = "daily"
    HOUR = "hourly"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Scale:
    """The time spans over which a rise is measured."""

    window_seconds: float
    tolerance_seconds: float


@dataclass(frozen=True, slots=True)
class Rise:
    """The rise that the trace is placed by, in the trace's own time and unit.

    at: the last row before it, from which demand goes up in a straight line to the first row of the rise.
    """

    at: float
    before: float
    after: float
    recurrence: Recurrence
    consistency: float

    def describe(self) -> str:
        """Say it in words, for logs and annotations."""
        size = f"{self.before:.4g} -> {self.after:.4g}"
        if self.recurrence is Recurrence.NONE:
            return f"no recurring rise found; largest rise used: {size}"
        return f"{self.recurrence.value} rise {size}, seen in {self.consistency:.0%} of the periods before"


@dataclass(frozen=True, slots=True)
class _Best:
    """The best candidate at one scale; none when `at` is negative."""

    score: float = 0.0
    at: int = -1
    recurrence: Recurrence = Recurrence.NONE
    consistency: float = 0.0


_SCALES = (Scale(600.0, 300.0), Scale(3_600.0, 1_800.0))
_PERIODS = ((Recurrence.DAY, DAY_SECONDS, 14, 3), (Recurrence.HOUR, HOUR_SECONDS, 24, 6))


def to_grid(trace: Trace) -> tuple[float, float, FloatArray]:
    """Average a trace onto a regular grid; cells without rows are NaN.

    Returns the grid's start, its step in seconds, and the values.
    """
    step = max(_FINEST_GRID_SECONDS, trace.step_seconds)
    start = float(np.floor(trace.begins_at / step) * step)
    cells = ((trace.times - start) / step).astype(np.int64)
    sums = np.bincount(cells, weights=trace.values)
    counts = np.bincount(cells)
    grid = np.full(len(sums), np.nan)
    np.divide(sums, counts, out=grid, where=counts > 0)
    return start, step, grid


def _window_means(grid: FloatArray, width: int) -> tuple[FloatArray, FloatArray]:
    """Return for each cell the mean of the `width` cells before it, and of those from it on."""
    known = np.isfinite(grid)
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, grid, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    means = np.full(len(grid) + 1, np.nan)
    if len(grid) >= width:
        number = counts[width:] - counts[:-width]
        total = sums[width:] - sums[:-width]
        enough = number >= max(1, _VALID_SHARE * width)
        means[: len(total)] = np.where(enough, total / np.maximum(number, 1), np.nan)
    after = means[: len(grid)]
    before = np.full(len(grid), np.nan)
    before[width:] = after[: len(grid) - width]
    return before, after


def _widened(values: FloatArray, reach: int) -> FloatArray:
    """Return for each cell the largest value within `reach` cells."""
    result = values.copy()
    for shift in range(1, reach + 1):
        result[shift:] = np.fmax(result[shift:], values[:-shift])
        result[:-shift] = np.fmax(result[:-shift], values[shift:])
    return result


def _recurring(
    rise: FloatArray, nearby: FloatArray, period: int, most: int, fewest: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return for each cell over how many periods, how consistently and how large its rise came before."""
    known = np.zeros(len(rise))
    hits = np.zeros(len(rise))
    earlier = np.full((most, len(rise)), np.nan)
    for back in range(1, most + 1):
        shift = back * period
        if shift >= len(rise):
            break
        past = np.full(len(rise), np.nan)
        past[shift:] = nearby[:-shift]
        known += np.isfinite(past)
        hits += past >= _HIT_SHARE * rise
        earlier[back - 1] = past
    consistency = np.where(known >= fewest, hits / np.maximum(known, 1), 0.0)
    typical = np.zeros(len(rise))
    worth = consistency >= _CONSISTENCY
    if worth.any():
        typical[worth] = np.nanmedian(earlier[:, worth], axis=0)
    return known, consistency, np.minimum(np.maximum(typical, 0.0), rise)


def _divergence(share: FloatArray, chance: FloatArray) -> FloatArray:
    """Return the Kullback-Leibler divergence of two shares, in nats.

    Times the number of periods, it bounds the probability that chance alone does as well (Chernoff):
    exp(-number * divergence). Thousands of places are looked at, so that has to be small.
    """
    tiny = 1e-6
    p, q = np.clip(share, tiny, 1 - tiny), np.clip(chance, tiny, 1 - tiny)
    return np.asarray(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))


def _reach_weight(cells: int, step: float) -> FloatArray:
    """Weigh candidates by the history behind and the future ahead of them."""
    at = np.arange(cells) * step
    history = np.minimum(at, HISTORY_DAYS * DAY_SECONDS) / (HISTORY_DAYS * DAY_SECONDS)
    ahead = cells * step - at
    future = np.minimum(ahead, DAY_SECONDS) / DAY_SECONDS
    return np.where(ahead >= _LEAST_FUTURE_SECONDS, history * np.sqrt(future), 0.0)


def _best_at_scale(grid: FloatArray, step: float, scale: Scale) -> _Best:
    width = max(2, round(scale.window_seconds / step))
    before, after = _window_means(grid, width)
    rise = after - before
    peak = float(np.nanquantile(grid, _PEAK_QUANTILE)) or 1.0
    nearby = _widened(rise, max(1, round(scale.tolerance_seconds / step)))
    spread = np.sort(nearby[np.isfinite(nearby)])
    reach = _reach_weight(len(grid), step)
    best = _Best()
    for recurrence, period_seconds, most, fewest in _PERIODS:
        period = round(period_seconds / step)
        known, consistency, typical = _recurring(rise, nearby, period, most, fewest)
        chance = 1.0 - np.searchsorted(spread, _HIT_SHARE * rise) / max(len(spread), 1)
        relative = typical / (np.abs(before) + 0.05 * peak)
        score = typical / peak * relative / (1.0 + relative) * (consistency - chance) * reach
        eligible = (typical >= _SMALLEST_RISE * peak) & (consistency >= _CONSISTENCY)
        eligible &= (consistency - chance >= _LIFT) & np.isfinite(score)
        eligible &= known * _divergence(consistency, chance) >= _EVIDENCE
        score = np.where(eligible, score, 0.0)
        at = int(np.argmax(score))
        if score[at] > best.score:
            best = _Best(float(score[at]), at, recurrence, float(consistency[at]))
    return best


def _largest(grid: FloatArray, step: float) -> int:
    """Return where the largest rise is, with some history behind it and some future ahead."""
    width = max(2, round(_SCALES[0].window_seconds / step))
    before, after = _window_means(grid, width)
    weighted = np.nan_to_num((after - before) * np.sqrt(_reach_weight(len(grid), step)), nan=-np.inf)
    at = int(np.argmax(weighted))
    return at if np.isfinite(weighted[at]) and weighted[at] > 0 else len(grid) // 2


def find_rise(trace: Trace) -> Rise:
    """Find the rise to place a trace by; one that does not recur only when none does."""
    start, step, grid = to_grid(trace)
    sharp, slow = (_best_at_scale(grid, step, scale) for scale in _SCALES)
    prefer_sharp = sharp.at >= 0 and sharp.score >= _SHARP_SHARE * slow.score
    scale, best = (_SCALES[0], sharp) if prefer_sharp else (_SCALES[1], slow)
    if best.at < 0:
        scale, best = _SCALES[0], _Best(at=_largest(grid, step))
    before, after = _window_means(grid, max(2, round(scale.window_seconds / step)))
    return Rise(
        max(start + best.at * step - trace.step_seconds, trace.begins_at),
        float(np.nan_to_num(before[best.at])),
        float(np.nan_to_num(after[best.at])),
        best.recurrence,
        best.consistency,
    )


def choose_scale(trace: Trace, rise: Rise, request_cores: float) -> float:
    """Return cores per unit of the trace, such that its peak around the placed time needs about ten pods.

    A pod is counted as used at 80 % of its CPU request. Where the rise is small beside the peak, the peak
    needs twelve, so that the rise is still more than a pod.
    """
    near = (trace.times >= rise.at - HISTORY_DAYS * DAY_SECONDS) & (trace.times <= rise.at + DAY_SECONDS)
    values = trace.values[near] if near.any() else trace.values
    peak = max(float(np.quantile(values, _PEAK_QUANTILE)), rise.after) or float(values.max()) or 1.0
    small = rise.after / peak * _PODS_AT_PEAK < _PODS_AFTER_RISE
    pods = _MOST_PODS_AT_PEAK if small else _PODS_AT_PEAK
    return pods * request_cores * _TARGET_UTILIZATION / peak
