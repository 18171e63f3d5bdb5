"""When a log-in must wait: password guessing is slowed down without locking out who is being guessed.

Failures count per name and client together, so that somebody elsewhere cannot lock a person out with a few wrong
passwords; the wider limits catch guessing that is spread over many names or many clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True)
class Limit:
    """From `free` failures on, each further one doubles the pause, up to `longest_seconds`."""

    free: int
    first_seconds: float
    longest_seconds: float

    def pause_seconds(self, failures: int) -> float:
        """Return the pause after the newest of so many failures."""
        if failures < self.free:
            return 0.0
        return float(min(self.first_seconds * 2 ** min(failures - self.free, 20), self.longest_seconds))


NAME_AND_CLIENT = Limit(free=5, first_seconds=15, longest_seconds=900)
NAME = Limit(free=50, first_seconds=15, longest_seconds=120)
CLIENT = Limit(free=50, first_seconds=15, longest_seconds=900)


def wait_seconds(of_name_from_client: int, of_name: int, from_client: int, since_newest_seconds: float) -> float:
    """Return how long to wait before the next log-in is looked at; 0 when it may be tried now."""
    pause = max(
        NAME_AND_CLIENT.pause_seconds(of_name_from_client),
        NAME.pause_seconds(of_name),
        CLIENT.pause_seconds(from_client),
    )
    return max(0.0, pause - since_newest_seconds)
