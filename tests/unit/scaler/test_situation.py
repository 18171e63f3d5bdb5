"""Switches, clocks, budgets and other owners bound a decision, whatever the history, faults and settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_scaler.domain.fights import Fight, Reset, noticed
from ai4k8s_scaler.domain.guards import GuardName, GuardVerdict, Room, reach
from ai4k8s_scaler.domain.hpa import Usage
from ai4k8s_scaler.domain.policy import Action, Foresight, Limits, Observed, PolicyMemory, Source, decide
from ai4k8s_scaler.domain.price import QuantileFunction
from ai4k8s_scaler.domain.situation import (
    CostBudget,
    PodRequest,
    Quota,
    ScheduleBounds,
    Situation,
    budget_room,
    cost_room,
    quota_room,
)

NOW = datetime(2026, 11, 2, 14, 1, tzinfo=UTC)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.998)
RISING = Foresight(QuantileFunction(LEVELS, (7.6, 8.0, 8.2, 8.4, 8.7, 8.9)), 240.0)
CALM = Observed(Usage(60.0 * 6, 100.0, 6), current=6, ready=6, metrics_age_seconds=20.0)
LIMITS = Limits(2, 20)
FRESH = PolicyMemory(40.0)
SWITCHES = (GuardName.FROZEN, GuardName.MAINTENANCE, GuardName.UNDONE, GuardName.FIGHT)


def under(situation: Situation, observed: Observed = CALM, limits: Limits = LIMITS, foresight: Foresight = RISING):
    return decide(observed, foresight, limits, FRESH, NOW, situation)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_stops_everything_and_says_why(name):
    decision = under(Situation(block=GuardVerdict(name, "because")))
    assert (decision.action, decision.to_replicas) == (Action.BLOCKED, 6)
    assert decision.reason == "Nothing is changed: because."


def test_a_schedule_raises_and_lowers_and_is_named():
    raised = under(Situation(schedule=ScheduleBounds(12, None, ("office hours",))))
    assert (raised.to_replicas, raised.source) == (12, Source.SCHEDULED)
    assert "min 12 by schedule office hours" in raised.reason
    lowered = under(Situation(schedule=ScheduleBounds(None, 4, ("nights",))))
    assert lowered.to_replicas == 4


def test_a_schedule_without_a_policy_returns_to_what_was_there_before():
    alone = Situation(predictive=False, reactive=True, baseline=3)
    assert under(replace(alone, schedule=ScheduleBounds(5, None, ("day",))), limits=Limits(0, 100)).to_replicas == 5
    assert under(alone, limits=Limits(0, 100)).to_replicas == 3


def test_metrics_that_cannot_be_trusted_never_lower_but_a_schedule_still_raises():
    stale = replace(CALM, metrics_age_seconds=900.0)
    day, night = ScheduleBounds(9, None, ("day",)), ScheduleBounds(None, 3, ("night",))
    assert under(Situation(schedule=day), stale).to_replicas == 9
    assert under(Situation(schedule=night), stale).action is Action.BLOCKED


def test_under_an_hpa_the_floor_is_what_is_foreseen_and_its_owners_own_without_foresight():
    floor = Situation(reactive=False, baseline=2)
    two = replace(CALM, current=2)
    assert under(floor, two).to_replicas == 9
    declined = Foresight(None, 240.0, detail="no skill")
    held = decide(replace(CALM, current=4), declined, LIMITS, FRESH, NOW, floor)
    assert held.to_replicas == 2
    assert "the HPA stands alone" in held.reason


def test_a_budget_a_quota_and_a_disruption_budget_bound_what_is_added_and_taken():
    assert under(Situation(rooms=(budget_room("shop", 3, 10),))).to_replicas == 7
    tight = quota_room([Quota("q", {"requests.cpu": 150.0, "secrets": 0.0})], 6, PodRequest(100.0, None))
    assert tight is not None
    assert (tight.name, tight.replicas) == (GuardName.QUOTA, 7)
    low = Foresight(QuantileFunction(LEVELS, (1.0,) * 6), 240.0)
    idle = replace(CALM, usage=Usage(6.0, 100.0, 6))
    keep = Room(GuardName.DISRUPTION_BUDGET, 5, "keeps 5")
    assert under(Situation(keep=keep), idle, foresight=low).to_replicas == 5


def test_money_binds_to_the_largest_number_that_it_pays_for_and_never_below_the_least():
    budget = CostBudget(1.0, "24 a day")
    assert cost_room("shop", 0.3, 0.1, budget, 2).replicas == 7
    assert cost_room("shop", 5.0, 0.1, budget, 2).replicas == 2
    room = cost_room("shop", 0.3, 0.1, budget, 2)
    decision = under(Situation(rooms=(room,)))
    assert decision.to_replicas == 7
    assert "the budget of shop is 24 a day, which pays for 7" in decision.reason


def test_steps_and_rests_of_the_policy():
    assert under(Situation(), limits=replace(LIMITS, max_step_up=1)).to_replicas == 7
    rested = replace(LIMITS, cooldown_up_seconds=300)
    assert under(Situation(since_up_seconds=60.0), limits=rested).to_replicas == 6
    assert under(Situation(since_up_seconds=301.0), limits=rested).to_replicas == 9


counts = st.integers(0, 40)
maybe = st.none() | counts


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    low, high = draw(maybe), draw(maybe)
    if low is not None and high is not None:
        high = max(low, high)
    schedule = ScheduleBounds(low, high, ("s",)) if low is not None or high is not None else None
    rooms = tuple(Room(GuardName.BUDGET, room, "room") for room in draw(st.lists(counts, max_size=2)))
    keep, rest, back = draw(maybe), draw(maybe), draw(maybe)
    return Situation(
        block=GuardVerdict(GuardName.FROZEN, "f") if draw(st.integers(0, 5)) == 0 else None,
        predictive=draw(st.booleans()),
        reactive=draw(st.booleans()),
        schedule=schedule,
        baseline=draw(maybe),
        rooms=rooms,
        keep=None if keep is None else Room(GuardName.DISRUPTION_BUDGET, keep, "keep"),
        rest=None if rest is None else Room(GuardName.ROLLED_BACK, rest, "rest"),
        restore=None if back is None else Room(GuardName.ROLLBACK, back, "back"),
        since_up_seconds=draw(st.none() | st.floats(0, 600)),
        since_down_seconds=draw(st.none() | st.floats(0, 600)),
    )


@st.composite
def policies(draw: st.DrawFn) -> Limits:
    low = draw(st.integers(0, 20))
    return Limits(
        low,
        low + draw(st.integers(0, 20)),
        draw(st.integers(20, 120)),
        max_step_up=draw(st.none() | st.integers(1, 10)),
        max_step_down=draw(st.none() | st.integers(1, 10)),
        cooldown_up_seconds=draw(st.sampled_from((0, 120))),
        cooldown_down_seconds=draw(st.sampled_from((0, 120))),
    )


numbers = st.floats(-50, 5_000) | st.sampled_from((float("nan"), float("inf")))


@given(st.data(), policies())
@settings(max_examples=60)
def test_no_history_fault_or_setting_leads_outside_of_bounds_steps_and_budgets(data, limits):
    """Ten cycles of one workload, the one before leading to the next, with whatever goes wrong on the way."""
    memory, current, now = FRESH, data.draw(counts), NOW
    for _ in range(data.draw(st.integers(1, 10))):
        around = data.draw(situations())
        age = data.draw(st.floats(-60, 300))
        pods = sorted(data.draw(st.lists(st.floats(0, 60), min_size=6, max_size=6)))
        foresight = Foresight(QuantileFunction(LEVELS, tuple(pods)) if data.draw(st.booleans()) else None, 240.0)
        usage = Usage(data.draw(numbers), data.draw(st.sampled_from((0.0, 100.0))), data.draw(st.integers(0, 10)))
        observed = Observed(usage, current, min(current, usage.measured), age, data.draw(st.booleans()))
        decision = decide(observed, foresight, limits, memory, now, around)
        check(decision, observed, limits, around)
        memory, current, now = decision.memory, decision.to_replicas, now + timedelta(seconds=data.draw(counts))


def check(decision, observed: Observed, limits: Limits, around: Situation) -> None:
    to, current = decision.to_replicas, observed.current
    if decision.action is Action.BLOCKED:
        assert to == current
        return
    assert around.block is None
    assert decision.reason
    room = min((room.replicas for room in around.rooms), default=10**9)
    # Bounds: never above the most; below the least only for want of room.
    assert to <= limits.max_replicas
    assert to >= limits.min_replicas or to >= min(room, limits.min_replicas) or to == current
    # Budgets: nothing is added beyond them.
    assert to <= max(room, current)
    # Steps: only the bounds themselves, and what a change of ours took away, reach further.
    highest, lowest = reach(current, limits.max_step_up, limits.max_step_down)
    restored = 0 if around.restore is None else around.restore.replicas
    assert to <= max(highest, limits.min_replicas, restored)
    assert to >= min(lowest, limits.max_replicas)


def test_one_change_by_somebody_else_is_no_fight_and_three_within_half_an_hour_are():
    fight = noticed(Fight(), Reset(0.0, "kubectl"))
    assert fight.reason == ""
    fight = noticed(noticed(fight, Reset(60.0, "argocd")), Reset(120.0, "argocd"))
    assert fight.rest_until == 120.0 + 900.0
    assert fight.reason == "argocd, kubectl set it back 3 times within 30 min; left alone for 15 min"


def test_a_fight_that_goes_on_rests_longer_each_time():
    fight = Fight()
    rests = []
    for number in range(9):
        fight = noticed(fight, Reset(100.0 * number, "argocd"))
        rests.append(fight.rest_until - 100.0 * number)
    assert rests[2] == 900.0
    assert rests[5] == 1800.0
    assert rests[8] == 3600.0
