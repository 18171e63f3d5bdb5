"""Form: an object against the published definition of its kind, with the place and the likely cure of each fault."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Act, Edit, Fix, Path, Problem, fixed, removing, setting
from ai4k8s_rag.domain.form_tables import ENUMS, RANGES
from ai4k8s_rag.domain.quantities import mended, quantity
from ai4k8s_rag.domain.reading import as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REF = "#/$defs/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_ANYTHING = ("RawExtension", "FieldsV1", ".JSON", "JSONSchemaProps", "JSONSchemaPropsOrBool")
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_LIMITS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_CLOSE = 0.6
_LONGEST_PATTERN = 400
_LONGEST_TEXT = 4096


@dataclass(frozen=True)
class Definitions:
    """What one version of Kubernetes knows, and the custom kinds that are known besides."""

    version: str
    named: Mapping[str, Any]
    kinds: Mapping[tuple[str, str], str]  # (apiVersion, kind) -> name
    custom: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def of(self, api_version: str, kind: str) -> tuple[str, Mapping[str, Any]] | None:
        """Return name and schema of a kind; None when nobody knows it."""
        name = self.kinds.get((api_version, kind))
        if name is not None:
            return name, self.named[name]
        custom = self.custom.get((api_version, kind))
        return None if custom is None else (f"{api_version}.{kind}", custom)

    def resolve(self, schema: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Follow a reference; the name is empty for what has none."""
        ref = as_text(schema.get("$ref"))
        name = ref.removeprefix(_REF)
        return (name, as_map(self.named.get(name))) if ref else ("", schema)


def problems_of_form(
    value: dict[str, Any], definitions: Definitions, found: tuple[str, Mapping[str, Any]]
) -> list[Problem]:
    """Return what is wrong with the form of one object."""
    name, schema = found
    walker = _Walker(definitions)
    walker.walk(schema, name, value, ())
    if (value.get("apiVersion"), value.get("kind")) in definitions.custom and isinstance(value.get("metadata"), dict):
        walker.walk({"$ref": _REF + _META}, "", value["metadata"], ("metadata",))
    return walker.problems


class _Walker:
    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.problems: list[Problem] = []

    def walk(self, schema: Mapping[str, Any], owner: str, value: Any, path: Path) -> None:
        name, schema = self.definitions.resolve(schema)
        owner = name or owner
        if name.endswith(_ANYTHING):
            return
        if name == _QUANTITY:
            self._quantity(value, path)
        elif name == _INT_OR_STRING or schema.get("x-kubernetes-int-or-string"):
            if isinstance(value, bool) or not isinstance(value, (int, str, type(None))):
                self._wrong_type(value, "a number or text", path, None)
        elif self._type_fits(schema, value, path):
            self._inside(schema, owner, value, path)

    def _inside(self, schema: Mapping[str, Any], owner: str, value: Any, path: Path) -> None:
        self._bounds(schema, value, path)
        if isinstance(value, dict):
            self._mapping(schema, owner, value, path)
        elif isinstance(value, list):
            items = as_map(schema.get("items"))
            for index, item in enumerate(value):
                self.walk(items, owner, item, (*path, index))
            if schema.get("x-kubernetes-list-type") == "map":
                self._unique(value, [str(key) for key in as_list(schema.get("x-kubernetes-list-map-keys"))], path)

    def _type_fits(self, schema: Mapping[str, Any], value: Any, path: Path) -> bool:
        wanted = schema.get("type")
        kinds = [wanted] if isinstance(wanted, str) else as_list(wanted)
        if not kinds or any(_is(value, kind) for kind in kinds):
            return True
        if value is None and schema.get("nullable", True) and len(path) > 1:
            return False  # a key without a value is as good as none; `required` speaks for those that must be
        kind = str(next((kind for kind in kinds if kind != "null"), "null"))
        self._wrong_type(value, _WORDS[kind], path, _cast(value, kind))
        return False

    def _wrong_type(self, value: Any, wanted: str, path: Path, cast: Any) -> None:
        why = f"{_said(value)} is {_type_words(value)}, and {wanted} belongs here"
        self.problems.append(
            Problem("schema.type", path, why, None if cast is None else setting(f"write {_said(cast)}", path, cast))
        )

    def _bounds(self, schema: Mapping[str, Any], value: Any, path: Path) -> None:
        allowed = as_list(schema.get("enum"))
        if allowed and value is not None and value not in allowed:
            self._not_one_of(value, [str(each) for each in allowed], path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = _LIMITS.get(as_text(schema.get("format")), (None, None))
            low, high = schema.get("minimum", low), schema.get("maximum", high)
            if (low is not None and value < low) or (high is not None and value > high):
                self.problems.append(Problem("schema.range", path, f"{value} is not within {_between(low, high)}"))
        if isinstance(value, str):
            self._text(schema, value, path)
        if isinstance(value, list) and not schema.get("minItems", 0) <= len(value) <= schema.get(
            "maxItems", len(value)
        ):
            self.problems.append(Problem("schema.range", path, f"{len(value)} items are too few or too many"))

    def _text(self, schema: Mapping[str, Any], value: str, path: Path) -> None:
        pattern = as_text(schema.get("pattern"))
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            self.problems.append(Problem("schema.range", path, f"{len(value)} characters are too few or too many"))
        elif (
            pattern
            and len(pattern) <= _LONGEST_PATTERN
            and len(value) <= _LONGEST_TEXT
            and not _matches(pattern, value)
        ):
            self.problems.append(Problem("schema.pattern", path, f"{_said(value)} does not match {pattern}"))

    def _mapping(self, schema: Mapping[str, Any], owner: str, value: dict[str, Any], path: Path) -> None:
        properties = as_map(schema.get("properties"))
        extra = schema.get("additionalProperties")
        for key, child in value.items():
            if key in properties:
                self.walk(properties[key], owner, child, (*path, key))
                self._table(f"{owner}.{key}", child, (*path, key))
            elif isinstance(extra, dict):
                self.walk(extra, owner, child, (*path, key))
            elif properties and not schema.get("x-kubernetes-preserve-unknown-fields") and extra is not True:
                self._unknown(key, properties, owner, path)
        for key in as_list(schema.get("required")):
            if value.get(key) is None:
                self.problems.append(
                    Problem("schema.required", (*path, key), f"'{key}' is missing; {_short(owner)} cannot do without")
                )

    def _unknown(self, key: str, properties: Mapping[str, Any], owner: str, path: Path) -> None:
        if not path and key in {"apiVersion", "kind", "metadata"}:
            return
        close = _closest(key, list(properties))
        why = f"{_short(owner)} has no field '{key}'"
        if close:
            fix = fixed(f"rename it to {close}", Edit(Act.RENAME, (*path, key), close))
            self.problems.append(Problem("schema.unknown-field", (*path, key), f"{why}; did you mean '{close}'?", fix))
        else:
            self.problems.append(
                Problem("schema.unknown-field", (*path, key), why, removing("remove it", (*path, key)))
            )

    def _table(self, field_name: str, value: Any, path: Path) -> None:
        name = field_name.rpartition("io.k8s.api.")[2]
        allowed = ENUMS.get(name)
        if allowed is not None:
            for place, each in ((path, value),) if not isinstance(value, list) else _places(value, path):
                if isinstance(each, str) and each not in allowed:
                    self._not_one_of(each, list(allowed), place)
        bounds = RANGES.get(name)
        if bounds is not None and isinstance(value, int) and not isinstance(value, bool):
            low, high = bounds
            if value < low or (high is not None and value > high):
                self.problems.append(Problem("schema.range", path, f"{value} is not within {_between(low, high)}"))

    def _not_one_of(self, value: Any, allowed: list[str], path: Path) -> None:
        close = _closest(str(value), allowed)
        why = f"{_said(value)} is none of {', '.join(allowed)}"
        fix = setting(f"write {close}", path, close) if close else None
        self.problems.append(Problem("schema.enum", path, why, fix))

    def _unique(self, items: list[Any], keys: list[str], path: Path) -> None:
        seen: set[tuple[str, ...]] = set()
        for index, item in enumerate(items):
            if not isinstance(item, dict) or not any(key in item for key in keys):
                continue
            identity = tuple(str(item.get(key, "TCP" if key == "protocol" else "")) for key in keys)
            if identity in seen:
                named = ", ".join(f"{key} {part}" for key, part in zip(keys, identity, strict=True) if part)
                self.problems.append(
                    Problem("schema.duplicate", (*path, index), f"there is another one with {named} before it")
                )
            seen.add(identity)

    def _quantity(self, value: Any, path: Path) -> None:
        if value is None or quantity(value) is not None:
            return
        text = mended(value, memory=path[-1] != "cpu")
        fix = setting(f"write {text}", path, text) if text else None
        why = f"{_said(value)} is no quantity; Kubernetes writes them like 250m, 1.5, 512Mi or 2Gi"
        self.problems.append(Problem("schema.quantity", path, why, fix))


_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def _is(value: Any, kind: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case _:
            return value is None


def _cast(value: Any, kind: str) -> Any:
    if kind == "string" and isinstance(value, (bool, int, float)):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in {"true", "false", "yes", "no"}:
        return value.lower() in {"true", "yes"}
    if kind == "array" and isinstance(value, (str, dict)):
        return [value]
    return None


def _places(items: list[Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for index, item in enumerate(items):
        yield (*path, index), item


def _closest(word: str, allowed: list[str]) -> str | None:
    same = next((each for each in allowed if each.lower() == word.lower()), None)
    if same is not None or len(word) > _LONGEST_PATTERN:
        return same
    found = difflib.get_close_matches(word, allowed, n=1, cutoff=_CLOSE)
    return found[0] if found else None


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # written for another engine
        return True


def _between(low: Any, high: Any) -> str:
    return f"{'…' if low is None else low} to {'…' if high is None else high}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return "this"
    text = "nothing" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "...'"


def _type_words(value: Any) -> str:
    return next((words for kind, words in _WORDS.items() if _is(value, kind)), "something else")


def _short(owner: str) -> str:
    return owner.rpartition(".")[2] or "this"


__all__ = ["Definitions", "Fix", "problems_of_form"]
