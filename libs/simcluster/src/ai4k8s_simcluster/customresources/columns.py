"""The columns that a definition adds to `kubectl get`: JSON paths into the object."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ai4k8s_simcluster.types import Obj

_STEP = re.compile(
    r"""\.(?P<name>[\w$-](?:[\w/$-]|\\.)*)
      | \[\?\(\s*@\.(?P<key>[\w.]+)\s*==\s*(?P<value>"[^"]*"|'[^']*'|[^)\s]+)\s*\)\]
      | \[(?P<place>-?\d+|\*)\]
      | \['(?P<quoted>[^']+)'\]
      | \[\"(?P<double>[^\"]+)\"\]
    """,
    re.VERBOSE,
)


def values_at(obj: Obj, path: str) -> Iterator[Any]:
    """Yield what a JSON path of the simple kind that definitions use finds."""
    found: list[Any] = [obj]
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return
        found = [inner for value in found for inner in _step(value, match)]
        at = match.end()
    yield from found


def _step(value: Any, match: re.Match[str]) -> Iterator[Any]:
    name = match["name"] or match["quoted"] or match["double"]
    if name:
        name = name.replace("\\.", ".")
        if isinstance(value, dict) and name in value:
            yield value[name]
    elif match["key"]:
        wanted = match["value"].strip("\"'")
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict) and _text(next(values_at(item, "." + match["key"]), None)) == wanted:
                yield item
    elif isinstance(value, list):
        if match["place"] == "*":
            yield from value
        elif -len(value) <= int(match["place"]) < len(value):
            yield value[int(match["place"])]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def column_definition(column: Mapping[str, Any]) -> Obj:
    """Return a column as a Table carries it."""
    path = column["jsonPath"]
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
        "priority": column.get("priority", 0),
    }


def cell(column: Mapping[str, Any], obj: Obj) -> Any:
    """Return the value of a cell, None where there is none; dates as they are stored."""
    value = next(values_at(obj, str(column["jsonPath"])), None)
    kind = column["type"]
    if value is None:
        return None
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "date": isinstance(value, str),
    }
    if kind == "string":
        return value if isinstance(value, str) else _written(value)
    return value if fits.get(kind) else None


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_written(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(_written(item) for item in value) + "]"
    return _text(value)
