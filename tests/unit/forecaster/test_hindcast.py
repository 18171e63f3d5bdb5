"""What would have been said in the past rests on nothing that came later."""

from __future__ import annotations

import numpy as np

from ai4k8s_forecaster.domain.hindcast import hindcast
from ai4k8s_forecaster.domain.window_features import DAY_MINUTES
from ai4k8s_forecaster.domain.window_maximum import fit_window_model, predict_window


def daily_demand(days: int) -> np.ndarray:
    """A daily course with noise and a jump at ten."""
    minute = np.arange(days * DAY_MINUTES)
    of_day = minute % DAY_MINUTES
    jump = np.where((of_day >= 600) & (of_day < 660), 6.0, 0.0)
    noise = np.random.default_rng(3).normal(0.0, 0.2, minute.size)
    demand: np.ndarray = 5.0 + 2.0 * np.sin(2 * np.pi * of_day / DAY_MINUTES) + jump + noise
    return demand


def test_each_minute_is_told_as_the_forecaster_would_have_told_it() -> None:
    demand = daily_demand(5)
    first = 3 * DAY_MINUTES
    told = hindcast(demand, 4, first=first)
    minute = first + 777
    model = fit_window_model(demand[None, :first], first - 1, 4)
    live = predict_window(model, demand[None, : minute + 1], minute)
    assert np.allclose(told.values[minute], live.values[0])
    assert told.usable[minute] == live.usable[0]


def test_the_future_changes_nothing_that_was_said_before() -> None:
    demand = daily_demand(4)
    changed = demand.copy()
    changed[3 * DAY_MINUTES + 500 :] *= 9.0
    first = 2 * DAY_MINUTES
    told, other = (hindcast(each, 4, first=first).values for each in (demand, changed))
    same = slice(first, 3 * DAY_MINUTES + 500)
    assert np.array_equal(told[same], other[same])
    assert np.isfinite(told[same]).all()


def test_before_there_is_enough_history_nothing_is_said() -> None:
    told = hindcast(daily_demand(3), 4)
    assert np.isnan(told.values[: round(1.75 * DAY_MINUTES)]).all()
    assert np.isfinite(told.values[round(1.75 * DAY_MINUTES) :]).all()
