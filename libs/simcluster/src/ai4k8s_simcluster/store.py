"""The versioned object store behind the API: one counter, every change in a log that watches replay.

Objects are never changed in place: a write puts a new one. That is what makes cached bytes, list snapshots
and watch events safe to share without copying.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import orjson

from ai4k8s_simcluster.registry import STORED_TYPES, ResourceType
from ai4k8s_simcluster.types import Obj

Key = tuple[str, str]
_SNAPSHOTS_KEPT = 32


class ChangeKind(StrEnum):
    """What happened to an object; also the type of the watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Stored:
    """An object at one version, with its bytes made once."""

    __slots__ = ("_item", "obj", "version")

    def __init__(self, obj: Obj, version: int) -> None:
        self.obj = obj
        self.version = version
        self._item: bytes | None = None

    @property
    def item(self) -> bytes:
        """Return the JSON as it stands in a list: without kind and apiVersion."""
        if self._item is None:
            self._item = orjson.dumps({k: v for k, v in self.obj.items() if k not in {"kind", "apiVersion"}})
        return self._item

    @property
    def name(self) -> str:
        """Return metadata.name."""
        return str(self.obj["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Return metadata.namespace, empty for cluster-wide objects."""
        return str(self.obj["metadata"].get("namespace", ""))


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
    """Objects by type, namespace and name."""

    def __init__(self, *, log_length: int = 10_000) -> None:
        self.version = 1
        self._objects: dict[str, dict[Key, Stored]] = {found.key: {} for found in STORED_TYPES}
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
        return self._objects[resource.key].get((namespace, name))

    def listing(self, resource: ResourceType, namespace: str = "") -> list[Stored]:
        """Return the objects of a type (in one namespace, or everywhere) in the order of their keys."""
        objects = self._objects[resource.key]
        keys = sorted(key for key in objects if not namespace or key[0] == namespace)
        return [objects[key] for key in keys]

    def values(self, resource: ResourceType) -> Iterable[Stored]:
        """Return all objects of a type in no particular order."""
        return list(self._objects[resource.key].values())

    def put(self, resource: ResourceType, obj: Obj) -> Stored:
        """Write an object, new or changed, under the next version."""
        key = _key(obj)
        previous = self._objects[resource.key].get(key)
        stored = self._next(obj)
        self._objects[resource.key][key] = stored
        kind = ChangeKind.ADDED if previous is None else ChangeKind.MODIFIED
        self._record(Change(kind, resource, stored, previous))
        return stored

    def remove(self, resource: ResourceType, obj: Obj) -> Stored:
        """Take an object away; the event carries its last state under the next version."""
        previous = self._objects[resource.key].pop(_key(obj))
        stored = self._next(obj)
        self._record(Change(ChangeKind.DELETED, resource, stored, previous))
        return stored

    def changes_since(self, version: int, resource: ResourceType) -> list[Change]:
        """Return what happened to a type after a version.

        Raises CompactedError when the log has forgotten.
        """
        if version < self._compacted_version:
            raise CompactedError(version, self._compacted_version)
        return [change for change in self._log if change.version > version and change.resource is resource]

    def keep_snapshot(self, resource: ResourceType, items: list[Stored]) -> None:
        """Remember a list, so that its later pages show the same moment."""
        self._snapshots[resource.key, self.version] = items
        while len(self._snapshots) > _SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)

    def snapshot(self, resource: ResourceType, version: int) -> list[Stored] | None:
        """Return a remembered list."""
        return self._snapshots.get((resource.key, version))

    def restore(self, version: int, objects: Iterable[tuple[ResourceType, Obj]]) -> None:
        """Fill an empty store from a saved state; older versions are gone, as after a compaction."""
        for resource, obj in objects:
            self._objects[resource.key][_key(obj)] = Stored(obj, int(obj["metadata"]["resourceVersion"]))
        self.version = max(version, self.version)
        self._compacted_version = self.version

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
