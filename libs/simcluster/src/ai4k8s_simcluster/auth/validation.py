"""What makes roles and bindings invalid, and what is filled in where they leave it out."""

import orjson

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj

GROUP = "rbac.authorization.k8s.io"
KINDS = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
_SUBJECT_KINDS = ("ServiceAccount", "User", "Group")
_BOTH = "rules cannot apply to both regular resources and non-resource URLs"


def default_binding(binding: Obj) -> None:
    """Fill in the API groups of a binding's role and subjects."""
    reference = binding.get("roleRef")
    if isinstance(reference, dict) and not reference.get("apiGroup"):
        reference["apiGroup"] = GROUP
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in {"User", "Group"} and not subject.get("apiGroup"):
            subject["apiGroup"] = GROUP


def invalid_name(name: str) -> list[Cause]:
    """Return what is wrong with the name of a role or binding: it may be anything that fits into a path."""
    path = "metadata.name"
    if name in {".", ".."}:
        return [Cause.invalid(path, name, f"may not be '{name}'")]
    return [Cause.invalid(path, name, f"may not contain '{part}'") for part in ("/", "%") if part in name]


def invalid_role(role: Obj, *, namespaced: bool) -> list[Cause]:
    """Return what is wrong with the rules of a role."""
    causes: list[Cause] = []
    for at, rule in enumerate(role.get("rules") or ()):
        where = f"rules[{at}]"
        if not rule.get("verbs"):
            causes.append(Cause.required(f"{where}.verbs", "verbs must contain at least one value"))
        urls = rule.get("nonResourceURLs")
        if urls:
            detail = "namespaced rules cannot apply to non-resource URLs"
            causes += [Cause.invalid(f"{where}.nonResourceURLs", urls, detail)] if namespaced else []
            if any(rule.get(part) for part in ("apiGroups", "resources", "resourceNames")):
                causes.append(Cause.invalid(f"{where}.nonResourceURLs", urls, _BOTH))
            continue
        if not rule.get("apiGroups"):
            causes.append(Cause.required(f"{where}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            causes.append(Cause.required(f"{where}.resources", "resource rules must supply at least one resource"))
    return causes


def invalid_binding(binding: Obj, *, namespaced: bool) -> list[Cause]:
    """Return what is wrong with a binding."""
    reference = binding.get("roleRef") or {}
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    causes: list[Cause] = []
    if reference.get("apiGroup") != GROUP:
        causes.append(Cause.unsupported("roleRef.apiGroup", reference.get("apiGroup", ""), (GROUP,)))
    if reference.get("kind") not in kinds:
        causes.append(Cause.unsupported("roleRef.kind", reference.get("kind", ""), kinds))
    if not reference.get("name"):
        causes.append(Cause.required("roleRef.name"))
    for at, subject in enumerate(binding.get("subjects") or ()):
        causes += _invalid_subject(f"subjects[{at}]", subject, namespaced=namespaced)
    return causes


def invalid_change(old: Obj, new: Obj) -> list[Cause]:
    """Return what is wrong with changing a binding: its role is fixed."""
    before, after = old.get("roleRef") or {}, new.get("roleRef") or {}
    if before == after:
        return []
    shown = {"APIGroup": after.get("apiGroup", ""), "Kind": after.get("kind", ""), "Name": after.get("name", "")}
    message = f"Invalid value: {orjson.dumps(shown).decode()}: cannot change roleRef"
    return [Cause("roleRef", "FieldValueInvalid", message)]


def _invalid_subject(where: str, subject: Obj, *, namespaced: bool) -> list[Cause]:
    causes: list[Cause] = [] if subject.get("name") else [Cause.required(f"{where}.name")]
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if kind not in _SUBJECT_KINDS:
        return [*causes, Cause.unsupported(f"{where}.kind", kind, _SUBJECT_KINDS)]
    wanted = "" if kind == "ServiceAccount" else GROUP
    if group != wanted:
        causes.append(Cause.unsupported(f"{where}.apiGroup", group, (wanted,)))
    if kind == "ServiceAccount" and not namespaced and not subject.get("namespace"):
        causes.append(Cause.required(f"{where}.namespace"))
    return causes
