"""One object, several versions: how the stored form becomes another one, and back.

What a version cannot say in fields is kept in the annotations that Kubernetes uses for it, so that nothing is lost on
the way through.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ai4k8s_simcluster.registry import AUTOSCALERS_V1, GROUP_EVENTS, ResourceType
from ai4k8s_simcluster.types import Obj

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_HELD_IN_ANNOTATIONS = (_METRICS, _CURRENT, _BEHAVIOR, _CONDITIONS)
_EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_EVENT_FIELDS_BACK = {new: old for old, new in _EVENT_FIELDS.items()}


@dataclass(frozen=True, slots=True)
class _Conversion:
    shown: Callable[[Obj], Obj]
    stored: Callable[[Obj], Obj]


def from_storage(resource: ResourceType, obj: Obj) -> Obj:
    """Return a stored object as the given type shows it."""
    if resource.stored_as is None:
        return obj
    found = _CONVERSIONS.get(resource.key)
    shown = found.shown(obj) if found else obj
    return {**shown, "apiVersion": resource.api_version}


def to_storage(resource: ResourceType, obj: Obj) -> Obj:
    """Return what a client sent as the given type in the form that is stored."""
    if resource.stored_as is None:
        return obj
    found = _CONVERSIONS.get(resource.key)
    stored = found.stored(obj) if found else obj
    return {**stored, "apiVersion": resource.stored_as.api_version} if "apiVersion" in obj else stored


def _renamed(obj: Obj, names: Mapping[str, str]) -> Obj:
    return {names.get(key, key): value for key, value in obj.items()}


def _group_event(obj: Obj) -> Obj:
    shown = _renamed(obj, _EVENT_FIELDS)
    empty = {name for name in ("reportingController", "reportingInstance") if not shown.get(name)}
    return {key: value for key, value in shown.items() if key not in empty}


def _cpu_utilization(metric: Obj) -> bool:
    found = metric.get("resource") or {}
    return metric.get("type") == "Resource" and found.get("name") == "cpu"


def _is_cpu_target(metric: Obj) -> bool:
    return _cpu_utilization(metric) and "averageUtilization" in (metric["resource"].get("target") or {})


def _is_cpu_reading(metric: Obj) -> bool:
    return _cpu_utilization(metric) and "averageUtilization" in (metric["resource"].get("current") or {})


def _metric_v1(metric: Obj, value: str) -> Obj:
    """Write a v2 metric the way the annotation of autoscaling/v1 carries it."""
    kind = str(metric.get("type", ""))
    name = kind[:1].lower() + kind[1:]
    source = dict(metric.get(name) or {})
    found = source.pop(value, {}) or {}
    prefix = "target" if value == "target" else "current"
    for old, new in (
        ("averageUtilization", "AverageUtilization"),
        ("averageValue", "AverageValue"),
        ("value", "Value"),
    ):
        if old in found:
            source[prefix + new] = found[old]
    return {"type": kind, name: source}


def _metric_v2(metric: Obj) -> Obj:
    kind = str(metric.get("type", ""))
    name = kind[:1].lower() + kind[1:]
    source = dict(metric.get(name) or {})
    target: Obj = {}
    words = (
        ("targetAverageUtilization", "Utilization"),
        ("targetAverageValue", "AverageValue"),
        ("targetValue", "Value"),
    )
    for old, word in words:
        if old in source:
            key = "averageUtilization" if word == "Utilization" else word[0].lower() + word[1:]
            target = {"type": word, key: source.pop(old)}
    return {"type": kind, name: {**source, "target": target}}


def _condition_v1(condition: Obj) -> Obj:
    return {
        key: condition[key] for key in ("type", "status", "lastTransitionTime", "reason", "message") if key in condition
    }


def _behavior_v1(behavior: Obj) -> Obj:
    """Write scaling rules as the annotation carries them: every field, under its capitalised name."""

    def policy(found: Obj) -> Obj:
        return {"Type": found.get("type"), "Value": found.get("value"), "PeriodSeconds": found.get("periodSeconds")}

    def rules(found: Obj | None) -> Obj | None:
        if found is None:
            return None
        return {
            "StabilizationWindowSeconds": found.get("stabilizationWindowSeconds"),
            "SelectPolicy": found.get("selectPolicy"),
            "Policies": [policy(one) for one in found.get("policies") or ()],
            "Tolerance": found.get("tolerance"),
        }

    return {"ScaleUp": rules(behavior.get("scaleUp")), "ScaleDown": rules(behavior.get("scaleDown"))}


def _behavior_v2(value: Any) -> Any:
    """Read scaling rules from the annotation, whatever the case of their names' first letters."""
    if isinstance(value, list):
        return [_behavior_v2(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name[:1].lower() + name[1:]: _behavior_v2(inner) for name, inner in value.items() if inner is not None}


def _autoscaler_v1(obj: Obj) -> Obj:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    target = next((m for m in metrics if _is_cpu_target(m)), None)
    if target:
        spec["targetCPUUtilizationPercentage"] = target["resource"]["target"]["averageUtilization"]
    current, conditions = status.pop("currentMetrics", None) or [], status.pop("conditions", None) or []
    reading = next((m for m in current if m and _is_cpu_reading(m)), None)
    if reading:
        status["currentCPUUtilizationPercentage"] = reading["resource"]["current"]["averageUtilization"]
    status = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    others = [_metric_v1(m, "target") for m in metrics if m is not target]
    held: list[tuple[str, Any]] = [
        (_METRICS, others),
        (_CURRENT, [_metric_v1(m, "current") for m in current if m] if current else None),
        (_BEHAVIOR, _behavior_v1(behavior) if behavior else None),
        (_CONDITIONS, [_condition_v1(c) for c in conditions]),
    ]
    annotations |= {name: orjson.dumps(value).decode() for name, value in held if value}
    metadata = {**obj["metadata"], **({"annotations": annotations} if annotations else {})}
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


def _autoscaler_v2(obj: Obj) -> Obj:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metadata = dict(obj.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    held = {name: _read_annotation(annotations.pop(name, None)) for name in _HELD_IN_ANNOTATIONS}
    metrics = [_metric_v2(metric) for metric in held[_METRICS] or []]
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    if held[_BEHAVIOR]:
        spec["behavior"] = _behavior_v2(held[_BEHAVIOR])
    status.pop("currentCPUUtilizationPercentage", None)
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


def _read_annotation(text: Any) -> Any:
    """Read what an annotation holds; as Kubernetes does, one that cannot be read counts as absent."""
    try:
        return orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None


_CONVERSIONS: dict[str, _Conversion] = {
    GROUP_EVENTS.key: _Conversion(_group_event, lambda obj: _renamed(obj, _EVENT_FIELDS_BACK)),
    AUTOSCALERS_V1.key: _Conversion(_autoscaler_v1, _autoscaler_v2),
}
