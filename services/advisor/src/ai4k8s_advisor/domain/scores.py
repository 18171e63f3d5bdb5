"""What the rules think of each number of replicas in the envelope: five criteria, each between 0 and 1, and their sum.

They stand beside a model's choice so that a person can judge it, and they decide where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_advisor.domain.situation import Direction

if TYPE_CHECKING:
    from ai4k8s_advisor.domain.situation import Candidate, Situation

WEIGHTS = {"performance": 0.40, "forecast_fit": 0.20, "cost": 0.15, "stability": 0.15, "timing": 0.10}
#: Another number than the decided one must be better by this much before the rules prefer it.
PREFERENCE_MARGIN = 0.05
#: A change of direction within this time counts as restless.
RESTLESS_MINUTES = 30.0
UNKNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """One candidate, scored."""

    replicas: int
    risk: float | None
    performance: float
    cost: float
    stability: float
    forecast_fit: float
    timing: float

    @property
    def total(self) -> float:
        """The weighted sum."""
        return sum(weight * float(getattr(self, name)) for name, weight in WEIGHTS.items())


def score_all(s: Situation) -> tuple[Score, ...]:
    """Score the envelope, fewest pods first."""
    fewest = max(s.envelope[0].replicas, 1)
    return tuple(_score(s, candidate, fewest) for candidate in s.envelope)


def preferred(s: Situation, scores: tuple[Score, ...]) -> Score:
    """What the rules would choose: what was decided, unless another number is clearly better."""
    decided = next(score for score in scores if score.replicas == s.to_replicas)
    best = max(scores, key=lambda score: (score.total, -abs(score.replicas - s.to_replicas)))
    return best if best.total > decided.total + PREFERENCE_MARGIN else decided


def _score(s: Situation, candidate: Candidate, fewest: int) -> Score:
    return Score(
        replicas=candidate.replicas,
        risk=candidate.risk,
        performance=_performance(s, candidate),
        cost=fewest / max(candidate.replicas, 1),
        stability=_stability(s, candidate.replicas),
        forecast_fit=_fit(s, candidate.replicas),
        timing=_timing(s, candidate.replicas),
    )


def _performance(s: Situation, candidate: Candidate) -> float:
    """The chance of not being short; without a forecast, how much of what is used now it carries."""
    if candidate.risk is not None:
        return _unit(1.0 - candidate.risk)
    used, request = s.cpu_usage_millicores, s.cpu_request_millicores
    if used is None or not request:
        return UNKNOWN
    return _unit(candidate.replicas * request / used) if used > 0 else 1.0


def _stability(s: Situation, replicas: int) -> float:
    """How little it changes; less where the last change went the other way or state has to move."""
    change = abs(replicas - s.from_replicas) / max(replicas, s.from_replicas, 1)
    value = 1.0 - change
    direction = Direction.between(s.from_replicas, replicas)
    if direction is Direction.MAINTAIN:
        return 1.0
    if s.recent:
        last = s.recent[0]
        before = Direction.between(last.from_replicas, last.to_replicas)
        if before not in {direction, Direction.MAINTAIN} and last.minutes_ago < RESTLESS_MINUTES:
            value *= 0.5
    if s.keeps_state and direction is Direction.SCALE_DOWN:
        value *= 0.5
    return _unit(value)


def _fit(s: Situation, replicas: int) -> float:
    """How near it is to what the forecast's upper quantile asks for."""
    expected = s.expected_pods
    if expected is None:
        return UNKNOWN
    return _unit(1.0 - abs(replicas - expected) / max(float(replicas), expected, 1.0))


def _timing(s: Situation, replicas: int) -> float:
    """Whether it can be there in time, or whether now is a good time for less."""
    direction = Direction.between(s.from_replicas, replicas)
    if direction is Direction.SCALE_UP:
        if s.startup_seconds is None or s.lead_time_seconds is None:
            return UNKNOWN
        return 1.0 if s.startup_seconds <= s.lead_time_seconds else _unit(s.lead_time_seconds / s.startup_seconds)
    if direction is Direction.SCALE_DOWN:
        return 0.2 if s.trend == "increasing" or s.saturated else 1.0
    needed = s.expected_pods
    return UNKNOWN if needed is None else 1.0 if replicas >= needed else 0.3


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
