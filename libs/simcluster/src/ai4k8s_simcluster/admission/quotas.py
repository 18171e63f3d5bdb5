"""ResourceQuota: what an object counts for, whether a namespace has room for it, and what is used with it.

Admission checks and counts at once against the quota's status, as a real server does, so that two requests cannot
both take the last place; a controller counts anew after deletions.
"""

from collections.abc import Mapping
from decimal import Decimal

from ai4k8s_simcluster.admission.limits import format_amount, pod_total
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.types import Obj

Amounts = dict[str, Decimal]
_MUST_BE_SAID = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_FINISHED = {"Succeeded", "Failed"}
_BARE_COUNTS = {
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services",
}  # fmt: skip


def usage_of(plural: str, group: str, obj: Obj) -> Amounts:
    """Return what an object counts for in quotas."""
    one = Decimal(1)
    counts: Amounts = {f"count/{plural}.{group}" if group else f"count/{plural}": one}
    if not group and plural in _BARE_COUNTS:
        counts[plural] = one
    if (group, plural) == ("", "pods"):
        return counts | _pod_usage(obj)
    if (group, plural) == ("", "services"):
        return counts | _service_usage(obj)
    if (group, plural) == ("", "persistentvolumeclaims"):
        return counts | _claim_usage(obj)
    return counts


def _pod_usage(pod: Obj) -> Amounts:
    if (pod.get("status") or {}).get("phase") in _FINISHED:
        return {}
    found: Amounts = {"pods": Decimal(1)}
    for section in ("requests", "limits"):
        for name, amount in pod_total(pod["spec"], section).items():
            value = parse_quantity(amount)
            found[f"{section}.{name}"] = value
            if section == "requests" and name in {"cpu", "memory", "ephemeral-storage"}:
                found[name] = value
    return found


def _service_usage(service: Obj) -> Amounts:
    kind = service["spec"].get("type")
    ports = Decimal(len(service["spec"].get("ports") or ()))
    balanced = kind == "LoadBalancer"
    return {
        "services.loadbalancers": Decimal(int(balanced)),
        "services.nodeports": ports if balanced or kind == "NodePort" else Decimal(0),
    }


def _claim_usage(claim: Obj) -> Amounts:
    spec = claim["spec"]
    storage = parse_quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0))
    found = {"requests.storage": storage}
    if name := spec.get("storageClassName"):
        prefix = f"{name}.storageclass.storage.k8s.io/"
        found |= {f"{prefix}requests.storage": storage, f"{prefix}persistentvolumeclaims": Decimal(1)}
    return found


def covers(quota: Obj, plural: str, obj: Obj) -> bool:
    """Say whether a quota with its scopes is about an object."""
    spec = quota["spec"]
    expressions = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    expressions += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return not expressions or (plural == "pods" and all(_in_scope(expression, obj) for expression in expressions))


def _in_scope(expression: Obj, pod: Obj) -> bool:
    name, values = expression.get("scopeName"), expression.get("values") or ()
    spec = pod["spec"]
    best_effort = not pod_total(spec, "requests") and not pod_total(spec, "limits")
    if name == "PriorityClass":
        given = spec.get("priorityClassName", "")
        operators = {"In": given in values, "NotIn": given not in values, "Exists": bool(given)}
        return operators.get(str(expression.get("operator")), not given)
    return {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": spec.get("activeDeadlineSeconds") is not None,
        "NotTerminating": spec.get("activeDeadlineSeconds") is None,
    }.get(str(name), False)


def unsaid(quota: Obj, pod: Obj) -> str:
    """Return what a pod must say of itself before a quota can count it; empty when nothing is missing."""
    limited = [name for name in _MUST_BE_SAID if name in (quota["spec"].get("hard") or {})]
    missing: dict[str, set[str]] = {}
    for part in ("containers", "initContainers"):
        for container in pod["spec"].get(part) or ():
            resources = container.get("resources") or {}
            for name in limited:
                section, _, short = name.rpartition(".")
                if short not in (resources.get(section or "requests") or {}):
                    missing.setdefault(name, set()).add(str(container["name"]))
    if not missing:
        return ""
    parts = [f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing)]
    return "must specify " + "; ".join(parts)


def exceeded(quota: Obj, used: Mapping[str, Decimal], added: Mapping[str, Decimal]) -> str:
    """Return how an addition exceeds a quota, as the refusal says it; empty when there is room."""
    hard = {name: parse_quantity(amount) for name, amount in (quota["spec"].get("hard") or {}).items()}
    over = [name for name in sorted(hard) if added.get(name, 0) > 0 and used.get(name, 0) + added[name] > hard[name]]
    if not over:
        return ""

    def listed(amounts: Mapping[str, Decimal]) -> str:
        return ",".join(f"{name}={format_amount(name, Decimal(amounts.get(name, 0)))}" for name in over)

    name = quota["metadata"]["name"]
    return f"exceeded quota: {name}, requested: {listed(added)}, used: {listed(used)}, limited: {listed(hard)}"


def difference(new: Amounts, old: Amounts) -> Amounts:
    """Return what a change adds; what it gives back counts as well, so that usage goes down."""
    names = new.keys() | old.keys()
    return {name: change for name in names if (change := new.get(name, Decimal(0)) - old.get(name, Decimal(0)))}


def used_of(quota: Obj) -> Amounts | None:
    """Return what a quota's status says is used; None when its status does not know all of its limits yet."""
    used = (quota.get("status") or {}).get("used") or {}
    if not (quota["spec"].get("hard") or {}).keys() <= used.keys():
        return None
    return {name: parse_quantity(amount) for name, amount in used.items()}


def with_used(quota: Obj, used: Mapping[str, Decimal]) -> Obj:
    """Return a quota whose status says what is used."""
    hard = quota["spec"].get("hard") or {}
    shown = {name: format_amount(name, max(Decimal(used.get(name, 0)), Decimal(0))) for name in sorted(hard)}
    return {**quota, "status": {"hard": hard, "used": shown}}
