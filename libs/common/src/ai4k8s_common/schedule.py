"""Rules of the clock: a cron expression says when a rule begins, a duration how long it holds.

A rule is a state and not an event: whoever asks at any moment gets the same answer, so nothing is missed while nobody
was awake. All of it is wall-clock time of the rule's own time zone. An hour that the clock skips has no beginning in
it; of an hour that it repeats the first one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST_MINUTES = 7 * 24 * 60
_LONGEST_LOOK = timedelta(days=366)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORTHANDS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}


@dataclass(frozen=True)
class Cron:
    """A parsed expression: the allowed minutes, hours, days, months and weekdays (0 is Sunday).

    Attributes:
        any_day: whether day of month and of week are both restricted; then either suffices, as cron has it.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool

    def on(self, day: date) -> bool:
        """Whether it fires on this day."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.any_day else in_month and in_week


def parse_cron(expression: str) -> Cron:
    """Read `minute hour day month weekday`. Raises ValueError that says which field is wrong."""
    fields = _SHORTHANDS.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:  # cron's five fields
        raise ValueError("a cron expression has five fields: minute hour day month weekday, as in '30 8 * * 1-5'")
    weekdays = frozenset(day % 7 for day in _field(fields[4], "weekday", 0, 7, _DAYS, 0))
    return Cron(
        minutes=tuple(sorted(_field(fields[0], "minute", 0, 59))),
        hours=tuple(sorted(_field(fields[1], "hour", 0, 23))),
        days=frozenset(_field(fields[2], "day", 1, 31)),
        months=frozenset(_field(fields[3], "month", 1, 12, _MONTHS, 1)),
        weekdays=weekdays,
        any_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _field(text: str, what: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> set[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        reach, _, step_text = part.partition("/")
        step = _number(step_text, what) if step_text else 1
        if step < 1:
            raise ValueError(f"the {what} field's step in '{part}' must be at least 1")
        if reach == "*":
            begin, end = low, high
        else:
            begin_text, dash, end_text = reach.partition("-")
            begin = _number(begin_text, what, names, first)
            end = _number(end_text, what, names, first) if dash else high if step_text else begin
        if not low <= begin <= end <= high:
            raise ValueError(f"the {what} field's '{part}' is outside of {low} to {high}")
        values.update(range(begin, end + 1, step))
    return values


def _number(text: str, what: str, names: tuple[str, ...] = (), first: int = 0) -> int:
    if text in names:
        return names.index(text) + first
    if not text.isdecimal() or len(text) > 2:  # no field has a longer number
        raise ValueError(f"the {what} field does not understand '{text}'")
    return int(text)


def time_zone(name: str) -> ZoneInfo:
    """Return a zone of the IANA database. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone '{name[:60]}'; write it as in 'Europe/Rome'") from None


@dataclass(frozen=True)
class Rule:
    """When something holds.

    Attributes:
        cron: when it begins.
        minutes: how long it holds, at most a week.
        zone: the clock it goes by.
        skip: days on which it does not begin: holidays.
        only: when not empty, the only days on which it begins.
    """

    cron: Cron
    minutes: int
    zone: ZoneInfo
    skip: frozenset[date] = frozenset()
    only: frozenset[date] = frozenset()

    @classmethod
    def parse(
        cls,
        cron: str,
        minutes: int,
        zone: str,
        skip: frozenset[date] = frozenset(),
        only: frozenset[date] = frozenset(),
    ) -> Rule:
        """Read one. Raises ValueError."""
        if not 1 <= minutes <= LONGEST_MINUTES:
            raise ValueError(f"a rule holds between 1 and {LONGEST_MINUTES} minutes")
        return cls(parse_cron(cron), minutes, time_zone(zone), skip, only)

    def begins_on(self, day: date) -> bool:
        """Whether it begins on this day at all."""
        return day not in self.skip and (not self.only or day in self.only) and self.cron.on(day)

    def active_until(self, now: datetime) -> datetime | None:
        """When the state that holds now ends; None when the rule does not hold."""
        began = self._began(now)
        return None if began is None else began + timedelta(minutes=self.minutes)

    def next_start(self, now: datetime) -> datetime | None:
        """The next beginning after now, within a year; None when there is none."""
        day = now.astimezone(self.zone).date()
        last = day + _LONGEST_LOOK
        while day <= last:
            if self.begins_on(day):
                for at in self._starts(day):
                    if at > now:
                        return at
            day += timedelta(days=1)
        return None

    def _began(self, now: datetime) -> datetime | None:
        local = now.astimezone(self.zone)
        earliest = now - timedelta(minutes=self.minutes)
        day = local.date()
        # One more: a day of 25 hours.
        while day >= (earliest.astimezone(self.zone).date()):
            if self.begins_on(day):
                for at in reversed(self._starts(day)):
                    if earliest < at <= now:
                        return at
            day -= timedelta(days=1)
        return None

    def _starts(self, day: date) -> list[datetime]:
        """The day's beginnings in UTC, in order; those in an hour that the clock skips are left out."""
        starts = []
        for hour in self.cron.hours:
            for minute in self.cron.minutes:
                wall = datetime.combine(day, time(hour, minute), self.zone)
                at = wall.astimezone(UTC)
                if at.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                    starts.append(at)
        return starts


@dataclass(frozen=True)
class Bounded:
    """A rule that sets a minimum, a maximum, or both."""

    name: str
    rule: Rule
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True)
class Scheduled:
    """What the rules that hold now ask for together.

    Attributes:
        minimum: the highest of their minimums.
        maximum: the lowest of their maximums, never below `minimum`: capacity wins over thrift.
        names: of the rules that hold.
        until: when the first of them ends.
    """

    minimum: int | None
    maximum: int | None
    names: tuple[str, ...]
    until: datetime


def holding(rules: tuple[Bounded, ...], now: datetime) -> Scheduled | None:
    """Compose the rules that hold now; None when none does.

    The one rule of overlaps: the highest minimum, the lowest maximum, and where they cross the minimum wins.
    """
    active = [(rule, until) for rule in rules if (until := rule.rule.active_until(now)) is not None]
    if not active:
        return None
    minimums = [rule.minimum for rule, _ in active if rule.minimum is not None]
    maximums = [rule.maximum for rule, _ in active if rule.maximum is not None]
    minimum = max(minimums, default=None)
    maximum = min(maximums, default=None)
    if minimum is not None and maximum is not None:
        maximum = max(minimum, maximum)
    return Scheduled(minimum, maximum, tuple(rule.name for rule, _ in active), min(until for _, until in active))
