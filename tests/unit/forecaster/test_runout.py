"""When something runs out: growth that is real, growth that is chance, and how far ahead anything is said."""

from __future__ import annotations

import numpy as np
import pytest

from ai4k8s_forecaster.domain.capacity_words import Outlook, outlook_sentence
from ai4k8s_forecaster.domain.runout import growth_of, run_out


def series(days: int, slope: float, noise: float = 1.0, start: float = 100.0) -> np.ndarray:
    scatter = np.random.default_rng(days).normal(0, noise, days)
    return (start + slope * np.arange(days) + scatter)[None, :]


def test_steady_growth_reaches_its_limit_when_the_line_does():
    growth = growth_of(series(28, 2.0))
    assert growth.slope[0] == pytest.approx(2.0, abs=0.1)
    ahead = run_out(growth, np.array([194.0]))
    assert ahead.expected[0] == pytest.approx(20, abs=2)
    assert ahead.earliest[0] < ahead.expected[0] < ahead.latest[0]


def test_scatter_is_no_growth_and_one_odd_day_is_none_either():
    flat = series(28, 0.0, noise=5.0)
    flat[0, 27] = 400.0
    growth = growth_of(flat)
    assert not growth.is_real[0]
    assert np.isnan(run_out(growth, np.array([150.0])).expected[0])


def test_nothing_is_said_with_less_than_a_week_nor_further_than_twice_the_past():
    assert np.isnan(growth_of(series(6, 5.0)).slope[0])
    ahead = run_out(growth_of(series(10, 2.0, noise=0.1)), np.array([1000.0]))
    assert ahead.reach[0] == 20
    assert np.isnan([ahead.expected[0], ahead.earliest[0], ahead.latest[0]]).all()


def test_gaps_are_days_that_were_not_and_do_not_move_the_line():
    whole = series(28, 2.0)
    gaps = whole.copy()
    gaps[0, 5:9] = np.nan
    assert growth_of(gaps).slope[0] == pytest.approx(growth_of(whole).slope[0], abs=0.1)
    assert growth_of(gaps).days[0] == 24


def test_a_series_is_judged_the_same_whatever_stands_beside_it():
    beside = np.vstack([series(28, 2.0), np.full((1, 28), np.nan), series(28, -1.0)])
    together, alone = growth_of(beside), growth_of(beside[:1])
    assert (together.slope[0], together.slope_high[0]) == (alone.slope[0], alone.slope_high[0])


def test_what_is_full_has_run_out():
    ahead = run_out(growth_of(series(14, 0.0)), np.array([90.0]))
    assert ahead.expected[0] == 0


@pytest.mark.parametrize(
    ("values", "ending"),
    [
        ({"used": 200.0}, "There is no room left."),
        ({"growth": None}, "No growth beyond chance in 14 days."),
        ({"expected": 20.0, "earliest": 12.0, "latest": 31.0}, "It runs out in 20 days; between 12 days and 31 days with 80 % confidence."),
        ({}, "It does not run out within the 28 days that 14 days of history can tell."),
    ],
)  # fmt: skip
def test_the_sentence_tells_how_full_and_how_certain(values: dict[str, float | None], ending: str):
    usual: dict[str, float | None] = {"used": 50.0, "growth": 1.0, "expected": None, "earliest": None, "latest": None}
    outlook = Outlook("quota", "shop/pods", "pods", limit=100.0, days=14, reach=28.0, **{**usual, **values})
    assert outlook_sentence(outlook, "").endswith(ending)
