"""The rules that many kinds share: names, labels, numbers, selectors, with the wording of a real server."""

import re
from collections.abc import Iterable
from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj

Causes = list[Cause]
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_QUALIFIED_FORM = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
    "'example.com/MyName')"
)
NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"
MAX_SUBDOMAIN = 253
MAX_LABEL = 63
_MAX_PORT = 65535
_MAX_PORT_NAME = 15
_ANNOTATIONS_LIMIT = 256 * 1024


def too_long(limit: int) -> str:
    """Say that a text is longer than it may be."""
    return f"must be no more than {limit} bytes"


def subdomain(value: str) -> list[str]:
    """Return what is wrong with a DNS subdomain."""
    found = [f"must be no more than {MAX_SUBDOMAIN} characters"] if len(value) > MAX_SUBDOMAIN else []
    return found if _SUBDOMAIN.fullmatch(value) else [*found, _SUBDOMAIN_RULE]


def label(value: str) -> list[str]:
    """Return what is wrong with a DNS label."""
    found = [f"must be no more than {MAX_LABEL} characters"] if len(value) > MAX_LABEL else []
    return found if _LABEL.fullmatch(value) else [*found, _LABEL_RULE]


def label_1035(value: str) -> list[str]:
    """Return what is wrong with a DNS label that must begin with a letter."""
    found = [f"must be no more than {MAX_LABEL} characters"] if len(value) > MAX_LABEL else []
    return found if _LABEL_1035.fullmatch(value) else [*found, _LABEL_1035_RULE]


def service_name(value: str) -> list[str]:
    """Return what is wrong with the name of a Service."""
    if "." in value:
        return ["must not contain dots"]
    return label(value)


def path_segment(value: str) -> list[str]:
    """Return what is wrong with a name that needs only be a part of a path."""
    if value in {".", ".."}:
        return [f"may not be '{value}'"]
    return [f"may not contain '{sign}'" for sign in ("/", "%") if sign in value]


def qualified_name(value: str) -> list[str]:
    """Return what is wrong with a label's or an annotation's key."""
    prefix, slash, name = value.rpartition("/")
    if slash and "/" in prefix:
        return [_QUALIFIED_FORM]
    found = []
    if slash and not prefix:
        found.append("prefix part must be non-empty")
    elif slash:
        found += [f"prefix part {text}" for text in subdomain(prefix)]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > MAX_LABEL:
        found.append(f"name part must be no more than {MAX_LABEL} characters")
    if not _QUALIFIED.fullmatch(name):
        found.append(_QUALIFIED_RULE)
    return found


def label_value(value: str) -> list[str]:
    """Return what is wrong with a label's value."""
    found = [f"must be no more than {MAX_LABEL} bytes"] if len(value) > MAX_LABEL else []
    return found if _LABEL_VALUE.fullmatch(value) else [*found, _LABEL_VALUE_RULE]


def refused(path: str, value: object, texts: Iterable[str]) -> Causes:
    """Return one cause for each thing that is wrong with a value."""
    return [Cause.invalid(path, value, text) for text in texts]


def labels(path: str, found: Obj | None) -> Causes:
    """Check labels."""
    causes: Causes = []
    for key, value in (found or {}).items():
        causes += refused(path, key, qualified_name(key))
        causes += refused(path, value, label_value(value))
    return causes


def annotations(path: str, found: Obj | None) -> Causes:
    """Check annotations."""
    causes: Causes = []
    for key in found or {}:
        causes += refused(path, key, qualified_name(key.lower()))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in (found or {}).items())
    if size > _ANNOTATIONS_LIMIT:
        causes.append(Cause(path, "FieldValueTooLong", f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"))
    return causes


def one_of(path: str, value: Any, allowed: tuple[str, ...]) -> Causes:
    """Check that a set value is one of those there are."""
    return [] if value in allowed else [Cause.unsupported(path, value, allowed)]


def not_negative(path: str, value: Any) -> Causes:
    """Check a number that may be zero."""
    return [Cause.invalid(path, value, NOT_NEGATIVE)] if isinstance(value, int) and value < 0 else []


def port(path: str, value: Any) -> Causes:
    """Check a port number."""
    good = isinstance(value, int) and 1 <= value <= _MAX_PORT
    return [] if good else [Cause.invalid(path, value, "must be between 1 and 65535, inclusive")]


def port_name(value: str) -> list[str]:
    """Return what is wrong with the name of a port."""
    found = []
    if len(value) > _MAX_PORT_NAME:
        found.append(f"must be no more than {_MAX_PORT_NAME} characters")
    if not _PORT_NAME.fullmatch(value):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        found.append("must contain at least one letter (a-z)")
    if "--" in value:
        found.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def port_or_name(path: str, value: Any) -> Causes:
    """Check a port that is given by number or by name."""
    return refused(path, value, port_name(value)) if isinstance(value, str) else port(path, value)


def amount_or_percent(path: str, value: Any) -> Causes:
    """Check a number that may also be a share of something."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]+%", value):
            return []
        rule = (
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
            "regex used for validation is '[0-9]+%')"
        )
        return [Cause.invalid(path, value, rule)]
    return not_negative(path, value)


def not_over_full(path: str, value: Any) -> Causes:
    """Check that a share is not more than everything."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]+%", value) and int(value[:-1]) > 100:
        return [Cause.invalid(path, value, "must not be greater than 100%")]
    return []


def is_zero(value: Any) -> bool:
    """Say whether a number or share is nothing."""
    return value in {0, "0%"} or (isinstance(value, str) and re.fullmatch("0+%", value) is not None)


def label_selector(path: str, selector: Obj | None) -> Causes:
    """Check a selector of matchLabels and matchExpressions."""
    causes = labels(f"{path}.matchLabels", (selector or {}).get("matchLabels"))
    for at, term in enumerate((selector or {}).get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{at}]"
        operator, values = term.get("operator", ""), term.get("values") or []
        if operator in {"In", "NotIn"}:
            if not values:
                detail = "must be specified when `operator` is 'In' or 'NotIn'"
                causes.append(Cause.required(f"{where}.values", detail))
        elif operator in {"Exists", "DoesNotExist"}:
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                causes.append(Cause.forbidden(f"{where}.values", detail))
        else:
            causes.append(Cause.invalid(f"{where}.operator", operator, "not a valid selector operator"))
        causes += refused(f"{where}.key", term.get("key", ""), qualified_name(term.get("key", "")))
        for number, value in enumerate(values):
            causes += refused(f"{where}.values[{number}]", value, label_value(value))
    return causes


def is_empty(selector: Obj | None) -> bool:
    """Say whether a selector selects everything."""
    return not ((selector or {}).get("matchLabels") or (selector or {}).get("matchExpressions"))
