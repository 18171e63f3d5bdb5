"""Walks over a value together with its shape: check it, list its fields, compare, merge, cut fields out.

The semantics are those of structured-merge-diff: an atomic part is one leaf, an item of a map-like list is found by
its keys, and null differs from absent.
"""

from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any

from ai4k8s_simcluster.apply.fieldsets import (
    Fields,
    below,
    contains,
    element_text,
    field,
    insert,
    is_member,
    keyed,
    under,
    valued,
)
from ai4k8s_simcluster.apply.shapes import ListShape, MapShape, Scalar, Shape
from ai4k8s_simcluster.errors import go_value
from ai4k8s_simcluster.types import Obj

ABSENT: Any = object()
_GO_NAMES = {bool: "bool", int: "int64", float: "float64", str: "string", dict: "map[string]interface {}"}


class ElementError(Exception):
    """An item of a list that has no place in it."""


def element_of(shape: ListShape, item: Any) -> str:
    """Return the path element of an item in a map-like list or a set. Raises ElementError."""
    if not shape.keys:
        if item is None or isinstance(item, dict | list):
            what = "an explicit null" if item is None else "a map type" if isinstance(item, dict) else "a list"
            message = f"associative list without keys has an element that's {what}"
            raise ElementError(message)
        return valued(item)
    if not isinstance(item, dict):
        what = "a null element" if item is None else "non-map elements"
        message = f"associative list with keys may not have {what}"
        raise ElementError(message)
    found = {key: item.get(key, shape.key_defaults.get(key, ABSENT)) for key in shape.keys}
    found = {key: value for key, value in found.items() if value is not ABSENT}
    if not found:
        names = " ".join(f'"{key}"' for key in shape.keys)
        message = (
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
        raise ElementError(message)
    return keyed(found)


def problems(value: Any, shape: Shape, path: str = "") -> list[str]:
    """Return what keeps a value from having a shape, each with its path."""
    fitted = shape.fitted(value)
    if value is None:
        return []
    if fitted.map:
        return _map_problems(value, fitted.map, path)
    if fitted.scalar:
        return [f"{path}: {text}" for text in _scalar_problems(value, fitted.scalar)]
    return _list_problems(value, fitted.list, path) if fitted.list else []


def _got(value: Any) -> str:
    return "&{" + go_value(value).strip('"') + "}"


def _scalar_problems(value: Any, scalar: Scalar) -> list[str]:
    is_bool = isinstance(value, bool)
    if scalar is Scalar.STRING and not isinstance(value, str):
        return [f"expected string, got &value.valueUnstructured{{Value:{go_value(value)}}}"]
    if scalar is Scalar.NUMERIC and (is_bool or not isinstance(value, int | float)):
        return [f"expected numeric (int or float), got {_GO_NAMES.get(type(value), '[]interface {}')}"]
    if scalar is Scalar.BOOLEAN and not is_bool:
        return [f"expected boolean, got {_got(value)}"]
    if isinstance(value, dict | list):
        return [f"expected any scalar, got {_got(value)}"]
    return []


def _map_problems(value: Any, shape: MapShape, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected map, got {_got(value)}"]
    found: list[str] = []
    for name, inner in value.items():
        at = shape.at(name)
        if at is None:
            return [*found, f"{path}.{name}: field not declared in schema"]
        found += problems(inner, at, f"{path}.{name}")
    return found


def _list_problems(value: Any, shape: ListShape, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: expected list, got {_got(value)}"]
    found: list[str] = []
    seen: set[str] = set()
    for place, item in enumerate(value):
        where = f"[{place}]"
        if shape.associative:
            try:
                element = element_of(shape, item)
            except ElementError as error:
                return [*found, f"{path}: element {place}: {error}"]
            where = element_text(element)
            if element in seen:
                found.append(f"{path}: duplicate entries for key {where}")
            seen.add(element)
        found += problems(item, shape.item(), path + where)
    return found


def field_set(value: Any, shape: Shape) -> Fields:
    """Return the fields that a configuration names."""
    result: Fields = {}
    _collect(value, shape, [], result)
    return result


def _collect(value: Any, shape: Shape, path: list[str], result: Fields) -> None:
    fitted = shape.fitted(value)
    if fitted.map and not fitted.map.atomic:
        for name, inner in (value if isinstance(value, dict) else {}).items():
            where = [*path, field(name)]
            at = fitted.map.at(name)
            if at is not None:
                _collect(inner, at, where, result)
            if inner is None or inner == {} or name not in fitted.map.fields:
                insert(result, where)
    elif fitted.list and fitted.list.associative and not fitted.scalar:
        for element, items in _indexed(fitted.list, value).items():
            where = [*path, element]
            if len(items) == 1:
                _collect(items[0], fitted.list.item(), where, result)
            insert(result, where)
    elif path:
        insert(result, path)


def _indexed(shape: ListShape, value: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in value if isinstance(value, list) else ():
        found.setdefault(element_of(shape, item), []).append(item)
    return found


@dataclass(slots=True)
class Comparison:
    """How one value differs from another."""

    added: Fields = data_field(default_factory=dict)
    removed: Fields = data_field(default_factory=dict)
    modified: Fields = data_field(default_factory=dict)

    def leaf(self, left: Any, right: Any, path: list[str]) -> None:
        """Note the difference at a leaf."""
        if left is ABSENT:
            insert(self.added, path)
        elif right is ABSENT:
            insert(self.removed, path)
        elif left != right or isinstance(left, bool) is not isinstance(right, bool):
            insert(self.modified, path)

    def walk(self, left: Any, right: Any, shape: Shape, path: list[str]) -> None:
        """Note every difference at and under a path."""
        of_left = shape if left is ABSENT else shape.fitted(left)
        of_right = shape if right is ABSENT else shape.fitted(right)
        if right is ABSENT:
            in_leaf = self._inside(left, right, of_left, path)
        else:
            if left is not ABSENT and of_left != of_right:
                self._inside(left, right, of_left, path)
            in_leaf = self._inside(left, right, of_right, path)
        if not in_leaf and path:
            if left is ABSENT:
                insert(self.added, path)
            elif right is ABSENT:
                insert(self.removed, path)

    def _inside(self, left: Any, right: Any, shape: Shape, path: list[str]) -> bool:
        """Compare the parts; say whether all of it was one leaf."""
        if shape.map:
            of_left, of_right = (side if isinstance(side, dict) else {} for side in (left, right))
            if not shape.map.atomic and (of_left or of_right):
                for name in dict.fromkeys([*of_left, *of_right]):
                    at = shape.map.at(name)
                    if at is not None:
                        sides = of_left.get(name, ABSENT), of_right.get(name, ABSENT)
                        self.walk(*sides, at, [*path, field(name)])
                return False
        elif shape.list and not shape.scalar and shape.list.associative and (left or right):
            self._items(left, right, shape.list, path)
            return False
        if path:
            self.leaf(left, right, path)
        return True

    def _items(self, left: Any, right: Any, shape: ListShape, path: list[str]) -> None:
        of_left, of_right = _indexed(shape, left), _indexed(shape, right)
        for element in dict.fromkeys([*of_left, *of_right]):
            lefts, rights = of_left.get(element, []), of_right.get(element, [])
            if len(lefts) <= 1 and len(rights) <= 1:
                sides = lefts[0] if lefts else ABSENT, rights[0] if rights else ABSENT
                self.walk(*sides, shape.item(), [*path, element])
            else:
                self.leaf(lefts or ABSENT, rights or ABSENT, [*path, element])


def compare(left: Obj, right: Obj, shape: Shape) -> Comparison:
    """Return what must be added, removed and modified to come from one object to another."""
    comparison = Comparison()
    comparison.walk(left, right, shape, [])
    return comparison


def merge(left: Any, right: Any, shape: Shape) -> Any:
    """Return the left value with everything that the right one says."""
    fitted = shape.fitted(left if right is ABSENT else right)
    if fitted.map and not fitted.map.atomic:
        of_left, of_right = (side if isinstance(side, dict) else {} for side in (left, right))
        if of_left or of_right:
            return _merge_maps(of_left, of_right, fitted.map)
    elif fitted.list and not fitted.scalar and fitted.list.associative:
        items_left = left if isinstance(left, list) else []
        items_right = right if isinstance(right, list) else []
        if items_left or items_right:
            return _merge_lists(items_left, items_right, fitted.list)
    return left if right is ABSENT else right


def _merge_maps(left: Obj, right: Obj, shape: MapShape) -> Obj:
    result: Obj = {}
    for name in dict.fromkeys([*left, *right]):
        at = shape.at(name)
        if at is None:
            result[name] = right.get(name, left.get(name))
        else:
            result[name] = merge(left.get(name, ABSENT), right.get(name, ABSENT), at)
    return result


def _merge_lists(left: list[Any], right: list[Any], shape: ListShape) -> list[Any]:
    """Merge two lists by their elements.

    Items that only the left list has keep their place; where the order of common items differs, the right list's
    order counts.
    """
    names_left = [element_of(shape, item) for item in left]
    names_right = [element_of(shape, item) for item in right]
    at_left, at_right = dict(zip(names_left, left, strict=True)), dict(zip(names_right, right, strict=True))
    shared = [name for name in names_right if name in at_left]
    merged: list[str] = []
    done: set[str] = set()
    a = b = 0
    while a < len(names_left) or b < len(names_right):
        mine = names_left[a] if a < len(names_left) else None
        other = names_right[b] if b < len(names_right) else None
        if mine is not None and mine == other:
            a += 1
        elif mine is not None and mine in at_right:
            pending = next((name for name in shared if name not in done), None)
            if mine in done or (pending is not None and pending != mine):
                a += 1
                continue
        elif mine is not None:
            merged.append(mine)
            a += 1
            continue
        if other is not None:
            merged.append(other)
            done.add(other)
            b += 1
    return [merge(at_left.get(name, ABSENT), at_right.get(name, ABSENT), shape.item()) for name in merged]


def remove(value: Any, fields: Fields, shape: Shape) -> Any:
    """Return a value without some of its fields; what becomes empty by that is null."""
    fitted = shape.fitted(value)
    if fitted.map and isinstance(value, dict):
        return None if not value or fitted.map.atomic else _remove_from_map(value, fields, fitted.map)
    if fitted.list and isinstance(value, list):
        return None if not value or not fitted.list.associative else _remove_from_list(value, fields, fitted.list)
    return value if fitted.scalar or value is None else None


def _remove_from_map(value: Obj, fields: Fields, shape: MapShape) -> Obj | None:
    kept: Obj = {}
    for name, inner in value.items():
        element = field(name)
        if contains(fields, element):
            continue
        branch = under(fields, element)
        at = shape.at(name)
        kept[name] = remove(inner, branch, at) if branch and at else inner
    return kept or None


def _remove_from_list(value: list[Any], fields: Fields, shape: ListShape) -> list[Any] | None:
    kept: list[Any] = []
    for item in value:
        element = element_of(shape, item)
        if contains(fields, element):
            continue
        branch = under(fields, element)
        kept.append(remove(item, branch, shape.item()) if branch else item)
    return kept or None


def with_named_fields(fields: Fields, shape: Shape) -> Fields:
    """Return the set with every struct field on the way to a member being a member itself."""
    result: Fields = {}
    for element, node in fields.items():
        inner = below(node)
        at, named = _step(shape, element)
        deeper = with_named_fields(inner, at) if inner else {}
        member = is_member(node) or named
        result[element] = {".": {}, **deeper} if member and deeper else deeper
    return result


def _step(shape: Shape, element: str) -> tuple[Shape, bool]:
    nothing = Shape()
    if element.startswith("f:") and shape.map:
        name = element[2:]
        return shape.map.at(name) or nothing, name in shape.map.fields
    if element.startswith("k:") and shape.list:
        return shape.list.item(), False
    return nothing, False
