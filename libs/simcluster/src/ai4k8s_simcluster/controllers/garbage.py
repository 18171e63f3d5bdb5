"""Garbage collection by owner references: what has lost its owners goes, and deletions that wait for dependents
are finished.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ai4k8s_simcluster.controllers.context import Context, is_terminating
from ai4k8s_simcluster.controllers.queue import DelayQueue
from ai4k8s_simcluster.controllers.reconciler import EVERY_TYPE, Handler
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import FOREGROUND, ORPHAN, DeleteOptions


class Place(NamedTuple):
    """Where an object is kept."""

    resource: ResourceType
    namespace: str
    name: str


_PROPAGATION = {ORPHAN: "Orphan", FOREGROUND: "Foreground"}


class GarbageCollector:
    """Follows every object's owners."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._queue: DelayQueue[Place] = DelayQueue()

    def watches(self) -> Mapping[str, Handler]:
        """Follow everything."""
        return {EVERY_TYPE: self._on_change}

    def start(self) -> None:
        """Have everything that has owners, or waits for dependents, looked at."""
        for resource in self._store.catalogue.stored_types:
            for stored in self._store.values(resource):
                if _waits(stored.obj) or stored.obj["metadata"].get("ownerReferences"):
                    self._queue.add(Place(resource, stored.namespace, stored.name))

    def work(self, now: float) -> bool:
        """Look at what is due; say whether anything was."""
        due = self._queue.pop_due(now)
        for place in due:
            stored = self._get(place)
            if stored is None:
                continue
            if _waits(stored.obj):
                self._finish(place, stored)
            elif stored.obj["metadata"].get("ownerReferences") and not is_terminating(stored.obj):
                self._attend(place, stored)
        return bool(due)

    def _get(self, place: Place) -> Stored | None:
        return self._store.get(place.resource, place.namespace, place.name)

    def _on_change(self, change: Change) -> None:
        place = Place(change.resource, change.stored.namespace, change.stored.name)
        metadata = change.stored.obj["metadata"]
        if change.kind is ChangeKind.DELETED:
            for resource, item in self._store.dependents(metadata["uid"]):
                self._queue.add(Place(resource, item.namespace, item.name))
            self._tell_owners(change)
        elif _waits(change.stored.obj):
            self._queue.add(place)
            self._tell_owners(change)
        elif metadata.get("ownerReferences") or (change.previous and _owners(change.previous.obj)):
            if change.previous is None or _owners(change.previous.obj) != metadata.get("ownerReferences"):
                self._queue.add(place)
                self._tell_owners(change)
            elif "deletionTimestamp" in metadata:
                self._tell_owners(change)

    def _tell_owners(self, change: Change) -> None:
        """Have owners looked at that wait for the end of a dependent."""
        for item in (change.stored, change.previous):
            for owner in _owners(item.obj) if item is not None else ():
                found = self._store.by_uid(owner["uid"])
                if found is not None and _waits(found[1].obj):
                    self._queue.add(Place(found[0], found[1].namespace, found[1].name))

    def _owner(self, owner: Obj, namespace: str) -> Stored | None:
        """Return the owner that a reference in a namespace means; one elsewhere does not count."""
        found = self._store.by_uid(owner["uid"])
        if found is None or found[1].name != owner["name"] or found[1].namespace not in {"", namespace}:
            return None
        return found[1]

    def _attend(self, place: Place, stored: Stored) -> None:
        """Delete what has no owner left, and drop references to owners that are gone."""
        solid: list[Obj] = []
        waiting: list[Obj] = []
        for owner in _owners(stored.obj):
            found = self._owner(owner, stored.namespace)
            if found is None:
                if self._store.catalogue.of_kind(owner["apiVersion"], owner["kind"]) is None:
                    return  # a kind that is not served cannot be looked up: nothing is concluded from it
            elif FOREGROUND in (found.obj["metadata"].get("finalizers") or ()) and is_terminating(found.obj):
                waiting.append(owner)
            else:
                solid.append(owner)
        if solid:
            if len(solid) < len(_owners(stored.obj)):
                self._context.with_owners(place.resource, stored, solid)
        elif waiting and self._store.dependents(stored.obj["metadata"]["uid"]):
            self._delete(place, stored, "Foreground")
        else:
            finalizers = stored.obj["metadata"].get("finalizers") or ()
            self._delete(place, stored, next((_PROPAGATION[f] for f in finalizers if f in _PROPAGATION), "Background"))

    def _delete(self, place: Place, stored: Stored, propagation: str) -> None:
        self._context.writer.delete(place.resource, stored, DeleteOptions(propagation=propagation))

    def _finish(self, place: Place, stored: Stored) -> None:
        """Go on with a deletion that has to do with dependents: let go of them, or see them gone first."""
        uid = stored.obj["metadata"]["uid"]
        if ORPHAN in stored.obj["metadata"]["finalizers"]:
            for resource, item in self._store.dependents(uid):
                left = [owner for owner in _owners(item.obj) if owner["uid"] != uid]
                self._context.with_owners(resource, item, left)
            self._release(place, ORPHAN)
        elif not self._has_blockers(uid):
            self._release(place, FOREGROUND)

    def _has_blockers(self, uid: str) -> bool:
        """Have the dependents deleted; say whether any of them must be gone before the owner may go."""
        blocked = False
        for resource, item in self._store.dependents(uid):
            reference = next(owner for owner in _owners(item.obj) if owner["uid"] == uid)
            blocked = blocked or bool(reference.get("blockOwnerDeletion"))
            if not is_terminating(item.obj):
                self._queue.add(Place(resource, item.namespace, item.name))
        return blocked

    def _release(self, place: Place, finalizer: str) -> None:
        stored = self._get(place)
        if stored is None:
            return
        left = [name for name in stored.obj["metadata"].get("finalizers") or [] if name != finalizer]
        metadata = {key: value for key, value in stored.obj["metadata"].items() if key != "finalizers"}
        obj = {**stored.obj, "metadata": {**metadata, **({"finalizers": left} if left else {})}}
        self._context.writer.update(place.resource, stored, obj)


def _owners(obj: Obj) -> list[Obj]:
    return obj["metadata"].get("ownerReferences") or []


def _waits(obj: Obj) -> bool:
    """Say whether an object is being deleted in a way that concerns its dependents."""
    finalizers = obj["metadata"].get("finalizers") or ()
    return is_terminating(obj) and (FOREGROUND in finalizers or ORPHAN in finalizers)
