"""The next six hours in five-minute steps, with intervals.

Two methods, by how much history there is: from 2.2 days on, experts weighed by their own record (`core.py`)
with intervals
from the same record (`intervals.py`); with less, a rule learnt from other workloads (`day_rule.py`). Nothing is said
about a past that was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.core import STEPS, CorePath, forecast_core
from ai4k8s_forecaster.domain.day_rule import forecast_from_a_day
from ai4k8s_forecaster.domain.intervals import core_bounds
from ai4k8s_forecaster.domain.levels import PATH_LEVELS, levels_around

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray
    from ai4k8s_forecaster.domain.shift import Shifts
    from ai4k8s_forecaster.domain.status import HistoryState

STEP_SECONDS = 300


@dataclass(frozen=True)
class PathForecast:
    """Six hours ahead, per series.

    Attributes:
        values: ``[series, levels, steps]``; NaN where nothing may be said.
        skill: ``[series]`` 1 - mean absolute error relative to the better of last value and same time
            yesterday; 0 where there is no record yet.
        judged: ``[series]`` number of past origins behind the skill and the intervals.
        shifts: changes of level that were taken into account.
    """

    values: FloatArray
    skill: FloatArray
    judged: IntArray
    shifts: Shifts


def forecast_path(
    demand: FloatArray, states: list[HistoryState], deployed_hours_ago: FloatArray | None = None
) -> PathForecast:
    """Foresee 72 five-minute means after the last one.

    Args:
        demand: ``[series, bins]`` five-minute means, newest last, NaN where not measured.
        states: per series; only those that are ready or without skill so far are forecast.
        deployed_hours_ago: ``[series]`` age of the newest known change of each workload; NaN where none is known.
    """
    allowed = np.array([state.may_forecast for state in states], dtype=np.bool_)
    core = forecast_core(demand, deployed_hours_ago)
    point, bounds = core.point, core_bounds(demand, core.errors)
    young = np.flatnonzero(allowed & ~np.isfinite(point).all(axis=1))
    if young.size:
        point[young], bounds[young] = forecast_from_a_day(demand[young])
    values = np.where(allowed[:, None, None], levels_around(point, bounds), np.nan)
    return PathForecast(values, _skill(core), np.isfinite(core.errors).any(axis=2).sum(axis=1), core.shifts)


def _skill(core: CorePath) -> FloatArray:
    """How much better than the better of two naive forecasts, over the origins that can be judged."""
    known = np.isfinite(core.errors) & np.isfinite(core.naive_errors).all(axis=1)
    count = known.sum(axis=(1, 2))
    ours = np.where(known, np.abs(core.errors), 0.0).reshape(count.size, -1).sum(axis=1)
    both = np.where(known[:, None], np.abs(core.naive_errors), 0.0).reshape(count.size, 2, -1).sum(axis=2)
    naive = both.min(axis=1)
    compared = (count > 0) & (naive > 0)
    return np.where(
        compared, 1 - ours / np.where(compared, naive, 1.0), np.where((count > 0) & (ours > 0), -np.inf, 0.0)
    )


__all__ = ["PATH_LEVELS", "STEPS", "STEP_SECONDS", "PathForecast", "forecast_path"]
