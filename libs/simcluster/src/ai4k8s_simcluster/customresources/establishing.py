"""Keeps the types that a cluster serves in step with its CustomResourceDefinitions.

A definition is established at once; only one whose names are taken waits. When one is deleted, its instances go first.
"""

from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.customresources.definitions import CLEANUP
from ai4k8s_simcluster.customresources.types import served_types, types_of
from ai4k8s_simcluster.registry import CUSTOM_RESOURCE_DEFINITIONS, ResourceType
from ai4k8s_simcluster.store import Change, ChangeKind, Store
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions, Writer


class Establisher:
    """Follows the definitions of one store."""

    def __init__(self, store: Store, writer: Writer, clock: Clock) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._served: dict[str, tuple[ResourceType, ...]] = {}

    def start(self) -> None:
        """Serve the definitions that are there, and follow what comes."""
        for stored in self._store.listing(CUSTOM_RESOURCE_DEFINITIONS):
            self._serve(stored.obj)
        self._store.subscribe(self._follow)

    def sync(self) -> None:
        """Bring the status of every definition up to date, and finish those that are being deleted."""
        for stored in self._store.listing(CUSTOM_RESOURCE_DEFINITIONS):
            if "deletionTimestamp" in stored.obj["metadata"]:
                self._finish(stored.obj)
            else:
                self._establish(stored.obj)

    def _follow(self, change: Change) -> None:
        if change.resource is not CUSTOM_RESOURCE_DEFINITIONS:
            return
        if change.kind is ChangeKind.DELETED:
            self._withdraw(change.stored.name)
        elif _is_established(change.stored.obj):
            self._serve(change.stored.obj)

    def _serve(self, definition: Obj) -> None:
        if not _is_established(definition):
            return
        name, found = definition["metadata"]["name"], served_types(definition)
        for resource in self._served.get(name, ()):
            if resource.key not in {kept.key for kept in found}:
                self._store.catalogue.remove(resource)
        for resource in found:
            self._store.catalogue.add(resource)
            self._store.claim(resource.storage)
        self._served[name] = found

    def _withdraw(self, name: str) -> None:
        for resource in self._served.pop(name, ()):
            self._store.catalogue.remove(resource)

    def _establish(self, definition: Obj) -> None:
        spec = definition["spec"]
        status = definition.get("status") or {}
        taken = self._conflict(definition)
        if status.get("acceptedNames") == spec["names"] and _is_established(definition):
            return
        now = rfc3339(self._clock.now())
        old = {found["type"]: found for found in status.get("conditions") or ()}
        accepted = _condition("NamesAccepted", not taken, now, "NoConflicts", "no conflicts found")
        if taken:
            accepted |= {"reason": "ListKindConflict", "message": f'"{taken}" is already in use'}
        established = _condition(
            "Established", not taken, now, "InitialNamesAccepted", "the initial names have been accepted"
        )
        if taken:
            established |= {"reason": "NotAccepted", "message": "not all names are accepted"}
        conditions = [_kept(found, old) for found in (accepted, established)]
        stored_versions = list(status.get("storedVersions") or ())
        current = next(version["name"] for version in spec["versions"] if version.get("storage"))
        new = {
            "conditions": conditions,
            "acceptedNames": status.get("acceptedNames") if taken else spec["names"],
            "storedVersions": stored_versions if current in stored_versions else [*stored_versions, current],
        }
        if new == status:
            return
        stored = self._store.get(CUSTOM_RESOURCE_DEFINITIONS, "", definition["metadata"]["name"])
        if stored is not None:
            self._writer.set_status(CUSTOM_RESOURCE_DEFINITIONS, stored, new)

    def _conflict(self, definition: Obj) -> str:
        """Return the kind of another definition of the group that took the name first."""
        spec = definition["spec"]
        own = {resource.key for resource in types_of(definition)}
        for resource in self._store.catalogue.types:
            if resource.group == spec["group"] and resource.kind == spec["names"]["kind"] and resource.key not in own:
                same = resource.plural == spec["names"]["plural"]
                return "" if same else resource.kind
        return ""

    def _finish(self, definition: Obj) -> None:
        """Delete the instances of a definition; once none is left, let it go."""
        resource = types_of(definition)[0]
        for item in self._store.listing(resource):
            if "deletionTimestamp" not in item.obj["metadata"]:
                self._writer.delete(resource, item, DeleteOptions())
        if self._store.count(resource):
            return
        stored = self._store.get(CUSTOM_RESOURCE_DEFINITIONS, "", definition["metadata"]["name"])
        if stored is None:
            return
        left = [name for name in stored.obj["metadata"].get("finalizers") or () if name != CLEANUP]
        metadata = {key: value for key, value in stored.obj["metadata"].items() if key != "finalizers"}
        freed = {**stored.obj, "metadata": {**metadata, **({"finalizers": left} if left else {})}}
        if left:
            self._store.put(CUSTOM_RESOURCE_DEFINITIONS, freed)
        else:
            self._store.remove(CUSTOM_RESOURCE_DEFINITIONS, freed)


def _is_established(definition: Obj) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(found["type"] == "Established" and found["status"] == "True" for found in conditions)


def _condition(kind: str, holds: bool, now: str, reason: str, message: str) -> Obj:
    return {
        "type": kind,
        "status": str(holds),
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def _kept(condition: Obj, old: dict[str, Obj]) -> Obj:
    before = old.get(condition["type"])
    if before and before["status"] == condition["status"]:
        return {**condition, "lastTransitionTime": before["lastTransitionTime"]}
    return condition
