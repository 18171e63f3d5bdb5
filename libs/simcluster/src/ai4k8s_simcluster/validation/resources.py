"""What is wrong with amounts: requests, limits, quotas and the names of what they count."""

from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules

_CONTAINER = {"cpu", "memory", "ephemeral-storage"}
_HUGE_PAGES = "hugepages-"
_QUOTA_INTEGERS = {
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
}  # fmt: skip
_QUOTA = _QUOTA_INTEGERS | _CONTAINER | {
    "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
    "limits.ephemeral-storage", "storage",
}  # fmt: skip
_STANDARD = _QUOTA
_NOT_STANDARD = "must be a standard resource type or fully qualified"


def _amount(path: str, value: Any) -> rules.Causes:
    try:
        negative = parse_quantity(value) < 0
    except QuantityError as error:
        return [Cause.invalid(path, value, str(error))]
    return [Cause.invalid(path, value, rules.NOT_NEGATIVE)] if negative else []


def resource_name(path: str, name: str) -> rules.Causes:
    """Check the name of a resource: standard, or with a domain."""
    causes = rules.refused(path, name, rules.qualified_name(name))
    if not causes and "/" not in name and name not in _STANDARD and not name.startswith(_HUGE_PAGES):
        causes.append(Cause.invalid(path, name, _NOT_STANDARD))
    return causes


def _container_resource(path: str, name: str) -> rules.Causes:
    causes = resource_name(path, name)
    if "/" not in name and name not in _CONTAINER and not name.startswith(_HUGE_PAGES):
        causes.append(Cause.invalid(path, name, "must be a standard resource for containers"))
    return causes


def check_resources(path: str, resources: Obj) -> rules.Causes:
    """Check a container's requests and limits."""
    causes: rules.Causes = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name in sorted(limits):
        where = f"{path}.limits[{name}]"
        causes += _container_resource(where, name) + _amount(where, limits[name])
    for name in sorted(requests):
        where = f"{path}.requests[{name}]"
        found = _container_resource(where, name) + _amount(where, requests[name])
        causes += found
        if not found and name in limits and parse_quantity(requests[name]) > parse_quantity(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.append(Cause.invalid(f"{path}.requests", requests[name], detail))
    return causes


def check_quota(obj: Obj) -> rules.Causes:
    """Check a ResourceQuota."""
    causes: rules.Causes = []
    for name, value in (obj.get("spec", {}).get("hard") or {}).items():
        where = f"spec.hard[{name}]"
        causes += resource_name(where, name)
        if "/" not in name and name not in _QUOTA and not name.startswith((_HUGE_PAGES, "requests." + _HUGE_PAGES)):
            causes.append(Cause.invalid(where, name, "must be a standard resource for quota"))
        causes += _amount(where, value)
        if name in _QUOTA_INTEGERS | {"count"} and parse_quantity(value) != int(parse_quantity(value)):
            causes.append(Cause.invalid(where, value, "must be an integer"))
    return causes


def check_limit_range(obj: Obj) -> rules.Causes:
    """Check a LimitRange."""
    causes: rules.Causes = []
    seen: set[str] = set()
    for at, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
        where, kind = f"spec.limits[{at}]", item.get("type", "")
        if kind in seen:
            causes.append(Cause(f"{where}.type", "FieldValueDuplicate", f'Duplicate value: "{kind}"'))
        seen.add(kind)
        causes += _bounds(where, item)
    return causes


def _bounds(where: str, item: Obj) -> rules.Causes:
    causes: rules.Causes = []
    low, high = item.get("min") or {}, item.get("max") or {}
    limits, requests = item.get("default") or {}, item.get("defaultRequest") or {}
    pairs = (
        ("min", low, "max", high, "min"), ("defaultRequest", requests, "max", high, "defaultRequest"),
        ("default", limits, "max", high, "default"), ("min", low, "defaultRequest", requests, "min"),
        ("min", low, "default", limits, "min"), ("defaultRequest", requests, "default", limits, "defaultRequest"),
    )  # fmt: skip
    words = {"min": "min", "max": "max", "default": "default", "defaultRequest": "default request"}
    for small_name, small, large_name, large, place in pairs:
        for name in small:
            if name in large and parse_quantity(small[name]) > parse_quantity(large[name]):
                detail = (
                    f"{words[small_name]} value {small[name]} is greater than {words[large_name]} value {large[name]}"
                )
                causes.append(Cause.invalid(f"{where}.{place}[{name}]", small[name], detail))
    return causes
