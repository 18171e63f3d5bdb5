"""Array idioms shared by the models: lags, windows and medians that treat a missing value as missing.

Every function works on ``[series, time]`` arrays at once and gives each series the same bits whatever stands beside
it, so that a forecast never depends on which other workloads a cluster has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """A half-open range of time indices for which something is computed."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many time indices the range holds."""
        return self.stop - self.start


def single_precision(values: FloatArray) -> FloatArray:
    """A copy that takes half the memory, for what is kept in large numbers; whatever is computed from it is not."""
    return values.astype(np.float32)


def lagged(values: FloatArray, lag: int, rows: Rows) -> FloatArray:
    """``values`` as they were ``lag`` steps before each row (NaN where history does not reach).

    Args:
        values: ``[series, time]``.
        lag: steps back; a negative lag looks forward and is only for targets.
        rows: the time indices wanted.
    """
    out = np.full((values.shape[0], rows.size), np.nan)
    start, stop = rows.start - lag, rows.stop - lag
    first, last = max(start, 0), min(stop, values.shape[1])
    if first < last:
        out[:, first - start : last - start] = values[:, first:last]
    return out


def trailing_mean(values: FloatArray, width: int) -> FloatArray:
    """Mean of the present values among the last ``width`` (this one included); NaN where none is present."""
    present = np.isfinite(values)
    total = _trailing_sum(np.where(present, values, 0.0), width)
    count = _trailing_sum(present.astype(np.float64), width)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def trailing_max(values: FloatArray, width: int) -> FloatArray:
    """Largest present value among the last ``width`` (this one included); NaN where none is present.

    Doubling the window log2(width) times costs far less than a strided view for wide windows.
    """
    out, covered = values.copy(), 1
    while covered < width:
        shift = min(covered, width - covered)
        out[:, shift:] = np.fmax(out[:, shift:], out[:, :-shift].copy()) if shift < out.shape[1] else out[:, shift:]
        covered += shift
    return out


def trailing_max_at(values: FloatArray, width: int, rows: Rows) -> FloatArray:
    """``trailing_max`` at some rows only: what all of their windows share is looked at once."""
    if rows.size >= width or rows.size == 0:
        return lagged(trailing_max(values, width), 0, rows)
    first, last = rows.start, rows.stop - 1
    shared = np.fmax.reduce(values[:, max(last - width + 1, 0) : first + 1], axis=1)
    out = np.repeat(shared[:, None], rows.size, axis=1)
    if rows.size > 1:
        newer = np.fmax.accumulate(values[:, first + 1 : last + 1], axis=1)
        out[:, 1:] = np.fmax(out[:, 1:], newer)
        older = values[:, max(first - width + 1, 0) : max(last - width + 1, 0)]
        if older.shape[1]:
            # The window of a row begins ``row - first`` columns into the older ones; short histories have fewer.
            left = np.fmax.accumulate(older[:, ::-1], axis=1)[:, ::-1]
            reach = np.arange(rows.size - 1) - (rows.size - 1 - older.shape[1])
            kept = np.flatnonzero(reach >= 0)
            out[:, : rows.size - 1][:, kept] = np.fmax(out[:, : rows.size - 1][:, kept], left[:, reach[kept]])
            short = np.flatnonzero(reach < 0)
            out[:, short] = np.fmax(out[:, short], left[:, :1])
    return out


def leading_max(values: FloatArray, width: int) -> FloatArray:
    """Largest of the **next** ``width`` values (this one excluded); NaN unless at least half of them are known."""
    rows = Rows(0, values.shape[1])
    peak = lagged(trailing_max(values, width), -width, rows)
    known = lagged(_trailing_sum(np.isfinite(values).astype(np.float64), width), -width, rows)
    return np.where(known >= (width + 1) // 2, peak, np.nan)


def median(stack: FloatArray) -> FloatArray:
    """Median over the first axis, missing values left out; NaN where all are missing."""
    ordered = np.sort(stack, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, stack.shape[0] - 1)[None], axis=0)[0]
    return np.where(count > 0, 0.5 * (low + high), np.nan)


def mean(stack: FloatArray) -> FloatArray:
    """Mean over the first axis, missing values left out; NaN where all are missing."""
    present = np.isfinite(stack)
    count = present.sum(axis=0)
    return np.where(count > 0, np.where(present, stack, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def row_mean(values: FloatArray) -> FloatArray:
    """Mean of the present values of each series ``[series, time]``; NaN where none is present."""
    present = np.isfinite(values)
    count = present.sum(axis=1)
    return np.where(count > 0, np.where(present, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def carried_forward(values: FloatArray, limit: int) -> FloatArray:
    """Missing values replaced by the last present one, at most ``limit`` steps old."""
    index = np.arange(values.shape[1])
    last = np.maximum.accumulate(np.where(np.isfinite(values), index, -1), axis=1)
    usable = (last >= 0) & (index - last <= limit)
    return np.where(usable, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan)


def _trailing_sum(values: FloatArray, width: int) -> FloatArray:
    total = np.cumsum(values, axis=1)
    out = total.copy()
    if width < values.shape[1]:
        out[:, width:] -= total[:, :-width]
    return out
