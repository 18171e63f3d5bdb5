"""Where an HPA's numbers come from, and in which words it says that there are none."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.autoscaling.replicas import CPU, MetricError, Pod, Sample
from ai4k8s_simcluster.controllers.context import condition, is_terminating
from ai4k8s_simcluster.controllers.usage import UsageReader
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

_MILLI = 1000
_NANO_PER_MILLI = 1_000_000
_IDLE_BYTES = 4 * 2**20
_BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")
_NO_CUSTOM = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"


class ResourceMetrics(Protocol):
    """The resource metrics of pods, as an HPA asks for them."""

    def samples(self, resource: str, pods: Iterable[Stored], container: str) -> Mapping[str, Sample]:
        """Return what was last measured, by the names of the pods. Raises MetricError when nothing was."""
        ...


class UsageMetrics:
    """Resource metrics made of the load model's usage: the first container carries the load."""

    def __init__(self, usage: UsageReader) -> None:
        self._usage = usage

    def samples(self, resource: str, pods: Iterable[Stored], container: str) -> Mapping[str, Sample]:
        """Return what was last measured, by the names of the pods. Raises MetricError when nothing was."""
        measured = False
        found: dict[str, Sample] = {}
        for pod in pods:
            sample = self._usage.pod_usage(pod.uid)
            if sample is None:
                continue
            measured = True
            names = [item["name"] for item in pod.obj["spec"].get("containers") or ()]
            if container and container not in names:
                continue
            amount = 0
            for at, name in enumerate(names):
                if not container or name == container:
                    amount += _in_milli(resource, sample.cpu_cores if not at else 0.0, sample.memory_bytes, at)
            if not math.isnan(sample.cpu_cores):
                found[pod.name] = Sample(amount, sample.measured_at, sample.window_seconds)
        if not measured:
            raise MetricError(
                f"unable to get metrics for resource {resource}: no metrics returned from resource metrics API"
            )
        return found


def _in_milli(resource: str, cores: float, memory: float, at: int) -> int:
    """Return a container's usage in thousandths: parts of a millicore count whole, as in quantities."""
    if resource == CPU:
        return -(-round(cores * _MILLI * _NANO_PER_MILLI) // _NANO_PER_MILLI)
    kibibytes = round((_IDLE_BYTES if at else memory) / 1024)
    return kibibytes * 1024 * _MILLI


def to_pod(stored: Stored, resource: str) -> Pod:
    """Return a pod as the HPA sees it."""
    pod, status = stored.obj, stored.obj.get("status") or {}
    ready = condition(pod, "Ready")
    restartable = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return Pod(
        name=stored.name,
        phase=status.get("phase", "Pending"),
        deleted=is_terminating(pod),
        started_at=parse_rfc3339(status["startTime"]) if status.get("startTime") else None,
        ready=None if ready is None else ready["status"] == "True",
        ready_changed_at=parse_rfc3339(ready["lastTransitionTime"]) if ready else 0.0,
        requests=tuple(
            (container["name"], _request(container, resource))
            for container in (*(pod["spec"].get("containers") or ()), *restartable)
        ),
    )


def _request(container: Obj, resource: str) -> int | None:
    amount = ((container.get("resources") or {}).get("requests") or {}).get(resource)
    return None if amount is None else to_milli(amount)


def to_milli(quantity: object) -> int:
    """Return a quantity in thousandths, rounded up."""
    return math.ceil(parse_quantity(quantity) * _MILLI)


def write_milli(milli: int, resource: str = "") -> str:
    """Write thousandths as a quantity: memory in powers of two where it is a multiple of one."""
    if milli % _MILLI:
        return f"{milli}m"
    whole = milli // _MILLI
    if resource != CPU and resource and whole >= 1024:
        for power, suffix in zip(range(6, 0, -1), _BINARY, strict=True):
            if whole % 1024**power == 0:
                return f"{whole // 1024**power}{suffix}"
        return str(whole)
    for power, suffix in ((6, "E"), (5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "k")):
        if whole and whole % 10 ** (3 * power) == 0:
            return f"{whole // 10 ** (3 * power)}{suffix}"
    return str(whole)


@dataclass(frozen=True, slots=True)
class Absent:
    """A kind of metric for which this cluster has no API: what to say, and what it says to whoever asked."""

    reason: str
    message: str
    error: str


def absent_metric(metric: Obj, namespace: str) -> Absent:
    """Return what an HPA says of a metric of pods, of an object, or from outside: no adapter serves them here."""
    kind = metric["type"]
    if kind == "Pods":
        message = f"unable to get metric {metric['pods']['metric']['name']}: {_NO_CUSTOM}"
        return Absent("FailedGetPodsMetric", message, f"failed to get pods metric value: {message}")
    if kind == "Object":
        described = metric["object"]["describedObject"]
        name = metric["object"]["metric"]["name"]
        about = f"{described['kind']} on {namespace} {described['name']}"
        message = f"unable to get metric {name}: {about}/{_NO_CUSTOM}"
        return Absent("FailedGetObjectMetric", message, f"failed to get object metric value: {message}")
    name = metric["external"]["metric"]["name"]
    selector = _go_selector(metric["external"]["metric"].get("selector"))
    message = (
        f"unable to get external metric {namespace}/{name}/{selector}: unable to fetch metrics from external metrics "
        f"API: the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
    )
    by_value = "value" in metric["external"]["target"]
    inner = f"failed to get external metric {name}" if by_value else f"failed to get {name} external metric"
    return Absent("FailedGetExternalMetric", message, f"failed to get {name} external metric value: {inner}: {message}")


def _go_selector(selector: Obj | None) -> str:
    """Write a label selector as Go prints the structure."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    terms = "".join(
        f"LabelSelectorRequirement{{Key:{term['key']},Operator:{term['operator']},"
        f"Values:[{' '.join(term.get('values') or ())}],}},"
        for term in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{terms}}},}}"
    )
