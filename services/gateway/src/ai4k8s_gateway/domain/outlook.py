"""What a workload will need, in one sentence, from its forecast.

The same fields that make the sentence are given beside it, so that a page can say it in the reader's own time zone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# The level that the sentence speaks of: what the workload needs at most, nineteen times in twenty.
LEVEL = 0.95
LOOK_AHEAD = timedelta(minutes=60)
RISE_SETTLES = timedelta(minutes=10)
STALE_AFTER = timedelta(minutes=10)
HOURS_WANTED = 24.0
_EPSILON = 1e-9


class OutlookKind(StrEnum):
    """What the sentence is about."""

    RISING = "rising"
    SCALING = "scaling"
    FALLING = "falling"
    STEADY = "steady"
    NOT_READY = "not_ready"
    UNFORESEEN = "unforeseen"
    NO_REQUEST = "no_request"
    BLIND = "blind"


@dataclass(frozen=True)
class Path:
    """A forecast: `values[level][step]` in millicores."""

    start_at: datetime
    step: timedelta
    levels: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Foreseen:
    """The newest forecast of a workload; statuses are the forecaster's words."""

    made_at: datetime
    status: str
    detail: str
    history_hours: float
    path: Path | None


@dataclass(frozen=True)
class Situation:
    """What is known of a workload now."""

    name: str
    ready_replicas: int
    desired_replicas: int
    cpu_request_millicores: float | None
    min_replicas: int
    max_replicas: int
    mode: str
    lead_time_seconds: float
    wanted_replicas: int | None  # by the scaler, lately: it looks finer and nearer than the six-hour path
    blind_since: datetime | None
    is_blind: bool


@dataclass(frozen=True)
class Outlook:
    """The sentence, and what it is made of. Times in `text` are UTC."""

    kind: OutlookKind
    text: str
    now_replicas: int
    needed_replicas: int | None = None
    needed_at: datetime | None = None
    acts_at: datetime | None = None
    history_hours: float | None = None
    history_hours_wanted: float | None = None


def needed_replicas(path: Path, request_millicores: float, lowest: int, highest: int) -> list[int]:
    """Return the pods needed at each step, at the level nearest to LEVEL, within the policy's bounds."""
    row = min(range(len(path.levels)), key=lambda index: abs(path.levels[index] - LEVEL))
    return [
        min(max(math.ceil(max(value, 0.0) / request_millicores - _EPSILON), lowest), highest)
        for value in path.values[row]
    ]


def look_ahead(situation: Situation, foreseen: Foreseen | None, now: datetime) -> Outlook:
    """Say what the workload will need within the hour."""
    blocked = _without_foresight(situation, foreseen, now)
    if blocked is not None:
        return blocked
    assert foreseen is not None and foreseen.path is not None  # noqa: S101, PT018  # _without_foresight answers otherwise
    assert situation.cpu_request_millicores is not None  # noqa: S101
    path = foreseen.path
    needed = needed_replicas(path, situation.cpu_request_millicores, situation.min_replicas, situation.max_replicas)
    times = [path.start_at + index * path.step for index in range(len(needed))]
    ahead = [(at, count) for at, count in zip(times, needed, strict=True) if now <= at <= now + LOOK_AHEAD]
    if not ahead:
        return Outlook(OutlookKind.UNFORESEEN, f"{situation.name}: the forecast has run out.", situation.ready_replicas)
    return _sentence(situation, ahead, now)


def _without_foresight(situation: Situation, foreseen: Foreseen | None, now: datetime) -> Outlook | None:
    name, ready = situation.name, situation.ready_replicas
    if situation.is_blind:
        since = f" since {_clock(situation.blind_since)}" if situation.blind_since else ""
        return Outlook(OutlookKind.BLIND, f"{name}: no fresh metrics{since}. Nothing is scaled meanwhile.", ready)
    if foreseen is None:
        return Outlook(OutlookKind.UNFORESEEN, f"{name}: no forecast yet.", ready)
    if foreseen.status == "not_ready":
        text = f"{name}: not ready to foresee, {foreseen.history_hours:.3g} of {HOURS_WANTED:.0f} h collected."
        return Outlook(
            OutlookKind.NOT_READY,
            text,
            ready,
            history_hours=foreseen.history_hours,
            history_hours_wanted=HOURS_WANTED,
        )
    if foreseen.status != "ready" or foreseen.path is None:
        return Outlook(OutlookKind.UNFORESEEN, f"{name}: {foreseen.detail or 'no usable forecast'}.", ready)
    if now - foreseen.made_at > STALE_AFTER:
        text = f"{name}: the newest forecast is from {_clock(foreseen.made_at)}; it is not acted upon."
        return Outlook(OutlookKind.UNFORESEEN, text, ready)
    if not situation.cpu_request_millicores:
        text = f"{name}: its pods have no CPU request, so demand cannot be counted in pods."
        return Outlook(OutlookKind.NO_REQUEST, text, ready)
    return None


def _sentence(situation: Situation, ahead: list[tuple[datetime, int]], now: datetime) -> Outlook:
    name, ready = situation.name, situation.ready_replicas
    first_rise = next((at for at, count in ahead if count > ready), None)
    wanted = situation.wanted_replicas or 0
    if wanted > ready:
        soon = now + timedelta(seconds=situation.lead_time_seconds)
        return _rise(situation, wanted, min(first_rise or soon, soon), now, now)
    if first_rise is not None:
        settled = [(at, count) for at, count in ahead if first_rise <= at <= first_rise + RISE_SETTLES]
        most = max(count for _, count in settled)
        at = next(at for at, count in settled if count == most)
        acts_at = max(now, first_rise - timedelta(seconds=situation.lead_time_seconds))
        return _rise(situation, most, at, acts_at, now)
    most = max(count for _, count in ahead)
    if most < ready:
        text = f"{name} will need {_pods(most)} at most within the hour ({ready} now)."
        return Outlook(OutlookKind.FALLING, text, ready, most, ahead[0][0])
    text = f"{name} needs {_pods(most)} within the hour and has {ready}."
    return Outlook(OutlookKind.STEADY, text, ready, most, ahead[0][0])


def _rise(situation: Situation, needed: int, at: datetime, acts_at: datetime, now: datetime) -> Outlook:
    name, ready, desired = situation.name, situation.ready_replicas, situation.desired_replicas
    head = f"{name} will need {_pods(needed)} at {_clock(at)} ({ready} now)."
    if desired > ready:
        text = f"{head} Scaling: {ready} of {desired} ready."
        return Outlook(OutlookKind.SCALING, text, ready, needed, at, None)
    if situation.mode == "auto":
        when = "now" if acts_at <= now else f"at {_clock(acts_at)}"
        return Outlook(OutlookKind.RISING, f"{head} Scaling {when}.", ready, needed, at, acts_at)
    tail = "Recommended, not done." if situation.mode == "recommend" else "Only observed, not scaled."
    return Outlook(OutlookKind.RISING, f"{head} {tail}", ready, needed, at, None)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"


def _clock(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%H:%M UTC")
