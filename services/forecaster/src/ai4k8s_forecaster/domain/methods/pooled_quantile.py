"""One model of quantiles for all series of a cluster: gradient boosting of scikit-learn on what a day looks like.

It learns from the series it is asked about, a few earlier origins of each, told relative to their own level and scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from ai4k8s_forecaster.domain.core import JUDGED_HORIZONS, STEPS
from ai4k8s_forecaster.domain.day_rule import day_inputs
from ai4k8s_forecaster.domain.experts import DAY_STEPS, PHASE_STEPS
from ai4k8s_forecaster.domain.levels import PATH_LEVELS

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.methods.base import Calendar

_ORIGINS = 16
_MOST_ROWS = 60_000
_LEAST_ROWS = 300


@dataclass(frozen=True)
class PooledQuantile:
    """Needs two days of some of the series to learn from, and a day of those it is asked about."""

    name: str = "pooled-quantile"

    def fit_predict(self, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
        """See ``Method``."""
        del calendar
        demand = np.where(mask, history, np.nan)
        out = np.full((demand.shape[0], PATH_LEVELS.size, STEPS), np.nan)
        inputs, goal = _examples(demand)
        age = np.where(mask.any(axis=1), demand.shape[1] - np.argmax(mask, axis=1), 0)
        asked = np.flatnonzero(age >= DAY_STEPS)
        if goal.size < _LEAST_ROWS or not asked.size:
            return out
        now, centre, scale = _inputs(demand[asked], np.arange(1, STEPS + 1))
        # One thread: workers share their machine, and OpenMP's threads that wait for one another do so at full speed.
        with threadpool_limits(1):
            for place, level in enumerate(PATH_LEVELS):
                model = HistGradientBoostingRegressor(
                    loss="quantile", quantile=float(level), max_iter=40, max_leaf_nodes=15, random_state=0
                ).fit(inputs, goal)
                said = model.predict(now.reshape(-1, now.shape[2])).reshape(asked.size, STEPS)
                out[asked, place] = np.maximum(said * scale[:, None] + centre[:, None], 0.0)
        return np.sort(out, axis=1)


def _examples(demand: FloatArray) -> tuple[FloatArray, FloatArray]:
    rows, goals = [], []
    reach = min((demand.shape[1] - DAY_STEPS) // PHASE_STEPS, _ORIGINS)
    for back in range(1, reach + 1):
        stop = demand.shape[1] - PHASE_STEPS * back
        inputs, centre, scale = _inputs(demand[:, stop - DAY_STEPS : stop], JUDGED_HORIZONS)
        goal = (demand[:, stop - 1 + JUDGED_HORIZONS] - centre[:, None]) / scale[:, None]
        known = np.isfinite(goal) & (np.isfinite(demand[:, stop - DAY_STEPS : stop]).mean(axis=1) > 0.5)[:, None]
        rows.append(inputs[known])
        goals.append(goal[known])
    if not rows:
        return np.empty((0, 1)), np.empty(0)
    every = max(sum(goal.size for goal in goals) // _MOST_ROWS, 1)
    return np.concatenate(rows)[::every], np.concatenate(goals)[::every]


def _inputs(
    day: FloatArray, horizons: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``[series, horizons, inputs]`` with the horizon itself as the last one, centre and scale."""
    seen = day_inputs(day)
    chosen = seen.inputs[:, horizons - 1]
    ahead = np.broadcast_to(horizons.astype(np.float64)[None, :, None], (*chosen.shape[:2], 1))
    return np.concatenate([chosen, ahead], axis=2), seen.centre, seen.scale
