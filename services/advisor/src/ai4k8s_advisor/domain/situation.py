"""What the advisor knows when it is asked about a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a decision goes."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"

    @classmethod
    def between(cls, before: int, after: int) -> Direction:
        """The direction from one number of replicas to another."""
        return cls.MAINTAIN if after == before else cls.SCALE_UP if after > before else cls.SCALE_DOWN


class Level(StrEnum):
    """How much is at stake."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Autoscaler(StrEnum):
    """Which of the two kinds of scaling suits a workload."""

    HPA = "hpa"
    VPA = "vpa"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number of replicas that every guard of the scaler would leave as it is; None where it is not known.

    Attributes:
        replicas: the number.
        risk: probability of being short within the lead time.
        missing_pods: expected pods missing.
        cost_pods: replicas plus the price of that risk, in pods.
    """

    replicas: int
    risk: float | None = None
    missing_pods: float | None = None
    cost_pods: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier decision on the same workload, and what hindsight says of it (empty: not judged)."""

    from_replicas: int
    to_replicas: int
    minutes_ago: float
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """A decision and its surroundings. None means not known; amounts are sums over the workload's pods."""

    workload_id: int
    name: str
    keeps_state: bool
    direction: Direction
    from_replicas: int
    to_replicas: int
    max_replicas: int | None
    held: bool
    carried_out: bool
    ready_replicas: int | None
    cpu_usage_millicores: float | None
    cpu_request_millicores: float | None  # of one pod
    memory_bytes: float | None
    memory_request_bytes: float | None  # of one pod
    saturated: bool
    expected_millicores: float | None  # upper quantile of the maximum over the lead time
    lead_time_seconds: float | None
    startup_seconds: float | None
    # What a model is told beyond that.
    namespace: str = ""
    kind: str = "Deployment"
    state_reason: str = ""  # why it is taken to keep state
    min_replicas: int | None = None
    median_millicores: float | None = None  # of the same maximum
    trend: str = "unknown"  # of the six-hour path
    peak_millicores: float | None = None
    peak_in_minutes: float | None = None
    candidates: tuple[Candidate, ...] = ()
    recent: tuple[Past, ...] = ()  # the newest first
    hpa_name: str = ""
    vpa_name: str = ""

    @property
    def cpu_percent(self) -> float | None:
        """Usage in percent of the ready pods' requests."""
        return _percent(self.cpu_usage_millicores, self.cpu_request_millicores, self.ready_replicas)

    @property
    def memory_percent(self) -> float | None:
        """Usage in percent of the ready pods' requests."""
        return _percent(self.memory_bytes, self.memory_request_bytes, self.ready_replicas)

    @property
    def at_maximum(self) -> bool:
        """Whether no further pod is allowed."""
        return self.max_replicas is not None and self.to_replicas >= self.max_replicas

    @property
    def expected_pods(self) -> float | None:
        """What is expected, in pods of one request each."""
        if self.expected_millicores is None or not self.cpu_request_millicores:
            return None
        return self.expected_millicores / self.cpu_request_millicores

    @property
    def envelope(self) -> tuple[Candidate, ...]:
        """What may be chosen: what was decided, and the alternatives that no guard bars; fewest pods first."""
        known = {candidate.replicas: candidate for candidate in self.candidates}
        known.setdefault(self.to_replicas, Candidate(self.to_replicas))
        return tuple(known[replicas] for replicas in sorted(known))


@dataclass(frozen=True, slots=True)
class Advice:
    """What the rules say. `confidence` between 0 and 1."""

    action: Direction
    target_replicas: int
    confidence: float
    reasoning: str
    risk_assessment: Level
    cost_impact: str
    recommended_timing: str


def _percent(used: float | None, request: float | None, pods: int | None) -> float | None:
    return None if used is None or not request or not pods else 100.0 * used / (request * pods)
