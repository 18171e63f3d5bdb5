"""Six hours ahead: honest about what it knows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ai4k8s_forecaster.domain.path import PATH_LEVELS, STEPS, forecast_path
from ai4k8s_forecaster.domain.status import HistoryState, Status, history_states
from ai4k8s_forecaster.domain.summary import Trend, summarise

DAY = 288
READY = HistoryState(Status.READY, "", 240.0)


def daily(days: float, seed: int = 5):
    rng = np.random.default_rng(seed)
    steps = np.arange(int(days * DAY))
    return (100 + 50 * np.sin(2 * np.pi * steps / DAY) + rng.normal(0, 4, steps.size))[None]


def test_a_daily_course_is_foreseen_better_than_by_repeating_yesterday():
    demand = daily(9)
    now = 8 * DAY
    path = forecast_path(demand[:, :now], [READY])
    truth = demand[0, now : now + STEPS]
    ours = np.abs(truth - path.values[0, 3]).mean()
    assert ours < np.abs(truth - demand[0, now - DAY : now - DAY + STEPS]).mean()
    assert path.skill[0] > 0


def test_intervals_hold_what_they_promise():
    demand = daily(14, seed=6)
    inside = []
    for now in range(9 * DAY, 13 * DAY, 144):
        values = forecast_path(demand[:, :now], [READY]).values[0]
        truth = demand[0, now : now + STEPS]
        inside.append(((truth >= values[0]) & (truth <= values[-1])).mean())
    assert 0.9 <= np.mean(inside) <= 0.99


def test_levels_do_not_cross_and_are_never_negative():
    values = forecast_path(np.maximum(daily(3) - 120, 0), [READY]).values[0]
    assert values.shape == (PATH_LEVELS.size, STEPS)
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values >= 0).all()


def test_the_future_is_never_looked_at():
    demand = daily(5)
    cut = 4 * DAY + 17
    changed = demand.copy()
    changed[:, cut:] = 9_999.0
    np.testing.assert_array_equal(
        forecast_path(demand[:, :cut], [READY]).values, forecast_path(changed[:, :cut], [READY]).values
    )


def test_a_series_gets_the_same_bits_in_any_company():
    batch = np.concatenate([daily(4, 1), daily(4, 2), daily(4, 3)])
    together = forecast_path(batch, [READY] * 3).values
    for index in range(3):
        alone = forecast_path(batch[index : index + 1], [READY]).values
        np.testing.assert_array_equal(alone[0], together[index])


@pytest.mark.parametrize("days", [1.0, 1.5, 2.5])
def test_a_day_of_history_is_enough_for_numbers(days):
    assert np.isfinite(forecast_path(daily(days), [READY]).values).all()


@pytest.mark.parametrize("demand", [np.zeros((1, 3 * DAY)), np.full((1, 3 * DAY), 7.0)], ids=["zeros", "constant"])
def test_constant_demand_is_foreseen_as_constant(demand):
    values = forecast_path(demand, [READY]).values[0]
    np.testing.assert_allclose(values[3], demand[0, 0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(values, demand[0, 0], rtol=0.01, atol=1e-6)


def test_without_history_there_are_no_numbers():
    state = HistoryState(Status.NOT_READY, "3 h of 24 h collected", 3.0)
    assert np.isnan(forecast_path(np.full((1, DAY), 5.0), [state]).values).all()
    assert np.isnan(forecast_path(np.full((1, 1), 5.0), [state]).values).all()


def test_gaps_in_the_past_do_not_silence_the_forecast():
    demand = daily(6)
    demand[:, 2 * DAY : 2 * DAY + 40] = np.nan
    assert np.isfinite(forecast_path(demand, [READY]).values).all()


def test_states_say_how_much_is_missing():
    young = np.full((1, 10 * DAY), np.nan)
    young[:, -36:] = 1.0
    assert history_states(young, 300)[0] == HistoryState(Status.NOT_READY, "3 h of 24 h collected", 3.0)
    late = daily(3)
    late[:, -8:] = np.nan
    assert history_states(late, 300)[0].detail == "gap of 40 min"
    assert history_states(daily(3), 300)[0].status is Status.READY
    assert READY.judged_by(-0.1).detail == "no skill over naive"
    assert history_states(np.full((1, 5), np.nan), 300)[0].status is Status.NOT_READY


def test_the_sentence_says_how_many_pods_and_when():
    start = datetime(2026, 3, 29, 14, 0, tzinfo=UTC)
    path = np.full((PATH_LEVELS.size, STEPS), 250.0)
    path[:, 12] = 850.0
    summary = summarise(path, start, 300, request=100.0, ready_replicas=6)
    assert summary.sentence == "Will need 9 pods at 15:00 (6 now, too few from 15:00)."
    assert summary.trend is Trend.STABLE
    rising = np.linspace(100, 900, STEPS)[None] * np.ones((PATH_LEVELS.size, 1))
    assert summarise(rising, start, 300, request=None, ready_replicas=1).trend is Trend.INCREASING
    assert "as many as now" in summarise(path, start, 300, request=100.0, ready_replicas=9).sentence


def office_hours(days: int, change_day: int, moved_steps: int):
    """Work by local time; on one day clocks are put forward or back."""
    steps = np.arange(days * DAY)
    clock = steps + np.where(steps >= change_day * DAY, moved_steps, 0)
    busy = (clock % DAY >= 96) & (clock % DAY < 204)
    return (np.where(busy, 120.0, 30.0) + np.random.default_rng(3).normal(0, 4, steps.size))[None]


@pytest.mark.parametrize("moved", [12, -12])
def test_when_clocks_are_changed_it_errs_little_more_than_yesterday_and_has_learnt_it_in_two_days(moved):
    demand = office_hours(16, 12, moved)

    def against_yesterday(first: int) -> tuple[float, float]:
        ours, naive, inside = [], [], []
        for now in range(first, first + DAY, 24):
            values, truth = forecast_path(demand[:, :now], [READY]).values[0], demand[0, now : now + STEPS]
            ours.append(np.abs(values[3] - truth).mean())
            naive.append(np.abs(demand[0, now - DAY : now - DAY + STEPS] - truth).mean())
            inside.append(((truth >= values[0]) & (truth <= values[-1])).mean())
        return float(np.mean(ours) / np.mean(naive)), float(np.mean(inside))

    assert against_yesterday(12 * DAY + 12)[0] < 1.3
    ratio, inside = against_yesterday(14 * DAY)
    assert ratio < 1.2
    assert inside > 0.93
