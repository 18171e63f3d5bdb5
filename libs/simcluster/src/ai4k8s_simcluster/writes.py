"""How an object gets into the store: what a create, an update or a delete means for each part of it.

Both the API and the controllers write through here, so generations, no-op writes and deletion rules hold for
all.
"""

import copy
import random
import uuid
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.defaults import apply_defaults
from ai4k8s_simcluster.errors import Cause, already_exists, bad_request, conflict, invalid, not_found
from ai4k8s_simcluster.registry import NAMESPACES, SERVICES, ResourceType
from ai4k8s_simcluster.services import Addresses, carry_over
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import validate, validate_change

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SERVER_OWNED = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "namespace",
)  # fmt: skip
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """What a client asks of a deletion."""

    propagation: str = "Background"
    grace_seconds: int | None = None
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of it: the object as it is or was, and whether it is gone."""

    obj: Obj
    gone: bool


class Writer:
    """Writes objects with the meaning the API gives to each kind of write."""

    def __init__(self, store: Store, clock: Clock, rng: random.Random) -> None:
        self.store = store
        self.clock = clock
        self._rng = rng
        self._addresses = Addresses(store)

    def suffix(self, length: int = 5) -> str:
        """Return the random end of a generated name."""
        return "".join(self._rng.choices(_SUFFIX_ALPHABET, k=length))

    def create(self, resource: ResourceType, obj: Obj, *, dry_run: bool = False, keep_status: bool = False) -> Obj:
        """Store a new object.

        Raises ApiError: 404 without its namespace, 409 when the name is taken, 422 when it is invalid.
        """
        obj = copy.deepcopy(obj)
        metadata = obj.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + self.suffix()
        if resource.namespaced:
            self._require_namespace(str(metadata.get("namespace", "")))
        else:
            metadata.pop("namespace", None)
        for name in (
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
            "selfLink",
        ):
            metadata.pop(name, None)
        metadata["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        metadata.setdefault("creationTimestamp", rfc3339(self.clock.now()))
        if not keep_status:
            metadata["creationTimestamp"] = rfc3339(self.clock.now())
            if resource.kind != "Node":
                obj.pop("status", None)
        if resource.has_generation:
            metadata["generation"] = 1
        obj["kind"], obj["apiVersion"] = resource.kind, resource.api_version
        apply_defaults(resource.kind, obj)
        causes = validate(resource.kind, obj)
        if resource is SERVICES and not causes:
            causes = self._addresses.allocate(obj)
        name = str(metadata.get("name", ""))
        existing = self.store.get(resource, str(metadata.get("namespace", "")), name)
        if existing is not None:
            raise already_exists(resource, name, deleting="deletionTimestamp" in existing.obj["metadata"])
        if causes:
            raise invalid(resource.kind, resource.group, name, causes)
        obj = _ordered(obj)
        return obj if dry_run else self.store.put(resource, obj).obj

    def update(
        self,
        resource: ResourceType,
        old: Stored,
        new: Obj,
        *,
        status_only: bool = False,
        dry_run: bool = False,
    ) -> Obj:
        """Replace an object by a changed one.

        Raises ApiError: 409 when a given resourceVersion or uid is not the stored one, 422 when it is
        invalid.
        """
        self._check_identity(resource, old, new)
        new = self._prepare(old.obj, new, status_only=status_only)
        if resource is SERVICES:
            carry_over(old.obj, new)
        apply_defaults(resource.kind, new)
        causes = validate(resource.kind, new) + validate_change(resource.kind, old.obj, new)
        if resource is SERVICES and not causes:
            causes = self._addresses.allocate(new, old.obj)
        if causes:
            raise invalid(resource.kind, resource.group, old.name, causes)
        if resource.has_generation and new.get("spec") != old.obj.get("spec"):
            new["metadata"]["generation"] = old.obj["metadata"].get("generation", 0) + 1
        new = _ordered(new)
        if dry_run or _same(old.obj, new):
            return old.obj if _same(old.obj, new) else new
        if new["metadata"].get("deletionTimestamp") and not self._holds(resource, new):
            return self.store.remove(resource, new).obj
        return self.store.put(resource, new).obj

    def set_status(self, resource: ResourceType, old: Stored, status: Obj) -> Obj:
        """Write a status as a controller does: without validation, and only when it differs."""
        if old.obj.get("status") == status:
            return old.obj
        return self.store.put(resource, {**old.obj, "status": status}).obj

    def delete(self, resource: ResourceType, old: Stored, options: DeleteOptions) -> Deletion:
        """Delete an object, at once or as its finalizers and grace period allow.

        Raises ApiError (409) when a precondition does not hold.
        """
        self._check_preconditions(resource, old, options)
        obj = copy.deepcopy(old.obj)
        metadata = obj["metadata"]
        finalizers = [name for name in metadata.get("finalizers") or [] if name not in {FOREGROUND, ORPHAN}]
        finalizers += {"Foreground": [FOREGROUND], "Orphan": [ORPHAN]}.get(options.propagation, [])
        grace = self._grace_seconds(resource, obj, options)
        if "deletionTimestamp" not in metadata:
            if "generation" in metadata:
                metadata["generation"] += 1
        elif resource.kind == "Pod":
            grace = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
        if "deletionTimestamp" not in metadata or grace != metadata.get("deletionGracePeriodSeconds"):
            metadata["deletionTimestamp"] = rfc3339(self.clock.now() + grace)
            metadata["deletionGracePeriodSeconds"] = grace
        metadata.pop("finalizers", None)
        if finalizers:
            metadata["finalizers"] = finalizers
        gone = not self._holds(resource, obj)
        if gone and resource.kind != "Pod" and "deletionTimestamp" not in old.obj["metadata"]:
            obj = old.obj
        if options.dry_run or (not gone and _same(old.obj, obj)):
            return Deletion(obj, gone)
        written = self.store.remove(resource, obj) if gone else self.store.put(resource, obj)
        return Deletion(written.obj, gone)

    def finish(self, resource: ResourceType, old: Stored) -> None:
        """Take away an object whose time to end gracefully is over."""
        if not old.obj["metadata"].get("finalizers"):
            self.store.remove(resource, old.obj)

    def _require_namespace(self, namespace: str) -> None:
        if self.store.get(NAMESPACES, "", namespace) is None:
            raise not_found(NAMESPACES, namespace)

    def _check_identity(self, resource: ResourceType, old: Stored, new: Obj) -> None:
        metadata = new.get("metadata") or {}
        version = str(metadata.get("resourceVersion") or "")
        if version and version != str(old.version):
            raise conflict(resource, old.name)
        uid, stored_uid = metadata.get("uid"), old.obj["metadata"]["uid"]
        if uid and uid != stored_uid:
            key = "/".join(filter(None, ("/registry", resource.plural, old.namespace, old.name)))
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored_uid}"
            )
            raise conflict(resource, old.name, why)

    def _prepare(self, old: Obj, new: Obj, *, status_only: bool) -> Obj:
        if status_only:
            return {**copy.deepcopy(old), "status": copy.deepcopy(new.get("status") or {})}
        new = copy.deepcopy(new)
        metadata = new["metadata"]
        for name in ("managedFields", "selfLink", *_SERVER_OWNED):
            metadata.pop(name, None)
            if name in old["metadata"]:
                metadata[name] = old["metadata"][name]
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        for name in ("labels", "annotations", "finalizers"):
            if not metadata.get(name):
                metadata.pop(name, None)
        new["kind"], new["apiVersion"] = old["kind"], old["apiVersion"]
        new.pop("status", None)
        if "status" in old:
            new["status"] = copy.deepcopy(old["status"])
        return new

    def _check_preconditions(self, resource: ResourceType, old: Stored, options: DeleteOptions) -> None:
        uid = old.obj["metadata"]["uid"]
        why = ""
        if options.uid and options.uid != uid:
            why = (
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
                "The object might have been deleted and then recreated"
            )
        elif options.resource_version and options.resource_version != str(old.version):
            why = (
                f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
                f"ResourceVersion in record ({old.version}). The object might have been modified"
            )
        if why:
            error = conflict(resource, old.name, why)
            error.message = f'Operation cannot be fulfilled on {resource.kind} "{old.name}": {why}'
            raise error

    def _grace_seconds(self, resource: ResourceType, obj: Obj, options: DeleteOptions) -> int:
        if resource.kind != "Pod":
            return 0
        if not obj["spec"].get("nodeName"):
            return 0
        default = int(obj["spec"].get("terminationGracePeriodSeconds", 30))
        return default if options.grace_seconds is None else max(options.grace_seconds, 0)

    def _holds(self, resource: ResourceType, obj: Obj) -> bool:
        metadata = obj["metadata"]
        if metadata.get("finalizers"):
            return True
        if resource.kind == "Namespace":
            return bool((obj.get("spec") or {}).get("finalizers"))
        return resource.kind == "Pod" and metadata.get("deletionGracePeriodSeconds", 0) > 0


def _same(old: Obj, new: Obj) -> bool:
    return _bare(old) == _bare(new)


def _bare(obj: Obj) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return {**obj, "metadata": metadata}


def _ordered(obj: Obj) -> Obj:
    first = ("kind", "apiVersion", "metadata", "spec", "status")
    return {
        **{key: obj[key] for key in first if key in obj},
        **{k: v for k, v in obj.items() if k not in first},
    }


def object_from(value: Any) -> Obj:
    """Return a decoded body as an object. Raises ApiError (400) when it is something else."""
    if not isinstance(value, dict):
        raise bad_request("the object provided is unrecognized")
    return value


__all__ = ["FOREGROUND", "ORPHAN", "Cause", "DeleteOptions", "Deletion", "Writer", "object_from"]
