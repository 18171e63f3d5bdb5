"""How an object gets into the store: what a create, an update or a delete means for each part of it.

Both the API and the controllers write through here, so generations, no-op writes and deletion rules hold for
all.
"""

import copy
import random
import uuid
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.admission.chain import Admission
from ai4k8s_simcluster.apply.authors import STATUS, Author, controller_entries, field_manager, maker_of
from ai4k8s_simcluster.apply.fieldmanager import entries_of
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.conversion import from_storage
from ai4k8s_simcluster.customresources.definitions import begin_termination
from ai4k8s_simcluster.errors import Cause, already_exists, bad_request, conflict, invalid
from ai4k8s_simcluster.generations import count_generation
from ai4k8s_simcluster.registry import CUSTOM_RESOURCE_DEFINITIONS, PODS, SERVICES, ResourceType
from ai4k8s_simcluster.resizing import RESIZE
from ai4k8s_simcluster.services import Addresses, carry_over
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.strategies import (
    begin,
    causes_of_change,
    causes_of_new,
    fill_in,
    generation_counts,
    keeps_status,
    without_decisions,
    without_zero_replicas,
)
from ai4k8s_simcluster.types import Obj

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SERVER_OWNED = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "namespace",
    "selfLink",
)  # fmt: skip
_NEVER_GIVEN = ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "uid")
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

    def __init__(self, store: Store, clock: Clock, rng: random.Random, managed_pods: int = 0) -> None:
        """Write to a store. managed_pods: in a cluster of so many pods, controllers stop naming themselves."""
        self.store = store
        self.clock = clock
        self._managed_pods = managed_pods
        self._rng = rng
        self._addresses = Addresses(store)
        self.admission = Admission(store, self.suffix)

    def suffix(self, length: int = 5) -> str:
        """Return the random end of a generated name."""
        return "".join(self._rng.choices(_SUFFIX_ALPHABET, k=length))

    def create(
        self,
        resource: ResourceType,
        obj: Obj,
        *,
        dry_run: bool = False,
        keep_status: bool = False,
        author: Author | None = None,
    ) -> Obj:
        """Store a new object.

        author: the client behind it; without one it is the program that makes such objects, or nobody in a large
        cluster.
        Raises ApiError: 404 without its namespace, 403 when admission refuses it, 409 when the name is taken, 422
        when it is invalid.
        """
        obj = copy.deepcopy(obj)
        metadata = obj.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + self.suffix()
        for name in _NEVER_GIVEN:
            metadata.pop(name, None)
        obj["kind"], obj["apiVersion"] = resource.kind, resource.api_version
        if resource.namespaced:
            self.admission.require_namespace(resource, obj)
        else:
            metadata.pop("namespace", None)
        self._begin(resource, obj, keep_status=keep_status)
        given = copy.copy(obj.get("spec"))
        fill_in(resource, obj)
        maker = author or (maker_of(resource) if self.names_controllers() else None)
        self._own(resource, maker, None, obj, given)
        self.admission.change_new(resource, obj)
        begin(resource, obj)
        causes = causes_of_new(resource, obj)
        if resource is SERVICES and not causes:
            causes = self._addresses.allocate(obj)
        if causes:
            raise invalid(resource.kind, resource.group, str(metadata.get("name", "")), causes)
        self.admission.check_new(resource, obj, author.warnings if author else [])
        existing = self.store.get(resource, str(metadata.get("namespace", "")), metadata["name"])
        if existing is not None:
            raise already_exists(resource, existing.name, deleting="deletionTimestamp" in existing.obj["metadata"])
        obj = _ordered(obj)
        self.admission.charge(resource, None, obj, dry_run=dry_run)
        if dry_run:
            return obj
        return self.store.put(resource, obj).obj

    def names_controllers(self) -> bool:
        """Say whether what controllers make gets managedFields: not in a large cluster, where they cost too much."""
        return self.store.count(PODS) < self._managed_pods

    def _begin(self, resource: ResourceType, obj: Obj, *, keep_status: bool) -> None:
        """Set what every object begins its life with."""
        metadata = obj["metadata"]
        metadata["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        metadata.setdefault("creationTimestamp", rfc3339(self.clock.now()))
        if not keep_status:
            metadata["creationTimestamp"] = rfc3339(self.clock.now())
            if resource.kind != "Node" and keeps_status(resource):
                obj.pop("status", None)
        if resource.has_generation:
            metadata["generation"] = 1

    def _own(
        self, resource: ResourceType, author: Author | None, live: Obj | None, new: Obj, given: Obj | None
    ) -> None:
        """Settle the managedFields of a written object, in place; `given` is its spec as it came."""
        metadata = new["metadata"]
        if author is None:
            managed = live is not None and entries_of(live)
            entries = controller_entries(resource, live, new, "", self._timestamp) if live and managed else None
        elif author.applied:
            entries = entries_of(new)
        else:
            created = metadata["creationTimestamp"] if live is None else ""
            manager = field_manager(author.resource, author.subresource, lambda: created or self._timestamp())
            shown = None if live is None else from_storage(author.resource, live)
            written = from_storage(author.resource, without_decisions(resource, new, given))
            if author.subresource == "scale":
                written = without_zero_replicas(resource, written)
            entries = entries_of(manager.update(shown, written, author.manager))
            if author.subresource == "scale":
                # What was scaled goes back into the workload's own entries, which keeps no time for it.
                entries = [
                    _timeless(entry) if entry.get("subresource") == "scale" else entry for entry in entries or ()
                ]
        metadata.pop("managedFields", None)
        if entries:
            metadata["managedFields"] = entries

    def _timestamp(self) -> str:
        return rfc3339(self.clock.now())

    def update(
        self,
        resource: ResourceType,
        old: Stored,
        new: Obj,
        *,
        status_only: bool = False,
        dry_run: bool = False,
        author: Author | None = None,
    ) -> Obj:
        """Replace an object by a changed one.

        Raises ApiError: 403 when admission refuses it, 409 when a given resourceVersion or uid is not the stored
        one, 422 when it is invalid.
        """
        self._check_identity(resource, old, new)
        new = copy.deepcopy(new)
        given = copy.copy(new.get("spec"))
        fill_in(resource, new)
        self._own(resource, author, old.obj, new, given)
        new = self._prepare(resource, old.obj, new, status_only=status_only)
        if resource is SERVICES:
            carry_over(old.obj, new)
        if not status_only:
            begin(resource, new)
        resizing = author is not None and author.subresource == RESIZE
        causes = causes_of_change(resource, old.obj, new, status_only=status_only, resizing=resizing)
        if resource is SERVICES and not causes:
            causes = self._addresses.allocate(new, old.obj)
        if causes:
            raise invalid(resource.kind, resource.group, old.name, causes)
        self.admission.check_change(resource, old.obj, new, author.warnings if author else [])
        if resource.has_generation and generation_counts(resource, old.obj, new):
            count_generation(resource, old.obj, new)
        new = _ordered(new)
        if _same(old.obj, new):
            return old.obj
        if dry_run:
            return new
        if new["metadata"].get("deletionTimestamp") and not self._holds(resource, new):
            return self.store.remove(resource, new).obj
        self.admission.charge(resource, old.obj, new)
        return self.store.put(resource, new).obj

    def set_status(self, resource: ResourceType, old: Stored, status: Obj, *, manager: str = "") -> Obj:
        """Write a status as a controller does: without validation, and only when it differs.

        The controller becomes a manager where managers are known, which is on what a client wrote.
        manager: the program that writes, when it is not the one that usually does.
        """
        if old.obj.get("status") == status:
            return old.obj
        new = {**old.obj, "status": status}
        if entries_of(old.obj):
            entries = controller_entries(resource, old.obj, new, STATUS, self._timestamp, manager)
            new = {**new, "metadata": {**old.obj["metadata"], "managedFields": entries}}
        return self.store.put(resource, new).obj

    def put(self, resource: ResourceType, old: Stored, new: Obj, *, manager: str = "") -> Stored:
        """Write more than a status as a controller does: without validation; it becomes a manager of that.

        manager: the program that writes, when it is not the one that usually does.
        """
        if entries_of(old.obj):
            entries = controller_entries(resource, old.obj, new, "", self._timestamp, manager)
            new = {**new, "metadata": {**new["metadata"], "managedFields": entries}}
        return self.store.put(resource, new)

    def delete(self, resource: ResourceType, old: Stored, options: DeleteOptions) -> Deletion:
        """Delete an object, at once or as its finalizers and grace period allow.

        Raises ApiError (409) when a precondition does not hold.
        """
        self._check_preconditions(resource, old, options)
        self.admission.check_deletion(resource, old.obj)
        obj = copy.deepcopy(old.obj)
        metadata = obj["metadata"]
        finalizers = [name for name in metadata.get("finalizers") or [] if name not in {FOREGROUND, ORPHAN}]
        finalizers += {"Foreground": [FOREGROUND], "Orphan": [ORPHAN]}.get(options.propagation, [])
        grace = self._grace_seconds(resource, obj, options)
        if "deletionTimestamp" not in metadata:
            if "generation" in metadata:
                metadata["generation"] += 1
            if resource is CUSTOM_RESOURCE_DEFINITIONS:
                begin_termination(obj, rfc3339(self.clock.now()))
                finalizers = obj["metadata"]["finalizers"]
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

    def _prepare(self, resource: ResourceType, old: Obj, new: Obj, *, status_only: bool) -> Obj:
        """Put back what this write may not change."""
        entries = entries_of(new)
        if status_only:
            new = {**copy.deepcopy(old), "status": new.get("status") or {}}
        metadata = new["metadata"]
        for name in _SERVER_OWNED:
            metadata.pop(name, None)
            if name in old["metadata"]:
                metadata[name] = old["metadata"][name]
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        metadata.pop("managedFields", None)
        if entries:
            metadata["managedFields"] = entries
        for name in ("labels", "annotations", "finalizers"):
            if not metadata.get(name):
                metadata.pop(name, None)
        new["kind"], new["apiVersion"] = old["kind"], old["apiVersion"]
        if not status_only and keeps_status(resource):
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
            error.details = {**(error.details or {}), "kind": resource.kind}
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
    """Say whether a write changes nothing: times at which managers wrote do not count."""
    return _bare(old) == _bare(new)


def _bare(obj: Obj) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in {"resourceVersion", "managedFields"}}
    entries = obj["metadata"].get("managedFields") or ()
    metadata["managedFields"] = [_timeless(entry) for entry in entries]
    return {**obj, "metadata": metadata}


def _timeless(entry: Obj) -> Obj:
    return {key: value for key, value in entry.items() if key != "time"}


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
