"""What stands beside workloads: network, scaling, budgets, data, rights, bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.writing.workloads import PLACEHOLDER, claim_spec, labels_of, metadata

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.draft import Draft, Obj
    from ai4k8s_rag.domain.writing.facts import Facts

_GATEWAY = "gateway.networking.k8s.io/v1"
_RBAC = "rbac.authorization.k8s.io"
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_READ = ["get", "list", "watch"]
_GROUPS: dict[str, tuple[str, ...]] = {
    "": (
        "pods", "pods/log", "pods/exec", "services", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims",
        "nodes", "namespaces", "events", "endpoints", "persistentvolumes", "resourcequotas", "limitranges",
    ),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "autoscaling": ("horizontalpodautoscalers",),
    "policy": ("poddisruptionbudgets",),
    _RBAC: ("rolebindings",),
}  # fmt: skip
_WIDE = frozenset({"nodes", "namespaces", "persistentvolumes"})


def service(
    draft: Draft,
    name: str,
    namespace: str,
    facts: Facts,
    app: str,
    port: int,
    target: int | str,
    *,
    port_name: str = "http",
) -> Obj:
    """Return a Service for the pods of an application."""
    spec: Obj = {}
    if facts.headless:
        spec["clusterIP"] = "None"
    else:
        spec["type"] = facts.service_type or "ClusterIP"
        if not facts.service_type:
            draft.assume(f"no type given for the service {name}: ClusterIP, reachable inside the cluster")
    spec["selector"] = labels_of(app)
    one: Obj = {"name": port_name, "port": port, "targetPort": target}
    if facts.protocol in {"UDP", "SCTP"}:
        one["protocol"] = facts.protocol
    if facts.node_port:
        one["nodePort"] = facts.node_port
    spec["ports"] = [one, *({"name": f"port-{extra}", "port": extra, "targetPort": extra} for extra in facts.ports[1:])]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace, facts, labels_of(app)),
        "spec": spec,
    }


def ingress(draft: Draft, name: str, namespace: str, facts: Facts, target: str, port: int) -> Obj:
    """Return an Ingress to one Service."""
    spec: Obj = {}
    if facts.class_name:
        spec["ingressClassName"] = facts.class_name
    else:
        draft.assume("no ingress class given: the cluster's default")
    if facts.tls:
        secret = facts.tls_secret or f"{name}-tls"
        spec["tls"] = [{"hosts": [facts.host], "secretName": secret}]
        if not facts.tls_secret:
            draft.assume(f"the certificate is expected in the Secret '{secret}'")
    path = facts.path or "/"
    backend = {"service": {"name": target, "port": {"number": port}}}
    spec["rules"] = [
        {"host": facts.host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, namespace, facts),
        "spec": spec,
    }


def route(
    draft: Draft, kind: str, name: str, namespace: str, facts: Facts, target: str, port: int, gateway: str
) -> Obj:
    """Return a route of the Gateway API."""
    spec: Obj = {"parentRefs": [{"name": gateway}]}
    if facts.host:
        spec["hostnames"] = [facts.host]
    else:
        draft.assume("no host given: the route serves every host of its gateway")
    rule: Obj = {}
    if kind == "HTTPRoute":
        rule["matches"] = [{"path": {"type": "PathPrefix", "value": facts.path or "/"}}]
    rule["backendRefs"] = [{"name": target, "port": port}]
    return {
        "apiVersion": _GATEWAY,
        "kind": kind,
        "metadata": metadata(name, namespace, facts),
        "spec": {**spec, "rules": [rule]},
    }


def gateway(draft: Draft, name: str, namespace: str, facts: Facts) -> Obj:
    """Return a Gateway with one listener."""
    if not facts.class_name:
        draft.ask("class", "Which gateway class (the controller that serves the gateway)?")
    listener: Obj = (
        {"name": "https", "port": 443, "protocol": "HTTPS"}
        if facts.tls
        else {"name": "http", "port": 80, "protocol": "HTTP"}
    )
    if facts.ports:
        listener["port"] = facts.ports[0]
    if facts.host:
        listener["hostname"] = facts.host
    if facts.tls:
        listener["tls"] = {"mode": "Terminate", "certificateRefs": [{"name": facts.tls_secret or f"{name}-tls"}]}
    spec = {"gatewayClassName": facts.class_name or "unknown", "listeners": [listener]}
    return {"apiVersion": _GATEWAY, "kind": "Gateway", "metadata": metadata(name, namespace, facts), "spec": spec}


def hpa(draft: Draft, name: str, namespace: str, facts: Facts, target: tuple[str, str], running: int | None) -> Obj:
    """Return an autoscaler on shares of requests."""
    least = facts.least if facts.least is not None else running if running and running > 1 else 2
    most = facts.most if facts.most is not None else max(10, least * 2)
    if facts.least is None:
        draft.assume(f"no least number of pods given: {least}")
    if facts.most is None:
        draft.assume(f"no largest number of pods given: {most}")
    targets = facts.targets or {"cpu": 70}
    if not facts.targets:
        draft.assume("no target given: 70 % of the requested CPU")
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}},
        }
        for resource, percent in targets.items()
    ]
    reference = {"apiVersion": "apps/v1", "kind": target[0], "name": target[1]}
    spec = {
        "scaleTargetRef": reference,
        "minReplicas": max(1, min(least, most)),
        "maxReplicas": max(1, least, most),
        "metrics": metrics,
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(name, namespace, facts),
        "spec": spec,
    }


def vpa(draft: Draft, name: str, namespace: str, facts: Facts, target: tuple[str, str], *, scaled: bool) -> Obj:
    """Return a vertical autoscaler; one that only recommends unless more was said."""
    mode = "Off"
    if "initial" in facts.flags:
        mode = "Initial"
    elif "recreate" in facts.flags or re.search(r"auto", " ".join(facts.flags)):
        mode = "Recreate"
    if mode == "Off" and "recommend" not in facts.flags:
        draft.assume("no mode given: the VPA only recommends (Off)")
    policy: Obj = {"containerName": "*"}
    for said, word in ((facts.requests, "minAllowed"), (facts.limits, "maxAllowed")):
        if said:
            policy[word] = dict(said)
    policy["controlledResources"] = ["memory"] if scaled and mode != "Off" else ["cpu", "memory"]
    reference = {"apiVersion": "apps/v1", "kind": target[0], "name": target[1]}
    spec = {
        "targetRef": reference,
        "updatePolicy": {"updateMode": mode},
        "resourcePolicy": {"containerPolicies": [policy]},
    }
    return {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": metadata(name, namespace, facts),
        "spec": spec,
    }


def pdb(draft: Draft, name: str, namespace: str, facts: Facts, text: str, app: str, running: int | None) -> Obj:
    """Return a disruption budget."""
    amount = r"(\d+\s*%|\d+|one|two|three|four|five)"
    least = re.search(
        rf"(?:min(?:imum)?\s*available|at least|keep(?:ing|s)?(?: at least)?)\D{{0,12}}?{amount}|{amount}\s+(?:pods?\s+)?(?:\w+\s+)?(?:always\s+)?available",
        text,
        re.IGNORECASE,
    )
    most = re.search(
        rf"(?:max(?:imum)?\s*unavailable|at most|no more than|only)\D{{0,12}}?{amount}|{amount}\s+(?:pods?\s+)?unavailable",
        text,
        re.IGNORECASE,
    )
    spec: Obj = {}
    if most:
        spec["maxUnavailable"] = _amount(most[1] or most[2])
    elif least:
        spec["minAvailable"] = _amount(least[1] or least[2])
    else:
        spec["maxUnavailable"] = 1
        draft.assume("no bound given: one pod at a time may be away")
    del running
    spec["selector"] = {"matchLabels": labels_of(app)}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name, namespace, facts),
        "spec": spec,
    }


def _amount(text: str) -> int | str:
    words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    low = text.replace(" ", "").lower()
    return low if low.endswith("%") else words.get(low) or int(low)


def config_map(draft: Draft, name: str, namespace: str, facts: Facts, pairs: dict[str, str]) -> Obj:
    """Return a ConfigMap."""
    data = pairs or dict.fromkeys(facts.keys, "")
    if not data:
        draft.ask("data", f"Which keys and values does the ConfigMap {name} hold? For example LOG_LEVEL=info.")
    found: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, namespace, facts), "data": data}
    if "immutable" in facts.flags:
        found["immutable"] = True
    return found


def secret(draft: Draft, name: str, namespace: str, keys: list[str], *, given: bool, facts: Facts | None = None) -> Obj:
    """Return a Secret with placeholders: a value is never invented, and one from a request is never kept."""
    if given:
        draft.assume(f"the values given for the Secret {name} are left out: a request is no place for them")
    draft.assume(f"the Secret {name} holds placeholders ({PLACEHOLDER}): put the real values in before you use it")
    data = dict.fromkeys(keys, PLACEHOLDER)
    found: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name, namespace, facts), "type": "Opaque"}
    return {**found, "stringData": data}


def claim(draft: Draft, name: str, namespace: str, facts: Facts) -> Obj:
    """Return a claim for storage."""
    spec = claim_spec(draft, facts, f"the claim {name}")
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(name, namespace, facts),
        "spec": spec,
    }


def quota(draft: Draft, name: str, namespace: str, facts: Facts) -> Obj:
    """Return a quota of what was said."""
    hard: Obj = {}
    for resource, amount in {**facts.amounts, **facts.requests}.items():
        hard[f"requests.{resource}"] = amount
    for resource, amount in {**facts.amounts, **facts.limits}.items():
        hard[f"limits.{resource}"] = amount
    names = {
        "pods": "pods", "pod": "pods", "services": "services", "secrets": "secrets", "configmaps": "configmaps",
        "pvcs": "persistentvolumeclaims", "pvc": "persistentvolumeclaims", "persistentvolumeclaims": "persistentvolumeclaims",
        "loadbalancers": "services.loadbalancers", "jobs": "count/jobs.batch", "deployments": "count/deployments.apps",
    }  # fmt: skip
    hard |= {names[word]: str(count) for word, count in facts.counts.items() if word in names}
    if "pods" not in hard and facts.most is not None:
        hard["pods"] = str(facts.most)
    if facts.storage:
        hard["requests.storage"] = facts.storage
    if not hard:
        draft.ask("quota", "How much may the namespace use? For example 4 CPUs, 8Gi memory and 20 pods.")
        hard = {"pods": "50"}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata(name, namespace, facts),
        "spec": {"hard": hard},
    }


def limit_range(draft: Draft, name: str, namespace: str, facts: Facts, text: str) -> Obj:
    """Return a limit range for containers."""
    item: Obj = {"type": "Container"}
    default = {**facts.amounts, **facts.limits}
    if re.search(r"\bmax(?:imum)?\b", text, re.IGNORECASE) and not re.search(r"\bdefault\b", text, re.IGNORECASE):
        item["max"] = default
    elif default:
        item["default"] = default
    if facts.requests or ("default" in item and not facts.requests):
        item["defaultRequest"] = dict(facts.requests) or dict(default)
    if not default and not facts.requests:
        item |= {"defaultRequest": {"cpu": "100m", "memory": "128Mi"}, "default": {"cpu": "500m", "memory": "256Mi"}}
        draft.assume(
            "no bounds given: 100m and 128Mi requested, 500m and 256Mi at most, for containers that say nothing"
        )
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(name, namespace, facts),
        "spec": {"limits": [item]},
    }


def role_rules(draft: Draft, facts: Facts, text: str) -> list[Obj]:
    """Return the rules of a role as far as they were said."""
    low = text.lower()
    verbs = [verb for verb in _VERBS if re.search(rf"\b{verb}s?\b", low)]
    if not verbs and ("read" in facts.flags or re.search(r"\breads?\b|\bview", low)):
        verbs = list(_READ)
    if "full" in facts.flags and not verbs:
        verbs = [verb for verb in _VERBS if verb != "deletecollection"]
    found: list[Obj] = []
    for group, resources in _GROUPS.items():
        named = [each for each in resources if _named(each, low)]
        if named:
            found.append({"apiGroups": [group], "resources": named, "verbs": verbs or list(_READ)})
    if not found and "full" in facts.flags:
        everyday = {group: resources for group, resources in _GROUPS.items() if group != _RBAC}
        for group, resources in everyday.items():
            kept = [each for each in resources if each not in _WIDE | {"resourcequotas", "limitranges"}]
            found.append({"apiGroups": [group], "resources": kept, "verbs": verbs})
        draft.assume("full access is written out as the everyday kinds, without rights to give rights away")
    if not found and "read" in facts.flags:
        found = [
            {
                "apiGroups": [group],
                "resources": [each for each in resources if each not in {*_WIDE, "secrets", "pods/exec"}],
                "verbs": list(_READ),
            }
            for group, resources in _GROUPS.items()
            if group != _RBAC
        ]
        draft.assume("read access is written out as the everyday kinds, without Secrets")
    if not found:
        draft.ask("rules", "What may the role do? For example get and list pods and deployments.")
        return [{"apiGroups": [""], "resources": ["pods"], "verbs": list(_READ)}]
    if not verbs:
        draft.assume("no verbs given: get, list and watch")
    return found


def _named(resource: str, text: str) -> bool:
    words = {
        "pods/log": r"\b(?:pods?/logs?|(?:pod |container )?logs)\b",
        "pods/exec": r"\bpods?/exec\b|\bexec(?:ute)?\b",
        "configmaps": r"\bconfig[ -]?maps?\b",
        "serviceaccounts": r"\bservice[ -]?accounts\b",
        "services": r"\bservices\b",
        "roles": r"\broles\b",
        "rolebindings": r"\brole[ -]?bindings\b(?=.{0,20}manage)",
        "persistentvolumeclaims": r"\bpvcs?\b|\bpersistent ?volume ?claims?\b",
        "horizontalpodautoscalers": r"\bhpas\b|\bhorizontal ?pod ?autoscalers\b",
        "poddisruptionbudgets": r"\bpdbs\b|\bpod ?disruption ?budgets\b",
        "namespaces": r"\bnamespaces\b(?<!all namespaces)(?<!across namespaces)",
        "ingresses": r"\bingresses\b",
        "networkpolicies": r"\bnetwork ?policies\b",
        "secrets": r"\bsecrets\b",
    }
    return re.search(words.get(resource, rf"\b{resource}\b"), text) is not None


def role(kind: str, name: str, namespace: str, rules: list[Obj], facts: Facts) -> Obj:
    """Return a Role or ClusterRole."""
    place = "" if kind == "ClusterRole" else namespace
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata(name, place, facts), "rules": rules}


def binding(kind: str, name: str, namespace: str, role_ref: tuple[str, str], subjects: list[Obj], facts: Facts) -> Obj:
    """Return a RoleBinding or ClusterRoleBinding."""
    place = "" if kind == "ClusterRoleBinding" else namespace
    reference = {"apiGroup": _RBAC, "kind": role_ref[0], "name": role_ref[1]}
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": metadata(name, place, facts),
        "roleRef": reference,
        "subjects": subjects,
    }


def subjects_in(text: str, namespace: str) -> list[Obj]:
    """Return the users, groups and service accounts that a text names."""
    found: list[Obj] = []
    pattern = r"\b(service[ -]?accounts?|users?|groups?)\s+(?:named\s+|called\s+)?['\"`]?([a-zA-Z0-9][\w.@:-]*\w|\w)['\"`]?|['\"`]?\b(?!(?:to|the|a|an|its|new|for|existing|and|my|this)\b)([a-z0-9][-a-z0-9]*)['\"`]?\s+(service[ -]?account)\b"
    for each in re.finditer(pattern, text, re.IGNORECASE):
        word, name = (each[1] or each[4]).lower(), each[2] or each[3]
        if name.lower() in {
            "a",
            "the",
            "an",
            "in",
            "to",
            "and",
            "for",
            "with",
            "that",
            "of",
            "named",
            "called",
            "existing",
            "can",
            "its",
            "new",
        }:
            continue
        if word.startswith("service"):
            found.append({"kind": "ServiceAccount", "name": name.lower(), "namespace": namespace or "default"})
        else:
            kind = "User" if word.startswith("user") else "Group"
            found.append({"kind": kind, "name": name, "apiGroup": _RBAC})
    return found
