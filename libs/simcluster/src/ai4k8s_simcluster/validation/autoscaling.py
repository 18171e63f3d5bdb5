"""What is wrong with autoscalers and disruption budgets."""

from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules

_SOURCES = {
    "Object": "object", "External": "external", "Pods": "pods", "Resource": "resource",
    "ContainerResource": "containerResource",
}  # fmt: skip
_SOURCE_KINDS = tuple(sorted(_SOURCES))
_ONLY = "must populate the given metric source only"
_LONGEST_WINDOW_SECONDS = 3600
_LONGEST_PERIOD_SECONDS = 1800
_NEITHER = "must set either a target raw value or a target utilization"


def check_autoscaler(obj: Obj) -> rules.Causes:
    """Check a HorizontalPodAutoscaler (v2)."""
    spec = obj["spec"]
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    causes: rules.Causes = []
    if least is not None and least < 1:
        causes.append(Cause.invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        causes.append(Cause.required("spec.maxReplicas", "must be set and greater than 0"))
    if least is not None and most < least:
        causes.append(Cause.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    causes += _reference("spec.scaleTargetRef", spec.get("scaleTargetRef") or {})
    metrics = spec.get("metrics") or []
    for at, metric in enumerate(metrics):
        causes += _metric(f"spec.metrics[{at}]", metric)
    if least == 0 and not any(metric.get("type") in {"Object", "External"} for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(Cause.forbidden("spec.metrics", detail))
    behavior = spec.get("behavior") or {}
    for name in ("scaleUp", "scaleDown"):
        if behavior.get(name) is not None:
            causes += _scaling_rules(f"spec.behavior.{name}", behavior[name])
    return causes


def _reference(path: str, reference: Obj) -> rules.Causes:
    causes: rules.Causes = []
    for name in ("kind", "name"):
        if not reference.get(name):
            causes.append(Cause.required(f"{path}.{name}"))
        else:
            causes += rules.refused(f"{path}.{name}", reference[name], rules.path_segment(reference[name]))
    return causes


def _metric(path: str, metric: Obj) -> rules.Causes:
    causes: rules.Causes = []
    kind = metric.get("type", "")
    if not kind:
        causes.append(Cause.required(f"{path}.type", "must specify a metric source type"))
    if kind not in _SOURCES:
        causes.append(Cause.unsupported(f"{path}.type", kind, _SOURCE_KINDS))
    present = [name for name in _SOURCES.values() if metric.get(name) is not None]
    if present:
        causes += _source(f"{path}.{present[0]}", present[0], metric[present[0]])
    expected = _SOURCES.get(kind)
    if expected is None:
        causes.append(Cause.unsupported(f"{path}.type", kind, _SOURCE_KINDS))
    elif expected not in present:
        detail = "must populate information for the given metric source"
        causes.append(Cause.required(f"{path}.{expected}", detail))
    if len(present) != 1:
        causes += [Cause.forbidden(f"{path}.{name}", _ONLY) for name in present if name != expected]
    return causes


def _source(path: str, kind: str, source: Obj) -> rules.Causes:
    causes: rules.Causes = []
    target = source.get("target") or {}
    if kind in {"resource", "containerResource"}:
        if not source.get("name"):
            causes.append(Cause.required(f"{path}.name", "must specify a resource name"))
        if kind == "containerResource" and not source.get("container"):
            causes.append(Cause.required(f"{path}.container", "must specify a container"))
        return causes + _target(f"{path}.target", target) + _raw_or_share(f"{path}.target", target)
    if kind == "object":
        causes += _reference(f"{path}.describedObject", source.get("describedObject") or {})
    name = (source.get("metric") or {}).get("name")
    if not name:
        causes.append(Cause.required(f"{path}.metric.name", "must specify a metric name"))
    else:
        causes += rules.refused(f"{path}.metric.name", name, rules.path_segment(name))
    causes += _target(f"{path}.target", target)
    return causes + _raw(f"{path}.target", kind, target)


def _raw_or_share(path: str, target: Obj) -> rules.Causes:
    share, raw = target.get("averageUtilization"), target.get("averageValue")
    if share is None and raw is None:
        return [Cause.required(f"{path}.averageUtilization", _NEITHER)]
    if share is not None and raw is not None:
        detail = "may not set both a target raw value and a target utilization"
        return [Cause.forbidden(f"{path}.averageValue", detail)]
    return []


def _raw(path: str, kind: str, target: Obj) -> rules.Causes:
    value, average = target.get("value"), target.get("averageValue")
    if kind == "pods":
        good = average is not None and parse_quantity(average) > 0
        return [] if good else [Cause.required(f"{path}.averageValue", "must specify a positive target averageValue")]
    if kind == "object" and value is None and average is None:
        return [Cause.required(f"{path}.averageValue", "must set either a target value or averageValue")]
    if kind == "external" and value is None and average is None:
        detail = "must set either a target value for metric or a per-pod target"
        return [Cause.required(f"{path}.averageValue", detail)]
    if kind == "external" and value is not None and average is not None:
        detail = "may not set both a target value for metric and a per-pod target"
        return [Cause.forbidden(f"{path}.value", detail)]
    return []


def _target(path: str, target: Obj) -> rules.Causes:
    causes: rules.Causes = []
    kind = target.get("type", "")
    if not kind:
        causes.append(Cause.required(f"{path}.type", "must specify a metric target type"))
    if kind not in {"Utilization", "Value", "AverageValue"}:
        causes.append(Cause.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        if target.get(name) is not None and parse_quantity(target[name]) <= 0:
            causes.append(Cause.invalid(f"{path}.{name}", str(target[name]), "must be positive"))
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        causes.append(Cause.invalid(f"{path}.averageUtilization", share, "must be greater than 0"))
    return causes


def _scaling_rules(path: str, found: Obj) -> rules.Causes:
    causes: rules.Causes = []
    window = found.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        causes.append(
            Cause.invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
        )
    if window is not None and window > _LONGEST_WINDOW_SECONDS:
        detail = f"must be less than or equal to {_LONGEST_WINDOW_SECONDS}"
        causes.append(Cause.invalid(f"{path}.stabilizationWindowSeconds", window, detail))
    if found.get("selectPolicy") is not None:
        causes += rules.one_of(f"{path}.selectPolicy", found["selectPolicy"], ("Disabled", "Max", "Min"))
    if not found.get("policies"):
        causes.append(Cause.required(f"{path}.policies", "must specify at least one Policy"))
    for at, policy in enumerate(found.get("policies") or ()):
        causes += _policy(f"{path}.policies[{at}]", policy)
    return causes


def _policy(path: str, policy: Obj) -> rules.Causes:
    causes = rules.one_of(f"{path}.type", policy.get("type"), ("Percent", "Pods"))
    for name in ("value", "periodSeconds"):
        if policy.get(name, 0) <= 0:
            causes.append(Cause.invalid(f"{path}.{name}", policy.get(name, 0), rules.POSITIVE))
    period: Any = policy.get("periodSeconds", 0)
    if period > _LONGEST_PERIOD_SECONDS:
        detail = f"must be less than or equal to {_LONGEST_PERIOD_SECONDS}"
        causes.append(Cause.invalid(f"{path}.periodSeconds", period, detail))
    return causes


def check_disruption_budget(obj: Obj) -> rules.Causes:
    """Check a PodDisruptionBudget."""
    spec = obj["spec"]
    causes: rules.Causes = []
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if least is not None and most is not None:
        shown = {
            "MinAvailable": least,
            "Selector": spec.get("selector"),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": policy,
        }
        causes.append(Cause.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        causes += rules.amount_or_percent(f"spec.{name}", value) + rules.not_over_full(f"spec.{name}", value)
    causes += rules.label_selector("spec.selector", spec.get("selector"))
    if policy is not None:
        causes += rules.one_of("spec.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget"))
    return causes
