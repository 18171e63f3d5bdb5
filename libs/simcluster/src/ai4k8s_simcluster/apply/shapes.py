"""What a schema says about merging: which lists are maps or sets, what is atomic, which fields there are.

Read from the published definitions for built-in types and from the structural schema for custom ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from ai4k8s_simcluster.schema import definitions
from ai4k8s_simcluster.types import Obj

_REF = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_UNTYPED_DEFINITIONS = (".Quantity", ".IntOrString", ".Time", ".MicroTime")
_OPEN_DEFINITIONS = (".RawExtension", ".FieldsV1", ".JSON", ".JSONSchemaPropsOrArray", ".JSONSchemaPropsOrBool")
# Keys of lists that may be left out, with the value that then counts: the definitions do not carry it.
_KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}


class Scalar(Enum):
    """What a single value may be."""

    STRING = "string"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    UNTYPED = "untyped"


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list: atomic, or a map by its keys, or a set."""

    item: "Lazy"
    associative: bool = False
    keys: tuple[str, ...] = ()
    key_defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MapShape:
    """A struct (fields), a map (values), or both."""

    fields: Mapping[str, "Lazy"] = field(default_factory=dict)
    values: "Lazy | None" = None
    atomic: bool = False

    def at(self, name: str) -> "Shape | None":
        """Return the shape of a field, None when the schema declares none of that name."""
        found = self.fields.get(name) or self.values
        return found() if found else None


@dataclass(frozen=True, slots=True)
class Shape:
    """A value's shape; a value of unknown type may be any of the three."""

    scalar: Scalar | None = None
    list: ListShape | None = None
    map: MapShape | None = None

    def fitted(self, value: Any) -> "Shape":
        """Return the one of several shapes that a value takes."""
        if value is None or sum(part is not None for part in (self.scalar, self.list, self.map)) == 1:
            return self
        if isinstance(value, dict):
            return Shape(map=self.map) if self.map else self
        if isinstance(value, list):
            return Shape(list=self.list) if self.list else self
        return Shape(scalar=self.scalar) if self.scalar else self


Lazy = Callable[[], Shape]


def _deduced() -> Shape:
    return DEDUCED


DEDUCED = Shape(Scalar.UNTYPED, ListShape(_deduced), MapShape(values=_deduced))
_UNTYPED = Shape(scalar=Scalar.UNTYPED)
_SCALARS = {
    "string": Shape(scalar=Scalar.STRING),
    "integer": Shape(scalar=Scalar.NUMERIC),
    "number": Shape(scalar=Scalar.NUMERIC),
    "boolean": Shape(scalar=Scalar.BOOLEAN),
}


@cache
def shape_of(definition: str) -> Shape:
    """Return the shape of a published definition."""
    if definition.endswith(_UNTYPED_DEFINITIONS):
        return _UNTYPED
    if definition not in definitions() or definition.endswith(_OPEN_DEFINITIONS):
        return DEDUCED
    return _from_definition(definitions()[definition], definition)


def _json_type(raw: Obj) -> str:
    found = raw.get("type", "")
    return str(found[0] if isinstance(found, list) else found)


def _lazy(raw: Obj, owner: str) -> Lazy:
    return cache(lambda: _from_definition(raw, owner))


def _from_definition(raw: Obj, owner: str) -> Shape:
    if "$ref" in raw:
        return _with_map_type(shape_of(str(raw["$ref"]).removeprefix(_REF)), raw)
    kind = _json_type(raw)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array":
        item = raw.get("items") or {}
        return Shape(list=_list_shape(raw, _lazy(item, owner)))
    values = raw.get("additionalProperties")
    properties = raw.get("properties") or {}
    if kind == "object" or properties:
        fields = {name: _lazy(inner, owner) for name, inner in properties.items()}
        inner = _lazy(values, owner) if isinstance(values, dict) else None
        if not properties and inner is None:
            inner = _deduced
        return _with_map_type(Shape(map=MapShape(fields, inner)), raw)
    return DEDUCED


def _with_map_type(shape: Shape, raw: Obj) -> Shape:
    if raw.get("x-kubernetes-map-type") == "atomic" and shape.map:
        return Shape(map=MapShape(shape.map.fields, shape.map.values, atomic=True))
    return shape


def _list_shape(raw: Obj, item: Lazy) -> ListShape:
    kind = raw.get("x-kubernetes-list-type")
    keys = tuple(raw.get("x-kubernetes-list-map-keys") or ())
    if kind == "map":
        return ListShape(item, True, keys, {key: _KEY_DEFAULTS[key] for key in keys if key in _KEY_DEFAULTS})
    if kind == "set":
        return ListShape(item, associative=True)
    if kind is None and "merge" in str(raw.get("x-kubernetes-patch-strategy", "")).split(","):
        key = raw.get("x-kubernetes-patch-merge-key")
        return ListShape(item, True, (str(key),) if key else ())
    return ListShape(item)


def shape_of_custom(schema: Obj) -> Shape:
    """Return the shape of a custom resource from its structural schema."""
    root = _from_structural(schema)
    inner = root.map or MapShape(values=_deduced)
    fields = {**inner.fields, "apiVersion": lambda: _SCALARS["string"], "kind": lambda: _SCALARS["string"]}
    return Shape(map=MapShape({**fields, "metadata": lambda: shape_of(_META)}, inner.values))


def _from_structural(raw: Obj) -> Shape:
    if raw.get("x-kubernetes-int-or-string"):
        return _UNTYPED
    kind = raw.get("type", "")
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array":
        item = raw.get("items") or {}
        shape = _list_shape(raw, cache(lambda: _from_structural(item)))
        properties = item.get("properties") or {}
        defaults = {key: properties[key]["default"] for key in shape.keys if "default" in properties.get(key, {})}
        return Shape(list=ListShape(shape.item, shape.associative, shape.keys, defaults))
    if kind == "object":
        return _object_shape(raw)
    return DEDUCED


def _object_shape(raw: Obj) -> Shape:
    def lazily(inner: Obj) -> Lazy:
        return cache(lambda: _from_structural(inner))

    values = raw.get("additionalProperties")
    inner = lazily(values) if isinstance(values, dict) else None
    if inner is None and (values is True or raw.get("x-kubernetes-preserve-unknown-fields")):
        inner = _deduced
    fields = {name: lazily(found) for name, found in (raw.get("properties") or {}).items()}
    if raw.get("x-kubernetes-embedded-resource"):
        fields |= {"metadata": lambda: shape_of(_META)}
    return Shape(map=MapShape(fields, inner, atomic=raw.get("x-kubernetes-map-type") == "atomic"))
