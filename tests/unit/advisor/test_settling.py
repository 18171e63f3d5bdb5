"""Whose word counts: a model chooses within the envelope and with grounds, or the rules stand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_advisor.domain.question import facts_text, schema_for
from ai4k8s_advisor.domain.scores import WEIGHTS, preferred, score_all
from ai4k8s_advisor.domain.settling import question_facts, settle, settle_by_rules, strange_numbers_of
from ai4k8s_advisor.domain.situation import Autoscaler, Candidate, Direction, Past, Situation
from ai4k8s_advisor.domain.stateful import autoscaler_for, state_of
from ai4k8s_advisor.domain.word import Refusal, Word, read_word

RISE = Situation(
    workload_id=7,
    name="shop/web",
    keeps_state=False,
    direction=Direction.SCALE_UP,
    from_replicas=5,
    to_replicas=8,
    max_replicas=20,
    min_replicas=2,
    held=False,
    carried_out=True,
    ready_replicas=5,
    cpu_usage_millicores=1900,
    cpu_request_millicores=500,
    memory_bytes=5 * 100 * 2**20,
    memory_request_bytes=128 * 2**20,
    saturated=False,
    expected_millicores=3800,
    median_millicores=3200,
    lead_time_seconds=110,
    startup_seconds=50,
    trend="increasing",
    candidates=(Candidate(7, 0.2), Candidate(8, 0.04), Candidate(9, 0.01), Candidate(12, 0.001)),
)
ANSWER: dict[str, Any] = {
    "action": "scale_up",
    "target_replicas": 9,
    "confidence": 0.8,
    "reasoning": "Demand is expected to rise to 3.8 cores, so 9 pods are safer.",
    "risk_assessment": "low",
    "cost_impact": "one pod more",
    "recommended_timing": "now",
    "autoscaler": "hpa",
    "facts": ["forecast", "trend"],
}


def word(**changes: Any) -> Word:
    found = read_word({**ANSWER, **changes})
    assert isinstance(found, Word)
    return found


def settled(situation: Situation = RISE, **changes: Any):
    said = word(**changes)
    return settle(situation, said, strange_numbers_of(situation, said), question_facts(situation)[0])


def test_rules_score_five_criteria_and_stand_by_a_sensible_decision() -> None:
    scores = score_all(RISE)
    assert [score.replicas for score in scores] == [7, 8, 9, 12]
    assert math.isclose(sum(WEIGHTS.values()), 1.0)
    assert all(0 <= getattr(score, name) <= 1 for score in scores for name in WEIGHTS)
    by_replicas = {score.replicas: score for score in scores}
    assert by_replicas[12].performance > by_replicas[7].performance
    assert by_replicas[12].cost < by_replicas[7].cost
    assert preferred(RISE, scores).replicas == 8


def test_rules_prefer_another_number_only_when_it_is_clearly_better() -> None:
    scarce = replace(RISE, candidates=(Candidate(8, 0.5), Candidate(9, 0.01)))
    assert settle_by_rules(scarce).replicas == 9
    assert settle_by_rules(scarce).refines


def test_restlessness_state_and_a_rising_trend_speak_against_a_decrease() -> None:
    calm = replace(RISE, from_replicas=10, trend="decreasing")
    before = score_all(calm)[0]
    for changes, criterion in (
        ({"recent": (Past(8, 10, 4.0),)}, "stability"),
        ({"keeps_state": True}, "stability"),
        ({"trend": "increasing"}, "timing"),
    ):
        assert getattr(score_all(replace(calm, **changes))[0], criterion) < getattr(before, criterion)


def test_a_grounded_choice_within_the_envelope_is_followed() -> None:
    found = settled()
    assert (found.replicas, found.by_model, found.clamp, found.note) == (9, True, "", "")
    assert found.refines


def test_a_model_that_agrees_is_followed_without_further_grounds() -> None:
    found = settled(target_replicas=8, reasoning="8 pods carry the rise.", facts=[])
    assert (found.replicas, found.by_model, found.refines) == (8, True, False)


@pytest.mark.parametrize(("target", "kept"), [(10_000, 12), (0, 7), (10, 9), (11, 12)])
def test_a_choice_outside_the_envelope_is_clamped_recorded_and_not_followed(target: int, kept: int) -> None:
    found = settled(target_replicas=target, reasoning="More is better.")
    assert found.clamp.startswith(f"It chose {target}; kept to {kept}")
    assert (found.replicas, found.by_model) == (8, False)
    assert "not on offer" in found.note


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"facts": ["forecast"]}, "it names 1 of the facts"),
        ({"facts": ["vibes", "astrology"]}, "it names none of the facts"),
        ({"reasoning": "Traffic will grow by 300 % at noon."}, "it names 300"),
        ({"target_replicas": 12, "reasoning": "More is safer."}, "12 scores"),
        ({"action": "scale_down"}, "not on offer"),
    ],
)
def test_without_grounds_the_rules_decide_and_say_why(changes: dict[str, Any], doubt: str) -> None:
    found = settled(**changes)
    assert (found.replicas, found.by_model) == (8, False)
    assert doubt in found.note


def test_a_model_that_agrees_in_made_up_figures_is_quoted_and_not_followed() -> None:
    found = settled(target_replicas=8, reasoning="8 pods, since 97 users are waiting.")
    assert (found.replicas, found.by_model) == (8, False)
    assert "97" in found.note


def test_a_decision_without_alternatives_offers_itself_alone() -> None:
    found = settled(replace(RISE, candidates=()), target_replicas=9)
    assert (found.replicas, found.by_model) == (8, False)
    assert [score.replicas for score in found.scores] == [8]


def test_what_a_model_is_told_holds_envelope_forecast_and_history_and_its_answer_enumerates_the_choices() -> None:
    situation = replace(RISE, recent=(Past(4, 5, 12.0, "not_enough"),))
    told = facts_text(situation)
    for part in (
        "shop/web",
        "between 2 and 20",
        "3.8 cores",
        "median 3.2 cores",
        "4 -> 5, which was not enough",
        "4.0 % risk",
    ):
        assert part in told
    assert schema_for(situation)["properties"]["target_replicas"]["enum"] == [7, 8, 9, 12]


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([10**400, -1, "10000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ANSWER, "x"]), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(value=HOSTILE, changes=st.dictionaries(st.sampled_from(list(ANSWER)), HOSTILE, max_size=3))
def test_whatever_a_model_says_the_result_lies_in_the_envelope(value: object, changes: dict[str, Any]) -> None:
    for answer in (value, {**ANSWER, **changes}):
        said = read_word(answer)
        if isinstance(said, Refusal):
            assert said.reason
            continue
        found = settle(RISE, said, strange_numbers_of(RISE, said), question_facts(RISE)[0])
        assert found.replicas in {7, 8, 9, 12}
        said.reasoning.encode()
        assert "\x00" not in said.reasoning
        assert len(said.reasoning) <= 600


@pytest.mark.parametrize(
    ("kind", "name", "images", "claims", "reason"),
    [
        ("StatefulSet", "web", [], [], "StatefulSet"),
        ("Deployment", "web", ["nginx"], ["uploads"], "the claim uploads"),
        ("Deployment", "kube-controller-manager", [], [], "one pod leads"),
        ("Deployment", "sessions", ["registry.local:5000/library/redis:7.2@sha256:ab"], [], "redis keeps data"),
        ("Deployment", "web", ["nginx:1.27", "redis-exporter:1"], [], ""),
        ("Deployment", "leadership-blog", ["ghost"], [], ""),
    ],
)
def test_state_is_known_by_kind_volumes_name_or_image(kind, name, images, claims, reason) -> None:
    state = state_of(kind, name, images, claims)
    assert state.keeps is bool(reason)
    assert reason in state.reason


def test_larger_pods_suit_state_and_full_memory_and_more_pods_the_rest() -> None:
    assert autoscaler_for(RISE)[0] is Autoscaler.HPA
    kept = replace(RISE, keeps_state=True, state_reason="it is a StatefulSet")
    assert autoscaler_for(kept) == (Autoscaler.VPA, "larger pods rather than more: it is a StatefulSet")
    full = replace(RISE, memory_bytes=5 * 120 * 2**20, cpu_usage_millicores=800)
    assert autoscaler_for(full)[0] is Autoscaler.VPA
