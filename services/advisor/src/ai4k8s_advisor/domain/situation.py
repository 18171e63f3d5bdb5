"""What the advisor knows when it is asked about a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a decision goes."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class Level(StrEnum):
    """How much is at stake."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


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
