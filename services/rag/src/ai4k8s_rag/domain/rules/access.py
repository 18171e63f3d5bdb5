"""Roles, bindings, quotas and limit ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_rag.domain.findings import Problem, setting
from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.reading import as_list, as_map, as_text, each_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.scope import Scope


def rules(thing: Thing, _: Scope) -> Iterator[Problem]:
    """Everything about rights and bounds that one object says."""
    if thing.kind in {"Role", "ClusterRole"}:
        yield from _role(thing)
    elif thing.kind in {"RoleBinding", "ClusterRoleBinding"}:
        yield from _binding(thing)
    elif thing.kind == "ResourceQuota":
        for name, amount in as_map(thing.spec.get("hard")).items():
            number = quantity(amount)
            if number is not None and number < 0:
                yield Problem("meaning.quota", ("spec", "hard", name), f"{amount} is less than nothing")
    elif thing.kind == "LimitRange":
        yield from _limit_range(thing)


def _role(thing: Thing) -> Iterator[Problem]:
    for path, rule in each_map(thing.value.get("rules"), ("rules",)):
        if not as_list(rule.get("verbs")):
            yield Problem("meaning.role-rule", (*path, "verbs"), "a rule without verbs allows nothing and is refused")
        resources, addresses = as_list(rule.get("resources")), as_list(rule.get("nonResourceURLs"))
        if not resources and not addresses:
            yield Problem("meaning.role-rule", path, "a rule names resources")
        if resources and rule.get("apiGroups") is None:
            where = (*path, "apiGroups")
            why = "a rule names the API groups of its resources; the core's is ''"
            yield Problem("meaning.role-rule", where, why, setting("write the core's group", where, [""]))
        if addresses and thing.kind == "Role":
            yield Problem("meaning.role-rule", (*path, "nonResourceURLs"), "only a ClusterRole speaks of addresses")
        yield from _misplaced(rule, path)


_GROUPS = {
    "deployments": "apps",
    "statefulsets": "apps",
    "daemonsets": "apps",
    "replicasets": "apps",
    "jobs": "batch",
    "cronjobs": "batch",
    "ingresses": "networking.k8s.io",
    "networkpolicies": "networking.k8s.io",
    "horizontalpodautoscalers": "autoscaling",
    "poddisruptionbudgets": "policy",
    "pods": "",
    "services": "",
    "configmaps": "",
    "secrets": "",
    "serviceaccounts": "",
    "persistentvolumeclaims": "",
}


def _misplaced(rule: dict[str, object], path: tuple[str | int, ...]) -> Iterator[Problem]:
    groups = as_list(rule.get("apiGroups"))
    for index, resource in enumerate(as_list(rule.get("resources"))):
        home = _GROUPS.get(as_text(resource).partition("/")[0])
        if home is not None and groups and home not in groups and "*" not in groups and resource != "pods/metrics":
            if resource == "pods" and "metrics.k8s.io" in groups:
                continue
            fix = setting(f"add the group '{home}'", (*path, "apiGroups"), [*groups, home])
            why = f"{resource} belong to the group '{home}': this rule does not reach them"
            yield Problem("meaning.role-rule", (*path, "resources", index), why, fix)


def _binding(thing: Thing) -> Iterator[Problem]:
    role = as_map(thing.value.get("roleRef"))
    if thing.kind == "ClusterRoleBinding" and role.get("kind") == "Role":
        yield Problem("meaning.role-binding", ("roleRef", "kind"), "a ClusterRoleBinding binds a ClusterRole")
    if role and role.get("apiGroup") not in {None, "rbac.authorization.k8s.io"}:
        place = ("roleRef", "apiGroup")
        right = "rbac.authorization.k8s.io"
        yield Problem(
            "meaning.role-binding", place, f"roles belong to {right}", setting(f"write {right}", place, right)
        )
    for path, subject in each_map(thing.value.get("subjects"), ("subjects",)):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            where = (*path, "namespace")
            fix = setting(f"write {thing.namespace}", where, thing.namespace)
            yield Problem("meaning.role-binding", where, "a service account is named with its namespace", fix)


def _limit_range(thing: Thing) -> Iterator[Problem]:
    for path, item in each_map(thing.spec.get("limits"), ("spec", "limits")):
        order = ("min", "defaultRequest", "default", "max")
        for position, low in enumerate(order):
            for high in order[position + 1 :]:
                lows, highs = as_map(item.get(low)), as_map(item.get(high))
                for name in lows.keys() & highs.keys():
                    less, more = quantity(lows[name]), quantity(highs[name])
                    if less is not None and more is not None and less > more:
                        why = f"{low} of {name} ({lows[name]}) is above {high} ({highs[name]})"
                        yield Problem("meaning.quota", (*path, low, name), why)
