"""Autoscalers and disruption budgets, alone and against the workloads of the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Problem, removing, setting
from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.scope import pod_of, selects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Scope

_HPA, _VPA = "HorizontalPodAutoscaler", "VerticalPodAutoscaler"
_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_ACTING = frozenset({"Auto", "Recreate", "Initial", "InPlaceOrRecreate"})


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything about one autoscaler or budget, and replicas that an autoscaler owns."""
    if thing.kind == _HPA:
        yield from _bounds(thing)
        yield from _metrics(thing, scope)
        yield from _twice(thing, scope)
    elif thing.kind == _VPA:
        yield from _vpa(thing, scope)
    elif thing.kind == "PodDisruptionBudget":
        yield from _budget(thing, scope)
    elif thing.kind in {"Deployment", "StatefulSet", "ReplicaSet"}:
        yield from _owned_replicas(thing, scope)


def target_of(thing: Thing, scope: Scope) -> Thing | None:
    """Return the workload of the same text that an autoscaler means."""
    reference = as_map(thing.spec.get("scaleTargetRef" if thing.kind == _HPA else "targetRef"))
    return scope.named(as_text(reference.get("kind")), as_text(reference.get("name")), thing.namespace)


def _bounds(thing: Thing) -> Iterator[Problem]:
    least, most = as_int(thing.spec.get("minReplicas")), as_int(thing.spec.get("maxReplicas"))
    if least is not None and most is not None and least > most:
        path: Path = ("spec", "minReplicas")
        why = f"at least {least} and at most {most} pods cannot both hold"
        yield Problem("meaning.hpa-bounds", path, why, setting(f"write {most}", path, most))


def _metrics(thing: Thing, scope: Scope) -> Iterator[Problem]:
    target = target_of(thing, scope)
    if thing.api_version == "autoscaling/v1" and thing.spec.get("targetCPUUtilizationPercentage") is not None:
        yield from _against_requests(target, "cpu", ("spec", "targetCPUUtilizationPercentage"), "")
    if thing.api_version != "autoscaling/v2":
        return
    for path, metric in each_map(thing.spec.get("metrics"), ("spec", "metrics")):
        kind = as_text(metric.get("type"))
        field = _SOURCES.get(kind)
        if field is None:
            continue
        source = metric.get(field)
        if not isinstance(source, dict):
            yield Problem("meaning.hpa-metric", path, f"a metric of type {kind} says what in '{field}'")
            continue
        where, goal = (*path, field, "target"), as_map(source.get("target"))
        yield from _goal(goal, where)
        if as_text(goal.get("type")) == "Utilization" and field in {"resource", "containerResource"}:
            container = as_text(source.get("container"))
            yield from _against_requests(target, as_text(source.get("name")), where, container)


def _goal(goal: dict[str, Any], path: Path) -> Iterator[Problem]:
    field = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}.get(
        as_text(goal.get("type"))
    )
    if field is not None and goal.get(field) is None:
        yield Problem("meaning.hpa-metric", path, f"a target of type {goal['type']} needs {field}")


def _against_requests(target: Thing | None, resource: str, path: Path, container: str) -> Iterator[Problem]:
    pod = None if target is None else pod_of(target)
    if pod is None or target is None:
        return
    without = [
        each.name
        for each in pod.containers("containers")
        if container in {"", each.name}
        and quantity(dig(each.value, "resources", "requests", resource)) is None
        and quantity(dig(each.value, "resources", "limits", resource)) is None
    ]
    if without:
        why = f"{target.subject} does not request {resource} in {', '.join(without)}: a share of it is never known"
        yield Problem("meaning.hpa-no-request", path, why)


def _twice(thing: Thing, scope: Scope) -> Iterator[Problem]:
    mine = as_map(thing.spec.get("scaleTargetRef"))
    for other in scope.of_kind(_HPA, namespace=thing.namespace):
        if other is thing:
            return
        theirs = as_map(other.spec.get("scaleTargetRef"))
        if (mine.get("kind"), mine.get("name")) == (theirs.get("kind"), theirs.get("name")) and mine:
            why = f"{other.subject} scales the same workload: they fight"
            yield Problem("meaning.hpa-twice", ("spec", "scaleTargetRef"), why)


def _owned_replicas(thing: Thing, scope: Scope) -> Iterator[Problem]:
    if thing.spec.get("replicas") is None:
        return
    for scaler in scope.of_kind(_HPA, namespace=thing.namespace):
        if target_of(scaler, scope) is thing:
            path: Path = ("spec", "replicas")
            why = f"{scaler.subject} owns the replicas: each apply of this text would set them back"
            yield Problem("meaning.hpa-static-replicas", path, why, removing("leave them to the autoscaler", path))


def _vpa(thing: Thing, scope: Scope) -> Iterator[Problem]:
    base = ("spec", "resourcePolicy", "containerPolicies")
    policies = list(each_map(dig(thing.spec, "resourcePolicy", "containerPolicies"), base))
    for path, policy in policies:
        least, most = as_map(policy.get("minAllowed")), as_map(policy.get("maxAllowed"))
        for name in least.keys() & most.keys():
            low, high = quantity(least[name]), quantity(most[name])
            if low is not None and high is not None and low > high:
                where = (*path, "minAllowed", name)
                yield Problem(
                    "meaning.vpa-bounds", where, f"at least {least[name]} and at most {most[name]} cannot both hold"
                )
    mode = as_text(dig(thing.spec, "updatePolicy", "updateMode")) or "Auto"
    if mode not in _ACTING:
        return
    sized = {
        each for _, policy in policies for each in as_list(policy.get("controlledResources")) if isinstance(each, str)
    }
    target = as_map(thing.spec.get("targetRef"))
    for scaler in scope.of_kind(_HPA, namespace=thing.namespace):
        reference = as_map(scaler.spec.get("scaleTargetRef"))
        if (reference.get("kind"), reference.get("name")) != (target.get("kind"), target.get("name")):
            continue
        shared = _resources_of(scaler) & (sized or {"cpu", "memory"})
        if shared:
            path = ("spec", "updatePolicy", "updateMode")
            why = f"{scaler.subject} scales on {', '.join(sorted(shared))} too: each undoes what the other does"
            yield Problem("meaning.vpa-with-hpa", path, why, setting("only recommend", path, "Off"))


def _resources_of(scaler: Thing) -> set[str]:
    if scaler.api_version == "autoscaling/v1":
        return {"cpu"}
    found = {
        as_text(dig(metric, field, "name"))
        for metric in as_list(scaler.spec.get("metrics"))
        for field in ("resource", "containerResource")
    }
    return (found - {""}) or ({"cpu"} if not as_list(scaler.spec.get("metrics")) else set())


def _budget(thing: Thing, scope: Scope) -> Iterator[Problem]:
    spec, path = thing.spec, ("spec",)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield Problem("meaning.pdb", (*path, "maxUnavailable"), "minAvailable and maxUnavailable exclude each other")
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if isinstance(value, str) and not (value.endswith("%") and value[:-1].isdigit()):
            yield Problem("meaning.pdb", (*path, key), f"'{value[:40]}' is neither a number nor a percentage")
        if isinstance(value, int) and value < 0:
            yield Problem("meaning.pdb", (*path, key), f"{value} is less than none")
    selector, pods = spec.get("selector"), scope.pods(thing.namespace)
    if selector is None or not pods:
        return
    chosen = [pod for pod in pods if pod.owner.kind != "Job" and selects(selector, pod.labels)]
    if not chosen:
        yield Problem("meaning.pdb-selects-nothing", (*path, "selector"), "no pod of this text has these labels")
        return
    counts = [
        as_int(pod.owner.spec.get("replicas", 1)) for pod in chosen if pod.owner.kind in {"Deployment", "StatefulSet"}
    ]
    owned = any(
        target_of(each, scope) in [pod.owner for pod in chosen]
        for each in scope.of_kind(_HPA, namespace=thing.namespace)
    )
    total = sum(count for count in counts if count is not None)
    blocks = most in {0, "0%"} if not isinstance(most, (dict, list)) else False
    if not owned and counts and len(counts) == len(chosen) and isinstance(least, int) and total and least >= total:
        blocks = True
    if blocks or least == "100%":
        key = "maxUnavailable" if least is None else "minAvailable"
        why = f"with {total or 'all'} pods and {key} {spec[key]} no pod may ever be evicted: nodes cannot be drained"
        yield Problem("meaning.pdb-blocks", (*path, key), why)
