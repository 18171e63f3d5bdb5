"""Ways into the store other than by name: who owns what, and which pods are on a node.

Controllers ask these questions for every object they look at; without an index each answer would cost a walk through
everything.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ai4k8s_simcluster.types import Obj

if TYPE_CHECKING:
    from ai4k8s_simcluster.registry import ResourceType
    from ai4k8s_simcluster.store import Stored

Place = tuple[str, tuple[str, str]]  # the type's key, and namespace and name


def owners_of(obj: Obj) -> tuple[str, ...]:
    """Return the uids of an object's owners."""
    owners = obj["metadata"].get("ownerReferences")
    return tuple(owner["uid"] for owner in owners) if owners else ()


def node_of(obj: Obj) -> tuple[str, ...]:
    """Return the node a pod is assigned to, if it is."""
    node = obj.get("kind") == "Pod" and obj.get("spec", {}).get("nodeName")
    return (node,) if node else ()


def loose_pod_of(obj: Obj) -> tuple[str, ...]:
    """Return the namespace of a pod that no controller manages."""
    if obj.get("kind") != "Pod":
        return ()
    owners = obj["metadata"].get("ownerReferences") or ()
    return () if any(owner.get("controller") for owner in owners) else (obj["metadata"]["namespace"],)


class Index:
    """Finds objects by values taken from them; kept up to date with every write."""

    __slots__ = ("_found", "_values_of")

    def __init__(self, values_of: Callable[[Obj], Iterable[str]]) -> None:
        self._values_of = values_of
        self._found: dict[str, dict[Place, tuple[ResourceType, Stored]]] = {}

    def __contains__(self, value: str) -> bool:
        """Say whether any object has the value."""
        return value in self._found

    def find(self, value: str) -> "list[tuple[ResourceType, Stored]]":
        """Return the objects that have the value, in the order of type, namespace and name."""
        found = self._found.get(value)
        return [found[place] for place in sorted(found)] if found else []

    def replace(self, resource: "ResourceType", previous: "Stored | None", stored: "Stored | None") -> None:
        """Take note of a write: what was there before, and what is there now."""
        before = self._values_of(previous.obj) if previous is not None else ()
        now = self._values_of(stored.obj) if stored is not None else ()
        for value in before:
            if previous is not None and value not in now:
                self._drop(value, (resource.key, previous.key))
        for value in now:
            if stored is not None:
                self._found.setdefault(value, {})[resource.key, stored.key] = (resource, stored)

    def _drop(self, value: str, place: Place) -> None:
        found = self._found.get(value)
        if found is not None:
            found.pop(place, None)
            if not found:
                del self._found[value]
