"""The objects of one type, kept in order, so that a list costs what it returns.

Two hundred thousand objects are sorted once, as they come: every namespace keeps its names sorted, and the namespaces
are sorted among themselves.
"""

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ai4k8s_simcluster.store import Stored

Key = tuple[str, str]


class Shelf:
    """Objects by namespace and name; cluster-wide ones have an empty namespace."""

    __slots__ = ("_names", "_objects", "_spaces")

    def __init__(self) -> None:
        self._objects: dict[Key, Stored] = {}
        self._names: dict[str, list[str]] = {}
        self._spaces: list[str] = []

    def __len__(self) -> int:
        """Return how many objects there are."""
        return len(self._objects)

    def __iter__(self) -> "Iterator[Stored]":
        """Go through all objects in no particular order; they must not change meanwhile."""
        return iter(self._objects.values())

    def get(self, key: Key) -> "Stored | None":
        """Return one object."""
        return self._objects.get(key)

    def put(self, stored: "Stored") -> "Stored | None":
        """Put an object in its place; return the one that was there."""
        previous = self._objects.get(stored.key)
        self._objects[stored.key] = stored
        if previous is None:
            self._enter(stored.key)
        return previous

    def pop(self, key: Key) -> "Stored":
        """Take an object away. Raises KeyError when there is none."""
        found = self._objects.pop(key)
        namespace, name = key
        names = self._names[namespace]
        del names[bisect_left(names, name)]
        if not names:
            del self._names[namespace]
            del self._spaces[bisect_left(self._spaces, namespace)]
        return found

    def count(self, namespace: str) -> int:
        """Return how many objects a namespace holds."""
        return len(self._names.get(namespace, ()))

    def ordered(self, namespace: str = "") -> "list[Stored]":
        """Return the objects of a namespace, or of all of them, in the order of their keys."""
        spaces = (namespace,) if namespace else tuple(self._spaces)
        keys = ((space, name) for space in spaces for name in tuple(self._names.get(space, ())))
        # A query of Prometheus may read in a thread of its own while objects go.
        return [found for key in keys if (found := self._objects.get(key)) is not None]

    def _enter(self, key: Key) -> None:
        namespace, name = key
        names = self._names.get(namespace)
        if names is None:
            self._names[namespace] = [name]
            insort(self._spaces, namespace)
        elif name > names[-1]:  # objects mostly come in order when many come at once
            names.append(name)
        else:
            insort(names, name)


def after(items: "Sequence[Stored]", key: Key) -> int:
    """Return where in an ordered list the objects behind a key begin."""
    return bisect_right(items, key, key=lambda item: item.key)


def span(items: "Sequence[Stored]", namespace: str) -> tuple[int, int]:
    """Return where in an ordered list a namespace begins and ends; an empty one stands for all of them."""
    if not namespace:
        return 0, len(items)
    begin = bisect_left(items, (namespace, ""), key=lambda item: item.key)
    return begin, bisect_left(items, (namespace + "\0", ""), key=lambda item: item.key)
