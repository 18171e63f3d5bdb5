"""Reads one JSON object out of a model's words and holds it to a schema.

A page of own code instead of a validator: a worker holds answers of models to these few keywords, and needs messages
that a model can mend its answer by. What is not known of a schema is not checked; callers validate meaning themselves.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from ai4k8s_common.llm.types import BadAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_THOUGHT = re.compile(r"^\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_OPENS = "<think"
_CLOSES = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_FENCED = re.compile(r"```(?:json)?[ \t]{0,8}\n(.*?)```", re.DOTALL)
_MAX_DEPTH = 32
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def without_thoughts(text: str, *, strip: bool = True) -> str:
    """Return what is said after a model thought aloud."""
    said = _THOUGHT.sub("", text, count=1)
    return said.strip() if strip else said


class Aloud:
    """Passes on streamed text without the thoughts that some models begin with."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._held = ""
        self._speaks = False

    def __call__(self, piece: str) -> None:
        """Hear a piece: held back while it may still belong to a thought."""
        if not self._speaks:
            self._held += piece
            began = self._held.lstrip()[: len(_OPENS)].lower()
            if _OPENS.startswith(began) and (len(began) < len(_OPENS) or not _CLOSES.search(self._held)):
                return
            piece, self._held, self._speaks = without_thoughts(self._held, strip=False), "", True
        if piece:
            self._on_text(piece)

    def end(self) -> None:
        """Pass on what was held and turned out to be all there is."""
        if not self._speaks and self._held:
            self._on_text(without_thoughts(self._held, strip=False))


def read_object(text: str) -> dict[str, Any]:
    """Return the first JSON object in a text. Raises BadAnswerError."""
    text = without_thoughts(text)
    fenced = _FENCED.search(text)
    for candidate in (text, fenced[1] if fenced else "", text[text.find("{") :] if "{" in text else ""):
        try:
            value, _ = _decoder.raw_decode(candidate.strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    raise BadAnswerError("it is not one JSON object")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def check(value: Any, schema: Mapping[str, Any]) -> None:
    """Raise BadAnswerError, saying where, unless a value has the schema's form."""
    problem = next(_problems(value, schema, schema, "$", 0), None)
    if problem is not None:
        raise BadAnswerError(problem)


def _problems(value: Any, schema: Any, root: Mapping[str, Any], at: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield f"{at}: nested too deep"
        return
    if not isinstance(schema, dict):
        if schema is False:
            yield f"{at}: not allowed"
        return
    if "$ref" in schema:
        yield from _problems(value, _resolve(schema["$ref"], root), root, at, depth + 1)
    yield from _simple(value, schema, at)
    yield from _branches(value, schema, root, at, depth)
    if isinstance(value, dict):
        yield from _members(value, schema, root, at, depth)
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            yield from _problems(item, schema["items"], root, f"{at}[{place}]", depth + 1)


def _resolve(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found


def _simple(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else list(wanted or [])
    if names and not any(_is_a(value, name) for name in names):
        yield f"{at}: must be {' or '.join(names)}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{at}: must be {json.dumps(schema['const'])}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: must be one of {json.dumps(schema['enum'])[:200]}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, at)
    for low, high, kind, what in (
        ("minLength", "maxLength", str, "characters"),
        ("minItems", "maxItems", list, "items"),
    ):
        if isinstance(value, kind):
            if len(value) < schema.get(low, 0):
                yield f"{at}: needs {schema[low]} {what}"
            if len(value) > schema.get(high, len(value)):
                yield f"{at}: has more than {schema[high]} {what}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: must match {schema['pattern']}"


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(name, (object,)))


def _number(value: float, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if value < schema.get("minimum", value) or ("exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]):
        yield f"{at}: must not be below {schema.get('minimum', schema.get('exclusiveMinimum'))}"
    if value > schema.get("maximum", value) or ("exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]):
        yield f"{at}: must not be above {schema.get('maximum', schema.get('exclusiveMaximum'))}"


def _branches(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str, depth: int) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        yield from _problems(value, part, root, at, depth + 1)
    for keyword in ("oneOf", "anyOf"):
        branches = schema.get(keyword)
        if branches and not any(
            next(_problems(value, branch, root, at, depth + 1), None) is None for branch in branches
        ):
            reasons = [next(_problems(value, branch, root, at, depth + 1), "") for branch in branches]
            yield f"{at}: fits none of {len(branches)} forms ({'; '.join(reasons)[:200]})"


def _members(
    value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str, depth: int
) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: lacks {name}"
    for name, item in value.items():
        if name in known:
            yield from _problems(item, known[name], root, f"{at}.{name}", depth + 1)
        elif "additionalProperties" in schema:
            yield from _problems(item, schema["additionalProperties"], root, f"{at}.{name}", depth + 1)
