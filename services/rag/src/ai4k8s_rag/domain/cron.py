"""Schedules as Kubernetes reads them: five fields or a word."""

from __future__ import annotations

import re

_WORDS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_LONGEST = {4: 30, 6: 30, 9: 30, 11: 30, 2: 29}
_LONGEST_SCHEDULE = 200
_ITEM = re.compile(r"(\*|\?|[A-Za-z0-9]+(?:-[A-Za-z0-9]+)?)(?:/(\d+))?")


def cron_fault(schedule: str) -> str:
    """Return why a schedule cannot be read; empty for one that can."""
    text = schedule.strip()
    if text in _WORDS:
        return ""
    if text.startswith("@every "):
        return "" if re.fullmatch(r"@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+", text) else "the interval cannot be read"
    if text.startswith("@"):
        return f"there is no word {text[:20]}"
    parts = text.split()
    if len(parts) != len(_FIELDS) or len(text) > _LONGEST_SCHEDULE:
        return f"it has {len(parts)} fields, and 5 are wanted (minute, hour, day, month, weekday)"
    for part, (name, low, high) in zip(parts, _FIELDS, strict=True):
        fault = _field_fault(part, name, low, high)
        if fault:
            return fault
    return ""


def never_comes(schedule: str) -> bool:
    """Whether only days are named that none of the named months has, as 30 February."""
    parts = schedule.split()
    if len(parts) != len(_FIELDS) or parts[4].strip("*?") or not parts[2].isdigit():
        return False
    months = _months(parts[3])
    return bool(months) and all(int(parts[2]) > _LONGEST.get(month, 31) for month in months)


def _months(part: str) -> list[int]:
    numbers = [_number(each, "month") for each in part.split(",")]
    return [number for number in numbers if number is not None] if None not in numbers else []


def _field_fault(part: str, name: str, low: int, high: int) -> str:
    for item in part.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            return f"'{item[:20]}' cannot be read as {name}"
        span, step = found.groups()
        if step is not None and int(step) == 0:
            return f"a step of 0 in {name}"
        if span in {"*", "?"}:
            continue
        ends = [_number(end, name) for end in span.split("-")]
        if any(end is None or not low <= end <= high for end in ends):
            return f"'{item[:20]}' is no {name} from {low} to {high}"
        if len(ends) > 1 and (ends[0] or 0) > (ends[1] or 0):
            return f"'{item[:20]}' ends before it begins"
    return ""


def _number(text: str, name: str) -> int | None:
    if text.isdigit():
        return int(text)
    words = {"month": _MONTHS, "day of the week": _DAYS}.get(name, [])
    lower = text.lower()
    return words.index(lower) + (1 if name == "month" else 0) if lower in words else None
