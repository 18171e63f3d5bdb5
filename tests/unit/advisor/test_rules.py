"""Advice by rules: true, short, and in the form that a model will have to keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ai4k8s_advisor.domain.cache_key import cache_key
from ai4k8s_advisor.domain.rules import advise, sentences
from ai4k8s_advisor.domain.situation import Direction, Level, Situation

RISING = Situation(
    workload_id=7,
    name="shop/web",
    keeps_state=False,
    direction=Direction.SCALE_UP,
    from_replicas=5,
    to_replicas=8,
    max_replicas=20,
    held=False,
    carried_out=True,
    ready_replicas=5,
    cpu_usage_millicores=1900,
    cpu_request_millicores=500,
    memory_bytes=5 * 100 * 2**20,
    memory_request_bytes=128 * 2**20,
    saturated=False,
    expected_millicores=3200,
    lead_time_seconds=110,
    startup_seconds=50,
)


def test_a_rise_is_explained_with_its_cost_and_timing() -> None:
    advice = advise(RISING)
    assert advice.action is Direction.SCALE_UP
    assert advice.target_replicas == 8
    assert advice.risk_assessment is Level.LOW
    assert sentences(advice) == (
        "shop/web is expected to need up to 3.2 cores within 110 s (now 1.9 cores); "
        "8 pods are wanted before then instead of 5. "
        "3 more pods, 1.5 cores more reserved, risk low: done, its pods need about 50 s to be ready."
    )


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"direction": Direction.SCALE_DOWN, "to_replicas": 3}, Level.LOW),
        ({"direction": Direction.SCALE_DOWN, "to_replicas": 3, "keeps_state": True}, Level.MEDIUM),
        ({"direction": Direction.SCALE_DOWN, "to_replicas": 3, "expected_millicores": None}, Level.MEDIUM),
        ({"direction": Direction.SCALE_DOWN, "to_replicas": 3, "cpu_usage_millicores": None}, Level.HIGH),
        ({"direction": Direction.SCALE_DOWN, "to_replicas": 3, "saturated": True}, Level.HIGH),
        ({"to_replicas": 20}, Level.MEDIUM),
        ({"to_replicas": 20, "saturated": True}, Level.HIGH),
        ({"direction": Direction.MAINTAIN, "to_replicas": 5}, Level.LOW),
        ({"direction": Direction.MAINTAIN, "to_replicas": 5, "held": True}, Level.MEDIUM),
    ],
)
def test_risk_follows_the_situation(changes: dict[str, object], level: Level) -> None:
    assert advise(replace(RISING, **changes)).risk_assessment is level  # type: ignore[arg-type]


def test_what_is_not_known_is_said_and_lowers_confidence() -> None:
    blind = replace(RISING, cpu_usage_millicores=None, expected_millicores=None, startup_seconds=None)
    advice = advise(blind)
    assert "no forecast" in advice.reasoning
    assert "usage now unknown" in advice.reasoning
    assert advice.confidence < advise(RISING).confidence


def test_a_full_workload_at_its_maximum_is_told_to_raise_it() -> None:
    full = replace(RISING, direction=Direction.MAINTAIN, to_replicas=5, max_replicas=5, cpu_usage_millicores=2400)
    assert "raise the maximum" in advise(full).reasoning


def test_alike_situations_share_a_key_and_others_do_not() -> None:
    key = cache_key("gpt-oss/small", RISING)
    # What was decided is no part of it: an answer is held against the envelope it is used for.
    alike = {"cpu_usage_millicores": 1950, "memory_bytes": 5 * 101 * 2**20, "to_replicas": 9, "held": True}
    assert cache_key("gpt-oss/small", replace(RISING, **alike)) == key  # type: ignore[arg-type]
    for changes in (
        {"cpu_usage_millicores": 2500},
        {"memory_bytes": 5 * 120 * 2**20},
        {"workload_id": 8},
        {"max_replicas": 30},
        {"min_replicas": 3},
        {"trend": "increasing"},
    ):
        assert cache_key("gpt-oss/small", replace(RISING, **changes)) != key
    assert cache_key("groq/large", RISING) != key
