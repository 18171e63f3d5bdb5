"""How forecasts turned out: each is judged when its time has come, against what came and against two naive forecasts.

Judged are three distances that mean something to people: a quarter of an hour, an hour, and the whole six hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.grid import Grid

#: Steps ahead whose forecasts are judged: 15 min, 1 h, 6 h.
JUDGED_STEPS = (3, 12, 72)
#: History that judging needs: a day for the naive forecast, and the longest distance.
RECENT_STEPS = DAY_STEPS + max(JUDGED_STEPS) + 1


@dataclass(frozen=True)
class Verdicts:
    """One distance and one bin, per series; only where ``judged``.

    Attributes:
        judged: ``[series]`` whether there was a forecast and a measurement that tells the demand.
        absolute_error, last_value_error, yesterday_error: ``[series]`` in the unit of the demand; NaN where a naive
            forecast had nothing to go by.
        inside: ``[series, 3]`` within the 50, 80 and 95 % interval.
    """

    judged: BoolArray
    absolute_error: FloatArray
    last_value_error: FloatArray
    yesterday_error: FloatArray
    inside: BoolArray


def judge(recent: Grid, target_bin: int, steps: int, quantiles: FloatArray) -> Verdicts:
    """Judge what was said ``steps`` before a bin about it.

    Args:
        recent: demand on five-minute bins.
        target_bin: number of the bin, complete by now.
        steps: how far ahead it was foreseen.
        quantiles: ``[series, 7]`` at the levels of the published path; NaN where nothing was said.
    """
    actual, saturated = _at(recent, target_bin)
    # At its limit a workload uses less than it demands: nothing can be learnt from that.
    judged = np.isfinite(actual) & ~saturated & np.isfinite(quantiles).all(axis=1)
    last, _ = _at(recent, target_bin - steps)
    yesterday, _ = _at(recent, target_bin - DAY_STEPS)
    bounds = ((2, 4), (1, 5), (0, 6))
    with np.errstate(invalid="ignore"):
        inside = [(actual >= quantiles[:, low]) & (actual <= quantiles[:, high]) for low, high in bounds]
    return Verdicts(
        judged=judged,
        absolute_error=np.abs(actual - quantiles[:, 3]),
        last_value_error=np.abs(actual - last),
        yesterday_error=np.abs(actual - yesterday),
        inside=np.stack(inside, axis=1),
    )


def _at(grid: Grid, number: int) -> tuple[FloatArray, BoolArray]:
    column = number - grid.first_bin
    if 0 <= column < grid.values.shape[1]:
        return grid.values[:, column], grid.saturated[:, column]
    series = grid.values.shape[0]
    return np.full(series, np.nan), np.zeros(series, np.bool_)
