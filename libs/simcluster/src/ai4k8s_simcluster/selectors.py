"""Label and field selectors, with a real server's grammar and error texts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ai4k8s_simcluster.errors import bad_request
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.types import Obj

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_EXPECTED_OPERATOR = "in, notin, =, ==, !=, gt, lt"


class Operator(StrEnum):
    """How a requirement compares."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels meet the condition."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value is not None and value in self.values
            case Operator.NOT_IN:
                return value is None or value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None
        if value is None or not re.fullmatch(r"-?\d+", value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator is Operator.GREATER else int(value) < bound


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self.peek():
            found.append(self.requirement())
            if not self.peek():
                break
            separator = self.next()
            if separator != ",":
                raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
            if not self.peek() or self.peek() in "=,()<>":
                raise bad_request(f"found '{self.peek()}', expected: identifier after ','")
        return found

    def requirement(self) -> Requirement:
        word = self.next()
        if word == "!":
            return Requirement(self.next(), Operator.DOES_NOT_EXIST)
        if word in {"=", "==", "!=", "(", ")", ",", "<", ">"}:
            raise bad_request(f"found '{word}', expected: !, identifier, or 'end of string'")
        if self.peek() in {"", ","}:
            return Requirement(word, Operator.EXISTS)
        return self.comparison(word, self.next())

    def comparison(self, key: str, operator: str) -> Requirement:
        if operator in {"=", "==", "!="}:
            value = self.next() if self.peek() not in {"", ","} else ""
            return Requirement(key, Operator.NOT_IN if operator == "!=" else Operator.IN, (value,))
        if operator in {"in", "notin"}:
            return Requirement(key, Operator(operator), self.value_set())
        if operator in {"<", ">", "lt", "gt"}:
            value = self.next()
            if not re.fullmatch(r"-?\d+", value):
                raise bad_request(
                    f'unable to parse requirement: values[0]: Invalid value: "{value}": '
                    "for 'Gt', 'Lt' operators, the value must be an integer"
                )
            return Requirement(key, Operator.GREATER if operator in {">", "gt"} else Operator.LESS, (value,))
        raise bad_request(f"unable to parse requirement: found '{operator}', expected: {_EXPECTED_OPERATOR}")

    def value_set(self) -> tuple[str, ...]:
        opening = self.next()
        if opening != "(":
            raise bad_request(f"unable to parse requirement: found '{opening}' expected: '('")
        values: list[str] = []
        while True:
            word = self.next()
            if word == ")":
                return tuple(values) or ("",)
            if not word:
                raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
            if word != ",":
                values.append(word)


def parse_labels(text: str) -> list[Requirement]:
    """Read a label selector. Raises ApiError (400) when it cannot be read."""
    return _Parser(text).parse()


def from_label_selector(selector: Obj | None) -> list[Requirement]:
    """Read the selector of a workload (matchLabels and matchExpressions)."""
    selector = selector or {}
    found = [Requirement(k, Operator.IN, (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
    names = {"In": Operator.IN, "NotIn": Operator.NOT_IN, "Exists": Operator.EXISTS}
    for term in selector.get("matchExpressions") or []:
        operator = names.get(term["operator"], Operator.DOES_NOT_EXIST)
        found.append(Requirement(term["key"], operator, tuple(term.get("values") or ())))
    return found


def write_selector(selector: Obj | None) -> str:
    """Write a workload's selector as one line, as the scale subresource and tables show it."""
    selector = selector or {}
    parts = [f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items())]
    for term in selector.get("matchExpressions") or []:
        values = ",".join(sorted(term.get("values") or ()))
        match term["operator"]:
            case "In":
                parts.append(f"{term['key']} in ({values})")
            case "NotIn":
                parts.append(f"{term['key']} notin ({values})")
            case "Exists":
                parts.append(term["key"])
            case _:
                parts.append(f"!{term['key']}")
    return ",".join(parts)


def match_labels(requirements: Sequence[Requirement], obj: Obj) -> bool:
    """Say whether an object's labels meet all requirements."""
    labels = obj["metadata"].get("labels") or {}
    return all(requirement.matches(labels) for requirement in requirements)


def lookup(obj: Obj, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    found: Any = obj
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def field_value(resource: ResourceType, path: str, obj: Obj) -> str:
    """Return the text that a field selector compares."""
    if resource.kind == "Event" and path == "source":
        return str(lookup(obj, "source.component") or lookup(obj, "reportingComponent") or "")
    value = lookup(obj, path)
    if value is None:
        return resource.defaulted_fields.get(path, "")
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def parse_fields(resource: ResourceType, text: str) -> list[tuple[str, bool, str]]:
    """Read a field selector into (path, equal, value). Raises ApiError (400) when it cannot be served."""
    found: list[tuple[str, bool, str]] = []
    for term in sorted(filter(None, text.split(","))):
        match = re.fullmatch(r"([^=!]+)(==|!=|=)(.*)", term)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        label, operator, value = match.groups()
        if label not in resource.field_labels:
            raise bad_request(_unsupported_field(resource, label))
        found.append((resource.field_labels[label], operator != "!=", value))
    return found


def _unsupported_field(resource: ResourceType, label: str) -> str:
    if resource.group == "" or resource.custom:
        return f"field label not supported: {label}"
    return f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def compile_selectors(resource: ResourceType, labels: str, fields: str) -> Callable[[Obj], bool]:
    """Return the test that both selectors make together."""
    requirements = parse_labels(labels)
    terms = parse_fields(resource, fields)

    def matches(obj: Obj) -> bool:
        return match_labels(requirements, obj) and all(
            (field_value(resource, path, obj) == value) is equal for path, equal, value in terms
        )

    return matches
