"""Samples become grids; what was not measured stays unmeasured."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_forecaster.domain.grid import Grid, bin_samples, coarsen, held_between_samples

START = 1_800_000_000.0 - 1_800_000_000.0 % 300


def grid_of(at, values, *, now, bins=10, step=60, saturated=None, series=None, n_series=1) -> Grid:
    at = np.asarray(at, dtype=np.float64)
    return bin_samples(
        series=np.zeros(at.size, np.int64) if series is None else np.asarray(series),
        at=at,
        values=np.asarray(values, dtype=np.float64),
        saturated=np.zeros(at.size, np.bool_) if saturated is None else np.asarray(saturated),
        n_series=n_series,
        now=now,
        bins=bins,
        step_seconds=step,
    )


def test_samples_of_a_minute_are_averaged_and_the_last_bin_holds_now():
    grid = grid_of([START, START + 15, START + 61], [2.0, 4.0, 7.0], now=START + 70, bins=3)
    np.testing.assert_array_equal(grid.values, [[np.nan, 3.0, 7.0]])
    assert grid.end_at == START + 120


def test_bins_lie_on_whole_minutes_whatever_second_it_is():
    early = grid_of([START + 5], [1.0], now=START + 6)
    late = grid_of([START + 5], [1.0], now=START + 59)
    assert early.first_bin == late.first_bin
    np.testing.assert_array_equal(early.values, late.values)


def test_invalid_and_future_samples_are_left_out():
    at = [START, START + 1, START + 2, START + 3, START + 4, START + 50]
    grid = grid_of(at, [np.nan, np.inf, -1.0, -np.inf, 5.0, 100.0], now=START + 10, bins=1)
    np.testing.assert_array_equal(grid.values, [[5.0]])


def test_a_gap_stays_a_gap():
    grid = grid_of([START, START + 540], [1.0, 2.0], now=START + 545, bins=10)
    assert np.isnan(grid.values[0, 1:9]).all()


def test_saturated_samples_are_lower_bounds():
    grid = grid_of([START, START + 30], [2.0, 6.0], now=START + 40, bins=1, saturated=[False, True])
    assert grid.values[0, 0] == 6.0
    assert grid.saturated[0, 0]


def test_series_do_not_mix():
    grid = grid_of([START, START], [1.0, 9.0], now=START, bins=1, series=[1, 0], n_series=2)
    np.testing.assert_array_equal(grid.values, [[9.0], [1.0]])


def test_coarser_bins_lie_on_their_own_multiples():
    minutes = grid_of([START + 60 * k for k in range(12)], np.arange(12.0), now=START + 660, bins=12)
    shifted = Grid(minutes.first_bin + 2, 60, minutes.values[:, 2:], minutes.saturated[:, 2:])
    wide = coarsen(shifted, 5)
    assert wide.first_bin * 300 == START + 300
    np.testing.assert_allclose(wide.values, [[7.0, 10.5]])


def test_a_five_minute_scrape_fills_its_own_interval_but_not_an_outage():
    at = [START, START + 300, START + 600, START + 3000]
    grid = held_between_samples(grid_of(at, [1.0, 2.0, 3.0, 4.0], now=START + 3000, bins=51))
    np.testing.assert_array_equal(grid.values[0, 5:15], [2.0] * 5 + [3.0] * 5)
    assert np.isnan(grid.values[0, 15:50]).all()


def test_no_samples_make_an_empty_grid():
    assert np.isnan(grid_of([], [], now=START).values).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-500, 1500), st.floats(allow_nan=True, allow_infinity=True)), max_size=30))
def test_any_sample_is_binned_or_left_out(samples):
    grid = grid_of([START + at for at, _ in samples], [value for _, value in samples], now=START + 600)
    known = grid.values[np.isfinite(grid.values)]
    assert (known >= 0).all()


def test_a_clock_that_jumped_ahead_and_was_set_back_leaves_no_sample_of_the_future_behind():
    now = START + 599
    ahead = now + 3600
    grid = grid_of(
        [START + 60, START + 120, ahead, ahead + 15, START + 300, START + 300], [1, 2, 9e9, 9e9, 3, 5], now=now
    )
    assert grid.last_bin == now // 60
    assert np.nanmax(grid.values) == 4
    assert np.isfinite(grid.values).sum() == 3
