"""Rules of the clock tried on the past, and the ones that the past suggests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ai4k8s_common.schedule import Rule, time_zone
from ai4k8s_gateway.domain.rhythm import BINS_A_DAY, Past, replayed, suggested

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
ROME = time_zone("Europe/Rome")


def weeks(count: int, busy: float = 5.6, calm: float = 1.4) -> list[Past]:
    """Weekdays 08:30 to 19:00 in Rome are busy."""
    past = []
    for number in range(count * 7 * BINS_A_DAY):
        at = MONDAY + timedelta(minutes=30 * number)
        local = at.astimezone(ROME)
        minutes = local.hour * 60 + local.minute
        open_now = local.isoweekday() <= 5 and 510 <= minutes < 1140
        past.append(Past(at, busy if open_now else calm, 6.0))
    return past


def test_busy_hours_are_found_with_what_they_save():
    found = suggested(weeks(2), ROME)
    assert not isinstance(found, str)
    assert (found.begin_minutes, found.end_minutes, found.busy, found.calm) == (510, 1140, 6, 2)
    assert 0.4 < found.saving_share < 0.5


def test_no_rhythm_or_too_little_of_the_past_gives_no_suggestion_but_a_reason():
    assert suggested(weeks(2, busy=3.0, calm=3.0), ROME) == (
        "its demand has no busy hours that stand out by day and weekday"
    )
    assert "of the 5 weekdays" in str(suggested(weeks(1)[: 2 * BINS_A_DAY], ROME))


def test_a_rule_on_the_past_is_counted_in_pod_hours_and_in_hours_short():
    nights = Rule.parse("0 19 * * *", 810, "Europe/Rome")
    past = weeks(1)
    found = replayed(past, lambda at: None if nights.active_until(at) is None else (None, 1))
    assert found.actual_pod_hours == 6 * 7 * 24
    assert found.scheduled_pod_hours == found.actual_pod_hours - 5 * 13.5 * 7
    assert found.short_hours == 13.5 * 7  # 1.4 pods are needed at night, one is there
    assert found.actual_short_hours == 0
