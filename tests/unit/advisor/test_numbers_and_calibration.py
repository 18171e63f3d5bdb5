"""Numbers that no fact holds are found, and a confidence is worth what came true."""

from __future__ import annotations

from random import Random

import pytest

from ai4k8s_advisor.domain.calibration import FEWEST, ISOTONIC_FROM, Calibration, Outcome, was_right
from ai4k8s_advisor.domain.numbers import strangers

FACTS = ("At 14:05 UTC shop/web2 went from 6 to 9 pods", "95 % upper 1,900m CPU, 8.40 pods", "p95 in 110 s")


@pytest.mark.parametrize(
    "text",
    [
        "It went from six to nine pods at 14:05.",
        "About 8.4 pods, with 95% certainty: 1900m.",
        "No more than one of them; web2 needs 110 s.",
        "\uff19 pods",  # full-width digits are digits
    ],
)
def test_numbers_of_the_facts_may_be_written_in_other_ways(text: str) -> None:
    assert strangers(text, FACTS) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It needs 7 pods.", ("7",)),
        ("At 14:06 it needs .5 more.", ("14:06", "0.5")),
        ("Demand doubled to twelve pods.", ("12", "doubled")),
        ("web3 and p99 and 5", ("web3", "p99", "5")),
        ("八 pods, ½ of them", ("1", "2", "八")),
        ("2026-11-28", ("2026-11-28",)),
    ],
)
def test_numbers_of_its_own_are_found(text: str, found: tuple[str, ...]) -> None:
    assert set(found) <= set(strangers(text, FACTS))


def outcomes(count: int, share: float, confidence: float = 0.9) -> list[Outcome]:
    right = round(count * share)
    return [Outcome(confidence, place < right) for place in range(count)]


def test_before_there_are_enough_outcomes_it_says_how_many_are_missing() -> None:
    found = Calibration(outcomes(12, 1.0)).of(0.9)
    assert found.value is None
    assert found.sentence == f"not calibrated yet: 12 of {FEWEST}"


@pytest.mark.parametrize("count", [FEWEST + 10, ISOTONIC_FROM + 40])
def test_boasting_is_brought_down_to_what_came_true(count: int) -> None:
    found = Calibration([*outcomes(count // 2, 0.3, 0.95), *outcomes(count // 2, 0.2, 0.5)]).of(0.95)
    assert found.value is not None
    assert found.value == pytest.approx(0.3, abs=0.04)


def test_calibration_never_falls_with_rising_confidence() -> None:
    random = Random(7)
    said = [random.random() for _ in range(400)]
    found = Calibration([Outcome(confidence, random.random() < confidence**2) for confidence in said])
    values = [found.of(step / 20).value or 0.0 for step in range(21)]
    assert values == sorted(values)
    assert abs(values[14] - 0.49) < 0.15
    # Also where doubt was the better sign: the curve is flat then.
    inverted = Calibration([*outcomes(40, 0.1, 0.9), *outcomes(40, 0.9, 0.1)])
    assert inverted.of(0.9).value == pytest.approx(inverted.of(0.1).value)


@pytest.mark.parametrize(
    ("replicas", "demand", "verdict", "carried_out", "right"),
    [
        (9, 8.4, "in_time", True, True),
        (8, 8.4, "not_enough", True, False),
        (9, 8.4, "not_enough", False, True),  # not what was done: it would have fitted
        (9, 8.4, "late", True, False),
        (14, 8.4, "too_much", True, False),
        (11, 8.4, "in_time", False, True),
    ],
)
def test_a_choice_was_right_when_it_fitted_the_demand_that_came(replicas, demand, verdict, carried_out, right) -> None:
    assert was_right(replicas, demand, verdict, carried_out=carried_out) is right
