"""Functions over a range of samples, for many evaluation times at once.

`rate` and `increase` extrapolate to the borders of the range exactly as Prometheus does: to the border when
the first (last) sample is closer than 1.1 sample intervals, else by half an interval, and never below zero at
the start.
"""

import numpy as np

from ai4k8s_simcluster.prom.series import Series
from ai4k8s_simcluster.types import BoolArray, FloatArray, IntArray

_BORDER = 1.1

Evaluated = tuple[FloatArray, BoolArray]


def _clean(series: Series) -> tuple[IntArray, FloatArray]:
    """Return the samples without the markers of ends."""
    real = ~np.isnan(series.values)
    if real.all():
        return series.times, series.values
    return series.times[real], series.values[real]


def latest(series: Series, at: IntArray, lookback_ms: int) -> Evaluated:
    """Return the newest sample within the lookback, unless the series has ended since."""
    index = np.searchsorted(series.times, at, side="right") - 1
    inside = index >= 0
    safe = np.maximum(index, 0)
    values = series.values[safe] if len(series.values) else np.zeros(len(at))
    fresh = (series.times[safe] > at - lookback_ms) if len(series.times) else np.zeros(len(at), dtype=np.bool_)
    return values, inside & fresh & ~np.isnan(values)


def _window(times: IntArray, at: IntArray, range_ms: int) -> tuple[IntArray, IntArray]:
    """Return the first and the last sample of each range (open at its start, closed at its end)."""
    first = np.searchsorted(times, at - range_ms, side="right")
    last = np.searchsorted(times, at, side="right") - 1
    return first, last


def _increase(times: IntArray, values: FloatArray, at: IntArray, range_ms: int) -> Evaluated:
    first, last = _window(times, at, range_ms)
    present = last > first
    if not present.any():
        return np.zeros(len(at)), present
    drops = np.zeros(len(values))
    fell = values[1:] < values[:-1]
    drops[1:] = np.cumsum(np.where(fell, values[:-1], 0.0))
    head, tail = np.where(present, first, 0), np.where(present, last, 0)
    grown = values[tail] + drops[tail] - values[head] - drops[head]
    sampled = (times[tail] - times[head]) / 1000.0
    between = sampled / np.maximum(tail - head, 1)
    to_start = (times[head] - (at - range_ms)) / 1000.0
    to_end = (at - times[tail]) / 1000.0
    to_start = np.where(to_start >= between * _BORDER, between / 2, to_start)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_zero = np.where((grown > 0) & (values[head] >= 0), sampled * (values[head] / grown), np.inf)
        to_start = np.minimum(to_start, to_zero)
        to_end = np.where(to_end >= between * _BORDER, between / 2, to_end)
        result = grown * (sampled + to_start + to_end) / sampled
    return np.where(present, result, 0.0), present


def _instant_rate(times: IntArray, values: FloatArray, at: IntArray, range_ms: int) -> Evaluated:
    first, last = _window(times, at, range_ms)
    present = last > first
    tail = np.where(present, last, 1 if len(values) > 1 else 0)
    before = np.maximum(tail - 1, 0)
    grown = np.where(values[tail] < values[before], values[tail], values[tail] - values[before])
    seconds = np.maximum(times[tail] - times[before], 1) / 1000.0
    return grown / seconds, present


def _sums(times: IntArray, values: FloatArray, at: IntArray, range_ms: int) -> tuple[FloatArray, IntArray]:
    first, last = _window(times, at, range_ms)
    totals = np.concatenate(([0.0], np.cumsum(values)))
    return totals[last + 1] - totals[np.minimum(first, last + 1)], np.maximum(last + 1 - first, 0)


def _extremes(times: IntArray, values: FloatArray, at: IntArray, range_ms: int, *, largest: bool) -> Evaluated:
    """Return the extreme of each range, from tables of extremes over powers of two."""
    first, last = _window(times, at, range_ms)
    counts = last + 1 - first
    present = counts > 0
    result = np.zeros(len(at))
    pick = np.maximum if largest else np.minimum
    table, width = values, 1
    while present.any() and width <= int(counts.max()):
        chosen = present & (counts >= width) & (counts < 2 * width)
        if chosen.any():
            result[chosen] = pick(table[first[chosen]], table[last[chosen] + 1 - width])
        if len(table) > width:
            table = pick(table[:-width], table[width:])
        width *= 2
    return result, present


def evaluate(function: str, series: Series, at: IntArray, range_ms: int) -> Evaluated:
    """Apply a range function to one series at many times; returns values and where there is one."""
    times, values = _clean(series)
    if not len(times):
        return np.zeros(len(at)), np.zeros(len(at), dtype=np.bool_)
    match function:
        case "increase":
            return _increase(times, values, at, range_ms)
        case "rate":
            grown, present = _increase(times, values, at, range_ms)
            return grown / (range_ms / 1000.0), present
        case "irate":
            return _instant_rate(times, values, at, range_ms)
        case "max_over_time" | "min_over_time":
            return _extremes(times, values, at, range_ms, largest=function.startswith("max"))
    sums, counts = _sums(times, values, at, range_ms)
    present = counts > 0
    if function == "count_over_time":
        return counts.astype(np.float64), present
    if function == "avg_over_time":
        return sums / np.maximum(counts, 1), present
    return sums, present
