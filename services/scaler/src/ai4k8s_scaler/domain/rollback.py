"""When a change made things worse: our own is taken back at once, a new revision of somebody's is spoken of.

Chance alone leaves a workload short now and then, and the error budget allows for that. So what was seen since a change
is set against the share that was foreseen, and only a shortage that such a share would hardly ever bring counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What comes later than this after a scale-down is new demand rather than the pods that went.
WATCH_SECONDS = 600.0
#: A revision is watched for longer: its load comes when it comes.
ROLLOUT_WATCH_SECONDS = 3600.0
#: One observation may be a slip of one scrape.
LEAST_SHORT = 2
LEAST_SHORT_OF_A_ROLLOUT = 5
#: A shortage counts that the foreseen share would bring less often than this.
CHANCE = 0.01
#: A share foreseen above this would forgive everything.
MOST_FORESEEN = 0.25
FIRST_REST_SECONDS = 1800.0
LONGEST_REST_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Tally:
    """Observations since something happened, and those of them with too few ready pods."""

    since: float = 0.0
    ticks: int = 0
    short: int = 0

    def counted(self, since: float, *, short: bool) -> Self:
        """One more; a later event begins anew."""
        if since != self.since:
            return replace(self, since=since, ticks=1, short=int(short))
        return replace(self, ticks=self.ticks + 1, short=self.short + short)

    @property
    def share(self) -> float:
        """Share of observations that were short."""
        return self.short / self.ticks if self.ticks else 0.0


NOTHING_SEEN = Tally()


@dataclass(frozen=True)
class Lowered:
    """Our own latest change of a workload, where it took pods away.

    Attributes:
        at: epoch second at which it was applied.
        from_replicas, to_replicas: before and after.
        risk: probability of a shortage that it was decided with; None where nothing was foreseen.
    """

    at: float
    from_replicas: int
    to_replicas: int
    risk: float | None


@dataclass(frozen=True)
class Rest:
    """After taking changes back: not fewer than ``replicas`` before ``until`` (epoch second)."""

    replicas: int
    until: float


def helped(lowered: Lowered, ready: int, now: float, *, rollout: bool) -> bool:
    """Whether the pods that went would be there now, so that being short can be laid to their going."""
    return not rollout and ready < lowered.from_replicas and 0 <= now - lowered.at <= WATCH_SECONDS


def worsened(lowered: Lowered, seen: Tally, slo_short_share: float) -> str | None:
    """Why a scale-down is to be taken back; None while what was seen is what was foreseen.

    Args:
        lowered: the change.
        seen: observations since it.
        slo_short_share: share of time that the SLO allows to be short.
    """
    if seen.since != lowered.at or seen.short < LEAST_SHORT:
        return None
    foreseen = min(max(lowered.risk or 0.0, slo_short_share), MOST_FORESEEN)
    if chance(seen.short, seen.ticks, foreseen) >= CHANCE:
        return None
    change = f"lowering {lowered.from_replicas} to {lowered.to_replicas}"
    return f"{change} left it short in {seen.short} of {seen.ticks} looks; {100 * foreseen:.2g} % was foreseen"


def rest_of(taken_back: Sequence[tuple[float, int]]) -> Rest | None:
    """How long the number that was restored is a least: twice as long after each time within a day.

    Args:
        taken_back: (epoch second, replicas restored), the oldest first.
    """
    if not taken_back:
        return None
    at, replicas = taken_back[-1]
    seconds = min(FIRST_REST_SECONDS * 2.0 ** (len(taken_back) - 1), LONGEST_REST_SECONDS)
    return Rest(replicas, at + seconds)


def rollout_worsened(seen: Tally, before_share: float | None, slo_short_share: float, now: float) -> bool:
    """Whether a workload is short since a new revision as it was not before, and beyond its SLO.

    Args:
        seen: observations since it was rolled out.
        before_share: share of the last days that was short; None when it is not known.
        slo_short_share: share of time that the SLO allows to be short.
        now: epoch second.
    """
    if seen.short < LEAST_SHORT_OF_A_ROLLOUT or now - seen.since > ROLLOUT_WATCH_SECONDS:
        return False
    usual = min(max(before_share or 0.0, slo_short_share), MOST_FORESEEN)
    return chance(seen.short, seen.ticks, usual) < CHANCE


def chance(short: int, ticks: int, share: float) -> float:
    """Probability of at least so many short ones among independent observations: the binomial's upper tail."""
    below = math.fsum(math.comb(ticks, k) * share**k * (1.0 - share) ** (ticks - k) for k in range(short))
    return max(1.0 - below, 0.0)
