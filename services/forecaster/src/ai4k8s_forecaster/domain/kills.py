"""What is remembered of containers that were killed because memory ran out.

How much a container used when it was killed is in no reading: between two of them it rose and was gone. It is known
that it used as much as its limit allowed (or, without one, at least what was seen). The limit that counts is the one of
that time: one that was raised since must not be raised again for the same kill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

#: Without another kill for so long, it is forgotten.
MEMORY = timedelta(days=28)


@dataclass(frozen=True)
class Kill:
    """The largest amount at which a container was killed, and when it was killed last."""

    at_bytes: float
    at: datetime


def remembered(known: Kill | None, last_at: datetime | None, limit_then: float | None, now: datetime) -> Kill | None:
    """Return what is to be remembered now.

    Args:
        known: from the look before.
        last_at: when a kill was last seen; None: never.
        limit_then: the amount that it could use at that time; None: not known.
        now: of this look.
    """
    newer = last_at is not None and (known is None or last_at > known.at)
    if newer and last_at is not None and limit_then:
        known = Kill(max(limit_then, known.at_bytes if known is not None else 0.0), last_at)
    if known is None or now - known.at > MEMORY:
        return None
    return known
