"""Namespaces, their bounds, and rights in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.writing import beside, workloads
from ai4k8s_rag.domain.writing.composition import Composition, Wish, add
from ai4k8s_rag.domain.writing.facts import Facts
from ai4k8s_rag.domain.writing.naming import names as all_names
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.draft import Obj


def build_namespaces(composition: Composition, wish: Wish) -> None:
    names = all_names(wish)
    if not names:
        composition.draft.ask("name", "What is the namespace called?")
    for name in names:
        obj: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": workloads.metadata(name, "", wish.facts)}
        if "restricted" in wish.facts.flags and composition.main is None:
            obj["metadata"].setdefault("labels", {})["pod-security.kubernetes.io/enforce"] = "restricted"
        add(composition, obj)


def build_quota(composition: Composition, wish: Wish) -> None:
    space = wish.facts.namespace or composition.namespace
    name = wish.name if wish.name and wish.name != space else f"{space or 'default'}-quota"
    made = beside.quota(composition.draft, name, space, wish.facts)
    add(composition, made)


def build_limit_range(composition: Composition, wish: Wish) -> None:
    space = wish.facts.namespace or composition.namespace
    name = wish.name or f"{space or 'default'}-limits"
    add(composition, beside.limit_range(composition.draft, name, space, wish.facts, wish.segment.text))


def build_account(composition: Composition, wish: Wish) -> None:
    for name in all_names(wish) or [""]:
        if not name:
            composition.draft.ask("name", "What is the service account called?")
            return
        space = wish.facts.namespace or composition.namespace
        add(
            composition,
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": workloads.metadata(name, space, wish.facts)},
        )


def build_role(composition: Composition, wish: Wish) -> None:
    kind = wish.segment.kind
    if kind == "Role" and "cluster-wide" in wish.facts.flags:
        kind = "ClusterRole"
    text = wish.segment.text
    rules = beside.role_rules(composition.draft, wish.facts, text)
    names = {each for rule in rules for each in rule["resources"]}
    name = wish.name or (
        "reader" if all(set(rule["verbs"]) <= {"get", "list", "watch"} for rule in rules) else "editor"
    )
    if not wish.name:
        name = f"{min(names).partition('/')[0].rstrip('s')}-{name}" if len(names) == 1 else name
        composition.draft.assume(f"no name given for the {kind}: {name}")
    space = wish.facts.namespace or composition.namespace
    add(composition, beside.role(kind, name, space, rules, wish.facts))
    wish.name = name
    if composition.wish("RoleBinding", "ClusterRoleBinding") is None:
        subjects = _subjects(composition, wish)
        if subjects:
            bound = "ClusterRoleBinding" if kind == "ClusterRole" else "RoleBinding"
            add(composition, beside.binding(bound, name, space, (kind, name), subjects, Facts()))


def _subjects(composition: Composition, wish: Wish) -> list[Obj]:
    space = wish.facts.namespace or composition.namespace
    subjects = beside.subjects_in(wish.segment.text, space)
    account = composition.wish("ServiceAccount")
    if not subjects and account is not None and account.name:
        place = account.facts.namespace or composition.namespace or "default"
        subjects = [{"kind": "ServiceAccount", "name": account.name, "namespace": place}]
    return subjects


def build_binding(composition: Composition, wish: Wish) -> None:
    kind, draft = wish.segment.kind, composition.draft
    own = (
        "ClusterRole" if composition.wish("ClusterRole") is not None or composition.made.get("ClusterRole") else "Role"
    )
    role_ref = (own, composition.made.get(own, ""))
    for each in ("ClusterRole", "Role"):
        if wish.segment.refers.get(each):
            named = wish.segment.refers[each]
            role_ref = ("ClusterRole" if named in {"view", "edit", "admin", "cluster-admin"} else each, named)
    if not role_ref[1]:
        found = re.search(
            rf"\b(?:cluster-?admin|view|edit|admin)\b|\brole\s+{QUOTED}?({NAME})", wish.segment.text, re.IGNORECASE
        )
        if found:
            role_ref = ("ClusterRole", found[0]) if not found[1] else ("Role", found[1])
    if not role_ref[1]:
        draft.ask("role", "Which role is bound?")
        return
    subjects = _subjects(composition, wish)
    if not subjects:
        draft.ask("subject", "Who gets the role: which service account, user or group?")
        return
    space = wish.facts.namespace or composition.namespace
    if (
        kind == "RoleBinding"
        and role_ref[0] == "ClusterRole"
        and composition.made.get("ClusterRole")
        and "cluster-wide" in wish.facts.flags
    ):
        kind = "ClusterRoleBinding"
    name = wish.name or role_ref[1]
    add(composition, beside.binding(kind, name, space, role_ref, subjects, wish.facts))
