"""How far a measurement is from everything that would explain it.

Three explanations are tried: the last hour, the same time on each of the seven days before (a little earlier or later
too), and the forecast made of both. What counts is the distance to the *nearest* one, because a peak that comes every
day, or a level that has lasted for an hour, is no news. It is measured in units of the forecast's own large errors:
the 98th percentile of the week before. All that is told about a moment uses nothing later than it.

Deviations are looked for in single five-minute means and in means over half an hour and two hours, so that a small
change that lasts is seen as well as a short large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ai4k8s_forecaster.domain.arrays import Rows, median
from ai4k8s_forecaster.domain.experts import DAY_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ai4k8s_forecaster.domain.arrays import FloatArray

#: Widths of the means that are looked at, in five-minute bins.
SCALES = (1, 6, 24)
#: Bins of the recent past that explain the present.
LEVEL_STEPS = 12
DAYS = 7
WEEK_STEPS = DAYS * DAY_STEPS
#: Share of the forecast's errors that count as ordinary.
TAIL = 0.98
#: How much earlier or later the same thing may have happened on another day.
_LEEWAY = {1: (0, 1, 2, 3, 6), 6: (0, 3), 24: (0, 12)}
#: A change below this share of the usual level is none.
_RELATIVE_FLOOR = 0.01


@dataclass(frozen=True)
class Deviation:
    """One width of mean, per series and moment.

    Attributes:
        value: ``[series, moments]`` mean of the last ``width`` bins; NaN where fewer than half were measured.
        level: mean (of single bins: median) of the hour before these.
        expected: forecast from the level and from the same time on earlier days.
        nearest: distance from the value to the nearest explanation.
    """

    value: FloatArray
    level: FloatArray
    expected: FloatArray
    nearest: FloatArray

    @property
    def residual(self) -> FloatArray:
        """``[series, moments]`` size of the forecast's error."""
        return np.abs(self.value - self.expected)


def deviations(values: FloatArray, width: int, rows: Rows) -> Deviation:
    """Compare means over ``width`` bins with what explains them.

    Args:
        values: ``[series, bins]`` five-minute means, NaN where not measured.
        width: one of ``SCALES``.
        rows: the moments (indices of bins) wanted; a moment's own bin is the last one used for it.
    """
    shifts = sorted({sign * steps for steps in _LEEWAY[width] for sign in (-1, 1)})
    most = max(shifts)
    value, level = _mean_and_level(values, width, rows)
    nearest, aligned = np.abs(value - level), []
    for then, then_level in _days_before(values, width, rows, most):
        for shift in shifts:
            nearest = np.fmin(nearest, np.abs(value - then[:, most + shift : most + shift + rows.size]))
        at = slice(most, most + rows.size)
        aligned.append(then[:, at] + (level - then_level[:, at]))
    seasonal = median(np.stack(aligned))
    expected = np.where(np.isfinite(seasonal), 0.5 * (seasonal + level), level)
    return Deviation(value, level, expected, nearest)


def ordinary_error(residuals: FloatArray | NDArray[np.float32]) -> FloatArray:
    """The 98th percentile of each series' past residuals ``[series, bins]``; NaN where none is known."""
    count = np.isfinite(residuals).sum(axis=1)
    ordered = np.sort(np.where(np.isfinite(residuals), residuals, -np.inf), axis=1)
    rank = residuals.shape[1] - count + np.ceil(TAIL * np.maximum(count - 1, 0)).astype(np.int64)
    found = np.take_along_axis(ordered, np.minimum(rank, residuals.shape[1] - 1)[:, None], axis=1)[:, 0]
    return np.where(count > 0, found, np.nan)


def unit_of(ordinary: FloatArray, usual_level: FloatArray, floor: float) -> FloatArray:
    """What a distance is measured in: the ordinary error, and never less than what anybody would care about.

    Args:
        ordinary: ``[series]`` from ``ordinary_error``.
        usual_level: ``[series]`` mean size of the values over the last week.
        floor: smallest change worth a word, in the unit of the values.
    """
    return ordinary + np.maximum(_RELATIVE_FLOOR * np.abs(usual_level), max(floor, 1e-9))


def _days_before(values: FloatArray, width: int, rows: Rows, leeway: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Means and levels of the same rows, and ``leeway`` more on both sides, on each day before."""
    wanted = [
        Rows(rows.start - day * DAY_STEPS - leeway, rows.stop - day * DAY_STEPS + leeway) for day in range(1, DAYS + 1)
    ]
    if rows.size < DAY_STEPS:
        yield from (_mean_and_level(values, width, one) for one in wanted)
        return
    # The days overlap: once for all of them.
    first = wanted[-1].start
    value, level = _mean_and_level(values, width, Rows(first, wanted[0].stop))
    yield from (
        (value[:, one.start - first : one.stop - first], level[:, one.start - first : one.stop - first])
        for one in wanted
    )


def _mean_and_level(values: FloatArray, width: int, rows: Rows) -> tuple[FloatArray, FloatArray]:
    """Means of ``width`` bins ending at each row, and of the hour before them."""
    block = _columns(values, rows.start - width - LEVEL_STEPS + 1, rows.stop)
    value = _window_mean(block[:, LEVEL_STEPS:], width)
    before = sliding_window_view(block[:, : block.shape[1] - width], LEVEL_STEPS, axis=1)
    level = _window_median(before) if width == 1 else _window_mean(block[:, : block.shape[1] - width], LEVEL_STEPS)
    return value, level


def _columns(values: FloatArray, start: int, stop: int) -> FloatArray:
    """Columns ``start`` to ``stop``, NaN outside of the array."""
    out = np.full((values.shape[0], stop - start), np.nan)
    first, last = max(start, 0), min(stop, values.shape[1])
    if first < last:
        out[:, first - start : last - start] = values[:, first:last]
    return out


def _window_mean(values: FloatArray, width: int) -> FloatArray:
    """Means of ``width`` neighbours, each summed for itself so that no bit depends on how many were asked for."""
    if width == 1:
        return values
    present = np.isfinite(values)
    filled = np.where(present, values, 0.0)
    size = values.shape[1] - width + 1
    total, count = np.zeros((values.shape[0], size)), np.zeros((values.shape[0], size))
    for offset in range(width):
        total += filled[:, offset : offset + size]
        count += present[:, offset : offset + size]
    return np.where(count >= width / 2, total / np.maximum(count, 1.0), np.nan)


def _window_median(windows: FloatArray) -> FloatArray:
    """Medians over the last axis, missing values left out."""
    return median(np.moveaxis(windows, -1, 0))
