"""What a table is made of: columns, and how the cells of one object are found.

Most columns are described by the published text of the field they show; the few others carry a text of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.clock import parse_rfc3339, short_duration
from ai4k8s_simcluster.schema import definitions
from ai4k8s_simcluster.types import Obj

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"
_MOST_SHOWN = 3
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_ENUM = "\n\nPossible enum values:"
_PARAGRAPH = "\n\n"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; those with a priority show only with `-o wide`.

    field: the definition and the field whose text describes the column, as `core.v1.PodStatus.podIP`.
    """

    name: str
    json_type: str = "string"
    priority: int = 0
    text: str = ""
    field: str = ""

    def definition(self) -> Obj:
        """Return it as the Table carries it."""
        return {
            "name": self.name,
            "type": self.json_type,
            "format": "name" if self.name == "Name" else "",
            "description": self.text or _published(self.field),
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind is shown."""

    columns: tuple[Column, ...]
    cells: Callable[[Obj, float], list[Any]]


def _published(field: str) -> str:
    definition, _, name = field.rpartition(".")
    found = definitions().get(definition if definition.startswith("io.") else f"io.k8s.api.{definition}", {})
    text = str(found.get("properties", {}).get(name, {}).get("description", ""))
    paragraphs = text.partition(_ENUM)[0].split(_PARAGRAPH)
    return _PARAGRAPH.join(paragraph.replace("\n", " ") for paragraph in paragraphs)


NAME = Column("Name", field=f"{_META}.name")
AGE = Column("Age", field=f"{_META}.creationTimestamp")
CREATED_AT = Column("Created At", "date", field=f"{_META}.creationTimestamp")


def wide(name: str, field: str = "", text: str = "") -> Column:
    """Return a column that shows only with `-o wide`."""
    return Column(name, priority=1, field=field, text=text)


def age(timestamp: str | None, now: float) -> str:
    """Return how long ago a timestamp was."""
    return short_duration(now - parse_rfc3339(timestamp)) if timestamp else UNKNOWN


def created(obj: Obj, now: float) -> str:
    """Return an object's age."""
    return age(obj["metadata"].get("creationTimestamp"), now)


def name_of(obj: Obj) -> str:
    """Return an object's name."""
    return str(obj["metadata"]["name"])


def few(values: Sequence[str]) -> str:
    """Return the first of some values, and how many more there are."""
    shown = ",".join(values[:_MOST_SHOWN])
    return f"{shown} + {len(values) - _MOST_SHOWN} more..." if len(values) > _MOST_SHOWN else shown


def pairs(labels: Obj | None) -> str:
    """Return labels as one line."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE
