"""Rules of the clock against the past: what they would have done, and which ones the past suggests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

BIN_MINUTES = 30
BINS_A_DAY = 24 * 60 // BIN_MINUTES
#: Fewer days show no difference between weekdays and the rest.
LEAST_DAYS = 5
LEAST_SAVING = 0.05
BUSY_LEVEL = 0.95
FRIDAY = 5


@dataclass(frozen=True)
class Past:
    """Half an hour of a workload.

    Attributes:
        at: its begin, UTC.
        demand_pods: the highest demand in it, in pods at the policy's target; None: not measured.
        replicas: `spec.replicas`, mean.
    """

    at: datetime
    demand_pods: float | None
    replicas: float


@dataclass(frozen=True)
class Replayed:
    """The past under rules: replicas for each half hour, and sums in hours."""

    replicas: tuple[float, ...]
    actual_pod_hours: float
    scheduled_pod_hours: float
    short_hours: float
    actual_short_hours: float


Bounds: TypeAlias = tuple[int | None, int | None]
"""The least and the most that rules ask for."""


def replayed(past: Sequence[Past], bounds_at: Callable[[datetime], Bounds | None]) -> Replayed:
    """Hold what was there within what rules would have asked for at each moment; None: they asked for nothing."""
    hours = BIN_MINUTES / 60
    replicas = []
    for item in past:
        bounds = bounds_at(item.at)
        kept = item.replicas
        if bounds is not None:
            least, most = bounds
            kept = max(min(kept, math.inf if most is None else most), least or 0)
        replicas.append(float(kept))
    demand = [0.0 if item.demand_pods is None else item.demand_pods for item in past]
    return Replayed(
        tuple(replicas),
        sum(item.replicas for item in past) * hours,
        sum(replicas) * hours,
        sum(need > there for need, there in zip(demand, replicas, strict=True)) * hours,
        sum(need > item.replicas for need, item in zip(demand, past, strict=True)) * hours,
    )


@dataclass(frozen=True)
class Suggested:
    """Busy hours on weekdays and what they need, what the rest needs, and what it saves."""

    begin_minutes: int
    end_minutes: int
    busy: int
    calm: int
    saving_share: float


def suggested(past: Sequence[Past], zone: ZoneInfo) -> Suggested | str:
    """The one stretch of the weekday whose separate treatment saves most, or why there is none."""
    days = {item.at.astimezone(zone).date() for item in past if item.demand_pods is not None}
    weekdays = [day for day in days if day.isoweekday() <= FRIDAY]
    if len(weekdays) < LEAST_DAYS:
        return f"{len(weekdays)} of the {LEAST_DAYS} weekdays that it takes were measured"
    work, rest = _needs(past, zone)
    best: Suggested | None = None
    flat = math.ceil(max(*work, *rest))
    for begin in range(BINS_A_DAY):
        for end in range(begin + 2, BINS_A_DAY + 1):
            busy = math.ceil(max(work[begin:end]))
            calm = math.ceil(max(*work[:begin], *work[end:], *rest))
            share = (end - begin) / BINS_A_DAY * 5 / 7
            cost = share * busy + (1 - share) * calm
            saving = 1 - cost / max(flat, 1)
            if busy > calm and (best is None or saving > best.saving_share):
                best = Suggested(begin * BIN_MINUTES, end * BIN_MINUTES, busy, max(calm, 1), saving)
    if best is None or best.saving_share < LEAST_SAVING:
        return "its demand has no busy hours that stand out by day and weekday"
    return best


def _needs(past: Sequence[Past], zone: ZoneInfo) -> tuple[list[float], list[float]]:
    """What each half hour of a weekday, and of a day at the weekend, mostly needs at most."""
    seen: dict[tuple[bool, int], list[float]] = {}
    for item in past:
        if item.demand_pods is not None:
            local = item.at.astimezone(zone)
            key = (local.isoweekday() <= FRIDAY, (local.hour * 60 + local.minute) // BIN_MINUTES)
            seen.setdefault(key, []).append(item.demand_pods)
    unknown = _level([value for values in seen.values() for value in values])

    def levels(*, weekday: bool) -> list[float]:
        values = (seen.get((weekday, number)) for number in range(BINS_A_DAY))
        return [unknown if found is None else _level(found) for found in values]

    work = levels(weekday=True)
    has_weekend = any(not weekday for weekday, _ in seen)
    # A weekend that nobody has seen is not assumed to be calmer than the calmest hours of the week.
    return work, levels(weekday=False) if has_weekend else [min(work)] * BINS_A_DAY


def _level(values: list[float]) -> float:
    """The value that all but the highest twentieth stay below."""
    ordered = sorted(values)
    return ordered[min(math.ceil(BUSY_LEVEL * len(ordered)), len(ordered)) - 1]


def cron_of(begin_minutes: int, days: str = "1-5") -> str:
    """The expression that begins at a minute of the day."""
    return f"{begin_minutes % 60} {begin_minutes // 60} * * {days}"
