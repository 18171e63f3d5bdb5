"""Garbage collection by owner references, and the ending of namespaces."""

from ai4k8s_simcluster.controllers.context import Context, is_terminating
from ai4k8s_simcluster.registry import NAMESPACES, ResourceType
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import FOREGROUND, ORPHAN, DeleteOptions


class GarbageCollector:
    """Deletes what has lost its owners, and finishes deletions that wait for dependents."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self) -> None:
        """Go through everything once."""
        store = self._context.store
        stored_types = store.catalogue.stored_types
        everything = [
            (resource, item) for resource in stored_types if resource.namespaced for item in store.values(resource)
        ]
        uids = {item.obj["metadata"]["uid"] for resource in stored_types for item in store.values(resource)}
        for resource, item in everything:
            finalizers = item.obj["metadata"].get("finalizers") or []
            if is_terminating(item.obj) and (FOREGROUND in finalizers or ORPHAN in finalizers):
                self._finish(resource, item, everything)
            elif not is_terminating(item.obj) and self._is_orphaned(item.obj, uids):
                self._context.writer.delete(resource, item, DeleteOptions())

    def _is_orphaned(self, obj: Obj, uids: set[str]) -> bool:
        owners = obj["metadata"].get("ownerReferences") or []
        known = [owner for owner in owners if self._context.store.catalogue.of_kind(owner["apiVersion"], owner["kind"])]
        return bool(known) and len(known) == len(owners) and all(owner["uid"] not in uids for owner in known)

    def _finish(self, resource: ResourceType, item: Stored, everything: list[tuple[ResourceType, Stored]]) -> None:
        store = self._context.store
        uid = item.obj["metadata"]["uid"]
        orphaning = ORPHAN in item.obj["metadata"]["finalizers"]
        blocking = False
        for kind, old in everything:
            dependent = store.get(kind, old.namespace, old.name)
            owners = (dependent.obj["metadata"].get("ownerReferences") or []) if dependent else []
            mine = next((owner for owner in owners if owner["uid"] == uid), None)
            if dependent is None or mine is None:
                continue
            if orphaning:
                left = [owner for owner in owners if owner["uid"] != uid]
                metadata = {k: v for k, v in dependent.obj["metadata"].items() if k != "ownerReferences"}
                store.put(
                    kind,
                    {
                        **dependent.obj,
                        "metadata": {**metadata, **({"ownerReferences": left} if left else {})},
                    },
                )
            else:
                blocking = blocking or bool(mine.get("blockOwnerDeletion"))
                if not is_terminating(dependent.obj):
                    self._context.writer.delete(kind, dependent, DeleteOptions(propagation="Foreground"))
        if not blocking:
            self._release(resource, item)

    def _release(self, resource: ResourceType, item: Stored) -> None:
        fresh = self._context.store.get(resource, item.namespace, item.name)
        if fresh is None:
            return
        left = [name for name in fresh.obj["metadata"].get("finalizers") or [] if name not in {FOREGROUND, ORPHAN}]
        metadata = {key: value for key, value in fresh.obj["metadata"].items() if key != "finalizers"}
        obj = {**fresh.obj, "metadata": {**metadata, **({"finalizers": left} if left else {})}}
        waits = resource.kind == "Pod" and metadata.get("deletionGracePeriodSeconds", 0) > 0
        if left or waits:
            self._context.store.put(resource, obj)
        else:
            self._context.store.remove(resource, obj)


class NamespaceController:
    """Empties namespaces that are being deleted, then lets them go."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self) -> None:
        """Go through all namespaces once."""
        store = self._context.store
        namespaced = [resource for resource in store.catalogue.stored_types if resource.namespaced]
        for namespace in store.listing(NAMESPACES):
            if not is_terminating(namespace.obj):
                continue
            status = {**(namespace.obj.get("status") or {}), "phase": "Terminating"}
            self._context.writer.set_status(NAMESPACES, namespace, status)
            left = [(kind, item) for kind in namespaced for item in store.listing(kind, namespace.name)]
            for kind, item in left:
                if not is_terminating(item.obj):
                    self._context.writer.delete(kind, item, DeleteOptions())
            fresh = store.get(NAMESPACES, "", namespace.name)
            if fresh is not None and not any(store.listing(kind, namespace.name) for kind in namespaced):
                store.remove(NAMESPACES, fresh.obj)
