"""What a method of forecasting is, so that any can stand beside the others.

A method that only knows points gets intervals from the errors it would have made: it is run at earlier origins of the
same series, and its errors are made into bounds exactly as those of our own method are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ai4k8s_forecaster.domain.core import BACKTEST_ORIGINS, JUDGED_HORIZONS, MINIMUM_STEPS, STEPS
from ai4k8s_forecaster.domain.experts import DAY_STEPS, PHASE_STEPS
from ai4k8s_forecaster.domain.intervals import core_bounds
from ai4k8s_forecaster.domain.levels import levels_around

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Calendar:
    """When a history ends.

    Attributes:
        start_at: start of the first step to be foreseen.
        step_seconds: width of a step.
    """

    start_at: datetime
    step_seconds: int


class Method(Protocol):
    """One way to foresee the next six hours of many series."""

    @property
    def name(self) -> str:
        """Short, as a setting names it."""

    def fit_predict(self, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
        """``[series, levels, steps]`` at ``path.PATH_LEVELS``; NaN for a series that it has nothing to say of.

        Args:
            history: ``[series, bins]`` five-minute means, newest last; what stands where ``mask`` is false is noise.
            mask: ``[series, bins]`` whether a bin was measured.
            calendar: when it ends.
        """


@dataclass(frozen=True)
class PointMethod:
    """A method that only knows points.

    Attributes:
        name: as a setting names it.
        point: ``(history [series, bins] with NaN, steps) -> [series, steps]``.
        least_days: with less history it has nothing to say.
        origins: earlier origins, six hours apart, at which it is judged for its intervals.
    """

    name: str
    point: Callable[[FloatArray, int], FloatArray]
    least_days: float = 1.0
    origins: int = 12

    def fit_predict(self, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
        """See ``Method``."""
        del calendar
        demand = np.where(mask, history, np.nan)
        least = int(self.least_days * DAY_STEPS)
        out = np.full((demand.shape[0], 7, STEPS), np.nan)
        age = np.where(mask.any(axis=1), demand.shape[1] - np.argmax(mask, axis=1), 0)
        enough = np.flatnonzero(age >= least)
        if enough.size:
            known = demand[enough]
            out[enough] = levels_around(self.point(known, STEPS), core_bounds(known, self._errors(known, least)))
        return out

    def _errors(self, demand: FloatArray, least: int) -> FloatArray:
        errors = np.full((demand.shape[0], BACKTEST_ORIGINS, JUDGED_HORIZONS.size), np.nan)
        reach = (demand.shape[1] - max(least, MINIMUM_STEPS)) // PHASE_STEPS
        for origin in range(min(self.origins, reach, BACKTEST_ORIGINS)):
            stop = demand.shape[1] - PHASE_STEPS * (origin + 1)
            errors[:, origin] = (
                demand[:, stop - 1 + JUDGED_HORIZONS] - self.point(demand[:, :stop], STEPS)[:, JUDGED_HORIZONS - 1]
            )
        return errors


def filled(history: FloatArray) -> FloatArray:
    """Gaps closed by the value before, for methods that know no gaps; leading ones by the first value."""
    present = np.isfinite(history)
    index = np.maximum.accumulate(np.where(present, np.arange(history.shape[1]), -1), axis=1)
    first = np.argmax(present, axis=1)[:, None]
    return np.take_along_axis(history, np.where(index < 0, first, index), axis=1)


def one_by_one(fit: Callable[[FloatArray], FloatArray], history: FloatArray) -> FloatArray:
    """Apply a method that knows one series at a time; demand is never negative."""
    return np.array([np.maximum(fit(series), 0.0) for series in filled(history)])
