"""LimitRange: what a namespace fills in for containers that say nothing of resources, and the bounds it sets."""

from collections.abc import Iterator
from decimal import Decimal

from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.types import Obj

_ANNOTATION = "kubernetes.io/limit-ranger"


def fill_resources(pod: Obj, limit_ranges: list[Obj]) -> None:
    """Give a pod's containers the default requests and limits, in place, and say so in an annotation."""
    defaults: dict[str, Obj] = {"requests": {}, "limits": {}}
    for item in _items(limit_ranges, "Container"):
        defaults["requests"].update(item.get("defaultRequest") or {})
        defaults["limits"].update(item.get("default") or {})
    notes: list[str] = []
    for part in ("containers", "initContainers"):
        for container in pod["spec"].get(part) or ():
            notes += _fill(container, defaults, "init container" if part == "initContainers" else "container")
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[_ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)


def _items(limit_ranges: list[Obj], kind: str) -> Iterator[Obj]:
    for limit_range in limit_ranges:
        for item in limit_range["spec"].get("limits") or ():
            if item.get("type") == kind:
                yield item


def _fill(container: Obj, defaults: dict[str, Obj], what: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for section, word in (("requests", "request"), ("limits", "limit")):
        missing = [name for name in sorted(defaults[section]) if name not in (resources.get(section) or {})]
        if missing:
            amounts = {name: defaults[section][name] for name in missing}
            resources[section] = {**(resources.get(section) or {}), **amounts}
            yield f"{', '.join(missing)} {word} for {what} {container['name']}"


def broken_bounds(pod: Obj, limit_ranges: list[Obj]) -> list[str]:
    """Return which bounds of a namespace a pod breaks."""
    found: list[str] = []
    spec = pod["spec"]
    for item in _items(limit_ranges, "Container"):
        for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
            resources = container.get("resources") or {}
            found += _bounds(item, "Container", resources.get("requests") or {}, resources.get("limits") or {})
    for item in _items(limit_ranges, "Pod"):
        found += _bounds(item, "Pod", pod_total(spec, "requests"), pod_total(spec, "limits"))
    return found


def broken_claim_bounds(claim: Obj, limit_ranges: list[Obj]) -> list[str]:
    """Return which bounds of a namespace a volume claim breaks."""
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    found: list[str] = []
    for item in _items(limit_ranges, "PersistentVolumeClaim"):
        for name, bound in (item.get("min") or {}).items():
            found += _least("PersistentVolumeClaim", name, bound, requests, {})
        for name, bound in (item.get("max") or {}).items():
            if name in requests and parse_quantity(requests[name]) > parse_quantity(bound):
                text = f"maximum {name} usage per PersistentVolumeClaim is {bound}, but request is {requests[name]}"
                found.append(text)
    return found


def pod_total(spec: Obj, section: str) -> Obj:
    """Return what a pod asks of each resource: its containers together, or one init container if that is more."""
    total: dict[str, Decimal] = {}
    for container in spec.get("containers") or ():
        for name, amount in ((container.get("resources") or {}).get(section) or {}).items():
            total[name] = total.get(name, Decimal(0)) + parse_quantity(amount)
    for container in spec.get("initContainers") or ():
        for name, amount in ((container.get("resources") or {}).get(section) or {}).items():
            if container.get("restartPolicy") == "Always":
                total[name] = total.get(name, Decimal(0)) + parse_quantity(amount)
            else:
                total[name] = max(total.get(name, Decimal(0)), parse_quantity(amount))
    return {name: format_amount(name, amount) for name, amount in total.items()}


def format_amount(name: str, amount: Decimal) -> str:
    """Write an amount of a resource as Kubernetes does: binary sizes, milli-CPU."""
    size = name.endswith(("memory", "storage")) or "hugepages" in name
    if size and amount == int(amount) and amount:
        for suffix, power in (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
            if int(amount) % 2**power == 0:
                return f"{int(amount) >> power}{suffix}"
    if amount == int(amount):
        return str(int(amount))
    milli = amount * 1000
    return f"{int(milli)}m" if milli == int(milli) else f"{amount.normalize():f}"


def _bounds(item: Obj, kind: str, requests: Obj, limits: Obj) -> Iterator[str]:
    for name, bound in sorted((item.get("min") or {}).items()):
        yield from _least(kind, name, bound, requests, limits)
    for name, bound in sorted((item.get("max") or {}).items()):
        yield from _most(kind, name, bound, requests, limits)
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(kind, name, bound, requests, limits)


def _least(kind: str, name: str, bound: str, requests: Obj, limits: Obj) -> Iterator[str]:
    rule = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{rule}.  No request is specified"
    elif parse_quantity(requests[name]) < parse_quantity(bound):
        yield f"{rule}, but request is {requests[name]}"
    elif name in limits and parse_quantity(limits[name]) < parse_quantity(bound):
        yield f"{rule}, but limit is {limits[name]}"


def _most(kind: str, name: str, bound: str, requests: Obj, limits: Obj) -> Iterator[str]:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        yield f"{rule}.  No limit is specified"
    elif parse_quantity(limits[name]) > parse_quantity(bound):
        yield f"{rule}, but limit is {limits[name]}"
    elif name in requests and parse_quantity(requests[name]) > parse_quantity(bound):
        yield f"{rule}, but request is {requests[name]}"


def _ratio(kind: str, name: str, bound: str, requests: Obj, limits: Obj) -> Iterator[str]:
    rule = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = (parse_quantity(amounts.get(name, 0)) for amounts in (requests, limits))
    if not request:
        yield f"{rule}, but no request is specified or request is 0"
    elif not limit:
        yield f"{rule}, but no limit is specified or limit is 0"
    elif limit / request > parse_quantity(bound):
        yield f"{rule}, but provided ratio is {float(limit / request):f}"
