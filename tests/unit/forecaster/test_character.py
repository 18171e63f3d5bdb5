"""Rhythms count only when they foretell what they were not made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ai4k8s_forecaster.domain.character import Character, Rhythm, describe

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

DAY = 288
STEPS = np.arange(14 * DAY)


def noise(seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 1, STEPS.size)


def only(demand: FloatArray) -> Character:
    return describe(np.asarray(demand)[None])[0]


def test_a_daily_course_is_found_and_noise_is_not():
    assert set(only(20 + 5 * np.sin(2 * np.pi * STEPS / DAY) + noise()).rhythms) == {Rhythm.DAILY}
    assert only(20 + noise()).rhythms == {}


def test_quiet_weekends_are_a_weekly_rhythm():
    weekday = (STEPS // DAY) % 7 < 5
    found = only(20 + 5 * np.sin(2 * np.pi * STEPS / DAY) * np.where(weekday, 1, 0.2) + 6 * weekday + noise())
    assert Rhythm.WEEKLY in found.rhythms
    assert Rhythm.DAILY in found.rhythms


def test_a_job_at_a_minute_of_every_hour_is_hourly():
    job = np.where(STEPS % 12 == 4, 8.0, 0.0)
    assert set(only(20 + job + noise()).rhythms) == {Rhythm.HOURLY}


def test_growth_is_told_per_week_and_chance_is_not_growth():
    grown = only(100 + STEPS / DAY + noise())
    assert grown.growth_per_week == pytest.approx(7 / 107, rel=0.1)
    assert grown.growth_p_value is not None
    assert grown.growth_p_value < 0.001
    assert only(100 + noise(4)).growth_per_week is None


@pytest.mark.parametrize("steps", [1, 100, DAY, 2 * DAY])
def test_short_histories_have_no_character(steps):
    found = only((20 + 5 * np.sin(2 * np.pi * STEPS / DAY))[:steps])
    assert Rhythm.DAILY not in found.rhythms
    assert found.growth_per_week is None


def test_gaps_are_left_out_and_a_series_without_values_is_nothing():
    demand = 20 + 5 * np.sin(2 * np.pi * STEPS / DAY) + noise()
    demand[1000:1400] = np.nan
    assert Rhythm.DAILY in only(demand).rhythms
    empty = only(np.full(STEPS.size, np.nan))
    assert empty.rhythms == {}
    assert empty.growth_p_value is None


def test_spikes_are_counted_with_how_high_they_go_and_neither_noise_nor_a_course_nor_a_new_level_is_one():
    calm = 20 + 5 * np.sin(2 * np.pi * STEPS / DAY) + noise()
    assert only(calm).spikes is None
    assert only(calm + np.where(STEPS > 7 * DAY, 30.0, 0.0)).spikes is None
    spiky = calm.copy()
    begins = np.arange(60, STEPS.size, DAY // 2)  # twice a day, for ten minutes
    spiky[begins] *= 3.0
    spiky[begins + 1] *= 2.0
    found = only(spiky).spikes
    assert found is not None
    assert found.per_day == pytest.approx(2.0, abs=0.1)
    assert found.height == pytest.approx(3.0, rel=0.15)
    assert only(spiky[: 2 * DAY]).spikes is None
    gaps = np.where(STEPS % 7 == 0, np.nan, spiky)
    assert only(gaps).spikes is not None
