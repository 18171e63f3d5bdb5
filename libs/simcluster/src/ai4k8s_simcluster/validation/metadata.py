"""What is wrong with an object's metadata, whatever its kind."""

from collections.abc import Callable

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules

_NAMES: dict[str, Callable[[str], list[str]]] = {
    "Namespace": rules.label,
    "Service": rules.service_name,
    "Role": rules.path_segment,
    "ClusterRole": rules.path_segment,
    "RoleBinding": rules.path_segment,
    "ClusterRoleBinding": rules.path_segment,
    "APIService": rules.path_segment,
}
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_STANDARD_FINALIZERS = {"orphan", "foregroundDeletion", "kubernetes"}


def check_metadata(kind: str, obj: Obj) -> rules.Causes:
    """Return what is wrong with metadata."""
    metadata = obj["metadata"]
    causes: rules.Causes = []
    check = _NAMES.get(kind, rules.subdomain)
    prefix = metadata.get("generateName")
    if prefix:
        causes += rules.refused("metadata.generateName", prefix, check(str(prefix).rstrip("-.") + "a"))
    name = metadata.get("name")
    if not name:
        causes.append(Cause.required("metadata.name", "name or generateName is required"))
    else:
        causes += rules.refused("metadata.name", name, check(name))
    causes += rules.labels("metadata.labels", metadata.get("labels"))
    causes += rules.annotations("metadata.annotations", metadata.get("annotations"))
    causes += _owners(metadata.get("ownerReferences") or [])
    for at, finalizer in enumerate(metadata.get("finalizers") or ()):
        where = f"metadata.finalizers[{at}]"
        causes += rules.refused(where, finalizer, rules.qualified_name(finalizer))
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS and not rules.qualified_name(finalizer):
            causes.append(
                Cause.invalid(where, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
            )
    return causes


def _owners(owners: list[Obj]) -> rules.Causes:
    causes: rules.Causes = []
    controllers = []
    for owner in owners:
        where = "metadata.ownerReferences"
        for field, text in (("apiVersion", "version must not be empty"), ("kind", "must not be empty")):
            if not owner.get(field):
                causes.append(Cause.invalid(f"{where}.{field}", owner.get(field, ""), text))
        causes += [
            Cause.invalid(f"{where}.{field}", "", "must not be empty")
            for field in ("name", "uid")
            if not owner.get(field)
        ]
        if owner.get("controller"):
            controllers.append(owner)
    if len(controllers) > 1:
        names = [f"{owner.get('kind')}/{owner.get('name')}" for owner in controllers]
        detail = "Only one reference can have Controller set to true. "
        detail += f'Found "true" in references for {names[0]} and {names[1]}'
        causes.append(Cause.invalid("metadata.ownerReferences", owners, detail))
    return causes


def check_metadata_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing one metadata into another."""
    before, after = old["metadata"], new["metadata"]
    causes = [
        Cause.invalid(f"metadata.{name}", after.get(name), rules.IMMUTABLE)
        for name in _IMMUTABLE
        if before.get(name) != after.get(name)
    ]
    if before.get("deletionTimestamp"):
        known = set(before.get("finalizers") or ())
        fresh = [name for name in after.get("finalizers") or () if name not in known]
        if fresh:
            listed = ", ".join(f'"{name}"' for name in fresh)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            causes.append(Cause.forbidden("metadata.finalizers", detail))
    # A real server checks this twice, before and in the rules of the kind, and names what it finds each time.
    return causes * 2
