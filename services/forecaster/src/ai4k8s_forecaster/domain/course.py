"""Values over time of which either everything or only a few moments are wanted.

Learning looks at a week of minutes, foreseeing at one; yet both must see the same inputs. A course is computed as a
whole once where most of it is needed, and otherwise only around the moments asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import FloatArray, Rows, lagged

if TYPE_CHECKING:
    from collections.abc import Callable

#: Share of a course from which computing all of it costs less than computing it around each lag.
_MOST = 0.1


class Course(ABC):
    """``[series, time]``, measured or derived."""

    def __init__(self, shape: tuple[int, int], *, as_a_whole: bool) -> None:
        self.series, self.width = shape
        self.as_a_whole = as_a_whole

    @abstractmethod
    def columns(self, first: int, last: int) -> FloatArray:
        """``[series, last - first]``; both within the course."""

    def derive(self, function: Callable[[FloatArray], FloatArray], before: int, after: int = 0) -> Course:
        """A course whose value at t is computed from this one's between ``t - before`` and ``t + after``."""
        return _Derived(self, function, before, after)

    def at(self, lag: int, rows: Rows) -> FloatArray:
        """``[series, rows]`` as they were ``lag`` steps before each row; NaN where the course does not reach."""
        first, last = max(rows.start - lag, 0), min(rows.stop - lag, self.width)
        if first >= last:
            return np.full((self.series, rows.size), np.nan)
        return lagged(self.columns(first, last), lag, Rows(rows.start - first, rows.stop - first))


class Measured(Course):
    """What was measured.

    Args:
        values: ``[series, time]``.
        rows: the time indices that will be asked for (with lags); decides how derived courses are computed.
    """

    def __init__(self, values: FloatArray, rows: Rows) -> None:
        series, width = values.shape
        super().__init__((series, width), as_a_whole=rows.size > _MOST * width)
        self._values = values

    def columns(self, first: int, last: int) -> FloatArray:
        """A view."""
        return self._values[:, first:last]


class _Derived(Course):
    def __init__(self, source: Course, function: Callable[[FloatArray], FloatArray], before: int, after: int) -> None:
        super().__init__((source.series, source.width), as_a_whole=source.as_a_whole)
        self._source, self._function, self._before, self._after = source, function, before, after
        self._whole: FloatArray | None = None

    def columns(self, first: int, last: int) -> FloatArray:
        if not self.as_a_whole:
            return self._computed(first, last)
        if self._whole is None:
            self._whole = self._computed(0, self.width)
        return self._whole[:, first:last]

    def _computed(self, first: int, last: int) -> FloatArray:
        start, stop = max(first - self._before, 0), min(last + self._after, self.width)
        return self._function(self._source.columns(start, stop))[:, first - start : last - start]
