"""What would have been said at every minute of the past: the forecast half of a backtest.

The models are fitted anew as the past goes on, each on what was known then, and asked for every minute until the next
fit. Nothing here sees the future, so a replay on top of it is as honest as its simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.window_features import DAY_MINUTES
from ai4k8s_forecaster.domain.window_maximum import (
    LEVELS,
    MINIMUM_HISTORY_DAYS,
    TRAINING_DAYS,
    fit_window_model,
    predict_minutes,
    skilled,
)

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray

REFIT_MINUTES = DAY_MINUTES
#: Lags reach a week beyond the training days.
_FIT_MINUTES = 2 * TRAINING_DAYS * DAY_MINUTES
_SHORTEST_FIT_MINUTES = round(MINIMUM_HISTORY_DAYS * DAY_MINUTES)


@dataclass(frozen=True)
class Hindcast:
    """F_q of one series at every minute.

    Attributes:
        levels: the q.
        values: ``[minutes, levels]`` in pods; what was said once that minute was known; NaN where nothing was.
        usable: ``[minutes]`` whether it would have set a floor.
        skill: of the newest model; 0 without one.
    """

    levels: FloatArray
    values: FloatArray
    usable: BoolArray
    skill: float


def hindcast(
    demand: FloatArray, horizon_minutes: int, *, first: int = 0, refit_minutes: int = REFIT_MINUTES
) -> Hindcast:
    """Forecast every minute of ``demand`` from what came before it.

    Args:
        demand: ``[minutes]`` in units of one pod's request, NaN where not measured.
        horizon_minutes: length of the window whose maximum is foreseen.
        first: minutes before this one only serve to learn from.
        refit_minutes: how long a model is used; the running forecaster fits anew every six hours, so a day is
            unkind to it and four times as fast.
    """
    values = np.full((demand.size, LEVELS.size), np.nan)
    usable = np.zeros(demand.size, np.bool_)
    begin = int(np.argmax(np.isfinite(demand))) if np.isfinite(demand).any() else demand.size
    skill = 0.0
    for start in range(max(first, begin + _SHORTEST_FIT_MINUTES), demand.size, refit_minutes):
        stop = min(start + refit_minutes, demand.size)
        model = fit_window_model(demand[None, max(begin, start - _FIT_MINUTES) : start], start - 1, horizon_minutes)
        past = demand[None, max(0, start - 8 * DAY_MINUTES) : stop]
        said = predict_minutes(model, past, stop - 1, stop - start)[0]
        values[start:stop] = said
        usable[start:stop] = bool(skilled(model)[0]) & np.isfinite(said).all(axis=1)
        skill = float(model.skill[0])
    return Hindcast(LEVELS, values, usable, skill)
