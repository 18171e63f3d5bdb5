"""What the SLO's account turns by the hour: the price of risk, or where nothing is foreseen the target."""

from __future__ import annotations

from dataclasses import replace

from ai4k8s_scaler.domain.policy import Limits
from ai4k8s_scaler.memory import Memory

LEADS = Limits(1, 20, 80, 0.01, slo_leads=True)


def after_hours(hours: int, *, short: bool, foreseen: bool, limits: Limits) -> Memory:
    """An evaluation every half hour, stored and read again each time."""
    memory = Memory.of(None, None, limits.slo_short_share)
    for half in range(2 * hours + 1):
        memory = memory.counted(1.0 + 1800.0 * half, short=short, foreseen=foreseen, limits=limits)
        memory = Memory.of(memory.policy.price, memory.to_json(), limits.slo_short_share)
    return memory


def test_with_a_forecast_the_price_follows_and_the_target_stays() -> None:
    start = Memory.of(None, None, 0.01).budget.price
    memory = after_hours(3, short=True, foreseen=True, limits=LEADS)
    assert memory.budget.price > start
    assert memory.steering(LEADS) == LEADS


def test_without_one_the_target_follows_where_the_slo_leads() -> None:
    memory = after_hours(3, short=True, foreseen=False, limits=LEADS)
    assert memory.budget.price == Memory.of(None, None, 0.01).budget.price
    assert memory.steering(LEADS).target_percent < 80
    assert after_hours(3, short=False, foreseen=False, limits=LEADS).steering(LEADS).target_percent > 80


def test_a_target_that_a_person_set_is_not_touched_without_consent() -> None:
    limits = replace(LEADS, slo_leads=False)
    assert after_hours(3, short=True, foreseen=False, limits=limits).steering(limits) == limits
