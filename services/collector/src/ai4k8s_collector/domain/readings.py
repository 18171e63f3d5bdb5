"""Which usage readings can be believed. A bad one is dropped and counted, never repaired.

A reading that is stale or from the future would move a forecast or trigger a scaling for something that is not
so now; a missing one only makes a sum less certain.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ai4k8s_collector.domain.observed import UsageReading

# metrics-server scrapes every 15 s and dates a reading by its window's end: fresh ones can be a minute old.
LEAST_STALE_AFTER = timedelta(seconds=90)
CLOCKS_DIFFER_BY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Believed:
    """Readings that passed, by (namespace, name), and how many did not, by reason."""

    readings: Mapping[tuple[str, str], UsageReading]
    dropped: Counter[str]


def stale_after(interval: timedelta) -> timedelta:
    """Two cycles, but never less than what a healthy metrics-server needs."""
    return max(2 * interval, LEAST_STALE_AFTER)


def believe(
    readings: Iterable[UsageReading],
    now: datetime,
    interval: timedelta,
    born: Mapping[tuple[str, str], datetime | None],
) -> Believed:
    """Sort out readings. `born` says when each object was made: an older reading is of its namesake."""
    good: dict[tuple[str, str], UsageReading] = {}
    dropped: Counter[str] = Counter()
    for reading in readings:
        key = (reading.namespace, reading.name)
        problem = _problem(reading, now, interval, born.get(key))
        if problem is None:
            good[key] = reading
        else:
            dropped[problem] += 1
    return Believed(good, dropped)


def _problem(reading: UsageReading, now: datetime, interval: timedelta, born_at: datetime | None) -> str | None:
    values = (reading.cpu_millicores, reading.memory_bytes)
    if any(value is None or not math.isfinite(value) for value in values):
        return "not_a_number"
    if any(value is not None and value < 0 for value in values):
        return "negative"
    if reading.at is None:
        return "undated"
    if reading.at > now + CLOCKS_DIFFER_BY:
        return "in_the_future"
    if reading.at < now - stale_after(interval) or (born_at is not None and reading.at < born_at):
        return "stale"
    return None


def describe(dropped: Mapping[str, int]) -> str:
    """Say in words what was dropped; empty when nothing was."""
    if not dropped:
        return ""
    parts = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(dropped.items()))
    hint = " Compare the clocks of the cluster and this server." if "in_the_future" in dropped else ""
    return f"Readings dropped: {parts}.{hint}"
