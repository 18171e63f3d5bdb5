"""Objects with holes: filling them copies only what lies above a hole, all the rest is shared.

That is what lets 150,000 pods fit into memory: pods of one Deployment differ in a name, a uid, a node and addresses.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any

from ai4k8s_simcluster.types import Obj


class Mould:
    """One object; a hole is a text that contains one of the marks."""

    def __init__(self, obj: Obj, marks: tuple[str, ...]) -> None:
        self._obj = obj
        self._holes = _holes(obj, marks)

    def of(self, obj: Obj) -> "Mould":
        """Return the mould of an object that has the same holes in the same places."""
        found = copy(self)
        found._obj = obj  # noqa: SLF001 - our own kind
        return found

    def cast(self, values: Mapping[str, str]) -> Obj:
        """Return the object with its marks replaced."""
        found: Obj = _cast(self._obj, self._holes, values)
        return found


def _holes(value: Any, marks: tuple[str, ...]) -> Any:
    """Return where the holes are: a text for a hole, a dictionary for what lies above holes, None for the rest."""
    if isinstance(value, str):
        return value if any(mark in value for mark in marks) else None
    if isinstance(value, dict):
        found = {key: below for key, item in value.items() if (below := _holes(item, marks)) is not None}
        return found or None
    if isinstance(value, list):
        found = {at: below for at, item in enumerate(value) if (below := _holes(item, marks)) is not None}
        return found or None
    return None


def _cast(value: Any, holes: Any, values: Mapping[str, str]) -> Any:
    if isinstance(holes, str):
        whole = values.get(holes)
        if whole is not None:
            return whole
        for mark, text in values.items():
            holes = holes.replace(mark, text)
        return holes
    fresh = value.copy()
    for key, below in (holes or {}).items():
        fresh[key] = _cast(value[key], below, values)
    return fresh
