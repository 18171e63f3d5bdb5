"""Decisions: bounded, explained, and never below what HPA would ask."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_scaler.domain.guards import STEP_UP_FACTOR, STEP_UP_PODS, GuardName
from ai4k8s_scaler.domain.hpa import Usage, desired_replicas
from ai4k8s_scaler.domain.policy import Action, Foresight, Limits, Observed, PolicyMemory, decide
from ai4k8s_scaler.domain.price import QuantileFunction
from ai4k8s_scaler.domain.situation import Situation

NOW = datetime(2026, 11, 2, 14, 1, tzinfo=UTC)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.998)
RISING = Foresight(QuantileFunction(LEVELS, (7.6, 8.0, 8.2, 8.4, 8.7, 8.9)), 240.0)
CALM = Observed(Usage(60.0 * 6, 100.0, 6), current=6, ready=6, metrics_age_seconds=20.0)
LIMITS = Limits(2, 20)
FRESH = PolicyMemory(40.0)


def names(decision) -> set[GuardName]:
    return {verdict.name for verdict in decision.verdicts}


def test_it_scales_before_demand_and_says_so():
    decision = decide(CALM, RISING, LIMITS, FRESH, NOW)
    assert (decision.action, decision.from_replicas, decision.to_replicas) == (Action.SCALE_UP, 6, 9)
    assert decision.reason == ("Forecast .95 of the 4-min maximum is 8.4 pods; 6 ready. Scaling to 9 before 14:05.")
    assert decision.alternatives[0].replicas == 9
    assert decision == decide(CALM, RISING, LIMITS, FRESH, NOW)


def test_it_never_asks_for_less_than_hpa():
    low = Foresight(QuantileFunction(LEVELS, (1.0,) * 6), 240.0)
    hot = replace(CALM, usage=Usage(100.0 * 6, 100.0, 6))
    assert decide(hot, low, LIMITS, FRESH, NOW).to_replicas == 8
    assert "above 80 % now" in decide(hot, low, LIMITS, FRESH, NOW).reason


@pytest.mark.parametrize(
    ("observed", "guard"),
    [
        (replace(CALM, metrics_age_seconds=300.0), GuardName.STALE_METRICS),
        (replace(CALM, metrics_age_seconds=math.nan), GuardName.STALE_METRICS),
        (replace(CALM, metrics_age_seconds=-60.0), GuardName.CLOCK_SKEW),
        (replace(CALM, usage=Usage(math.nan, 100.0, 6)), GuardName.INVALID_METRICS),
        (replace(CALM, usage=Usage(-1.0, 100.0, 6)), GuardName.INVALID_METRICS),
        (replace(CALM, usage=Usage(10.0, 0.0, 6)), GuardName.INVALID_METRICS),
        (replace(CALM, reachable=False), GuardName.UNREACHABLE),
        (replace(CALM, paused_reason="stages stopped"), GuardName.PAUSED),
    ],
)
def test_nothing_is_done_on_bad_information_and_the_reason_is_shown(observed, guard):
    decision = decide(observed, RISING, LIMITS, FRESH, NOW)
    assert decision.action is Action.BLOCKED
    assert decision.to_replicas == observed.current
    assert names(decision) == {guard}
    assert decision.reason.startswith("Nothing is changed: ")


@pytest.mark.parametrize(
    "foresight",
    [
        Foresight(None, 240.0, detail="no skill over naive"),
        replace(RISING, age_seconds=900.0),
        replace(RISING, age_seconds=math.nan),
        Foresight(QuantileFunction(LEVELS, (math.nan,) * 6), 240.0),
    ],
)
def test_an_unfit_forecast_sets_no_floor_and_hpa_stands_alone(foresight):
    decision = decide(CALM, foresight, LIMITS, FRESH, NOW)
    assert decision.floor is None
    assert GuardName.FORECAST in names(decision)
    assert decision.to_replicas == desired_replicas(CALM.usage, 6, 80) == 5
    assert decision.reason.startswith("No predictive floor (")


def test_without_forecast_and_metrics_nothing_is_done():
    blind = replace(CALM, usage=Usage(0.0, 100.0, 0, unready=6))
    decision = decide(blind, Foresight(None, 240.0), LIMITS, FRESH, NOW)
    assert decision.action is Action.BLOCKED
    assert names(decision) == {GuardName.NO_METRICS}


def test_what_was_wanted_is_held_for_two_minutes():
    low = Foresight(QuantileFunction(LEVELS, (2.0,) * 6), 240.0)
    idle = replace(CALM, usage=Usage(120.0, 100.0, 6))
    memory = PolicyMemory(40.0, ((NOW.timestamp() - 90, 6),))
    held = decide(idle, low, LIMITS, memory, NOW)
    assert (held.action, held.to_replicas) == (Action.NONE, 6)
    assert GuardName.HOLD in names(held)
    later = decide(idle, low, LIMITS, held.memory, NOW + timedelta(seconds=200))
    assert later.to_replicas < 6


def test_small_decreases_are_not_worth_a_change():
    foresight = Foresight(QuantileFunction(LEVELS, (19.0,) * 6), 240.0)
    observed = replace(CALM, usage=Usage(50.0 * 20, 100.0, 20), current=20, ready=20)
    decision = decide(observed, foresight, Limits(1, 50), FRESH, NOW)
    assert decision.to_replicas == 20
    assert GuardName.SMALL_DECREASE in names(decision)


def test_during_a_rollout_nothing_is_taken_away():
    low = Foresight(QuantileFunction(LEVELS, (2.0,) * 6), 240.0)
    observed = replace(CALM, usage=Usage(60.0, 100.0, 6), rollout_in_progress=True)
    assert decide(observed, low, LIMITS, FRESH, NOW).to_replicas == 6
    assert decide(replace(CALM, rollout_in_progress=True), RISING, LIMITS, FRESH, NOW).to_replicas == 9


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="min <= max"):
        Limits(5, 4)
    with pytest.raises(ValueError, match="target_percent"):
        Limits(1, 4, target_percent=0)


finite = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


@settings(max_examples=300, deadline=None)
@given(
    values=st.lists(finite, min_size=6, max_size=6),
    use=finite,
    current=st.integers(0, 200),
    unready=st.integers(0, 20),
    bounds=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted),
    age=finite,
    price=st.floats(2, 4000),
    history=st.lists(st.tuples(st.floats(0, 400), st.integers(0, 500)), max_size=5),
)
def test_no_input_leads_outside_of_bounds_and_steps(values, use, current, unready, bounds, age, price, history):
    low, high = bounds
    measured = max(current - unready, 0)
    observed = Observed(Usage(use, 100.0, measured, unready), current, measured, age)
    foresight = Foresight(QuantileFunction(LEVELS, tuple(values)), 240.0)
    memory = PolicyMemory(price, tuple((NOW.timestamp() - ago, replicas) for ago, replicas in history))
    decision = decide(observed, foresight, Limits(low, high), memory, NOW)
    assert decision.reason
    if decision.action in {Action.BLOCKED, Action.NONE}:
        assert decision.to_replicas == current
    else:
        assert low <= decision.to_replicas <= high
        furthest = max(current * STEP_UP_FACTOR, current + STEP_UP_PODS)
        assert decision.to_replicas <= max(furthest, low)
        assert decision.to_replicas >= min(math.ceil(current / 2), high)


def test_a_change_says_what_could_be_chosen_instead_and_which_guard_bars_the_rest():
    rising = QuantileFunction((0.5, 0.8, 0.95, 0.99, 0.998), (6.2, 7.1, 8.4, 10.3, 14.2))
    decision = decide(CALM, Foresight(rising, 240), Limits(2, 9, max_step_up=5), PolicyMemory(10.0), NOW)
    offered = dict(zip((option.replicas for option in decision.alternatives), decision.barred, strict=True))
    assert offered[decision.to_replicas] == ""
    assert {replicas for replicas, bar in offered.items() if not bar} <= set(range(2, 10))
    assert offered[11] == "bounds"
    assert decision.chosen is not None
    assert decision.chosen.replicas == decision.to_replicas


def test_what_the_advisor_prefers_adds_pods_within_the_envelope_and_nothing_else():
    rising = QuantileFunction((0.5, 0.8, 0.95, 0.99, 0.998), (6.2, 7.1, 8.4, 10.3, 14.2))

    def decided(advised: int | None):
        return decide(
            CALM, Foresight(rising, 240), Limits(2, 9), PolicyMemory(3.0), NOW,
            Situation(advised=advised),
        )  # fmt: skip

    assert decided(None).to_replicas == 7
    assert decided(8).to_replicas == 8
    assert "the advisor prefers 8 to 7" in decided(8).reason
    for advised in (6, 7, 10_000, 10):  # less, the same, never weighed
        assert decided(advised).to_replicas == 7
    assert decided(11).to_replicas == 9  # weighed, and bounded
