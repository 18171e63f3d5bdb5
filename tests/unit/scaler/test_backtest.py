"""Replays of one past, and what they recommend."""

from __future__ import annotations

import numpy as np
import pytest

from ai4k8s_scaler.domain.advice import recommend
from ai4k8s_scaler.domain.backtest import (
    Contender,
    Kind,
    Result,
    Rules,
    best_fixed_hpa,
    contenders,
    one_past,
    pareto,
    play,
    rightsized,
)
from ai4k8s_scaler.domain.contenders import Foreseen
from ai4k8s_scaler.domain.fleet import World

LEVELS = (0.5, 0.9, 0.99, 0.998)


def result(kind: Kind, short: float, hours: float, target: int | None = None) -> Result:
    return Result(Contender(kind, target), short, hours, 10.0)


def one_day() -> tuple[World, Foreseen]:
    """A course of the day in steps, foreseen quite well."""
    minute = np.arange(1440)
    demand = 6.0 + 4.0 * np.sin(2 * np.pi * minute / 1440) + np.random.default_rng(1).normal(0, 0.3, minute.size)
    ahead = np.maximum.reduce([np.roll(demand, -step) for step in range(5)])
    pods = ahead[:, None] + np.array([0.0, 0.3, 0.6, 0.8])
    world = World(np.repeat(demand, 4)[None], (60.0, 90.0))
    return world, Foreseen.of(LEVELS, pods[None], (minute % 300 < 240)[None], demand[None])


def test_the_quick_replay_of_one_past_says_what_the_replay_of_many_says() -> None:
    """Ours to the tick; HPA's days side by side nearly."""
    world, foreseen = one_day()
    rules = Rules(targets=(40, 70))
    count_from = 240
    quick = {each.contender: each for each in one_past(world, foreseen, rules, count_from)}
    slow = {
        each.contender: each
        for each in play(world, contenders(world, foreseen, rules), rules, count_from=count_from)[0]
    }
    assert quick.keys() == slow.keys() - {Contender(Kind.HPA_STEERED)}
    for contender, each in quick.items():
        near = 0.002 if contender.kind is Kind.HPA else 1e-9
        assert slow[contender].pod_hours == pytest.approx(each.pod_hours, rel=near)
        assert slow[contender].short_share == pytest.approx(each.short_share, abs=near)


def test_pods_sized_to_demand_follow_it_by_their_requests() -> None:
    demand = np.repeat(np.concatenate([np.full(1440, 2.0), np.full(1440, 4.0)]), 4)
    sized = rightsized(demand, 3, count_from=0)
    # A 90th percentile x 1.15; the second day is short until enough of it is known.
    assert 0 < sized.short_share < 0.5
    assert sized.pod_hours == pytest.approx(24 * 2.3 + 24 * 4.0, rel=0.15)


def test_the_front_holds_those_to_whom_nobody_is_better_in_both() -> None:
    cheap, dear, worse = result(Kind.HPA, 0.05, 10, 90), result(Kind.HPA, 0.001, 30, 40), result(Kind.HPA, 0.06, 20, 80)
    assert pareto([dear, worse, cheap]) == [cheap, dear]
    assert best_fixed_hpa([dear, worse, cheap], 0.01) is dear
    assert best_fixed_hpa([worse, cheap], 0.01) is cheap


def test_the_cheapest_within_the_slo_is_recommended_with_what_it_saves() -> None:
    ours, hpa = result(Kind.PREDICTIVE, 0.006, 80), result(Kind.HPA, 0.009, 100, 60)
    ran = result(Kind.AS_IT_RAN, 0.03, 120)
    advice = recommend([ours, hpa, result(Kind.HPA, 0.08, 50, 90)], ran, 0.01)
    assert advice.kind == "predictive"
    assert "20 % less than an HPA at 60 %" in advice.sentence
    assert "as it ran it took 50 % more and was short 3 % of the time" in advice.sentence


def test_where_prediction_does_not_pay_it_says_so() -> None:
    advice = recommend([result(Kind.PREDICTIVE, 0.006, 98), result(Kind.HPA, 0.009, 100, 85)], None, 0.01)
    assert (advice.kind, advice.target_percent) == ("hpa", 85)
    assert "not worth a moving part" in advice.sentence


def test_an_slo_that_nothing_reaches_is_told() -> None:
    advice = recommend([result(Kind.PREDICTIVE, 0.02, 98), result(Kind.HPA, 0.09, 100, 30)], None, 0.01)
    assert advice.kind is None
    assert "predictive scaling that follows the SLO comes nearest with 2 %" in advice.sentence
