"""How many replicas a metric calls for: the HPA's arithmetic, as Kubernetes documents it, on plain values.

Amounts are whole thousandths: millicores of CPU, thousandths of a byte of memory, thousandths of any other metric.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

CPU = "cpu"
CPU_INITIALIZATION_SECONDS = 300.0
INITIAL_READINESS_SECONDS = 30.0
DEFAULT_TOLERANCE = 0.1
_HUNDRED = 100


class MetricError(Exception):
    """A metric from which no number of replicas can be worked out; the text is the HPA's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of a pod: an average over a window that ended at a time (Unix seconds)."""

    amount: int
    at: float
    window_seconds: float


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the HPA sees it. ready: None without a condition; requests: by container, None where there is none."""

    name: str
    phase: str
    deleted: bool
    started_at: float | None
    ready: bool | None
    ready_changed_at: float
    requests: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far off the target counts as on it, in each direction."""

    up: float = DEFAULT_TOLERANCE
    down: float = DEFAULT_TOLERANCE

    def covers(self, ratio: float) -> bool:
        """Say whether a ratio of usage to target asks for no change."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Proposal:
    """The replicas that a metric calls for, and what was measured: the mean amount, and percent of the request."""

    replicas: int
    mean: int
    utilization: int | None = None


class _Standing(Enum):
    READY = auto()
    UNREADY = auto()
    MISSING = auto()
    IGNORED = auto()


def _standing(pod: Pod, sample: Sample | None, resource: str, now: float) -> _Standing:
    """Return how a pod counts: only a ready one does so with its own measurement."""
    if pod.deleted or pod.phase == "Failed":
        return _Standing.IGNORED
    if pod.phase == "Pending":
        return _Standing.UNREADY
    if sample is None:
        return _Standing.MISSING
    if resource != CPU:
        return _Standing.READY
    if pod.ready is None or pod.started_at is None:
        return _Standing.UNREADY
    if pod.started_at + CPU_INITIALIZATION_SECONDS > now:
        # Work at start-up says nothing about load: count only what was measured wholly after the pod became ready.
        unready = not pod.ready or sample.at < pod.ready_changed_at + sample.window_seconds
    else:
        unready = not pod.ready and pod.started_at + INITIAL_READINESS_SECONDS > pod.ready_changed_at
    return _Standing.UNREADY if unready else _Standing.READY


@dataclass
class _Groups:
    ready: dict[str, int]
    unready: list[str]
    missing: list[str]


def _grouped(pods: Iterable[Pod], samples: Mapping[str, Sample], resource: str, now: float) -> _Groups:
    groups = _Groups({}, [], [])
    for pod in pods:
        match _standing(pod, samples.get(pod.name), resource, now):
            case _Standing.READY:
                groups.ready[pod.name] = samples[pod.name].amount
            case _Standing.UNREADY:
                groups.unready.append(pod.name)
            case _Standing.MISSING:
                groups.missing.append(pod.name)
            case _Standing.IGNORED:
                pass
    if not groups.ready:
        raise MetricError("did not receive metrics for targeted pods (pods might be unready)")
    return groups


def pod_request(pod: Pod, resource: str, container: str) -> int:
    """Return what a pod, or one of its containers, asks for. Raises MetricError when a container asks for nothing."""
    total = 0
    for name, amount in pod.requests:
        if container and name != container:
            continue
        if amount is None:
            raise MetricError(f"missing request for {resource} in container {name} of Pod {pod.name}")
        total += amount
    return total


@dataclass(frozen=True, slots=True)
class _Ratio:
    value: float
    mean: int
    utilization: int | None = None


def _utilization_ratio(metrics: Mapping[str, int], requests: Mapping[str, int], target: int) -> _Ratio:
    """Return usage by request over the target; percent are cut to whole ones before they are compared."""
    known = [name for name in metrics if name in requests]
    total = sum(metrics[name] for name in known)
    asked = sum(requests[name] for name in known)
    if asked == 0:
        raise MetricError("no metrics returned matched known pods")
    percent = total * _HUNDRED // asked
    return _Ratio(percent / target, total // len(known), percent)


def _amount_ratio(metrics: Mapping[str, int], target: int) -> _Ratio:
    mean = sum(metrics.values()) // len(metrics)
    return _Ratio(mean / target, mean)


def utilization_replicas(
    current: int, target: int, resource: str, pods: list[Pod], samples: Mapping[str, Sample],
    tolerances: Tolerances, now: float, container: str = "",
) -> Proposal:  # fmt: skip
    """Return the replicas for a target in percent of the pods' requests. Raises MetricError."""
    groups = _checked(pods, samples, resource, now)
    requests = {pod.name: pod_request(pod, resource, container) for pod in pods}
    first = _utilization_ratio(groups.ready, requests, target)

    def again(metrics: Mapping[str, int]) -> float:
        return _utilization_ratio(metrics, requests, target).value

    assumed = {name: requests[name] * max(_HUNDRED, target) // _HUNDRED for name in groups.missing}
    replicas = _replicas(current, first.value, groups, assumed, again, tolerances)
    return Proposal(replicas, first.mean, first.utilization)


def amount_replicas(
    current: int, target: int, resource: str, pods: list[Pod], samples: Mapping[str, Sample],
    tolerances: Tolerances, now: float,
) -> Proposal:  # fmt: skip
    """Return the replicas for a target amount per pod (thousandths). Raises MetricError."""
    groups = _checked(pods, samples, resource, now)
    first = _amount_ratio(groups.ready, target)

    def again(metrics: Mapping[str, int]) -> float:
        return _amount_ratio(metrics, target).value

    assumed = dict.fromkeys(groups.missing, target)
    return Proposal(_replicas(current, first.value, groups, assumed, again, tolerances), first.mean)


def _checked(pods: list[Pod], samples: Mapping[str, Sample], resource: str, now: float) -> _Groups:
    if not pods:
        raise MetricError("no pods returned by selector while calculating replica count")
    return _grouped(pods, samples, resource, now)


def _replicas(
    current: int, ratio: float, groups: _Groups, assumed: Mapping[str, int],
    again: Callable[[Mapping[str, int]], float], tolerances: Tolerances,
) -> int:  # fmt: skip
    """Return the replicas by a ratio, with careful assumptions about the pods that were not measured.

    assumed: what the pods without a measurement are taken to use when that would lead down; going up they count
    nothing, and so do those that are not ready. When the assumptions turn the direction around, nothing changes.
    """
    up_with_unready = bool(groups.unready) and ratio > 1.0
    if not up_with_unready and not groups.missing:
        return current if tolerances.covers(ratio) else math.ceil(ratio * len(groups.ready))
    metrics = dict(groups.ready)
    if ratio < 1.0:
        metrics |= assumed
    elif ratio > 1.0:
        metrics |= dict.fromkeys(groups.missing, 0)
    if up_with_unready:
        metrics |= dict.fromkeys(groups.unready, 0)
    new = again(metrics)
    if tolerances.covers(new) or (ratio < 1.0 < new) or (new < 1.0 < ratio):
        return current
    replicas = math.ceil(new * len(metrics))
    turned = (new < 1.0 and replicas > current) or (new > 1.0 and replicas < current)
    return current if turned else replicas
