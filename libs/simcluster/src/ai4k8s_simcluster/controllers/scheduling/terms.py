"""The small languages of placement: taints and tolerations, node selector terms, and pods near other pods."""

from collections.abc import Iterable, Mapping

from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.types import Obj

NO_SCHEDULE = frozenset({"NoSchedule", "NoExecute"})


def tolerates(tolerations: Iterable[Obj], taint: Obj) -> bool:
    """Say whether one of the tolerations meets a taint."""
    return any(toleration_meets(found, taint) for found in tolerations)


def toleration_meets(toleration: Obj, taint: Obj) -> bool:
    """Say whether a toleration meets a taint: an empty key with `Exists` meets all, an empty effect any."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    exists = toleration.get("operator") == "Exists"
    key = toleration.get("key")
    if key != taint["key"] and not (exists and not key):
        return False
    return exists or toleration.get("value", "") == taint.get("value", "")


def untolerated(pod_spec: Obj, node: Obj, effects: frozenset[str] = NO_SCHEDULE) -> list[Obj]:
    """Return the taints of a node, of some effects, that a pod does not tolerate."""
    tolerations = pod_spec.get("tolerations") or ()
    taints = (node.get("spec") or {}).get("taints") or ()
    return [taint for taint in taints if taint["effect"] in effects and not tolerates(tolerations, taint)]


def _term_value_meets(operator: str, value: str | None, wanted: list[str]) -> bool:
    match operator:
        case "In":
            return value is not None and value in wanted
        case "NotIn":
            return value is None or value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > int(wanted[0]) if operator == "Gt" else int(value) < int(wanted[0])


def node_term_meets(term: Obj, name: str, labels: Mapping[str, str]) -> bool:
    """Say whether a node meets one node selector term; an empty term is met by none."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    by_labels = all(_term_value_meets(e["operator"], labels.get(e["key"]), e.get("values") or []) for e in expressions)
    return by_labels and all(_term_value_meets(f["operator"], name, f.get("values") or []) for f in fields)


def required_node_terms(pod_spec: Obj) -> list[Obj] | None:
    """Return the node selector terms of which a node must meet one; None when there are none."""
    affinity = (pod_spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return list(required.get("nodeSelectorTerms") or []) if required else None


def node_selected(pod_spec: Obj, name: str, labels: Mapping[str, str]) -> bool:
    """Say whether a node meets a pod's node selector and required node affinity."""
    selector = pod_spec.get("nodeSelector") or {}
    if selector and not selector.items() <= labels.items():
        return False
    terms = required_node_terms(pod_spec)
    return terms is None or any(node_term_meets(term, name, labels) for term in terms)


def named_nodes(pod_spec: Obj) -> set[str] | None:
    """Return the names of the only nodes that required affinity allows by name; None when it does not."""
    terms = required_node_terms(pod_spec)
    if not terms:
        return None
    names: set[str] = set()
    for term in terms:
        listed = [set(f["values"]) for f in term.get("matchFields") or () if f["operator"] == "In"]
        if not listed:
            return None
        names |= set.intersection(*listed)
    return names


def preference(pod_spec: Obj, name: str, labels: Mapping[str, str]) -> int:
    """Return the weight of the preferred node affinity terms that a node meets."""
    affinity = (pod_spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(int(term["weight"]) for term in terms if node_term_meets(term["preference"], name, labels))


def pod_terms(pod_spec: Obj, kind: str) -> list[Obj]:
    """Return the required terms of `podAffinity` or `podAntiAffinity`."""
    found = (pod_spec.get("affinity") or {}).get(kind) or {}
    return list(found.get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def preferred_pod_terms(pod_spec: Obj, kind: str) -> list[Obj]:
    """Return the preferred terms, each with its weight."""
    found = (pod_spec.get("affinity") or {}).get(kind) or {}
    return list(found.get("preferredDuringSchedulingIgnoredDuringExecution") or ())


def pod_term_meets(term: Obj, namespace: str, other: Obj, namespaces: Mapping[str, Obj]) -> bool:
    """Say whether a pod is one of those that a term of a pod in a namespace is about.

    namespaces: the labels of the namespaces by name, for terms that select them.
    """
    where = other["metadata"]["namespace"]
    listed = term.get("namespaces") or []
    selector = term.get("namespaceSelector")
    if selector is not None:
        chosen = match_labels(from_label_selector(selector), namespaces.get(where, {"metadata": {}}))
    else:
        chosen = not listed and where == namespace
    if not chosen and where not in listed:
        return False
    if term.get("labelSelector") is None:
        return False
    return match_labels(from_label_selector(term["labelSelector"]), other)
