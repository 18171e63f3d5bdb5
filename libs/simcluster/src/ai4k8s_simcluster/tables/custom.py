"""The table of a custom resource: its name, and the columns of its definition."""

from collections.abc import Mapping
from typing import Any

from ai4k8s_simcluster.customresources.columns import cell, column_definition
from ai4k8s_simcluster.registry import Custom
from ai4k8s_simcluster.tables.layout import NAME, age, name_of
from ai4k8s_simcluster.types import Obj

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def _columns(custom: Custom) -> tuple[Mapping[str, Any], ...]:
    return custom.columns or (_AGE,)


def column_definitions(custom: Custom) -> list[Obj]:
    """Return the columns as a Table carries them."""
    return [NAME.definition(), *(column_definition(column) for column in _columns(custom))]


def cells(custom: Custom, obj: Obj, now: float) -> list[Any]:
    """Return the cells of one object; dates are shown as ages."""
    found: list[Any] = [name_of(obj)]
    for column in _columns(custom):
        value = cell(column, obj)
        found.append(age(value, now) if column["type"] == "date" and value else value)
    return found
