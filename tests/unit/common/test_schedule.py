"""Rules of the clock: states, not events; each zone's own clock; one rule of overlaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai4k8s_common.schedule import Bounded, Rule, holding, parse_cron

OFFICE = Rule.parse("30 8 * * 1-5", 630, "Europe/Rome")


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE.zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-11-02T08:29", False),
        ("2026-11-02T08:30", True),
        ("2026-11-02T18:59", True),
        ("2026-11-02T19:00", False),
        ("2026-11-07T12:00", False),  # Saturday
        ("2026-07-06T08:30", True),  # summer time: the wall clock counts
    ],
)
def test_a_rule_holds_by_the_wall_clock_of_its_zone(moment, holds):
    assert (OFFICE.active_until(rome(moment)) is not None) is holds


def test_it_says_until_when_and_when_next():
    assert OFFICE.active_until(rome("2026-11-06T18:00")) == rome("2026-11-06T19:00")
    assert OFFICE.next_start(rome("2026-11-06T18:00")) == rome("2026-11-09T08:30")


def test_holidays_are_skipped_and_exceptions_are_the_only_days():
    holiday = Rule.parse("30 8 * * 1-5", 630, "Europe/Rome", skip=frozenset({date(2026, 11, 2)}))
    assert holiday.active_until(rome("2026-11-02T12:00")) is None
    sale = Rule.parse("0 0 * * *", 1440, "Europe/Rome", only=frozenset({date(2026, 11, 27)}))
    assert sale.active_until(rome("2026-11-27T12:00")) is not None
    assert sale.active_until(rome("2026-11-28T12:00")) is None


def test_a_rule_may_reach_over_midnight_and_over_days():
    nights = Rule.parse("0 22 * * 5", 60 * 56, "UTC")
    assert nights.active_until(datetime(2026, 11, 9, 5, 59, tzinfo=UTC)) == datetime(2026, 11, 9, 6, tzinfo=UTC)
    assert nights.active_until(datetime(2026, 11, 9, 6, 0, tzinfo=UTC)) is None


def test_an_hour_that_the_clock_skips_has_no_beginning_in_it():
    rule = Rule.parse("30 2 * * *", 10, "Europe/Rome")
    assert rule.next_start(rome("2026-03-28T12:00")) == rome("2026-03-30T02:30")  # 29 March jumps from 2 to 3


@given(st.integers(0, 365 * 24 * 60), st.integers(1, 600))
@settings(max_examples=40)
def test_whoever_asks_gets_what_the_beginnings_say(minute_of_year, minutes):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute_of_year)
    rule = Rule.parse("15 */3 * * *", minutes, "America/New_York")
    began = rule.next_start(now - timedelta(minutes=minutes))
    assert (rule.active_until(now) is not None) is (began is not None and began <= now)


def bounded(name: str, low: int | None, high: int | None) -> Bounded:
    return Bounded(name, Rule.parse("0 0 * * *", 1440, "UTC"), low, high)


def test_of_rules_that_overlap_the_highest_minimum_and_the_lowest_maximum_hold_and_the_minimum_wins():
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    found = holding((bounded("a", 2, 9), bounded("b", 4, None), bounded("c", None, 6)), now)
    assert found is not None
    assert (found.minimum, found.maximum, found.names) == (4, 6, ("a", "b", "c"))
    crossed = holding((bounded("a", 8, None), bounded("b", None, 3)), now)
    assert crossed is not None
    assert (crossed.minimum, crossed.maximum) == (8, 8)


@pytest.mark.parametrize(
    ("expression", "word"),
    [("* * * *", "five fields"), ("61 * * * *", "minute"), ("* * * * mo", "weekday"), ("*/0 * * * *", "step")],
)
def test_a_wrong_expression_says_which_field(expression, word):
    with pytest.raises(ValueError, match=word):
        parse_cron(expression)


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no time zone 'Mars/Base'"):
        Rule.parse("0 0 * * *", 10, "Mars/Base")
