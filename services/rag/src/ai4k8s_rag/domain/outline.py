"""The fields of a kind, for an editor that completes: names, forms and a line of explanation, without the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.form_tables import ENUMS
from ai4k8s_rag.domain.reading import as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_rag.domain.schema import Definitions

_LONGEST = 160


def outline(definitions: Definitions, api_version: str, kind: str) -> dict[str, Any] | None:
    """Return {root, shapes: {shape: {field: [form, shape it holds, words, allowed values]}}}, if the kind is known."""
    found = definitions.of(api_version, kind)
    if found is None:
        return None
    shapes: dict[str, dict[str, list[Any]]] = {}
    _shape(definitions, *found, shapes)
    return {"root": found[0], "shapes": shapes}


def _shape(
    definitions: Definitions, name: str, schema: Mapping[str, Any], shapes: dict[str, dict[str, list[Any]]]
) -> None:
    waiting = [(name, schema)]
    while waiting:
        owner, each = waiting.pop()
        if owner in shapes:
            continue
        shapes[owner] = {}
        for field, raw in as_map(each.get("properties")).items():
            form, child, inner = _field(definitions, f"{owner}/{field}", as_map(raw))
            allowed = as_list(raw.get("enum")) or list(ENUMS.get(f"{owner}.{field}".rpartition("io.k8s.api.")[2], ()))
            words = as_text(raw.get("description")).split(". ")[0].split("\n")[0][:_LONGEST]
            shapes[owner][field] = [form, child, words, allowed]
            if child:
                waiting.append((child, inner))


def _field(definitions: Definitions, place: str, raw: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    name, schema = definitions.resolve(raw)
    kinds = schema.get("type")
    kind = as_text(kinds) or as_text((as_list(kinds) or [""])[0])
    if kind == "array":
        _, child, inner = _field(definitions, place, as_map(schema.get("items")))
        return "list", child, inner
    if schema.get("properties"):
        return "map", name or place, schema
    return {"object": "map", "integer": "number"}.get(kind, kind or "text"), "", {}
