"""What is remarkable and what is not: the same functions that watch a cluster, on a few made-up series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ai4k8s_forecaster.domain.alarms import alarms, price, weight_of_age
from ai4k8s_forecaster.domain.arrays import Rows
from ai4k8s_forecaster.domain.forest import LEAST_ROWS, fit_forest
from ai4k8s_forecaster.domain.surprise import SCALES, WEEK_STEPS, deviations, ordinary_error
from ai4k8s_forecaster.domain.watch import (
    LEAST_SAMPLES,
    begin_watch,
    follow,
    joint_features,
    past_features,
    scan,
    scores_of,
    strongest_ratio,
)

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

DAY = 288
EVERYTHING = [np.ones((len(SCALES), 1))]


def noisy(days: float, level: float = 100.0, seed: int = 1) -> FloatArray:
    return level + np.random.default_rng(seed).normal(0, 2, (1, int(days * DAY)))


def peaks(days: float, seed: int = 1) -> FloatArray:
    """Ten times the load for half an hour each day, a little earlier or later."""
    rng = np.random.default_rng(seed)
    values = noisy(days, seed=seed)
    for day in range(int(days)):
        at = day * DAY + 120 + int(rng.integers(-2, 3))
        values[0, at : at + 6] *= 10
    return values


def score(past: FloatArray, then: float) -> float:
    """Of one more bin after a past."""
    watch = begin_watch(past, past.shape[1] - 1, 0.0)
    return float(strongest_ratio([scan(watch, np.c_[past, [[then]]])], EVERYTHING)[0])


def test_a_sudden_rise_and_a_sudden_fall_are_remarkable_and_noise_is_not() -> None:
    past = noisy(8)
    assert score(past, 300.0) > 2
    assert score(past, 0.0) > 2
    assert score(past, 104.0) < 1


def test_a_peak_that_comes_every_day_is_expected_and_a_higher_one_is_not() -> None:
    past = peaks(9)[:, : 8 * DAY + 121]
    assert score(past, 1000.0) < 0.5
    assert score(past, 5000.0) > 1
    # The same height at another time of the day has nothing to explain it.
    assert score(peaks(9)[:, : 8 * DAY + 30], 1000.0) > 1


def test_a_small_change_that_lasts_is_seen_by_the_wider_means_alone() -> None:
    past = np.c_[noisy(8), noisy(0.1, level=104.5, seed=5)]
    watch = begin_watch(past[:, :-24], past.shape[1] - 25, 0.0)
    for bin_ in range(24, 0, -1):
        upto = past[:, : past.shape[1] - bin_ + 1]
        seen = scan(watch, upto)
        follow(watch, seen, upto, upto.shape[1] - 1)
    assert seen.ratio[0, 0] < 1 <= seen.ratio[2, 0]


def test_a_new_level_is_no_news_once_it_has_lasted() -> None:
    past = np.c_[noisy(8), noisy(0.5, level=300.0, seed=5)]
    assert score(past, 300.0) < 1


def test_the_younger_a_series_the_more_it_takes_and_below_twenty_samples_nothing_is_said() -> None:
    scores = [score(noisy(30)[:, :samples], 130.0) for samples in (LEAST_SAMPLES - 1, 40, DAY, 8 * DAY)]
    assert scores[0] == 0.0
    assert 0 < scores[1] < scores[3]
    assert scores[2] < scores[3]
    # A collapse is told from the first hours on.
    assert score(noisy(1)[:, : DAY // 2], 900.0) > 1


@pytest.mark.parametrize("width", SCALES)
def test_the_future_changes_nothing(width: int) -> None:
    values = np.concatenate([noisy(10), peaks(10)])
    later = values.copy()
    later[:, 2001:] = np.random.default_rng(9).normal(0, 1e6, (2, values.shape[1] - 2001))
    rows = Rows(1500, 2001)
    before, after = deviations(values, width, rows), deviations(later, width, rows)
    np.testing.assert_array_equal(before.nearest, after.nearest)
    np.testing.assert_array_equal(before.expected, after.expected)


@pytest.mark.parametrize("width", SCALES)
def test_one_bin_costs_no_bit_against_all_of_them_and_neighbours_do_not_matter(width: int) -> None:
    values = np.concatenate([noisy(10), peaks(10)])
    values[0, 1000:1040] = np.nan
    alone = deviations(values[1:], width, Rows(2500, 2501))
    together = deviations(values, width, Rows(2200, 2600))
    np.testing.assert_array_equal(alone.nearest[0, 0], together.nearest[1, 300])
    np.testing.assert_array_equal(alone.expected[0, 0], together.expected[1, 300])


def test_gaps_constants_zeros_and_nothing_at_all_are_no_anomalies() -> None:
    constant, zeros = np.full((1, 8 * DAY), 7.0), np.zeros((1, 8 * DAY))
    assert score(constant, 7.0) == 0
    assert score(zeros, 0.0) == 0
    assert score(noisy(8), np.nan) == 0
    assert score(np.full((1, 8 * DAY), np.nan), 5.0) == 0
    gap = noisy(8)
    gap[0, -100:] = np.nan
    assert score(gap, 101.0) < 1
    # Something where there was nothing is news.
    assert score(zeros, 50.0) > 1


def test_following_bin_by_bin_learns_what_looking_back_learns() -> None:
    values = noisy(9)
    looked_back = begin_watch(values, values.shape[1] - 1, 0.0)
    followed = begin_watch(values[:, :-30], values.shape[1] - 31, 0.0)
    for bin_ in range(values.shape[1] - 30, values.shape[1]):
        upto = values[:, : bin_ + 1]
        follow(followed, scan(followed, upto), upto, bin_)
    np.testing.assert_array_equal(followed.residuals, looked_back.residuals)
    assert followed.samples[0] == looked_back.samples[0]


def test_the_ordinary_error_leaves_gaps_out() -> None:
    errors = np.arange(100.0)[None].repeat(2, axis=0)
    errors[1, ::2] = np.nan
    assert ordinary_error(errors)[0] == pytest.approx(98.0)
    assert ordinary_error(errors)[1] == pytest.approx(99.0)
    assert np.isnan(ordinary_error(np.full((1, WEEK_STEPS), np.nan)))[0]


def test_the_forest_knows_rare_states_repeats_itself_and_wants_enough_to_learn_from() -> None:
    rng = np.random.default_rng(4)
    states = rng.normal(0, 1, (2000, 6))
    odd = np.concatenate([np.full((1, 6), 6.0), np.zeros((1, 6))])
    forest, again = fit_forest(states, 7), fit_forest(states, 7)
    assert forest is not None
    assert again is not None
    share = forest.share_as_isolated(odd)
    assert share[0] < 0.005 < share[1]
    np.testing.assert_array_equal(share, again.share_as_isolated(odd))
    assert forest.share_as_isolated(np.full((1, 6), np.nan))[0] == 1.0
    assert fit_forest(states[: LEAST_ROWS - 1], 7) is None


def test_a_rare_joint_state_needs_less_of_a_deviation() -> None:
    cpu = np.concatenate([noisy(8, seed=seed) for seed in range(4)])
    memory = np.concatenate([noisy(8, seed=10 + seed) for seed in range(4)])
    watches = [begin_watch(each, cpu.shape[1] - 1, 0.0) for each in (cpu, memory)]
    features = joint_features([past_features(watch, each) for watch, each in zip(watches, (cpu, memory), strict=True)])
    forest = fit_forest(features.reshape(-1, features.shape[-1]), 1)
    both = [np.c_[each, np.full(4, 100.0) + np.array([11.0, 0, 0, 0])] for each in (cpu, memory)]
    scans = [scan(watch, each) for watch, each in zip(watches, both, strict=True)]
    told = [np.ones((len(SCALES), 4))] * 2
    alone, joint = scores_of(scans, told, None), scores_of(scans, told, forest)
    assert joint[0] > alone[0] > 0.7
    assert (joint[1:] == alone[1:]).all()


def test_what_is_explained_is_not_told() -> None:
    past = noisy(8)
    seen = scan(begin_watch(past, past.shape[1] - 1, 0.0), np.c_[past, [[300.0]]])
    assert strongest_ratio([seen], [np.zeros((len(SCALES), 1))])[0] == 0


def test_each_alarm_makes_the_next_one_dearer_and_is_forgotten_in_weeks() -> None:
    scores, none = np.array([1.1, 1.1, 1.1]), np.zeros(3, np.bool_)
    recent = np.array([0.0, 1.0, 1.0])
    assert alarms(scores, recent, none).tolist() == [True, False, False]
    # What goes on needs no new price.
    assert alarms(scores, recent, np.array([False, False, True])).tolist() == [True, False, True]
    assert price(np.array([2.0]))[0] == pytest.approx(1.75**2)
    assert weight_of_age(np.array([0.0, 7.0, 100.0])).tolist() == [1.0, 0.5, 0.0]
