"""How old a cluster's metrics are when decisions are made, as it was lately: what a backtest must reckon with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Cycles that count: an hour of the fastest, some hours of slower ones.
KEPT = 240
#: Older than this, it is no lag any more but an outage, of which guards speak.
LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Lag:
    """Ages of the newest sample at the decisions of the last cycles, in seconds, the oldest first."""

    ages: tuple[float, ...] = ()

    def seen(self, age_seconds: float) -> Lag:
        """One more; what makes no sense is left out."""
        if not math.isfinite(age_seconds) or not 0.0 <= age_seconds <= LONGEST_SECONDS:
            return self
        return Lag((*self.ages, round(age_seconds, 2))[-KEPT:])

    def at(self, share: float) -> float:
        """The age that this share of them does not exceed; 0 before the first."""
        return quantile(self.ages, share)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0
