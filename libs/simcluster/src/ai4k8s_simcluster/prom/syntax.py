"""The part of PromQL that is understood: its tokens, its tree, its parser.

Whatever is not in it is refused by name, so that nobody takes an approximation for an answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.prom.series import NAME


class PromqlError(ValueError):
    """The query cannot be read, or is not served here."""


class MatchKind(StrEnum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a selector."""

    label: str
    kind: MatchKind
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels meet it; a label that is missing counts as empty."""
        value = labels.get(self.label, "")
        match self.kind:
            case MatchKind.EQUAL:
                return value == self.value
            case MatchKind.NOT_EQUAL:
                return value != self.value
            case MatchKind.REGEX:
                return re.fullmatch(self.value, value, re.DOTALL) is not None
        return re.fullmatch(self.value, value, re.DOTALL) is None


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels; with a range, their samples over it."""

    matchers: tuple[Matcher, ...]
    range_ms: int = 0

    @property
    def name(self) -> str:
        """Return the metric name where it is given."""
        return next((m.value for m in self.matchers if m.label == NAME and m.kind is MatchKind.EQUAL), "")


@dataclass(frozen=True, slots=True)
class Call:
    """A function over a range."""

    function: str
    argument: Selector


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A sum, average, extreme or count over groups of series."""

    operator: str
    labels: tuple[str, ...]
    without: bool
    argument: "Expression"


@dataclass(frozen=True, slots=True)
class Matching:
    """How two vectors meet."""

    labels: tuple[str, ...] = ()
    on: bool = False
    many: str = ""
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic."""

    operator: str
    left: "Expression"
    right: "Expression"
    matching: Matching


@dataclass(frozen=True, slots=True)
class Negation:
    """A minus sign."""

    argument: "Expression"


Expression = Number | Selector | Call | Aggregation | Binary | Negation

RANGE_FUNCTIONS = frozenset(
    {
        "rate",
        "irate",
        "increase",
        "avg_over_time",
        "max_over_time",
        "min_over_time",
        "sum_over_time",
        "count_over_time",
    }
)
AGGREGATIONS = frozenset({"sum", "avg", "max", "min", "count"})
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}
_TOKEN = re.compile(
    r"""\s*(?:(?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    |(?P<number>(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+)(?![\w]))
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<symbol>=~|!~|!=|==|<=|>=|[-+*/%^(){}\[\],=<>@:])
    |(?P<comment>\#[^\n]*))""",
    re.VERBOSE,
)
_UNITS_MS = {
    "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000,
}  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}


def parse_duration_ms(text: str) -> int:
    """Read a duration such as `2m` or `1h30m`. Raises PromqlError."""
    if not re.fullmatch(r"(?:\d+(?:ms|[smhdwy]))+", text):
        raise PromqlError(f'not a valid duration string: "{text}"')
    return sum(int(number) * _UNITS_MS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise PromqlError(f"1:{at + 1}: parse error: unexpected character: {text[at]!r}")
        kind = str(match.lastgroup)
        if kind != "comment":
            found.append(_Token(kind, str(match.group(kind)), match.start(kind)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "", len(self.text))

    def next(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def fail(self, token: _Token, why: str = "") -> PromqlError:
        what = "unexpected end of input" if token.kind == "end" else f'unexpected "{token.text}"'
        return PromqlError(f"1:{token.at + 1}: parse error: {why or what}")

    def expect(self, text: str) -> None:
        token = self.next()
        if token.text != text:
            raise self.fail(token)

    def accept(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind != "string":
            self.at += 1
            return True
        return False

    def whole(self) -> Expression:
        if not self.tokens:
            raise PromqlError("unknown position: parse error: no expression found in input")
        found = self.binary(0)
        if self.peek().kind != "end":
            raise self.unserved(self.peek())
        return found

    def unserved(self, token: _Token) -> PromqlError:
        known = {"offset", "@", "and", "or", "unless", "bool", "==", "!=", "<", ">", "<=", ">=", ":"}
        if token.text in known:
            return self.fail(token, f"'{token.text}' is not supported by this simulated Prometheus")
        return self.fail(token)

    def binary(self, least: int) -> Expression:
        left = self.unary()
        while (precedence := _PRECEDENCE.get(self.peek().text, 0)) > least:
            operator = self.next().text
            matching = self.matching()
            right = self.binary(precedence - 1 if operator == "^" else precedence)
            left = Binary(operator, left, right, matching)
        return left

    def matching(self) -> Matching:
        word = self.peek().text
        if word == "bool":
            raise self.unserved(self.peek())
        if word not in {"on", "ignoring"}:
            return Matching()
        self.next()
        labels = self.labels()
        many = self.peek().text
        if many not in {"group_left", "group_right"}:
            return Matching(labels, word == "on")
        self.next()
        included = self.labels() if self.peek().text == "(" else ()
        return Matching(labels, word == "on", many, included)

    def labels(self) -> tuple[str, ...]:
        self.expect("(")
        found: list[str] = []
        while not self.accept(")"):
            token = self.next()
            if token.kind != "name":
                raise self.fail(token)
            found.append(token.text)
            if not self.accept(","):
                self.expect(")")
                break
        return tuple(found)

    def unary(self) -> Expression:
        if self.accept("-"):
            return Negation(self.binary(2))
        if self.accept("+"):
            return self.binary(2)
        return self.primary()

    def primary(self) -> Expression:
        token = self.next()
        if token.text == "(" and token.kind == "symbol":
            inner = self.binary(0)
            if self.peek().text != ")":
                raise self.unserved(self.peek())
            self.next()
            if self.peek().text == "[":
                raise self.fail(self.peek(), "subqueries are not supported by this simulated Prometheus")
            return inner
        if token.kind == "number":
            return Number(float(int(token.text, 16)) if token.text.startswith("0x") else float(token.text))
        if token.text == "{":
            self.at -= 1
            return self.selector("")
        if token.kind != "name":
            raise self.fail(token)
        return self.named(token)

    def named(self, token: _Token) -> Expression:
        lowered = token.text.lower()
        if lowered in AGGREGATIONS and self.peek().text in {"(", "by", "without"}:
            return self.aggregation(lowered)
        if lowered in {"nan", "inf"} and self.peek().text not in {"{", "("}:
            return Number(float(lowered))
        if self.peek().text == "(":
            return self.call(token)
        return self.selector(token.text)

    def aggregation(self, operator: str) -> Expression:
        grouping = self.grouping()
        self.expect("(")
        argument = self.binary(0)
        if self.peek().text == ",":
            raise self.fail(
                self.peek(),
                f"wrong number of arguments for aggregate expression provided, expected 1 for {operator}",
            )
        if self.peek().text != ")":
            raise self.unserved(self.peek())
        self.next()
        labels, without = grouping or self.grouping() or ((), False)
        if isinstance(argument, Selector) and argument.range_ms:
            raise PromqlError("parse error: expected type instant vector in aggregation expression, got range vector")
        return Aggregation(operator, labels, without, argument)

    def grouping(self) -> tuple[tuple[str, ...], bool] | None:
        word = self.peek().text
        if word not in {"by", "without"}:
            return None
        self.next()
        return self.labels(), word == "without"

    def call(self, token: _Token) -> Expression:
        if token.text not in RANGE_FUNCTIONS:
            raise self.fail(token, f'function "{token.text}" is not supported by this simulated Prometheus')
        self.expect("(")
        argument = self.binary(0)
        if self.peek().text != ")":
            raise self.unserved(self.peek())
        self.next()
        if not isinstance(argument, Selector) or not argument.range_ms:
            kind = "instant vector" if isinstance(argument, Selector) else "another expression"
            raise self.fail(token, f'expected type range vector in call to function "{token.text}", got {kind}')
        return Call(token.text, argument)

    def selector(self, name: str) -> Selector:
        matchers = [Matcher(NAME, MatchKind.EQUAL, name)] if name else []
        if self.accept("{"):
            while not self.accept("}"):
                matchers.append(self.matcher())
                if not self.accept(","):
                    self.expect("}")
                    break
        if not any(not m.matches({}) for m in matchers):
            raise PromqlError("1:1: parse error: vector selector must contain at least one non-empty matcher")
        range_ms = 0
        if self.accept("["):
            token = self.next()
            if token.kind != "duration":
                raise self.fail(token)
            range_ms = parse_duration_ms(token.text)
            if self.peek().text == ":":
                raise self.fail(self.peek(), "subqueries are not supported by this simulated Prometheus")
            self.expect("]")
        if self.peek().text in {"offset", "@"}:
            raise self.unserved(self.peek())
        return Selector(tuple(matchers), range_ms)

    def matcher(self) -> Matcher:
        label, operator, value = self.next(), self.next(), self.next()
        if label.kind != "name":
            raise self.fail(label)
        if operator.text not in set(MatchKind):
            raise self.fail(operator)
        if value.kind != "string":
            raise self.fail(value)
        matcher = Matcher(label.text, MatchKind(operator.text), _unquote(value.text))
        if matcher.kind in {MatchKind.REGEX, MatchKind.NOT_REGEX}:
            try:
                re.compile(matcher.value)
            except re.error as error:
                raise self.fail(value, f"error parsing regexp: {error}") from error
        return matcher


def _unquote(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(0)), text[1:-1])


def parse(text: str) -> Expression:
    """Read a query. Raises PromqlError."""
    return _Parser(text).whole()


def parse_selector(text: str) -> Selector:
    """Read a series selector, as `match[]` carries it. Raises PromqlError."""
    found = parse(text)
    if not isinstance(found, Selector) or found.range_ms:
        raise PromqlError(f'invalid parameter "match[]": "{text}" is not an instant vector selector')
    return found
