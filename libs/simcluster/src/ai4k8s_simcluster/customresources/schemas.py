"""Pruning and defaulting by a structural schema.

What a schema does not name is dropped, unless it says that unknown fields are preserved; what is left out takes its
default. A null where the schema allows none counts as left out when there is a default.
"""

import copy
from typing import Any

from ai4k8s_simcluster.schema import fields_of
from ai4k8s_simcluster.types import Obj

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TYPE_META = ("apiVersion", "kind", "metadata")


def prune(obj: Obj, schema: Obj) -> list[str]:
    """Drop in place what the schema does not name; return the paths of what was dropped."""
    dropped: list[str] = []
    _prune_resource(obj, schema, "", dropped)
    return dropped


def _prune_resource(obj: Obj, schema: Obj, path: str, dropped: list[str]) -> None:
    metadata = obj.get("metadata")
    known = fields_of(_META) or {}
    if isinstance(metadata, dict):
        for name in [name for name in metadata if name not in known]:
            del metadata[name]
            dropped.append(f"{path}metadata.{name}")
    _prune_object(obj, schema, path, dropped, _TYPE_META)


def _prune_object(obj: Obj, schema: Obj, path: str, dropped: list[str], kept: tuple[str, ...] = ()) -> None:
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in list(obj):
        if name in kept:
            continue
        inner = properties.get(name) or (values if isinstance(values, dict) else None)
        if inner is not None:
            _prune_value(obj[name], inner, f"{path}{name}", dropped)
        elif name not in properties and not values and not schema.get(PRESERVE):
            del obj[name]
            dropped.append(f"{path}{name}")


def _prune_value(value: Any, schema: Obj, path: str, dropped: list[str]) -> None:
    if isinstance(value, list):
        for place, item in enumerate(value):
            _prune_value(item, schema.get("items") or {}, f"{path}[{place}]", dropped)
    elif isinstance(value, dict):
        if schema.get(EMBEDDED):
            _prune_resource(value, schema, f"{path}.", dropped)
        else:
            _prune_object(value, schema, f"{path}.", dropped)


def fill_defaults(value: Any, schema: Obj) -> None:
    """Put defaults where something is left out, in place."""
    if isinstance(value, list):
        for item in value:
            fill_defaults(item, schema.get("items") or {})
        return
    if not isinstance(value, dict):
        return
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        absent = name not in value or (value[name] is None and not inner.get("nullable"))
        if absent and "default" in inner:
            value[name] = copy.deepcopy(inner["default"])
    values = schema.get("additionalProperties")
    for name, found in value.items():
        deeper = properties.get(name) or (values if isinstance(values, dict) else None)
        if deeper:
            fill_defaults(found, deeper)
