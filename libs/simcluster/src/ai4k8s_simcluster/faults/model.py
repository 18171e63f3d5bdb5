"""What a fault is, and how it is read from a request."""

import math
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from ai4k8s_simcluster.types import Obj


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    HANG = "hang"
    ERROR = "error"
    TRUNCATE = "truncate"
    RESET = "reset"
    NODE_LOSS = "node-loss"
    PRESSURE = "pressure"
    METRICS_GONE = "metrics-gone"
    METRICS_STALE = "metrics-stale"
    METRICS_NAN = "metrics-nan"
    METRICS_NEGATIVE = "metrics-negative"
    CLOCK_SKEW = "clock-skew"


class PressureKind(StrEnum):
    """What a node runs short of."""

    MEMORY = "memory"
    DISK = "disk"
    PID = "pid"


MEANING: dict[FaultKind, str] = {
    FaultKind.LATENCY: "requests wait --seconds before they are answered",
    FaultKind.HANG: "requests get no answer while the fault lasts",
    FaultKind.ERROR: "requests are refused with --status (401 403 409 410 429 500 502 503 504)",
    FaultKind.TRUNCATE: "answers end cleanly in the middle of their body",
    FaultKind.RESET: "the connection breaks in the middle of the body",
    FaultKind.NODE_LOSS: "--node stops answering; its pods with it",
    FaultKind.PRESSURE: "--node runs short of --resource (memory, disk or pid)",
    FaultKind.METRICS_GONE: "metrics.k8s.io answers 503, Prometheus gets no new samples of usage",
    FaultKind.METRICS_STALE: "metrics.k8s.io repeats the last measurement, Prometheus gets no new ones",
    FaultKind.METRICS_NAN: "usage is NaN",
    FaultKind.METRICS_NEGATIVE: "usage is negative",
    FaultKind.CLOCK_SKEW: "the server's Date and its measurements are --seconds ahead (or behind: negative)",
}
ON_REQUESTS = frozenset({FaultKind.LATENCY, FaultKind.HANG, FaultKind.ERROR, FaultKind.TRUNCATE, FaultKind.RESET})
STATUSES = (401, 403, 409, 410, 429, 500, 502, 503, 504)
_WITH_SECONDS = frozenset({FaultKind.LATENCY, FaultKind.CLOCK_SKEW})
_WITH_NODE = frozenset({FaultKind.NODE_LOSS, FaultKind.PRESSURE})


class FaultError(ValueError):
    """A fault that cannot be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, where, how often and for how long (seconds; 0: until it is taken back).

    path: a pattern such as `/api/v1/pods*` (empty: everywhere); verb: get, list, watch, create, update, patch, delete
    or deletecollection (empty: all); share: of the requests that match.
    """

    kind: FaultKind
    path: str = ""
    verb: str = ""
    share: float = 1.0
    duration: float = 0.0
    seconds: float = 0.0
    status: int = 0
    retry_after: int = 1
    node: str = ""
    resource: PressureKind = PressureKind.MEMORY

    def matches(self, path: str, verb: str) -> bool:
        """Say whether a request is one that the fault is about."""
        return (not self.path or fnmatchcase(path, self.path)) and self.verb in {"", verb}

    def dump(self) -> Obj:
        """Return it as JSON: only what was asked for, and the kind."""
        values = asdict(self)
        return {item.name: values[item.name] for item in fields(self) if values[item.name] != item.default}


def read_fault(value: Any) -> Fault:
    """Read a fault from a request's body. Raises FaultError with what to do instead."""
    if not isinstance(value, dict):
        raise FaultError('send an object such as {"kind": "latency", "seconds": 2}')
    known = {item.name for item in fields(Fault)}
    if unknown := sorted(value.keys() - known):
        raise FaultError(f"unknown: {', '.join(unknown)}; a fault has {', '.join(sorted(known))}")
    try:
        kind = FaultKind(str(value.get("kind", "")))
        resource = PressureKind(value.get("resource", PressureKind.MEMORY))
    except ValueError as error:
        raise FaultError(f"{error}; kinds are {', '.join(FaultKind)}; resources {', '.join(PressureKind)}") from error
    texts = {name: str(value.get(name, "")) for name in ("path", "verb", "node")}
    fault = Fault(
        kind=kind,
        resource=resource,
        share=_number(value, "share", 1.0),
        duration=_number(value, "duration", 0.0),
        seconds=_number(value, "seconds", 0.0),
        status=round(_number(value, "status", 0.0)),
        retry_after=round(_number(value, "retry_after", 1.0)),
        **texts,
    )
    _check(fault)
    return fault


def _number(value: Obj, name: str, otherwise: float) -> float:
    found = value.get(name, otherwise)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise FaultError(f"{name} is a number, not {found!r}")
    return float(found)


def _check(fault: Fault) -> None:
    if not 0 < fault.share <= 1:
        raise FaultError("share is above 0 and at most 1")
    if fault.duration < 0:
        raise FaultError("duration is in seconds, 0 for no end")
    if fault.kind is FaultKind.ERROR and fault.status not in STATUSES:
        raise FaultError(f"an error needs a status: one of {', '.join(map(str, STATUSES))}")
    if fault.kind in _WITH_SECONDS and fault.seconds == 0:
        raise FaultError(f"{fault.kind} needs seconds")
    if fault.kind is FaultKind.LATENCY and fault.seconds < 0:
        raise FaultError("latency needs seconds above 0")
    if fault.kind in _WITH_NODE and not fault.node:
        raise FaultError(f"{fault.kind} needs a node")
