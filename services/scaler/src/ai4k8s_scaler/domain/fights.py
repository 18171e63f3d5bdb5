"""Notices that somebody else keeps setting what we set, and when to leave the workload alone.

A person who changes a number once is no fight: their number is where the next decision starts from. A controller that
puts its own number back each time would make both of us swing the workload, so we stop, and for longer each time.
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_SECONDS = 1800.0
RESETS_TO_BACK_OFF = 3
FIRST_REST_SECONDS = 900.0
LONGEST_REST_SECONDS = 6 * 3600.0
#: Resets are remembered this long, so that a fight that goes on after a rest is known as the same one.
MEMORY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Reset:
    """Somebody set another value than ours: when, and who as far as the object tells."""

    at: float
    by: str


@dataclass(frozen=True)
class Fight:
    """What is known of somebody else's changes.

    Attributes:
        resets: of the last day, the oldest first.
        rest_until: epoch second until which the workload is left alone; 0 when it is not.
        reason: in words; empty while there is no fight.
    """

    resets: tuple[Reset, ...] = ()
    rest_until: float = 0.0
    reason: str = ""


def noticed(fight: Fight, reset: Reset) -> Fight:
    """One more reset: rest once there are three within half an hour, each time twice as long as before."""
    resets = (*(old for old in fight.resets if reset.at - old.at < MEMORY_SECONDS), reset)
    recent = [old for old in resets if reset.at - old.at < WINDOW_SECONDS]
    if len(recent) < RESETS_TO_BACK_OFF:
        return Fight(resets, fight.rest_until, fight.reason)
    earlier = len(resets) // RESETS_TO_BACK_OFF - 1
    rest = min(FIRST_REST_SECONDS * 2.0**earlier, LONGEST_REST_SECONDS)
    who = ", ".join(sorted({old.by for old in recent if old.by})) or "somebody else"
    reason = f"{who} set it back {len(recent)} times within 30 min; left alone for {rest / 60:.0f} min"
    return Fight(resets, reset.at + rest, reason)
