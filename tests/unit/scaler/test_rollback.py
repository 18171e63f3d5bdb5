"""A change of ours that made things worse is taken back, and chance alone takes nothing back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_scaler.domain.guards import GuardName, Room
from ai4k8s_scaler.domain.hpa import Usage
from ai4k8s_scaler.domain.policy import Action, Foresight, Limits, Observed, PolicyMemory, Source, decide
from ai4k8s_scaler.domain.rollback import (
    WATCH_SECONDS,
    Lowered,
    Tally,
    chance,
    helped,
    rest_of,
    rollout_worsened,
    worsened,
)
from ai4k8s_scaler.domain.situation import Situation

NOW = datetime(2026, 11, 2, 14, 1, tzinfo=UTC)
LOWERED = Lowered(1000.0, 8, 4, risk=None)
BACK = Room(GuardName.ROLLBACK, 8, "lowering 8 to 4 left it short")


def test_a_shortage_beyond_what_was_foreseen_takes_the_change_back() -> None:
    reason = worsened(LOWERED, Tally(1000.0, 4, 2), 0.01)
    assert reason == "lowering 8 to 4 left it short in 2 of 4 looks; 1 % was foreseen"


@pytest.mark.parametrize(
    ("lowered", "seen", "slo"),
    [
        (LOWERED, Tally(1000.0, 3, 1), 0.01),  # one look may be a slip
        (LOWERED, Tally(900.0, 4, 4), 0.01),  # seen since another change
        (replace(LOWERED, risk=0.2), Tally(1000.0, 10, 3), 0.01),  # that much was foreseen
        (LOWERED, Tally(1000.0, 20, 2), 0.05),  # the SLO allows it
    ],
)
def test_what_was_foreseen_or_may_be_chance_takes_nothing_back(lowered: Lowered, seen: Tally, slo: float) -> None:
    assert worsened(lowered, seen, slo) is None


def test_only_what_the_pods_that_went_would_have_helped_is_laid_to_their_going() -> None:
    assert helped(LOWERED, 4, 1060.0, rollout=False)
    assert not helped(LOWERED, 4, 1060.0, rollout=True)
    assert not helped(LOWERED, 8, 1060.0, rollout=False)
    assert not helped(LOWERED, 4, 1000.0 + WATCH_SECONDS + 1, rollout=False)


def test_each_time_within_a_day_the_restored_number_is_kept_twice_as_long() -> None:
    assert rest_of([]) is None
    rests = [rest_of([(0.0, 6)] * times) for times in range(1, 7)]
    assert [rest.until for rest in rests if rest] == [1800.0, 3600.0, 7200.0, 14400.0, 21600.0, 21600.0]


def test_what_comes_back_comes_whole_whatever_the_steps_and_within_the_bounds() -> None:
    short = Observed(Usage(480.0, 100.0, 4), current=4, ready=4, metrics_age_seconds=20.0)
    nothing = Foresight(None, 240.0)
    limits = Limits(1, 20, max_step_up=1)
    decision = decide(short, nothing, limits, PolicyMemory(40.0), NOW, Situation(restore=BACK))
    assert (decision.action, decision.to_replicas, decision.source) == (Action.SCALE_UP, 8, Source.ROLLBACK)
    assert "Back to 8. " in decision.reason
    assert "left it short" in decision.reason
    bounded = decide(short, nothing, Limits(1, 6), PolicyMemory(40.0), NOW, Situation(restore=BACK))
    assert bounded.to_replicas == 6


def test_what_came_back_is_not_lowered_again_for_a_while_and_raises_nothing() -> None:
    idle = Observed(Usage(40.0, 100.0, 8), current=8, ready=8, metrics_age_seconds=20.0)
    rest = Situation(rest=Room(GuardName.ROLLED_BACK, 8, "fewer was too few"))
    held = decide(idle, Foresight(None, 240.0), Limits(1, 20), PolicyMemory(40.0), NOW, rest)
    assert (held.action, held.to_replicas) == (Action.NONE, 8)
    smaller = decide(replace(idle, current=5), Foresight(None, 240.0), Limits(1, 20), PolicyMemory(40.0), NOW, rest)
    assert smaller.to_replicas == 5


def test_a_revision_after_which_it_is_short_is_told_and_one_as_short_as_ever_is_not() -> None:
    seen = Tally(0.0, 20, 8)
    assert rollout_worsened(seen, 0.01, 0.01, 600.0)
    assert not rollout_worsened(Tally(0.0, 20, 6), 0.2, 0.01, 600.0)
    assert not rollout_worsened(seen, None, 0.01, 7200.0)


@settings(max_examples=50, deadline=None)
@given(ticks=st.integers(1, 60), share=st.floats(0.001, 0.5), data=st.data())
def test_the_tail_of_the_binomial_is_a_falling_probability(ticks: int, share: float, data: st.DataObject) -> None:
    short = data.draw(st.integers(1, ticks))
    assert chance(0, ticks, share) == 1.0
    assert 0.0 <= chance(short, ticks, share) <= chance(short - 1, ticks, share) + 1e-12
    assert math.isclose(chance(ticks, ticks, share), share**ticks, abs_tol=1e-9)
