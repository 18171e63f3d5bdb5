"""The versioned object store behind the API: one counter, every change in a log that watches replay.

Objects are never changed in place: a write puts a new one. That is what makes cached bytes, list snapshots
and watch events safe to share without copying.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import orjson

from ai4k8s_simcluster.indexes import Index, loose_pod_of, node_of, owners_of
from ai4k8s_simcluster.registry import Catalogue, ResourceType
from ai4k8s_simcluster.shelf import Key, Shelf
from ai4k8s_simcluster.types import Obj

_SNAPSHOTS_KEPT = 32


_HEAD = {"kind", "apiVersion"}


class ChangeKind(StrEnum):
    """What happened to an object; also the type of the watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


def list_item(obj: Obj) -> bytes:
    """Return the JSON of an object as it stands in a list: without kind and apiVersion."""
    return orjson.dumps({k: v for k, v in obj.items() if k not in {"kind", "apiVersion"}})


class Stored:
    """An object at one version, with its bytes made once."""

    __slots__ = ("_item", "key", "obj", "version")

    def __init__(self, obj: Obj, version: int, key: Key | None = None) -> None:
        self.obj = obj
        self.version = version
        self.key = key or _key(obj)
        self._item: bytes | None = None

    @property
    def item(self) -> bytes:
        """Return the JSON as it stands in a list: without kind and apiVersion."""
        if self._item is None:
            self._item = list_item(self.obj)
        return self._item

    def prepare(self) -> None:
        """Make the bytes now, before anybody waits for them."""
        self._item = self.item

    @property
    def whole(self) -> bytes:
        """Return the JSON as it stands alone and in watch events, made from the same bytes."""
        head = orjson.dumps({"kind": self.obj["kind"], "apiVersion": self.obj["apiVersion"]})
        return head[:-1] + b"," + self.item[1:]

    @property
    def name(self) -> str:
        """Return metadata.name."""
        return self.key[1]

    @property
    def namespace(self) -> str:
        """Return metadata.namespace, empty for cluster-wide objects."""
        return self.key[0]

    @property
    def uid(self) -> str:
        """Return metadata.uid, empty where there is none yet."""
        return str(self.obj["metadata"].get("uid", ""))


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log."""

    kind: ChangeKind
    resource: ResourceType
    stored: Stored
    previous: Stored | None

    @property
    def version(self) -> int:
        """Return the version this change made."""
        return self.stored.version


class CompactedError(Exception):
    """The log no longer reaches back that far."""

    def __init__(self, wanted: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {wanted} ({oldest})")


class Store:
    """Objects by type, namespace and name; also by owner, by uid and (pods) by node.

    catalogue: the types; the store keeps the objects of those that are stored as themselves.
    """

    def __init__(self, *, log_length: int = 10_000) -> None:
        self.catalogue = Catalogue()
        self.version = 1
        self._shelves: dict[str, Shelf] = {}
        self._unclaimed: dict[str, list[Obj]] = {}
        self._owners = Index(owners_of)
        self._uids: dict[str, tuple[ResourceType, Stored]] = {}
        self._nodes = Index(node_of)
        self._loose_pods = Index(loose_pod_of)
        self._log: deque[Change] = deque(maxlen=log_length)
        self._compacted_version = 1
        self._listeners: list[Callable[[Change], None]] = []
        self._snapshots: OrderedDict[tuple[str, int], list[Stored]] = OrderedDict()

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Have every change told, and return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, resource: ResourceType, namespace: str, name: str) -> Stored | None:
        """Return one object."""
        shelf = self._shelves.get(resource.key)
        return shelf.get((namespace, name)) if shelf else None

    def listing(self, resource: ResourceType, namespace: str = "") -> list[Stored]:
        """Return the objects of a type (in one namespace, or everywhere) in the order of their keys."""
        shelf = self._shelves.get(resource.key)
        return shelf.ordered(namespace) if shelf else []

    def values(self, resource: ResourceType) -> Iterable[Stored]:
        """Return all objects of a type in no particular order."""
        return list(self._shelves.get(resource.key) or ())

    def count(self, resource: ResourceType, namespace: str = "") -> int:
        """Return how many objects of a type there are, in one namespace or everywhere."""
        shelf = self._shelves.get(resource.key)
        if shelf is None:
            return 0
        return shelf.count(namespace) if namespace else len(shelf)

    def dependents(self, uid: str) -> list[tuple[ResourceType, Stored]]:
        """Return the objects of all types that name an owner of this uid."""
        return self._owners.find(uid)

    def owned(self, resource: ResourceType, uid: str) -> list[Stored]:
        """Return the objects of one type that name an owner of this uid, in the order of their keys."""
        return [item for found, item in self._owners.find(uid) if found.key == resource.key]

    def by_uid(self, uid: str) -> tuple[ResourceType, Stored] | None:
        """Return the object of this uid, and its type."""
        return self._uids.get(uid)

    def has_uid(self, uid: str) -> bool:
        """Say whether there is an object of this uid."""
        return uid in self._uids

    def on_node(self, node: str) -> list[Stored]:
        """Return the pods that are assigned to a node."""
        return [item for _, item in self._nodes.find(node)]

    def loose_pods(self, namespace: str) -> list[Stored]:
        """Return the pods of a namespace that no controller manages."""
        return [item for _, item in self._loose_pods.find(namespace)]

    def put(self, resource: ResourceType, obj: Obj) -> Stored:
        """Write an object, new or changed, under the next version."""
        stored = self._next(obj)
        previous = self._enter(resource, stored)
        kind = ChangeKind.ADDED if previous is None else ChangeKind.MODIFIED
        self._record(Change(kind, resource, stored, previous))
        return stored

    def remove(self, resource: ResourceType, obj: Obj) -> Stored:
        """Take an object away; the event carries its last state under the next version."""
        previous = self._shelf(resource).pop(_key(obj))
        self._uids.pop(previous.uid, None)
        for index in (self._owners, self._nodes, self._loose_pods):
            index.replace(resource, previous, None)
        stored = self._next(obj)
        self._record(Change(ChangeKind.DELETED, resource, stored, previous))
        return stored

    def changes_since(self, version: int, resource: ResourceType) -> list[Change]:
        """Return what happened to a type after a version.

        Raises CompactedError when the log has forgotten.
        """
        if version < self._compacted_version:
            raise CompactedError(version, self._compacted_version)
        return [change for change in self._log if change.version > version and change.resource.key == resource.key]

    def listing_at(self, resource: ResourceType, version: int, namespace: str = "") -> list[Stored]:
        """Return the objects of a type as they were at a version, in the order of their keys.

        Raises CompactedError when the log has forgotten.
        """
        if version == self.version:
            return self.listing(resource, namespace)
        found = {item.key: item for item in self.listing(resource, namespace)}
        for change in reversed(self.changes_since(version, resource)):
            if namespace and change.stored.namespace != namespace:
                continue
            if change.previous is None:
                found.pop(change.stored.key, None)
            else:
                found[change.stored.key] = change.previous
        return [found[key] for key in sorted(found)]

    def compact(self) -> None:
        """Forget how the present state came about: whoever asks for an older version is told that it is gone."""
        self._log.clear()
        self._compacted_version = self.version

    def keep_snapshot(self, resource: ResourceType, items: list[Stored]) -> None:
        """Remember a list, so that its later pages show the same moment."""
        self._snapshots[resource.key, self.version] = items
        while len(self._snapshots) > _SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)

    def snapshot(self, resource: ResourceType, version: int) -> list[Stored] | None:
        """Return a remembered list."""
        return self._snapshots.get((resource.key, version))

    def everything(self) -> list[tuple[str, Obj]]:
        """Return all objects, each with the key of its type, in no particular order."""
        known = [(key, stored.obj) for key, shelf in self._shelves.items() for stored in shelf]
        return known + [(key, obj) for key, objects in self._unclaimed.items() for obj in objects]

    def restore(self, version: int, objects: Iterable[tuple[str, Obj]]) -> None:
        """Fill an empty store from a saved state; older versions are gone, as after a compaction."""
        for key, obj in objects:
            resource = self.catalogue.by_key(key)
            if resource is None:
                self._unclaimed.setdefault(key, []).append(obj)
            else:
                self._restore_one(resource, obj)
        self.version = max(version, self.version)
        self._compacted_version = self.version

    def claim(self, resource: ResourceType) -> None:
        """Take in the restored objects of a type that the catalogue learned of after they were restored."""
        for obj in self._unclaimed.pop(resource.key, []):
            self._restore_one(resource, obj)

    def furnish(self, resource: ResourceType, objects: Iterable[Obj]) -> None:
        """Put in objects that have long been there: under versions of their own, but as no news to anybody."""
        for obj in objects:
            self._enter(resource, self._next(obj))
        self._compacted_version = self.version

    def _restore_one(self, resource: ResourceType, obj: Obj) -> None:
        self._enter(resource, Stored(obj, int(obj["metadata"]["resourceVersion"])))

    def _shelf(self, resource: ResourceType) -> Shelf:
        found = self._shelves.get(resource.key)
        if found is None:
            found = self._shelves[resource.key] = Shelf()
        return found

    def _enter(self, resource: ResourceType, stored: Stored) -> Stored | None:
        previous = self._shelf(resource).put(stored)
        if previous is not None and previous.uid != stored.uid:
            self._uids.pop(previous.uid, None)
        if stored.uid:
            self._uids[stored.uid] = (resource, stored)
        for index in (self._owners, self._nodes, self._loose_pods):
            index.replace(resource, previous, stored)
        return previous

    def _next(self, obj: Obj) -> Stored:
        self.version += 1
        metadata = {**obj["metadata"], "resourceVersion": str(self.version)}
        return Stored({**obj, "metadata": metadata}, self.version)

    def _record(self, change: Change) -> None:
        if len(self._log) == self._log.maxlen:
            self._compacted_version = self._log[0].version
        self._log.append(change)
        for listener in tuple(self._listeners):
            listener(change)


def _key(obj: Obj) -> Key:
    metadata = obj["metadata"]
    return str(metadata.get("namespace", "")), str(metadata["name"])
