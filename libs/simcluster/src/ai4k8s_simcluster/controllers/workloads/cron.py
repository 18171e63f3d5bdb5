"""Cron schedules: when a line like `*/15 9-17 * * mon-fri` is due, in a time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_SEARCH = timedelta(days=366 * 5)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class ScheduleError(ValueError):
    """The text is not a schedule."""


@dataclass(frozen=True, slots=True)
class _Field:
    values: frozenset[int]
    is_any: bool


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + first
    if not text.isdigit():
        raise ScheduleError(f"'{text}' is not a number")
    return int(text)


def _field(text: str, least: int, most: int, names: tuple[str, ...] = ()) -> _Field:
    values: set[int] = set()
    any_of = False
    for part in text.split(","):
        body, slash, step_text = part.partition("/")
        step = _number(step_text, (), 0) if slash else 1
        if step < 1:
            raise ScheduleError(f"a step must be at least 1 in '{text}'")
        if body in {"*", "?"}:
            low, high = least, most
            any_of = any_of or step == 1
        else:
            first, dash, last = body.partition("-")
            low = _number(first, names, least)
            high = _number(last, names, least) if dash else (most if slash else low)
        if not least <= low <= high <= max(most, high if names == _DAYS and high <= 7 else most):
            raise ScheduleError(f"'{part}' is not between {least} and {most}")
        values |= set(range(low, high + 1, step))
    if names == _DAYS and 7 in values:
        values = (values - {7}) | {0}
    return _Field(frozenset(values), any_of)


def _interval(text: str) -> float:
    """Read the duration of `@every 1h30m` into seconds."""
    seconds, number = 0.0, ""
    for letter in text:
        if letter.isdigit() or letter == ".":
            number += letter
        elif letter in _UNITS and number:
            seconds, number = seconds + float(number) * _UNITS[letter], ""
        else:
            raise ScheduleError(f"'{text}' is not a duration")
    if number or seconds < 1:
        raise ScheduleError(f"'{text}' is not a duration of at least a second")
    return seconds


class Schedule:
    """A cron line."""

    def __init__(self, text: str, zone: str = "") -> None:
        """Read a line. Raises ScheduleError when it, or the time zone, is none."""
        text = text.strip()
        if text.startswith(("TZ=", "CRON_TZ=")):
            named, _, text = text.partition(" ")
            zone = named.partition("=")[2]
        try:
            self._zone = ZoneInfo(zone) if zone else UTC
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ScheduleError(f"unknown time zone {zone}") from error
        self._every = _interval(text.removeprefix("@every ").strip()) if text.startswith("@every ") else 0.0
        if self._every:
            return
        fields = _MACROS.get(text, text).split()
        if len(fields) != 5:
            raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {fields}")
        self._minutes = sorted(_field(fields[0], 0, 59).values)
        self._hours = sorted(_field(fields[1], 0, 23).values)
        self._days = _field(fields[2], 1, 31)
        self._months = _field(fields[3], 1, 12, _MONTHS).values
        self._weekdays = _field(fields[4], 0, 6, _DAYS)

    def stamp(self, seconds: float) -> str:
        """Write a time in the zone of the schedule."""
        text = datetime.fromtimestamp(seconds, UTC).astimezone(self._zone).isoformat(timespec="seconds")
        return text.replace("+00:00", "Z")

    def next_after(self, seconds: float) -> float | None:
        """Return the first time after a moment (Unix seconds); None when there is none in five years."""
        if self._every:
            return float(int(seconds) + round(self._every))
        local = datetime.fromtimestamp(seconds, UTC).astimezone(self._zone).replace(second=0, microsecond=0)
        day = local.replace(hour=0, minute=0)
        limit = day + _LONGEST_SEARCH
        while day <= limit:
            if day.month in self._months and self._is_day(day):
                found = self._in_day(day, seconds)
                if found is not None:
                    return found
            day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=self._zone)
        return None

    def _is_day(self, day: datetime) -> bool:
        """Say whether a day is meant: of month and of week, or either when both are given."""
        of_month = day.day in self._days.values
        of_week = (day.weekday() + 1) % 7 in self._weekdays.values
        if self._days.is_any or self._weekdays.is_any:
            return of_month and of_week
        return of_month or of_week

    def _in_day(self, day: datetime, after: float) -> float | None:
        for hour in self._hours:
            for minute in self._minutes:
                at = day.replace(hour=hour, minute=minute)
                stamp = at.timestamp()
                real = datetime.fromtimestamp(stamp, UTC).astimezone(self._zone)
                if stamp > after and (real.hour, real.minute) == (hour, minute):
                    return stamp
        return None
