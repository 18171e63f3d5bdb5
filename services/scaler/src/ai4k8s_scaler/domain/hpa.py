"""The HorizontalPodAutoscaler's own arithmetic, so that we can promise never to do worse than it asks.

Two uses: the reactive lower bound of every decision, and the counterfactual "what would plain HPA have done" (see
``replay``). The rules follow the documented algorithm of autoscaling/v2 and the controller's observable details:
integer-truncated percent, set-aside pods, assumptions for missing metrics, stabilisation before rate limits before the
clamp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import Enum

TOLERANCE = 0.1
SYNC_SECONDS = 15.0
CPU_INITIALIZATION_SECONDS = 300.0
INITIAL_READINESS_SECONDS = 30.0


class PodGroup(Enum):
    """How HPA treats a pod's metric."""

    READY = "ready"
    UNREADY = "unready"
    MISSING = "missing"
    DROPPED = "dropped"


@dataclass(frozen=True)
class PodSample:
    """One pod as HPA sees it; times are seconds before the evaluation.

    Attributes:
        usage_millicores: None when metrics-server has no sample.
        request_millicores: CPU request of all its containers.
        pending: phase Pending.
        ready: condition Ready.
        dropped: deleted or failed.
        started_seconds_ago: None when it has no start time yet.
        ready_changed_seconds_ago: since the last transition of the Ready condition.
        sample_seconds_ago: age of the sample's timestamp.
        sample_window_seconds: the window that the sample averages.
    """

    usage_millicores: float | None
    request_millicores: float
    pending: bool = False
    ready: bool = True
    dropped: bool = False
    started_seconds_ago: float | None = 3600.0
    ready_changed_seconds_ago: float = 3600.0
    sample_seconds_ago: float = 15.0
    sample_window_seconds: float = 30.0


def group_of(pod: PodSample) -> PodGroup:
    """Which pods count, are set aside, or lack a metric (CPU rules)."""
    if pod.dropped:
        return PodGroup.DROPPED
    if pod.pending:
        return PodGroup.UNREADY
    if pod.usage_millicores is None:
        return PodGroup.MISSING
    if pod.started_seconds_ago is None:
        return PodGroup.UNREADY
    if pod.started_seconds_ago < CPU_INITIALIZATION_SECONDS:
        before_transition = pod.sample_seconds_ago > pod.ready_changed_seconds_ago - pod.sample_window_seconds
        return PodGroup.UNREADY if not pod.ready or before_transition else PodGroup.READY
    never_ready = pod.started_seconds_ago - INITIAL_READINESS_SECONDS < pod.ready_changed_seconds_ago
    return PodGroup.UNREADY if not pod.ready and never_ready else PodGroup.READY


@dataclass(frozen=True)
class Usage:
    """Pods of one workload, all with the same request, reduced to what the formula needs.

    Attributes:
        total_millicores: usage summed over the measured ready pods.
        request_millicores: request of one pod.
        measured: ready pods with a metric.
        unready: pods set aside.
        missing: pods without a metric.
    """

    total_millicores: float
    request_millicores: float
    measured: int
    unready: int = 0
    missing: int = 0


def summarised(pods: list[PodSample]) -> Usage:
    """Reduce pods to ``Usage``; the request is their mean, as the ratio of sums is what HPA uses."""
    groups = [(group_of(pod), pod) for pod in pods]
    kept = [pod for group, pod in groups if group is not PodGroup.DROPPED]
    measured = [pod for group, pod in groups if group is PodGroup.READY]
    return Usage(
        total_millicores=sum(pod.usage_millicores or 0.0 for pod in measured),
        request_millicores=sum(pod.request_millicores for pod in kept) / len(kept) if kept else 0.0,
        measured=len(measured),
        unready=sum(group is PodGroup.UNREADY for group, _ in groups),
        missing=sum(group is PodGroup.MISSING for group, _ in groups),
    )


@dataclass(frozen=True)
class Tolerance:
    """Relative change of the ratio that is ignored, per direction."""

    up: float = TOLERANCE
    down: float = TOLERANCE

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is close enough to one to leave things alone."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


def desired_replicas(
    usage: Usage, current: int, target_percent: float, tolerance: Tolerance | None = None
) -> int | None:
    """HPA's recommendation before behaviour and bounds; None when there is nothing to go by (HPA then holds).

    Args:
        usage: the pods.
        current: ``spec.replicas``.
        target_percent: target average utilisation, percent of the request.
        tolerance: 0.1 in both directions unless the object says otherwise.
    """
    bounds = tolerance or Tolerance()
    if usage.measured == 0 or usage.request_millicores <= 0:
        return None
    first = _ratio(usage.total_millicores, usage.measured, usage.request_millicores, target_percent)
    up_with_unready = usage.unready > 0 and first > 1.0
    if not up_with_unready and usage.missing == 0:
        return current if bounds.holds(first) else math.ceil(first * usage.measured)
    total, counted = usage.total_millicores, usage.measured
    if usage.missing and first != 1.0:
        counted += usage.missing
        if first < 1.0:
            total += usage.missing * usage.request_millicores * max(100, target_percent) / 100
    if up_with_unready:
        counted += usage.unready
    second = _ratio(total, counted, usage.request_millicores, target_percent)
    flipped = (first < 1.0 < second) or (second < 1.0 < first)
    if bounds.holds(second) or flipped:
        return current
    wanted = math.ceil(second * counted)
    contradicts = (second < 1.0 and wanted > current) or (second > 1.0 and wanted < current)
    return current if contradicts else wanted


def _ratio(total: float, pods: int, request: float, target_percent: float) -> float:
    """Utilisation is truncated to whole percent before it is compared with the target."""
    return int(total * 100 / (request * pods)) / target_percent


class Select(Enum):
    """Which of several rate limits counts."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class LimitKind(Enum):
    """Unit of a rate limit."""

    PODS = "Pods"
    PERCENT = "Percent"


@dataclass(frozen=True)
class RateLimit:
    """At most ``value`` pods or percent within ``period_seconds``."""

    kind: LimitKind
    value: int
    period_seconds: float


@dataclass(frozen=True)
class Direction:
    """Behaviour of one direction."""

    window_seconds: float
    limits: tuple[RateLimit, ...]
    select: Select = Select.MAX


@dataclass(frozen=True)
class Behavior:
    """``spec.behavior``; the defaults are Kubernetes' own."""

    up: Direction = Direction(0.0, (RateLimit(LimitKind.PODS, 4, 15.0), RateLimit(LimitKind.PERCENT, 100, 15.0)))
    down: Direction = Direction(300.0, (RateLimit(LimitKind.PERCENT, 100, 15.0),))


@dataclass(frozen=True)
class HpaSpec:
    """An HPA on CPU."""

    target_percent: int
    min_replicas: int = 1
    max_replicas: int = 10_000
    behavior: Behavior = field(default_factory=Behavior)
    tolerance: Tolerance = field(default_factory=Tolerance)


@dataclass(frozen=True)
class HpaMemory:
    """What the controller remembers: ``(at, recommendation)`` and ``(at, change of replicas)``."""

    recommendations: tuple[tuple[float, int], ...] = ()
    changes: tuple[tuple[float, int], ...] = ()


def stabilised(memory: HpaMemory, now: float, wanted: int, current: int, behavior: Behavior) -> int:
    """Lowest recommendation of the up window, highest of the down window, moved towards only from outside."""
    low = min([wanted, *_within(memory.recommendations, now, behavior.up.window_seconds)])
    high = max([wanted, *_within(memory.recommendations, now, behavior.down.window_seconds)])
    return min(max(current, low), high)


def rate_limited(memory: HpaMemory, now: float, wanted: int, current: int, behavior: Behavior) -> int:
    """Keep the change within the direction's rate limits; percent rounds up when rising, truncates when falling."""
    if wanted == current:
        return current
    rising = wanted > current
    direction = behavior.up if rising else behavior.down
    if direction.select is Select.DISABLED:
        return current
    reached = [_reachable(memory, now, current, limit, rising=rising) for limit in direction.limits]
    if not reached:
        return wanted
    most = direction.select is Select.MAX
    if rising:
        return min(wanted, max(max(reached) if most else min(reached), current))
    return max(wanted, min(min(reached) if most else max(reached), current))


def step(spec: HpaSpec, memory: HpaMemory, now: float, usage: Usage, current: int) -> tuple[int, HpaMemory]:
    """One sync: recommend, stabilise, rate-limit, clamp.

    Returns:
        The new ``spec.replicas`` and what to remember.
    """
    recommended = desired_replicas(usage, current, spec.target_percent, spec.tolerance)
    if recommended is None:
        return min(max(current, spec.min_replicas), spec.max_replicas), memory
    settled = stabilised(memory, now, recommended, current, spec.behavior)
    limited = rate_limited(memory, now, settled, current, spec.behavior)
    final = min(max(limited, spec.min_replicas), spec.max_replicas)
    keep = max(spec.behavior.up.window_seconds, spec.behavior.down.window_seconds)
    recommendations = tuple(entry for entry in memory.recommendations if entry[0] > now - keep)
    changes = tuple(entry for entry in memory.changes if entry[0] > now - 1800.0)
    if final != current:
        changes = (*changes, (now, final - current))
    return final, replace(memory, recommendations=(*recommendations, (now, recommended)), changes=changes)


def _within(entries: tuple[tuple[float, int], ...], now: float, seconds: float) -> list[int]:
    return [value for at, value in entries if at > now - seconds]


def _reachable(memory: HpaMemory, now: float, current: int, limit: RateLimit, *, rising: bool) -> int:
    recent = _within(memory.changes, now, limit.period_seconds)
    at_start = current - sum(recent)
    if limit.kind is LimitKind.PODS:
        return at_start + limit.value if rising else at_start - limit.value
    if rising:
        return math.ceil(at_start * (1 + limit.value / 100))
    return int(at_start * (1 - limit.value / 100))
