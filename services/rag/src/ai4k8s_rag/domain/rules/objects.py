"""Names, labels, versions: what holds for an object of any kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Act, Edit, Problem, Severity, fixed, removing, setting
from ai4k8s_rag.domain.reading import as_map
from ai4k8s_rag.domain.served import CLUSTER_KINDS, life_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Scope

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_LETTER_FIRST = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PATH_SEGMENT = re.compile(r"[^/%]+")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
LONGEST_LABEL, LONGEST_NAME, LONGEST_CRONJOB = 63, 253, 52
_RBAC = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything about one object that does not depend on its kind's own fields."""
    yield from _name(thing)
    yield from _labels(thing.metadata.get("labels"), ("metadata", "labels"))
    yield from _annotations(thing)
    yield from _version(thing, scope)
    if thing.kind in CLUSTER_KINDS and thing.metadata.get("namespace") is not None:
        path: Path = ("metadata", "namespace")
        why = f"{thing.kind} belongs to the whole cluster; the namespace means nothing"
        yield Problem("meaning.namespace-of-cluster-kind", path, why, removing("remove the namespace", path))
    if scope.things.index(thing) != next(i for i, each in enumerate(scope.things) if _same(each, thing)):
        yield Problem("meaning.duplicate-object", ("metadata", "name"), f"{thing.subject} is defined before already")


def name_of_template_labels(labels: Any, path: Path) -> Iterator[Problem]:
    """Check labels elsewhere: of templates and selectors."""
    yield from _labels(labels, path)


def mended_name(name: str) -> str | None:
    """Return the nearest allowed name."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_LABEL].strip("-")
    return words or None


def _same(one: Thing, other: Thing) -> bool:
    if not one.name or (one.kind, one.name, one.group) != (other.kind, other.name, other.group):
        return one is other
    return one.kind in CLUSTER_KINDS or one.namespace == other.namespace


def _name(thing: Thing) -> Iterator[Problem]:
    name = thing.metadata.get("name")
    if name is None or name == "":
        if not thing.metadata.get("generateName"):
            yield Problem("meaning.name-missing", ("metadata", "name"), f"this {thing.kind} has no name")
        return
    if not isinstance(name, str):
        return
    pattern, longest, kind = SUBDOMAIN, LONGEST_NAME, "lower-case letters, digits, '-' and '.'"
    if thing.kind in {"Service", "Namespace"}:
        pattern, longest, kind = LABEL, LONGEST_LABEL, "lower-case letters, digits and '-'"
    elif thing.kind in _RBAC:
        pattern, kind = _PATH_SEGMENT, "anything but '/' and '%'"
    elif thing.kind == "CronJob":
        longest = LONGEST_CRONJOB
    if not pattern.fullmatch(name) or len(name) > longest:
        mend = mended_name(name[:longest])
        fix = setting(f"name it {mend}", ("metadata", "name"), mend) if mend else None
        why = f"'{name[:80]}' is no name for a {thing.kind}: {kind}, {longest} characters at most"
        yield Problem("meaning.name", ("metadata", "name"), why, fix)
    namespace = thing.metadata.get("namespace")
    if isinstance(namespace, str) and (not LABEL.fullmatch(namespace) or len(namespace) > LONGEST_LABEL):
        yield Problem("meaning.name", ("metadata", "namespace"), f"'{namespace[:80]}' is no name for a namespace")


def _labels(labels: Any, path: Path) -> Iterator[Problem]:
    for key, value in as_map(labels).items():
        if not _key_allowed(key):
            yield Problem("meaning.label", (*path, key), f"'{key[:80]}' is no key for a label")
        elif isinstance(value, str) and (not _LABEL_VALUE.fullmatch(value) or len(value) > LONGEST_LABEL):
            mend = re.sub(r"[^-A-Za-z0-9_.]+", "-", value).strip("-_.")[:LONGEST_LABEL].strip("-_.")
            why = f"'{value[:80]}' is no value for a label: letters, digits, '-', '_', '.', 63 at most"
            yield Problem("meaning.label", (*path, key), why, setting(f"write {mend}", (*path, key), mend))


def _key_allowed(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (not SUBDOMAIN.fullmatch(prefix) or len(prefix) > LONGEST_NAME):
        return False
    return bool(_LABEL_NAME.fullmatch(name)) and len(name) <= LONGEST_LABEL


def _annotations(thing: Thing) -> Iterator[Problem]:
    for key in as_map(thing.metadata.get("annotations")):
        if not _key_allowed(key.lower()):
            yield Problem("meaning.annotation", ("metadata", "annotations", key), f"'{key[:80]}' is no key")


def _version(thing: Thing, scope: Scope) -> Iterator[Problem]:
    life = life_of(thing.api_version, thing.kind)
    if life is None:
        return
    instead = f"use {life.instead}" if life.instead else "nothing replaces it"
    edit = Edit(Act.SET, ("apiVersion",), life.instead)
    fix = fixed(f"write {life.instead}", edit) if life.same_form and life.instead else None
    if life.removed is not None and scope.minor >= life.removed:
        why = f"{thing.api_version} {thing.kind} is not served since 1.{life.removed}; {instead}"
        yield Problem("meaning.api-removed", ("apiVersion",), why, fix)
    elif life.deprecated is not None and scope.minor >= life.deprecated:
        until = f"until 1.{life.removed}" if life.removed else "for now"
        why = f"{thing.api_version} {thing.kind} is deprecated, served {until}; {instead}"
        yield Problem("meaning.api-deprecated", ("apiVersion",), why, fix)
    if life.since is not None and scope.minor < life.since:
        why = f"{thing.api_version} {thing.kind} is served from 1.{life.since} on"
        yield Problem("meaning.api-too-new", ("apiVersion",), why, None, Severity.ERROR)
