"""Good practice beyond the standards: pinned images, requests, budgets, secrets where they belong, narrow rights.

Secrets are recognised by names and by shapes of keys; their values are never repeated in a finding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.findings import Problem, removing, setting
from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.scope import pod_of, selects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.scope import Container, Pod, Scope

_SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|credentials?)(?:$|[_.-](?!file|path|name|ref|url|ttl|expiry|length))",
    re.IGNORECASE,
)
_SECRET_SHAPE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abpr]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.|[a-z][a-z0-9+]*://[^\s:/@$]+:[^\s:/@$]+@"
)
_PLACEHOLDER = re.compile(
    r"^$|\$\(|\$\{|<[^>]*>|^(?:change[-_ ]?me|replace[-_ ]?me|todo|xxx+|placeholder|example|your[-_ ].*|\*+)$|REPLACE",
    re.IGNORECASE,
)
_DOOR = re.compile(
    r"/dev/tcp/|\bn(?:c|cat)(?:\.\w+)?\s+[^|;&]*(?:-[a-z]*e\b|--exec|-c\s)|\bsocat\b.*\bexec:|\bmkfifo\b.*\bn(?:c|cat)\b"
    r"|\bnsenter\b.*(?:-t\s*1|--target[ =]1)|\bchroot\s+/host|xmrig"
    r"|stratum\+tcp|authorized_keys|socket\.socket\(.*(?:dup2|subprocess)",
    re.IGNORECASE | re.DOTALL,
)
_PIPED = re.compile(r"\b(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b", re.IGNORECASE)
_LONGEST_COMMAND = 20_000
_EVERYBODY = frozenset({"system:anonymous", "system:unauthenticated", "system:authenticated"})
_WRITES = frozenset({"*", "create", "update", "patch"})
_LASTING = frozenset({"Deployment", "StatefulSet"})


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything that good practice says of one object."""
    pod = pod_of(thing)
    if pod is not None:
        for container in pod.containers():
            yield from _image(container)
            yield from _resources(container)
            yield from _secrets_in_env(container)
            yield from _commands(container)
        yield from _availability(pod, thing, scope)
        yield from _readiness(pod, thing, scope)
    if thing.kind == "ConfigMap":
        yield from _configmap(thing)
    elif thing.kind == "Secret":
        yield from _secret(thing)
    elif thing.kind in {"Role", "ClusterRole"}:
        yield from _role(thing)
    elif thing.kind in {"RoleBinding", "ClusterRoleBinding"}:
        yield from _binding(thing)


def is_secret_name(name: str) -> bool:
    """Whether a variable or key of this name usually holds a secret."""
    return _SECRET_NAME.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)) is not None


def _image(container: Container) -> Iterator[Problem]:
    image, path = as_text(container.value.get("image")), (*container.path, "image")
    if not image or "@" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        yield Problem("policy.image-tag", path, f"'{image[:80]}' has no tag: what runs changes without notice")
    elif tag == "latest":
        yield Problem("policy.image-tag", path, f"'{image[:80]}' is whatever was pushed last; name a version")


def _resources(container: Container) -> Iterator[Problem]:
    if container.list_name == "ephemeralContainers":
        return
    requests = as_map(dig(container.value, "resources", "requests"))
    limits = as_map(dig(container.value, "resources", "limits"))
    base = (*container.path, "resources")
    missing = [name for name in ("cpu", "memory") if name not in requests and name not in limits]
    if missing:
        usual = {"cpu": "100m", "memory": "128Mi"}
        fix = setting(
            "request a usual amount", (*base, "requests"), {**requests, **{name: usual[name] for name in missing}}
        )
        said = " and no ".join(missing)
        why = f"container '{container.name}' requests no {said}: it is placed blindly and evicted first"
        yield Problem("policy.no-requests", base, why, fix)
    if "memory" not in limits:
        asked = requests.get("memory") if quantity(requests.get("memory")) is not None else "256Mi"
        fix = setting(f"limit it to {asked}", (*base, "limits", "memory"), asked)
        why = f"container '{container.name}' may take all memory of its node"
        yield Problem("policy.no-memory-limit", base, why, fix)


def _secrets_in_env(container: Container) -> Iterator[Problem]:
    for path, variable in each_map(container.value.get("env"), (*container.path, "env")):
        name, value = as_text(variable.get("name")), variable.get("value")
        if not isinstance(value, str) or _PLACEHOLDER.search(value):
            continue
        if is_secret_name(name) or _SECRET_SHAPE.search(value[:_LONGEST_COMMAND]):
            why = f"the value of {name[:60]} can be read by everybody who reads the object; take it from a Secret"
            yield Problem("policy.secret-in-env", (*path, "value"), why)


def _commands(container: Container) -> Iterator[Problem]:
    for place in (
        ("command",),
        ("args",),
        ("lifecycle", "postStart", "exec", "command"),
        ("lifecycle", "preStop", "exec", "command"),
    ):
        words = [word for word in as_list(dig(container.value, *place)) if isinstance(word, str)]
        text, path = " ".join(words)[:_LONGEST_COMMAND], (*container.path, *place)
        if _DOOR.search(text):
            yield Problem(
                "policy.suspicious-command", path, "it opens a shell to elsewhere, leaves the container or mines"
            )
        elif _PIPED.search(text):
            yield Problem("policy.unpinned-script", path, "it runs whatever the other end sends today")


def _availability(pod: Pod, thing: Thing, scope: Scope) -> Iterator[Problem]:
    if thing.kind not in _LASTING:
        return
    count = as_int(thing.spec.get("replicas", 1))
    if count is not None and count > 1:
        budgets = scope.of_kind("PodDisruptionBudget", namespace=thing.namespace)
        if not any(selects(each.spec.get("selector"), pod.labels) for each in budgets):
            yield Problem(
                "policy.no-pdb",
                ("spec", "replicas"),
                "draining nodes may evict all pods at once; add a PodDisruptionBudget",
            )
        spread = pod.spec.get("topologySpreadConstraints") or dig(pod.spec, "affinity", "podAntiAffinity")
        if not spread:
            constraint = [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": dict(pod.labels)},
                }
            ]
            where = (*pod.spec_path, "topologySpreadConstraints")
            fix = setting("spread them over nodes", where, constraint) if pod.labels else None
            yield Problem("policy.no-spread", pod.spec_path, "all pods may end on one node", fix)


def _readiness(pod: Pod, thing: Thing, scope: Scope) -> Iterator[Problem]:
    if thing.kind in {"Job", "CronJob"}:
        return
    served = [
        each
        for each in scope.of_kind("Service", namespace=thing.namespace)
        if as_map(each.spec.get("selector")) and as_map(each.spec.get("selector")).items() <= pod.labels.items()
    ]
    if served:
        for container in pod.containers("containers"):
            if container.value.get("ports") and container.value.get("readinessProbe") is None:
                why = f"{served[0].subject} sends traffic to '{container.name}' before it can answer"
                yield Problem("policy.no-readiness", container.path, why)


def _configmap(thing: Thing) -> Iterator[Problem]:
    for key, value in as_map(thing.value.get("data")).items():
        if not isinstance(value, str) or _PLACEHOLDER.search(value[:200]):
            continue
        if is_secret_name(key) or _SECRET_SHAPE.search(value[:_LONGEST_COMMAND]):
            why = f"'{key[:60]}' looks like a secret; a ConfigMap is readable by everybody and never encrypted"
            yield Problem("policy.secret-in-configmap", ("data", key), why)


def _secret(thing: Thing) -> Iterator[Problem]:
    for key, value in as_map(thing.value.get("stringData")).items():
        if isinstance(value, str) and not _PLACEHOLDER.search(value[:200]):
            why = f"the value of '{key[:60]}' stands in this text: keep it out of version control"
            yield Problem("policy.secret-in-text", ("stringData", key), why)


def _role(thing: Thing) -> Iterator[Problem]:
    everywhere = thing.kind == "ClusterRole"
    for path, rule in each_map(thing.value.get("rules"), ("rules",)):
        verbs = {verb for verb in as_list(rule.get("verbs")) if isinstance(verb, str)}
        resources = {each for each in as_list(rule.get("resources")) if isinstance(each, str)}
        groups = [each for each in as_list(rule.get("apiGroups")) if isinstance(each, str)]
        for field, held in (("verbs", verbs), ("resources", resources)):
            if "*" in held:
                yield Problem(
                    "policy.rbac-wildcard", (*path, field), f"'*' in {field} allows more than anybody thought of"
                )
        if verbs & {"escalate", "bind", "impersonate"} or (
            "rbac.authorization.k8s.io" in groups
            and verbs & _WRITES
            and resources & {"roles", "clusterroles", "rolebindings", "clusterrolebindings", "*"}
        ):
            yield Problem("policy.rbac-escalation", (*path, "verbs"), "its holder can give itself more rights")
        if (
            everywhere
            and "secrets" in resources
            and verbs & {"get", "list", "watch", "*"}
            and not rule.get("resourceNames")
        ):
            yield Problem("policy.rbac-secrets", (*path, "resources"), "it reads the Secrets of all namespaces")
        if everywhere and resources & {"pods/exec", "pods/attach"} and verbs & {"create", "get", "*"}:
            yield Problem("policy.rbac-exec", (*path, "resources"), "it enters the pods of all namespaces")


def _binding(thing: Thing) -> Iterator[Problem]:
    if dig(thing.value, "roleRef", "name") == "cluster-admin":
        said = "the cluster" if thing.kind == "ClusterRoleBinding" else "the namespace"
        yield Problem("policy.rbac-cluster-admin", ("roleRef", "name"), f"it gives every right in {said}")
    for path, subject in each_map(thing.value.get("subjects"), ("subjects",)):
        if subject.get("name") in _EVERYBODY:
            fix = removing("remove this subject", path)
            yield Problem("policy.rbac-anonymous", (*path, "name"), f"{subject['name']} is everybody", fix)
