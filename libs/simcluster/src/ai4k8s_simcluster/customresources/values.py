"""Validation of custom resources by their schema, with the causes in a real server's words and order."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from typing import Any

import orjson

from ai4k8s_simcluster.errors import Cause, go_value
from ai4k8s_simcluster.types import Obj

_LONGEST_INT32 = 2**31 - 1
_BLOCKING = {
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
}  # fmt: skip
NOT_CHECKED = Cause(
    "<nil>",
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
    "existing errors to complete validation",
)
_GO_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|0")


def is_blocking(cause: Cause) -> bool:
    """Say whether rules cannot be evaluated where this is wrong."""
    return cause.kind in _BLOCKING


def validate_value(value: Any, schema: Obj, path: str = "") -> list[Cause]:
    """Return what is wrong with a value by its schema."""
    if value is None and schema.get("nullable"):
        return []
    allowed = _types(schema)
    kind = _kind(value)
    if allowed and kind not in allowed and not (kind == "integer" and "number" in allowed):
        message = f'{path} in body must be of type {",".join(allowed)}: "{kind}"'
        return [Cause(path, "FieldValueTypeInvalid", f'Invalid value: "{kind}": {message}')]
    causes: list[Cause] = []
    if isinstance(value, str):
        causes += _text_causes(value, schema, path)
    elif isinstance(value, list):
        causes += _list_causes(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        causes += _number_causes(value, schema, path)
    causes += _enum_causes(value, schema, path)
    causes += _composite_causes(value, schema, path)
    if isinstance(value, dict):
        causes += _object_causes(value, schema, path)
    return causes


def _types(schema: Obj) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _invalid(path: str, value: Any, text: str) -> Cause:
    return Cause.invalid(path, value, f"{path} in body {text}")


def _text_causes(value: str, schema: Obj, path: str) -> Iterator[Cause]:
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if longest is not None and len(value) > longest:
        yield Cause(path, "FieldValueTooLong", f"Too long: may not be more than {longest} bytes")
    if shortest is not None and len(value) < shortest:
        yield _invalid(path, value, f"should be at least {shortest} chars long")
    if pattern and not _pattern(pattern).search(value):
        yield _invalid(path, value, f"should match '{pattern}'")
    check = _FORMATS.get(schema.get("format", ""))
    if check is not None and not _passes(check, value):
        yield _invalid(path, value, f'must be of type {schema["format"]}: "{value}"')


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _passes(check: Callable[[str], object], value: str) -> bool:
    try:
        return bool(check(value))
    except (ValueError, AddressValueError):
        return False


_FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": datetime.fromisoformat,
    "date": lambda text: re.fullmatch(r"\d{4}-\d\d-\d\d", text) and datetime.fromisoformat(text),
    "duration": _GO_DURATION.fullmatch,
    "uuid": re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}").fullmatch,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "cidr": lambda text: "/" in text and ip_network(text, strict=False),
    "email": re.compile(r"[^@\s]+@[^@\s]+").fullmatch,
    "hostname": re.compile(r"(?i)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*").fullmatch,
    "byte": re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?").fullmatch,
}


def _number_causes(value: float, schema: Obj, path: str) -> Iterator[Cause]:
    most, least, step = schema.get("maximum"), schema.get("minimum"), schema.get("multipleOf")
    if most is not None and schema.get("exclusiveMaximum") and value >= most:
        yield _invalid(path, value, f"should be less than {most}")
    elif most is not None and value > most:
        yield _invalid(path, value, f"should be less than or equal to {most}")
    if least is not None and schema.get("exclusiveMinimum") and value <= least:
        yield _invalid(path, value, f"should be greater than {least}")
    elif least is not None and value < least:
        yield _invalid(path, value, f"should be greater than or equal to {least}")
    if step and not math.isclose(math.remainder(value, step), 0, abs_tol=1e-9):
        yield _invalid(path, value, f"should be a multiple of {step}")


def _enum_causes(value: Any, schema: Obj, path: str) -> Iterator[Cause]:
    allowed = schema.get("enum")
    if allowed and value not in allowed:
        names = [found if isinstance(found, str) else orjson.dumps(found).decode() for found in allowed]
        yield Cause.unsupported(path, value, names)


def _list_causes(value: list[Any], schema: Obj, path: str) -> Iterator[Cause]:
    most, least = schema.get("maxItems"), schema.get("minItems")
    items = schema.get("items")
    if least is not None and len(value) < least:
        yield _invalid(path, len(value), f"should have at least {least} items")
    if most is not None and len(value) > most:
        yield _too_many(path, len(value), most)
    if schema.get("uniqueItems") and any(item in value[:place] for place, item in enumerate(value)):
        yield _invalid(path, value, "shouldn't contain duplicates")
    for place, item in enumerate(value if items else ()):
        yield from validate_value(item, items or {}, f"{path}[{place}]")


def _too_many(path: str, actual: int, most: int) -> Cause:
    return Cause(path, "FieldValueTooMany", f"Too many: {actual}: must have at most {most} items")


def _object_causes(value: Obj, schema: Obj, path: str) -> Iterator[Cause]:
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if least is not None and len(value) < least:
        yield _invalid(path, len(value), f"should have at least {least} properties")
    if most is not None and len(value) > most:
        yield _too_many(path, len(value), most)
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in sorted(value):
        inner = properties.get(name) or (values if isinstance(values, dict) else None)
        if inner is not None:
            yield from validate_value(value[name], inner, _child(path, name))
    for name in schema.get("required") or ():
        if name not in value:
            yield Cause.required(_child(path, name))


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _composite_causes(value: Any, schema: Obj, path: str) -> Iterator[Cause]:
    def general(text: str) -> Cause:
        return Cause("<nil>", "FieldValueInvalid", f'Invalid value: "": "{path}" {text}')

    for branch in schema.get("allOf") or ():
        yield from validate_value(value, branch, path)
    for word, many in (("anyOf", False), ("oneOf", True)):
        branches = schema.get(word)
        if not branches:
            continue
        results = [validate_value(value, branch, path) for branch in branches]
        passed = sum(not result for result in results)
        if passed == 0:
            text = "must validate one and only one schema (oneOf). Found none valid"
            yield general(text if many else "must validate at least one schema (anyOf)")
            yield from min(results, key=len)
        elif many and passed > 1:
            yield general(f"must validate one and only one schema (oneOf). Found {passed} valid alternatives")
    if schema.get("not") and not validate_value(value, schema["not"], path):
        yield general("must not validate the schema (not)")


def validate_lists(value: Any, schema: Obj, path: str = "") -> Iterator[Cause]:
    """Yield the items that occur twice in lists that are maps or sets."""
    if isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        for name in sorted(value):
            inner = properties.get(name) or (values if isinstance(values, dict) else None)
            if inner:
                yield from validate_lists(value[name], inner, _child(path, name))
    elif isinstance(value, list):
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        if schema.get("x-kubernetes-list-type") in {"map", "set"}:
            seen: list[Any] = []
            for place, item in enumerate(value):
                mark = {key: item[key] for key in keys if key in item} if keys and isinstance(item, dict) else item
                if mark in seen:
                    shown = orjson.dumps(mark).decode() if isinstance(mark, dict | list) else go_value(mark)
                    yield Cause(f"{path}[{place}]", "FieldValueDuplicate", f"Duplicate value: {shown}")
                seen.append(mark)
        for place, item in enumerate(value):
            yield from validate_lists(item, schema.get("items") or {}, f"{path}[{place}]")


def validate_scale_field(obj: Obj, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a number of replicas that the scale subresource shows."""
    value: Any = obj
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        go_type = {str: "string", bool: "bool", float: "float64", dict: "map[string]interface {}"}.get(
            type(value), "[]"
        )
        yield Cause.invalid(path, 0, f"{path} accessor error: {value} is of the type {go_type}, expected int64")
    elif value < 0:
        yield Cause.invalid(path, value, "should be a non-negative integer")
    elif value > _LONGEST_INT32:
        yield Cause.invalid(path, value, f"should be less than or equal to {_LONGEST_INT32}")
