"""The columns of `kubectl get`: the server computes them, the client only prints."""

from collections.abc import Sequence
from typing import Any

from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.tables import cluster, custom, network, pods, workloads
from ai4k8s_simcluster.tables.layout import CREATED_AT, NAME, Layout, age, name_of
from ai4k8s_simcluster.tables.pods import pod_status
from ai4k8s_simcluster.types import Obj

_LAYOUTS: dict[str, Layout] = {**pods.LAYOUTS, **workloads.LAYOUTS, **network.LAYOUTS, **cluster.LAYOUTS}
_PLAIN = Layout((NAME, CREATED_AT), lambda obj, _: [name_of(obj), obj["metadata"].get("creationTimestamp")])


def _layout(resource: ResourceType) -> Layout:
    return _LAYOUTS.get(resource.kind, _PLAIN)


def columns_of(resource: ResourceType) -> list[Obj]:
    """Return the definitions of a type's columns in the order of its cells."""
    if resource.custom is not None:
        return custom.column_definitions(resource.custom)
    return [column.definition() for column in _layout(resource).columns]


def _cells(resource: ResourceType, obj: Obj, now: float) -> list[Any]:
    if resource.custom is not None:
        return custom.cells(resource.custom, obj, now)
    return _layout(resource).cells(obj, now)


def partial_metadata(obj: Obj, version: str = "v1") -> Obj:
    """Return an object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def make_table(
    resource: ResourceType,
    objects: Sequence[Obj],
    metadata: Obj,
    now: float,
    *,
    include: str = "Metadata",
    version: str = "v1",
) -> Obj:
    """Return the Table of some objects.

    include: `Metadata`, `Object` or `None`: what each row carries besides its cells.
    """
    rows: list[Obj] = []
    for obj in objects:
        row: Obj = {"cells": _cells(resource, obj, now)}
        if include == "Metadata":
            row["object"] = partial_metadata(obj, version)
        else:
            row["object"] = obj if include == "Object" else None
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": columns_of(resource),
        "rows": rows,
    }


__all__ = ["age", "columns_of", "make_table", "partial_metadata", "pod_status"]
