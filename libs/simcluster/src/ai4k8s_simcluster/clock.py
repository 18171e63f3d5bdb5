"""Time as a dependency, so that controllers and the load model can be tested without waiting."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the wall time in seconds since the epoch."""

    def now(self) -> float:
        """Return the present as Unix seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the present as Unix seconds."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the present as Unix seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let the given number of seconds pass."""
        self._now += seconds


def rfc3339(seconds: float) -> str:
    """Write a time the way Kubernetes writes `metav1.Time`: UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(seconds: float) -> str:
    """Write a time the way Kubernetes writes `metav1.MicroTime`: UTC, microseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_rfc3339(text: str) -> float:
    """Read a time in RFC 3339 form into Unix seconds."""
    return datetime.fromisoformat(text).timestamp()


def short_duration(seconds: float) -> str:
    """Write an age as `kubectl get` shows it: two units while they still say something."""
    total = int(seconds)
    if total < 0:
        return "<invalid>" if total < -1 else "0s"
    if total < 120:
        return f"{total}s"
    minutes = total // 60
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = total // 3600
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    if years < 8:
        return f"{years}y{days % 365}d" if days % 365 else f"{years}y"
    return f"{years}y"
