"""The maximum over the lead time: foreseen where it recurs, calibrated, and blind to the future."""

from __future__ import annotations

import numpy as np
import pytest

from ai4k8s_forecaster.domain.window_batch import fit_windows, follow_windows
from ai4k8s_forecaster.domain.window_maximum import LEVELS, WindowModel, fit_window_model, follow_window, predict_window
from tests.unit.forecaster.series import DAY, daily_job, hourly_job, noise

LAST = 30_000_000
HORIZON = 3
Q95 = int(np.argmin(np.abs(LEVELS - 0.95)))


def quantile_at(demand, minute: int, level: int = Q95, horizon: int = HORIZON) -> float:
    """F_q at a minute, fitted on all before it."""
    model = fit_window_model(demand[:, : minute + 1], LAST, horizon)
    return float(predict_window(model, demand[:, : minute + 1], LAST).values[0, level])


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_a_daily_jump_is_foreseen_before_it_comes(ahead):
    demand = daily_job(6)
    onset = 5 * DAY + 600
    assert quantile_at(demand, onset - ahead) > 8.0


def test_before_the_lead_time_nothing_is_bought():
    demand = daily_job(6)
    onset = 5 * DAY + 600
    assert quantile_at(demand, onset - 30) < 5.0


def test_an_hourly_job_is_foreseen_from_its_minute_of_the_hour():
    demand = hourly_job(3)
    onset = 2 * DAY + 12 * 60 + 20
    assert quantile_at(demand, onset - 2) > 7.0
    assert quantile_at(demand, onset - 20) < 4.0


def test_upper_quantiles_cover_what_they_promise_on_days_not_learnt_from():
    demand = daily_job(8, seed=11)
    fitted = 6 * DAY
    model = fit_window_model(demand[:, :fitted], LAST, HORIZON)
    covered = []
    for minute in range(fitted, fitted + 360, 3):
        forecast = predict_window(model, demand[:, : minute + 1], LAST + minute + 1 - fitted)
        covered.append(demand[0, minute + 1 : minute + 1 + HORIZON].max() <= forecast.values[0])
    assert 0.88 <= np.mean(covered, axis=0)[Q95] <= 1.0


def test_randomising_the_future_leaves_the_forecast_bit_identical():
    demand = daily_job(4)
    cut = 3 * DAY + 100
    changed = demand.copy()
    changed[:, cut:] = np.random.default_rng(0).uniform(0, 100, changed[:, cut:].shape)
    forecasts = []
    for series in (demand, changed):
        model = fit_window_model(series[:, :cut], LAST, HORIZON)
        forecasts.append(predict_window(model, series[:, :cut], LAST).values)
    np.testing.assert_array_equal(forecasts[0], forecasts[1])


def test_a_series_gets_the_same_bits_in_any_company_and_order():
    batch = np.concatenate([daily_job(3), hourly_job(3), noise(3)])
    together = follow_windows(fit_windows(batch, LAST, [3, 3, 3]), batch, LAST)[0]
    swapped = follow_windows(fit_windows(batch[::-1], LAST, [3, 3, 3]), batch[::-1], LAST)[0]
    for index in range(3):
        alone = batch[index : index + 1]
        single = follow_windows(fit_windows(alone, LAST, [3]), alone, LAST)[0][0]
        np.testing.assert_array_equal(single.values, together[index].values)
        np.testing.assert_array_equal(single.values, swapped[2 - index].values)


def test_state_survives_storage():
    demand = daily_job(3)
    model = fit_window_model(demand, LAST, HORIZON)
    restored = WindowModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(
        predict_window(model, demand, LAST).values, predict_window(restored, demand, LAST).values
    )


def test_workloads_of_different_lead_times_and_histories_share_a_batch():
    young = daily_job(4)
    young[:, : 2 * DAY] = np.nan
    batch = np.concatenate([daily_job(4), young, np.full((1, 4 * DAY), np.nan)])
    answers = follow_windows(fit_windows(batch, LAST, [3, 4, 3]), batch, LAST)[0]
    assert answers[0].usable[0]
    assert answers[1].horizon_minutes == 4
    assert np.isfinite(answers[1].values).all()
    assert not answers[2].usable[0]


def test_under_a_day_and_three_quarters_there_is_no_floor():
    demand = daily_job(1.5)
    assert not predict_window(fit_window_model(demand, LAST, HORIZON), demand, LAST).usable[0]


@pytest.mark.parametrize(
    "demand",
    [
        np.zeros((1, 3 * DAY)),
        np.full((1, 3 * DAY), 4.0),
        np.full((1, 3 * DAY), np.nan),
        np.array([[2.0]]),
        np.where(np.arange(3 * DAY) == 77, 3.0, np.nan)[None],
    ],
    ids=["zeros", "constant", "all NaN", "one point", "one point in three days"],
)
def test_degenerate_histories_neither_crash_nor_claim_skill(demand):
    forecast = predict_window(fit_window_model(demand, LAST, HORIZON), demand, LAST)
    assert not forecast.usable[0]


def test_gaps_are_skipped_and_do_not_poison_the_rest():
    demand = daily_job(5)
    demand[:, 2 * DAY : 2 * DAY + 300] = np.nan
    demand[:, ::97] = np.nan
    onset = 4 * DAY + 600
    assert quantile_at(demand, onset - 2) > 8.0


def test_when_the_newest_minutes_are_missing_nothing_is_said():
    demand = daily_job(4)
    demand[:, -30:] = np.nan
    assert not predict_window(fit_window_model(demand, LAST, HORIZON), demand, LAST).usable[0]


def test_quantiles_do_not_cross_and_stay_below_the_ceiling():
    demand = noise(4)
    values = predict_window(fit_window_model(demand, LAST, 15), demand, LAST).values[0]
    assert (np.diff(values) >= 0).all()
    assert values[-1] <= 1.2 * demand.max() + 1e-9


def test_a_model_that_goes_along_says_what_one_says_that_looks_back():
    history = np.concatenate([daily_job(9), daily_job(9, seed=8)])
    history[0, 5000::7] = np.nan
    fitted = history.shape[1] - 200
    model = followed = fit_window_model(history[:, :fitted], LAST, HORIZON)
    for ahead in (1, 2, 5, 60, 200):
        known, minute = history[:, : fitted + ahead], LAST + ahead
        forecast, followed = follow_window(followed, known, minute)
        np.testing.assert_allclose(forecast.values, predict_window(model, known, minute).values, rtol=1e-9)
