"""A level that changed for good is noticed, a peak that comes every day is not, and a deploy settles doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ai4k8s_forecaster.domain.core import forecast_core
from ai4k8s_forecaster.domain.medians import network_median

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

DAY, HOUR = 288, 12


def week(days: int = 14, seed: int = 3) -> FloatArray:
    steps = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(0, 1, steps.size)
    return (60 + 10 * np.sin(2 * np.pi * steps / DAY) + noise)[None]


def shifted(hours: int, height: float = 40.0) -> FloatArray:
    demand = week()
    demand[:, -hours * HOUR :] += height
    return demand


@pytest.mark.parametrize("hours", [2, 3, 6, 12, 18])
def test_a_lasting_step_is_found_at_its_age_and_height(hours):
    path = forecast_core(shifted(hours))
    assert path.shifts.age_hours[0] == hours
    assert path.shifts.height[0] == pytest.approx(40, abs=3)


def test_the_forecast_goes_on_at_the_new_level():
    truth = week(15)[0, 14 * DAY : 14 * DAY + 72] + 40
    error = np.abs(forecast_core(shifted(6)).point[0] - truth).mean()
    assert error < 6


def test_an_hour_old_jump_is_believed_only_where_a_deploy_explains_it():
    assert forecast_core(shifted(1)).shifts.age_hours[0] == 0
    told = forecast_core(shifted(1), np.array([1.0])).shifts
    assert (told.age_hours[0], told.trusted[0]) == (1, 1.0)
    assert forecast_core(shifted(1), np.array([9.0])).shifts.age_hours[0] == 0


def test_neither_a_steady_course_nor_a_daily_peak_is_a_shift():
    peak = week()
    for day in range(14):
        peak[:, day * DAY + 250 : (day + 1) * DAY] += 40
    assert forecast_core(np.concatenate([week(), peak])).shifts.age_hours.tolist() == [0, 0]


def test_a_week_is_too_little_to_tell_a_monday_from_a_shift():
    demand = shifted(6)[:, -7 * DAY :]
    assert forecast_core(demand).shifts.age_hours[0] == 0


@pytest.mark.parametrize("layers", range(1, 16))
def test_the_network_gives_the_median_with_any_number_missing(layers):
    rng = np.random.default_rng(layers)
    values = rng.normal(size=(layers, 40, 9))
    np.testing.assert_allclose(network_median(values), np.median(values, axis=0))
    values[rng.random(values.shape) < 0.4] = np.nan
    values[:, 0] = np.nan
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        wanted = np.nanmedian(values, axis=0)
    np.testing.assert_allclose(network_median(values), wanted)
