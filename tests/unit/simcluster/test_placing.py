"""Where a trace is put in time: a rise that could be foreseen, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from ai4k8s_simcluster.load.placing import Recurrence, choose_scale, find_rise, to_grid
from ai4k8s_simcluster.load.traces import Trace

DAY = 86_400.0
HOUR = 3_600.0


def _trace(days: float, level, *, step: float = 60.0, noise: float = 0.02, seed: int = 3) -> Trace:
    times = np.arange(0.0, days * DAY, step)
    wobble = 1.0 + noise * np.random.default_rng(seed).standard_normal(len(times))
    return Trace(times, np.maximum(level(times) * wobble, 0.0), step)


def _every(period: float, phase: float, length: float, times):
    return (np.mod(times - phase, period) < length).astype(float)


def test_a_daily_rise_is_found_where_it_begins() -> None:
    trace = _trace(20, lambda t: 1.0 + 4.0 * _every(DAY, 9 * HOUR, 2 * HOUR, t))
    rise = find_rise(trace)
    assert rise.recurrence is Recurrence.DAY
    assert np.mod(rise.at, DAY) == pytest.approx(9 * HOUR, abs=180)
    assert rise.before == pytest.approx(1.0, rel=0.1)
    assert rise.after == pytest.approx(5.0, rel=0.1)


def test_as_much_history_lies_behind_as_is_kept_and_a_day_ahead() -> None:
    trace = _trace(20, lambda t: 1.0 + 4.0 * _every(DAY, 9 * HOUR, 2 * HOUR, t))
    rise = find_rise(trace)
    assert 14 * DAY <= rise.at <= 19 * DAY


def test_an_hourly_rise_is_found_where_there_is_no_daily_one() -> None:
    trace = _trace(2, lambda t: 1.0 + 2.0 * _every(HOUR, 20 * 60, 600, t))
    rise = find_rise(trace)
    assert rise.recurrence is Recurrence.HOUR
    assert np.mod(rise.at, HOUR) == pytest.approx(20 * 60, abs=120)


def test_a_rise_on_working_days_only_counts_as_recurring() -> None:
    trace = _trace(21, lambda t: 1.0 + 3.0 * _every(DAY, 8 * HOUR, 3 * HOUR, t) * (np.mod(t // DAY, 7) < 5))
    rise = find_rise(trace)
    assert rise.recurrence is Recurrence.DAY
    assert 0.6 <= rise.consistency < 0.9


def test_a_larger_rise_that_came_once_does_not_win_over_one_that_recurs() -> None:
    def level(times):
        once = 20.0 * ((times > 15.3 * DAY) & (times < 15.4 * DAY))
        return 1.0 + 2.0 * _every(DAY, 9 * HOUR, 2 * HOUR, times) + once

    rise = find_rise(_trace(20, level))
    assert rise.recurrence is Recurrence.DAY
    assert np.mod(rise.at, DAY) == pytest.approx(9 * HOUR, abs=180)


def test_a_slow_rise_over_an_hour_is_found_too() -> None:
    trace = _trace(16, lambda t: 2.0 + 1.5 * np.sin(2 * np.pi * t / DAY), noise=0.01)
    rise = find_rise(trace)
    assert rise.recurrence is Recurrence.DAY
    assert rise.after > rise.before * 1.2


def test_rises_at_random_times_are_not_taken_for_recurring_ones() -> None:
    rng = np.random.default_rng(11)
    starts = rng.uniform(0, 16 * DAY, 40)

    def level(times):
        return 1.0 + 5.0 * np.any([(times >= s) & (times < s + 900) for s in starts], axis=0)

    rise = find_rise(_trace(16, level))
    assert rise.recurrence is Recurrence.NONE
    assert rise.after > 3 * rise.before
    assert "no recurring rise found" in rise.describe()


def test_bursts_every_few_minutes_are_not_taken_for_an_hourly_rise() -> None:
    rng = np.random.default_rng(5)
    values = np.where(rng.random(16 * 1440) < 0.3, 6.0, 1.0).astype(np.float64)
    trace = Trace(np.arange(0.0, 16 * DAY, 60.0), values, 60.0)
    assert find_rise(trace).recurrence is Recurrence.NONE


def test_a_flat_trace_gets_some_place() -> None:
    rise = find_rise(_trace(5, lambda t: np.ones(len(t)), noise=0.0))
    assert rise.recurrence is Recurrence.NONE
    assert 0 < rise.at < 5 * DAY


def test_a_trace_of_zeros_and_one_of_two_rows_do_not_break_the_search() -> None:
    zeros = _trace(3, lambda t: np.zeros(len(t)), noise=0.0)
    assert choose_scale(zeros, find_rise(zeros), 0.5) > 0
    tiny = Trace(np.array([0.0, 60.0]), np.array([1.0, 2.0]), 60.0)
    assert 0.0 <= find_rise(tiny).at <= 60.0


def test_a_rise_is_not_placed_beside_a_gap() -> None:
    trace = _trace(20, lambda t: 1.0 + 4.0 * _every(DAY, 9 * HOUR, 2 * HOUR, t))
    keep = (trace.times < 17 * DAY) | (trace.times > 17 * DAY + 10 * HOUR)
    rise = find_rise(Trace(trace.times[keep], trace.values[keep], 60.0))
    assert rise.recurrence is Recurrence.DAY
    assert not 17 * DAY - 600 < rise.at < 17 * DAY + 10 * HOUR + 600


def test_finer_and_coarser_steps_are_both_understood() -> None:
    for step in (15.0, 300.0):
        trace = _trace(16, lambda t: 1.0 + 4.0 * _every(DAY, 9 * HOUR, 2 * HOUR, t), step=step)
        rise = find_rise(trace)
        assert rise.recurrence is Recurrence.DAY
        assert np.mod(rise.at, DAY) == pytest.approx(9 * HOUR, abs=max(step, 180))


def test_cells_without_rows_stay_empty() -> None:
    _, step, grid = to_grid(Trace(np.array([0.0, 60.0, 240.0]), np.array([1.0, 2.0, 3.0]), 60.0))
    assert step == 60.0
    assert np.isnan(grid[2])
    assert np.isnan(grid[3])


def test_the_peak_needs_about_ten_pods() -> None:
    trace = _trace(20, lambda t: 100.0 + 400.0 * _every(DAY, 9 * HOUR, 2 * HOUR, t), noise=0.0)
    scale = choose_scale(trace, find_rise(trace), 0.5)
    assert 500.0 * scale / (0.5 * 0.8) == pytest.approx(10, rel=0.05)


def test_where_the_rise_is_small_beside_the_peak_the_peak_needs_twelve() -> None:
    def level(times):
        return 1.0 + 2.0 * _every(DAY, 9 * HOUR, 2 * HOUR, times) + 20.0 * _every(3 * DAY, DAY, HOUR, times)

    trace = _trace(20, level, noise=0.0)
    rise = find_rise(trace)
    pods = trace.values.max() * choose_scale(trace, rise, 0.5) / 0.4
    assert 8 <= pods <= 12.1
