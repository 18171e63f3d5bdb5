"""What an HPA's status means, in a sentence: what it wants, what holds it, and by what it goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 0.1
_SUFFIXES = {
    "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One metric: its name, what it is, and what it should be, both as the HPA shows them."""

    name: str
    current: float | None
    target: float
    shown: str


def sentence(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """Say what an autoscaling/v2 HPA does and why."""
    conditions = {found["type"]: found for found in status.get("conditions") or ()}
    for kind, words in (("AbleToScale", "Cannot scale"), ("ScalingActive", "Does not scale")):
        condition = conditions.get(kind)
        if condition is not None and condition.get("status") == "False":
            return f"{words}: {condition.get('message') or condition.get('reason') or 'no reason given'}."
    current = int(status.get("currentReplicas") or 0)
    readings = readings_of(spec, status)
    basis = ", ".join(reading.shown for reading in readings)
    if not conditions and current == 0:
        return "Nothing was reported yet."
    lowest, highest = int(spec.get("minReplicas") or 1), int(spec["maxReplicas"])
    wanted = wanted_replicas(readings, current)
    if wanted is None:
        return f"Holds {current} pods: its metrics are missing."
    if wanted > highest:
        return f"Wants {wanted}, capped at {highest} by max ({basis})."
    if wanted < lowest:
        return f"Wants {wanted}, kept at {lowest} by min ({basis})."
    desired = int(status.get("desiredReplicas") or current)
    if desired != current:
        return f"Goes from {current} to {desired} pods ({basis})."
    if wanted != current:
        return f"Wants {wanted}, holds {current} for now: its behaviour limits the change ({basis})."
    return f"Holds {current} pods ({basis})."


def wanted_replicas(readings: tuple[Reading, ...], current: int) -> int | None:
    """What the metrics ask for before behaviour and bounds: the most that any of them asks for."""
    wishes = []
    for reading in readings:
        if reading.current is None or reading.target <= 0:
            continue
        ratio = reading.current / reading.target
        wishes.append(current if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * current))
    return max(wishes, default=None)


def readings_of(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Reading, ...]:
    """Pair each metric of the spec with what the status reports of it."""
    reported = list(status.get("currentMetrics") or ())
    found = []
    for index, metric in enumerate(spec.get("metrics") or ()):
        kind = metric.get("type", "")
        body = metric.get(kind[:1].lower() + kind[1:]) or {}
        name = str(body.get("name") or (body.get("metric") or {}).get("name") or kind)
        now = reported[index] if index < len(reported) else {}
        current = ((now or {}).get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
        found.append(_reading(name, body.get("target") or {}, current))
    return tuple(found)


def _reading(name: str, target: Mapping[str, Any], current: Mapping[str, Any]) -> Reading:
    label = {"cpu": "CPU", "memory": "memory"}.get(name, name)
    if target.get("type") == "Utilization":
        aim, now = target.get("averageUtilization"), current.get("averageUtilization")
        shown = f"{label} {'?' if now is None else now} % of {aim} %"
        return Reading(name, None if now is None else float(now), float(aim or 0), shown)
    field = "averageValue" if target.get("type") == "AverageValue" else "value"
    aim, now = target.get(field), current.get(field)
    shown = f"{label} {'?' if now is None else now} of {aim}"
    return Reading(name, None if now is None else amount(str(now)), amount(str(aim or "0")), shown)


def amount(text: str) -> float:
    """A quantity as a number; NaN when it is none."""
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if text.endswith(suffix):
            return amount(text[: -len(suffix)]) * _SUFFIXES[suffix]
    try:
        return float(text)
    except ValueError:
        return math.nan
