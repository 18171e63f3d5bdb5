"""From one object to another: what is named here and is not among its like.

A text need not hold everything it names, the cluster has the rest. So a missing object is only spoken of where others
of its kind and namespace are here, and one of them looks like what was meant.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Problem, setting
from ai4k8s_rag.domain.reading import as_list, as_map, as_text, dig, each_map
from ai4k8s_rag.domain.scope import pod_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Pod, Scope

_CLOSE = 0.6
Reference = tuple["Path", str, str, str | None]  # path, kind, name, namespace


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything that one object names."""
    pod = pod_of(thing)
    references = list(_of_object(thing))
    if pod is not None:
        references += _of_pod(pod, thing)
        yield from _keys(pod, thing, scope)
    for path, kind, name, namespace in references:
        if not name:
            continue
        others = [each.name for each in scope.of_kind(kind, namespace=namespace) if each.name]
        if not others or name in others:
            continue
        close = difflib.get_close_matches(name, others, n=1, cutoff=_CLOSE)
        if close:
            why = f"there is no {kind} '{name[:80]}' here; did you mean '{close[0]}'?"
            yield Problem("meaning.reference-missing", path, why, setting(f"write {close[0]}", path, close[0]))


def _of_object(thing: Thing) -> Iterator[Reference]:
    spec, namespace = thing.spec, thing.namespace
    if thing.kind in {"HorizontalPodAutoscaler", "VerticalPodAutoscaler"}:
        field = "scaleTargetRef" if thing.kind.startswith("H") else "targetRef"
        reference = as_map(spec.get(field))
        yield ("spec", field, "name"), as_text(reference.get("kind")), as_text(reference.get("name")), namespace
    elif thing.kind == "Ingress":
        yield from _services_of_ingress(thing)
    elif thing.kind in {"HTTPRoute", "GRPCRoute", "TLSRoute"}:
        for path, rule in each_map(spec.get("rules"), ("spec", "rules")):
            for where, backend in each_map(rule.get("backendRefs"), (*path, "backendRefs")):
                if backend.get("kind", "Service") == "Service":
                    place = as_text(backend.get("namespace")) or namespace
                    yield (*where, "name"), "Service", as_text(backend.get("name")), place
        for path, parent in each_map(spec.get("parentRefs"), ("spec", "parentRefs")):
            place = as_text(parent.get("namespace")) or namespace
            yield (*path, "name"), "Gateway", as_text(parent.get("name")), place
    elif thing.kind == "StatefulSet":
        yield ("spec", "serviceName"), "Service", as_text(spec.get("serviceName")), namespace
    elif thing.kind in {"RoleBinding", "ClusterRoleBinding"}:
        yield from _of_binding(thing)


def _services_of_ingress(thing: Thing) -> Iterator[Reference]:
    for path, rule in each_map(thing.spec.get("rules"), ("spec", "rules")):
        for where, each in each_map(dig(rule, "http", "paths"), (*path, "http", "paths")):
            name = as_text(dig(each, "backend", "service", "name"))
            yield (*where, "backend", "service", "name"), "Service", name, thing.namespace
    for path, each in each_map(thing.spec.get("tls"), ("spec", "tls")):
        yield (*path, "secretName"), "Secret", as_text(each.get("secretName")), thing.namespace


def _of_binding(thing: Thing) -> Iterator[Reference]:
    role = as_map(thing.value.get("roleRef"))
    kind = as_text(role.get("kind"))
    place = thing.namespace if kind == "Role" else None
    yield ("roleRef", "name"), kind, as_text(role.get("name")), place
    for path, subject in each_map(thing.value.get("subjects"), ("subjects",)):
        if subject.get("kind") == "ServiceAccount":
            place = as_text(subject.get("namespace")) or thing.namespace
            yield (*path, "name"), "ServiceAccount", as_text(subject.get("name")), place


_VOLUMES = (
    (("persistentVolumeClaim", "claimName"), "PersistentVolumeClaim"),
    (("configMap", "name"), "ConfigMap"),
    (("secret", "secretName"), "Secret"),
)


def _of_pod(pod: Pod, thing: Thing) -> Iterator[Reference]:
    space = thing.namespace
    yield (*pod.spec_path, "serviceAccountName"), "ServiceAccount", as_text(pod.spec.get("serviceAccountName")), space
    for path, volume in each_map(pod.spec.get("volumes"), (*pod.spec_path, "volumes")):
        for place, kind in _VOLUMES:
            if dig(volume, place[0], "optional") is not True:
                yield (*path, *place), kind, as_text(dig(volume, *place)), space
    for container in pod.containers():
        for path, variable in each_map(container.value.get("env"), (*container.path, "env")):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                name = as_text(dig(variable, "valueFrom", field, "name"))
                yield (*path, "valueFrom", field, "name"), kind, name, space
        for path, source in each_map(container.value.get("envFrom"), (*container.path, "envFrom")):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                yield (*path, field, "name"), kind, as_text(dig(source, field, "name")), space


def _keys(pod: Pod, thing: Thing, scope: Scope) -> Iterator[Problem]:
    for path, kind, name, key in _named_keys(pod):
        target = scope.named(kind, name, thing.namespace)
        if target is None or not key:
            continue
        known = [*as_map(target.value.get("data")), *as_map(target.value.get("stringData"))]
        known += [*as_map(target.value.get("binaryData"))]
        if known and key not in known:
            fix = setting(f"write {known[0]}", path, known[0]) if len(known) == 1 else None
            yield Problem(
                "meaning.key-missing",
                path,
                f"{target.subject} has no key '{key[:80]}'; it has {', '.join(known[:10])}",
                fix,
            )


def _named_keys(pod: Pod) -> Iterator[tuple[Path, str, str, str]]:
    for container in pod.containers():
        for path, variable in each_map(container.value.get("env"), (*container.path, "env")):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                source: Any = dig(variable, "valueFrom", field)
                if dig(source, "optional") is not True:
                    where = (*path, "valueFrom", field, "key")
                    yield where, kind, as_text(dig(source, "name")), as_text(dig(source, "key"))
    for path, volume in each_map(pod.spec.get("volumes"), (*pod.spec_path, "volumes")):
        for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            source = dig(volume, field)
            for index, item in enumerate(as_list(dig(source, "items"))):
                where = (*path, field, "items", index, "key")
                yield where, kind, as_text(dig(source, name)), as_text(dig(item, "key"))
