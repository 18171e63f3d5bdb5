"""How a workload's pods behave beside what they are asked to do: memory, leaks, slow starts, unequal shares.

Read from annotations `sim.ai4k8s.io/<name>` on the workload or, stronger, on its pods, so that whatever comes through
the API can be given a character as easily as what the command line starts with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.types import Obj

PREFIX = "sim.ai4k8s.io/"
HOUR_SECONDS = 3_600.0


class BehaviourError(ValueError):
    """An annotation that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A pod's character; sizes in bytes, times in seconds. None: chosen to fit the pod's memory limit."""

    memory_base: float | None = None
    memory_per_core: float | None = None
    memory_leak_per_hour: float = 0.0
    startup_cpu: float = 0.0
    startup_cpu_seconds: float = 30.0
    imbalance: float = 0.0
    request_cpu_seconds: float = 0.02
    request_bytes_in: float = 2_000.0
    request_bytes_out: float = 12_000.0
    request_disk_bytes: float = 500.0
    slow_starters: float = 0.0
    slow_factor: float = 3.0


ANNOTATIONS: Mapping[str, str] = {
    "memory-base": "memory of an idle pod, for example 160Mi",
    "memory-per-core": "memory for each core in use, for example 240Mi",
    "memory-leak-per-hour": "memory that is never given back, for example 100Mi",
    "startup-cpu": "cores a pod uses beside its work while it starts",
    "startup-cpu-seconds": "for how long it does, from the start of its container",
    "imbalance": "0 to 1: how unequal the pods' shares of the work are",
    "request-cpu-seconds": "CPU that one request takes; gives http_requests_total",
    "request-bytes-in": "bytes received with each request",
    "request-bytes-out": "bytes sent for each request",
    "request-disk-bytes": "bytes written to disk for each request",
    "slow-starters": "0 to 1: the share of pods that take much longer to become ready",
    "slow-factor": "how many times longer they take",
}
_SHARES = {"imbalance", "slow-starters"}


def _number(name: str, text: str) -> float:
    try:
        value = float(parse_quantity(text))
    except QuantityError as error:
        raise BehaviourError(f"{PREFIX}{name}: {error}") from error
    if value < 0 or (name in _SHARES and value > 1):
        bounds = "between 0 and 1" if name in _SHARES else "0 or more"
        raise BehaviourError(f"{PREFIX}{name}: must be {bounds}, not {text}")
    if name in {"request-cpu-seconds", "slow-factor"} and value == 0:
        raise BehaviourError(f"{PREFIX}{name}: must be above 0")
    return value


def read_behaviour(*layers: Obj | None) -> Behaviour:
    """Read the annotations of several objects, later ones being stronger. Raises BehaviourError."""
    given: dict[str, str] = {}
    for obj in layers:
        annotations = ((obj or {}).get("metadata") or {}).get("annotations") or {}
        given |= {name: annotations[PREFIX + name] for name in ANNOTATIONS if PREFIX + name in annotations}
    if not given:
        return DEFAULT
    return replace(DEFAULT, **{name.replace("-", "_"): _number(name, text) for name, text in given.items()})


DEFAULT = Behaviour()
if {item.name.replace("_", "-") for item in fields(Behaviour)} != set(ANNOTATIONS):  # pragma: no cover
    raise AssertionError("every trait of a behaviour has its documented annotation")
