"""Validation rules of custom resources (x-kubernetes-validations), written in CEL.

The language is evaluated by the `cel` binding; the functions that Kubernetes adds to it are here. Rules are parsed when
a definition is registered; types inside them are not checked then, so a misspelled field shows when a rule runs.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import cel

from ai4k8s_simcluster.errors import Cause, go_value
from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.types import Obj

_RULES = "x-kubernetes-validations"
_RESERVED = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_REASON_TEXTS = {
    "FieldValueForbidden": "Forbidden: ",
    "FieldValueRequired": "Required value: ",
    "FieldValueDuplicate": "Duplicate value: ",
}


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except QuantityError:
        return False
    return True


def _number(value: Any) -> float:
    return float(parse_quantity(value["quantity"]) if isinstance(value, dict) else value)


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found.group(0) if found else ""


def _substring(text: str, *places: int) -> str:
    return text[places[0] : places[1] if len(places) > 1 else None]


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def _index_of(value: Any, item: Any) -> int:
    if isinstance(value, str):
        return value.find(item)
    return value.index(item) if item in value else -1


def _last_index_of(value: Any, item: Any) -> int:
    if isinstance(value, str):
        return value.rfind(item)
    return len(value) - 1 - value[::-1].index(item) if item in value else -1


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and (parts.netloc or parts.path.startswith("/")))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "lowerAscii": str.lower,
    "upperAscii": str.upper,
    "trim": str.strip,
    "split": lambda text, separator, *most: text.split(separator, *(count - 1 for count in most)),
    "join": lambda items, separator="": separator.join(items),
    "replace": _replace,
    "substring": _substring,
    "charAt": lambda text, place: text[place],
    "find": _find,
    "findAll": lambda text, pattern: [found.group(0) for found in re.finditer(pattern, text)],
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "isSorted": lambda items: all(a <= b for a, b in pairwise(items)),
    "sum": sum,
    "quantity": lambda text: {"quantity": text} if parse_quantity(text) is not None else None,
    "isQuantity": _is_quantity,
    "isGreaterThan": lambda left, right: _number(left) > _number(right),
    "isLessThan": lambda left, right: _number(left) < _number(right),
    "compareTo": lambda left, right: (_number(left) > _number(right)) - (_number(left) < _number(right)),
    "asInteger": lambda value: int(_number(value)),
    "asApproximateFloat": _number,
    "isInteger": lambda value: _number(value).is_integer(),
    "sign": lambda value: (_number(value) > 0) - (_number(value) < 0),
    "isURL": _is_url,
    "url": lambda text: {"url": text},
    "getScheme": lambda value: urlsplit(value["url"]).scheme,
    "getHost": lambda value: urlsplit(value["url"]).netloc,
    "getHostname": lambda value: urlsplit(value["url"]).hostname or "",
    "getPort": lambda value: str(urlsplit(value["url"]).port or ""),
    "getEscapedPath": lambda value: urlsplit(value["url"]).path,
    "isIP": _is_ip,
    "isCIDR": _is_cidr,
}


class RuleError(ValueError):
    """A rule that cannot be parsed."""


@cache
def compiled(text: str) -> cel.Program:
    """Return a parsed rule. Raises RuleError."""
    try:
        return cel.compile(text)
    except ValueError as error:
        raise RuleError(str(error)) from error


def escaped(name: str) -> str:
    """Return a property's name as rules write it."""
    if name in _RESERVED:
        return f"__{name}__"
    for text, sign in (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")):
        name = name.replace(text, sign)
    return name


def typed(value: Any, schema: Obj) -> Any:
    """Return a value as rules see it: escaped property names, times and durations as such."""
    if isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        found: Obj = {}
        for name, inner in value.items():
            if name in properties:
                found[escaped(name)] = typed(inner, properties[name])
            else:
                found[name] = typed(inner, values if isinstance(values, dict) else {})
        return found
    if isinstance(value, list):
        return [typed(item, schema.get("items") or {}) for item in value]
    if isinstance(value, str) and schema.get("format") == "date-time":
        return datetime.fromisoformat(value)
    if isinstance(value, str) and schema.get("format") == "duration":
        return timedelta(
            seconds=sum(float(n) * _UNITS[u] for n, u in re.findall(r"([\d.]+)(ns|us|µs|ms|s|m|h)", value))
        )
    if schema.get("type") == "number" and isinstance(value, int):
        return float(value)
    return value


def validate_rules(value: Any, old: Any, schema: Obj, path: str = "") -> Iterator[Cause]:
    """Yield what breaks a rule of the schema, at and under a value; `old` is None where nothing corresponds."""
    if value is None:
        return
    for rule in schema.get(_RULES) or ():
        yield from _check(rule, value, old, schema, path)
    for branch in schema.get("allOf") or ():
        yield from validate_rules(value, old, branch, path)
    if isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        before = old if isinstance(old, dict) else {}
        for name in sorted(value):
            named = name in properties
            inner = properties.get(name) or (values if isinstance(values, dict) else None)
            if inner:
                where = (f"{path}.{name}" if path else name) if named else f"{path}[{name}]"
                yield from validate_rules(value[name], before.get(name), inner, where)
    elif isinstance(value, list) and schema.get("items"):
        for place, item in enumerate(value):
            yield from validate_rules(item, _corresponding(item, old, schema), schema["items"], f"{path}[{place}]")


def _corresponding(item: Any, old: Any, schema: Obj) -> Any:
    """Return the old item with the same keys: only lists that are maps have one."""
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return None
    return next((found for found in old if all(found.get(key) == item.get(key) for key in keys)), None)


def _check(rule: Obj, value: Any, old: Any, schema: Obj, path: str) -> Iterator[Cause]:
    text = str(rule.get("rule", ""))
    shown_type = schema.get("type", "object")
    if re.search(r"\boldSelf\b", text) and old is None:
        return
    variables = {"self": typed(value, schema), "oldSelf": None if old is None else typed(old, schema)}
    context = cel.Context(variables=variables, functions=dict(FUNCTIONS))
    where = path + str(rule.get("fieldPath") or "") or "<nil>"
    try:
        if compiled(text).execute(context) is True:
            return
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError) as error:
        why = f"no such key: {error.args[0]}" if isinstance(error, KeyError) else str(error)
        message = f"{why} evaluating rule: {rule.get('message') or text}"
        yield Cause.invalid(where, shown_type, message)
        return
    yield _broken(rule, value, shown_type, where.lstrip("."), context)


def _broken(rule: Obj, value: Any, shown_type: str, where: str, context: cel.Context) -> Cause:
    detail = str(rule.get("message") or "").strip() or f"failed rule: {str(rule.get('rule', '')).strip()}"
    if rule.get("messageExpression"):
        try:
            made = compiled(str(rule["messageExpression"])).execute(context)
            detail = made.strip() if isinstance(made, str) and made.strip() else detail
        except (RuntimeError, ValueError, TypeError, KeyError):
            pass
    reason = str(rule.get("reason") or "FieldValueInvalid")
    if reason in _REASON_TEXTS:
        return Cause(where, reason, _REASON_TEXTS[reason] + (go_value(value) if "Duplicate" in reason else detail))
    if shown_type in {"object", "array"}:
        return Cause(where, reason, f"Invalid value: {detail}")
    return Cause.invalid(where, value, detail)
