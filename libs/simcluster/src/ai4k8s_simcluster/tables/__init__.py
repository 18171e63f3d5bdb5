"""The columns of `kubectl get`: the server computes them, the client only prints."""

from collections.abc import Sequence

from ai4k8s_simcluster.tables import cluster, network, pods, workloads
from ai4k8s_simcluster.tables.layout import CREATED_AT, NAME, Column, Layout, age, name_of
from ai4k8s_simcluster.tables.pods import pod_status
from ai4k8s_simcluster.types import Obj

_LAYOUTS: dict[str, Layout] = {**pods.LAYOUTS, **workloads.LAYOUTS, **network.LAYOUTS, **cluster.LAYOUTS}
_PLAIN = Layout((NAME, CREATED_AT), lambda obj, _: [name_of(obj), obj["metadata"].get("creationTimestamp")])


def _layout(kind: str) -> Layout:
    return _LAYOUTS.get(kind, _PLAIN)


def columns_of(kind: str) -> tuple[Column, ...]:
    """Return a kind's columns in the order of its cells."""
    return _layout(kind).columns


def partial_metadata(obj: Obj, version: str = "v1") -> Obj:
    """Return an object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def make_table(
    kind: str,
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
    layout = _layout(kind)
    rows: list[Obj] = []
    for obj in objects:
        row: Obj = {"cells": layout.cells(obj, now)}
        if include == "Metadata":
            row["object"] = partial_metadata(obj, version)
        else:
            row["object"] = obj if include == "Object" else None
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": [column.definition() for column in layout.columns],
        "rows": rows,
    }


__all__ = ["age", "columns_of", "make_table", "partial_metadata", "pod_status"]
