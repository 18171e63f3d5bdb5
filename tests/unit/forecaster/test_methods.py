"""What every method of forecasting owes, whatever it does inside."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ai4k8s_forecaster.domain.levels import MEDIAN, PATH_LEVELS
from ai4k8s_forecaster.domain.methods import (
    Calendar,
    PointMethod,
    UnknownMethodError,
    forecast_by_record,
    method,
    names,
)

DAY = 288
CALENDAR = Calendar(datetime(2026, 3, 1, tzinfo=UTC), 300)
SLOW = {"holt-winters", "stl", "auto-ets", "mstl", "theta", "prophet"}


def daily(days: int, series: int = 3, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    course = 200 + 100 * np.sin(2 * np.pi * np.arange(days * DAY) / DAY)
    return course + rng.normal(0, 5, (series, days * DAY))


def predict(name: str, history: np.ndarray) -> np.ndarray:
    return method(name).fit_predict(history, np.isfinite(history), CALENDAR)


def points(name: str):
    found = method(name)
    assert isinstance(found, PointMethod)
    return found.point


@pytest.mark.parametrize("name", [name for name in names() if name not in SLOW])
def test_quantiles_are_told_in_order_and_near_a_plain_day(name):
    history = daily(4, series=8)
    values = predict(name, history[:, :-72])
    assert values.shape == (8, PATH_LEVELS.size, 72)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values, axis=1) >= 0).all()
    if name != "last-value":
        assert np.abs(values[:, MEDIAN] - history[:, -72:]).mean() < 25


@pytest.mark.parametrize("name", sorted(SLOW & set(names())))
def test_methods_of_libraries_foresee_a_plain_day(name):
    history = daily(3, series=1)
    foreseen = points(name)(history[:, :-72], 72)
    assert np.abs(foreseen - history[:, -72:]).mean() < 40


@pytest.mark.parametrize("name", [name for name in names() if name not in SLOW])
def test_what_was_not_measured_is_not_looked_at_and_too_little_says_nothing(name):
    history = daily(4, series=8)
    mask = np.ones(history.shape, np.bool_)
    mask[:, 300:330] = False
    mask[2, :-100] = False
    changed = np.where(mask, history, 1e9)
    chosen = method(name)
    first, second = (chosen.fit_predict(given, mask, CALENDAR) for given in (history, changed))
    np.testing.assert_array_equal(first, second)
    assert np.isfinite(np.delete(first, 2, axis=0)).all()
    assert np.isnan(first[2]).all()


def test_of_several_methods_the_one_that_was_nearest_lately_is_believed():
    rng = np.random.default_rng(1)
    wandering = 500 + np.cumsum(rng.normal(0, 3, 4 * DAY))[None]
    history = np.concatenate([daily(4, series=1), wandering])
    chosen = [method("seasonal-naive"), method("last-value")]
    values, places = forecast_by_record(chosen, history, np.isfinite(history), CALENDAR)
    assert places.tolist() == [0, 1]
    np.testing.assert_array_equal(values[1], predict("last-value", history)[1])


def test_where_no_method_has_anything_to_say_none_is_made_to():
    values, places = forecast_by_record(
        [method("core"), method("last-value")], daily(4)[:, :20], np.ones((3, 20), np.bool_), CALENDAR
    )
    assert places.tolist() == [-1, -1, -1]
    assert np.isnan(values).all()


def test_a_point_method_gets_intervals_from_its_own_errors():
    history = daily(6)
    sure = PointMethod("sure", points("seasonal-naive"))
    noisy = PointMethod("noisy", lambda past, steps: sure.point(past, steps) + 40 * (-1.0) ** np.arange(steps))
    width = [one.fit_predict(history, np.isfinite(history), CALENDAR) for one in (sure, noisy)]
    assert (np.diff(width[1][:, [1, 5]], axis=1) > 1.5 * np.diff(width[0][:, [1, 5]], axis=1)).all()


@pytest.mark.parametrize(("name", "said"), [("corr", "there is no forecasting method 'corr'"), ("", "there is no")])
def test_a_method_that_is_none_is_refused_by_name(name, said):
    with pytest.raises(UnknownMethodError, match=said):
        method(name)


def test_a_method_without_its_library_says_which_one_is_missing(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UnknownMethodError, match="needs the Python package 'prophet'"):
        method("prophet")
