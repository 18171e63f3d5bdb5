"""Sets of field paths in the very form that managedFields stores them (FieldsV1), with their algebra.

A set is a tree: `f:name` a field, `k:{...}` the item of a list with those keys, `v:...` the item of a set. A node
without children is a member; one with children is a member when it holds `.`. Because the tree is the wire form,
reading and writing managedFields costs nothing. Sets are never changed once built, so they may share branches.
"""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from ai4k8s_simcluster.errors import go_value

Fields = dict[str, Any]
Path = tuple[str, ...]
SELF = "."


def field(name: str) -> str:
    """Return the element of a path that names a field."""
    return f"f:{name}"


def keyed(keys: dict[str, Any]) -> str:
    """Return the element that picks an item of a list by its keys."""
    return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()


def valued(value: Any) -> str:
    """Return the element that picks an item of a set by its value."""
    return "v:" + orjson.dumps(value).decode()


def fields_at(*paths: str) -> Fields:
    """Return the set of the fields at dotted paths."""
    result: Fields = {}
    for path in paths:
        insert(result, [field(part) for part in path.split(".")])
    return result


def insert(fields: Fields, path: list[str]) -> None:
    """Add a path to a set that is being built."""
    node = fields
    for element in path[:-1]:
        inner = node.get(element)
        if inner is None:
            inner = node[element] = {}
        elif not inner:
            inner[SELF] = {}
        node = inner
    last = node.setdefault(path[-1], {})
    if last:
        last[SELF] = {}


def is_member(node: Fields) -> bool:
    """Say whether the path that leads to a node is itself in the set."""
    return not node or SELF in node


def below(node: Fields) -> Fields:
    """Return what a node holds under its own path."""
    return {key: inner for key, inner in node.items() if key != SELF} if SELF in node else node


def contains(fields: Fields, element: str) -> bool:
    """Say whether the path of one element is in the set."""
    node = fields.get(element)
    return node is not None and is_member(node)


def under(fields: Fields, element: str) -> Fields:
    """Return the paths that begin with an element, without it."""
    return below(fields.get(element) or {})


def _node(children: Fields, *, member: bool) -> Fields | None:
    if not children:
        return {} if member else None
    return {SELF: {}, **children} if member else children


def union(left: Fields, right: Fields) -> Fields:
    """Return the paths in either set."""
    result = dict(left)
    for element, other in right.items():
        mine = left.get(element)
        if mine is None:
            result[element] = other
        else:
            member = is_member(mine) or is_member(other)
            result[element] = _node(union(below(mine), below(other)), member=member) or {}
    return result


def _combine(
    left: Fields,
    right: Fields,
    keep_alone: bool,
    member: Callable[[Fields, Fields], bool],
    children: Callable[[Fields, Fields], Fields],
) -> Fields:
    result: Fields = {}
    for element, mine in left.items():
        other = right.get(element)
        if other is None:
            node = mine if keep_alone else None
        else:
            node = _node(children(below(mine), below(other)), member=member(mine, other))
        if node is not None:
            result[element] = node
    return result


def difference(left: Fields, right: Fields) -> Fields:
    """Return the paths of the left set that are not in the right one."""
    return _combine(left, right, True, lambda a, b: is_member(a) and not is_member(b), difference)


def intersection(left: Fields, right: Fields) -> Fields:
    """Return the paths in both sets."""
    return _combine(left, right, False, lambda a, b: is_member(a) and is_member(b), intersection)


def without_branches(left: Fields, right: Fields) -> Fields:
    """Return the paths of the left set that are neither in the right one nor under one of its paths."""
    result: Fields = {}
    for element, mine in left.items():
        other = right.get(element)
        if other is None:
            result[element] = mine
        elif not is_member(other):
            node = _node(without_branches(below(mine), below(other)), member=is_member(mine))
            if node is not None:
                result[element] = node
    return result


def paths(fields: Fields, prefix: Path = ()) -> Iterator[Path]:
    """Yield the paths in order: at each level its members, then what lies deeper."""
    elements = sorted(element for element in fields if element != SELF)
    for element in elements:
        if is_member(fields[element]):
            yield (*prefix, element)
    for element in elements:
        inner = below(fields[element])
        if inner:
            yield from paths(inner, (*prefix, element))


def ordered(fields: Fields) -> Fields:
    """Return the set with its elements in order, as it is stored."""
    return {element: ordered(fields[element]) for element in sorted(fields)}


def element_text(element: str) -> str:
    """Write one element of a path as messages do."""
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    value = orjson.loads(rest)
    if kind == "k":
        return "[" + ",".join(f"{name}={go_value(value[name])}" for name in sorted(value)) + "]"
    return f"[={go_value(value)}]"


def path_text(path: Path) -> str:
    """Write a path as messages do: `.spec.containers[name="c"].image`."""
    return "".join(element_text(element) for element in path)
