"""YAML with positions, read from libyaml's events in one pass without recursion.

Text of strangers ends here: depth, size and what aliases would grow to are bounded before anything is built, so a
'billion laughs' costs no more than its own few lines. Scalars resolve as in YAML 1.1, which is what Kubernetes reads
(`yes` is true); sixty-based numbers and dates, which it does not know, stay text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml import resolver

if TYPE_CHECKING:
    from ai4k8s_rag.domain.findings import Path

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_DOCUMENTS = 2_000
MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text: line and column from 1, offset in characters from 0."""

    line: int
    column: int
    offset: int


START = Mark(1, 1, 0)


class UnreadableError(ValueError):
    """The text is no YAML that we would read on; says where and why."""

    def __init__(self, rule: str, why: str, mark: Mark = START) -> None:
        super().__init__(why)
        self.rule = rule
        self.why = why
        self.mark = mark


@dataclass(slots=True, eq=False)
class Node:
    """A scalar (`value`), a list (`items`) or a mapping (`pairs`)."""

    kind: str  # scalar, list, map
    start: Mark
    end: Mark
    flow: bool = False
    value: Any = None
    style: str = ""
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: int = 1  # of nodes, aliases counted as often as they are used

    def get(self, step: str | int) -> Node | None:
        """Return a child."""
        if isinstance(step, int):
            return self.items[step] if self.kind == "list" and 0 <= step < len(self.items) else None
        pair = self.pair(step)
        return None if pair is None else pair[1]

    def pair(self, key: str) -> tuple[Node, Node] | None:
        """Return a key and its value; the last one counts where a key is written twice."""
        found = [pair for pair in self.pairs if pair[0].kind == "scalar" and key_text(pair[0].value) == key]
        return found[-1] if found else None

    def at(self, path: Path) -> Node | None:
        """Return the node at a path."""
        node: Node | None = self
        for step in path:
            node = None if node is None else node.get(step)
        return node


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that is written twice in one mapping."""

    key: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document of a text."""

    root: Node
    duplicates: tuple[Duplicate, ...]


def key_text(value: Any) -> str:
    """Write a key as Kubernetes would: keys of JSON are text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def read(text: str) -> list[Parsed]:
    """Return the documents of a text. Raises UnreadableError."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError("syntax.too-large", f"more than {MAX_CHARACTERS:,} characters")
    try:
        return _Composer().documents(text)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = START if at is None else Mark(at.line + 1, at.column + 1, at.index)
        why = " ".join(part for part in (error.context, error.problem) if part)
        raise UnreadableError("syntax.yaml", f"this is no YAML: {why}", mark) from error
    except yaml.YAMLError as error:  # characters that YAML does not allow
        raise UnreadableError("syntax.yaml", f"this is no YAML: {str(error).splitlines()[0]}") from error
    except UnicodeEncodeError as error:
        raise UnreadableError("syntax.yaml", "half of a character (a lone surrogate)") from error


def plain(node: Node) -> Any:
    """Return what the node says as plain values; merge keys are merged."""
    if node.kind == "scalar":
        return node.value
    if node.kind == "list":
        return [plain(item) for item in node.items]
    result: dict[str, Any] = {}
    for key, value in node.pairs:
        if key.kind == "scalar" and key.value == MERGE and key.style == "":
            for source in value.items if value.kind == "list" else [value]:
                if source.kind == "map":
                    result = {**plain(source), **result}
    for key, value in node.pairs:
        if not (key.kind == "scalar" and key.value == MERGE and key.style == ""):
            result[key_text(key.value) if key.kind == "scalar" else "?"] = plain(value)
    return result


class _Composer:
    """Builds nodes from events with a stack of its own."""

    def __init__(self) -> None:
        self._resolver = resolver.Resolver()
        self._stack: list[Node] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}
        self._names: list[str | None] = []
        self._roots: list[Parsed] = []
        self._duplicates: list[Duplicate] = []
        self._total = 0
        self._grown = 0

    def documents(self, text: str) -> list[Parsed]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            self._hear(event)
        return self._roots

    def _hear(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event), event.anchor)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close(_mark(event.end_mark))
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors, self._duplicates = {}, []
            if len(self._roots) >= MAX_DOCUMENTS:
                raise UnreadableError(
                    "syntax.too-large", f"more than {MAX_DOCUMENTS} documents", _mark(event.start_mark)
                )

    def _open(self, event: Any) -> None:
        mark = _mark(event.start_mark)
        if len(self._stack) >= MAX_DEPTH:
            raise UnreadableError("syntax.too-deep", f"nested deeper than {MAX_DEPTH} levels", mark)
        kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        self._stack.append(Node(kind, mark, mark, flow=bool(event.flow_style)))
        self._keys.append(None)
        self._names.append(event.anchor)

    def _close(self, end: Mark) -> None:
        node = self._stack.pop()
        self._keys.pop()
        node.end = end
        self._add(node, self._names.pop())

    def _alias(self, event: Any) -> None:
        mark = _mark(event.start_mark)
        target = self._anchors.get(event.anchor)
        if target is None:
            raise UnreadableError("syntax.yaml", f"the alias *{event.anchor} names no anchor before it", mark)
        copy = Node(
            target.kind, mark, _mark(event.end_mark), target.flow, target.value, "alias", target.items, target.pairs
        )
        copy.size = target.size
        self._add(copy, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        self._total += 1
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self._grown += node.size
            self._bound(self._grown, node.start)
            self._roots.append(Parsed(node, tuple(self._duplicates)))
            return
        parent = self._stack[-1]
        parent.size += node.size
        self._bound(max(parent.size, self._total), node.start)
        if parent.kind == "list":
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._note_key(parent, node)
        else:
            parent.pairs.append((key, node))
            self._keys[-1] = None

    def _note_key(self, parent: Node, key: Node) -> None:
        if key.kind != "scalar":
            raise UnreadableError("syntax.yaml", "a key must be text", key.start)
        text = key_text(key.value)
        # The mapping's own dictionary of keys would be quicker, and a mapping of thousands is what `data` may hold.
        known = parent.value if isinstance(parent.value, set) else set()
        parent.value = known
        if text in known and text != MERGE:
            self._duplicates.append(Duplicate(text, key.start))
        known.add(text)
        self._keys[-1] = key

    def _bound(self, size: int, mark: Mark) -> None:
        if size > MAX_NODES:
            raise UnreadableError("syntax.too-large", f"it would grow to more than {MAX_NODES:,} values", mark)

    def _scalar(self, event: Any) -> Node:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        value = _value_of(tag, event.value)
        return Node("scalar", start, end, value=value, style=event.style or "")


_TRUE, _FALSE = frozenset({"yes", "true", "on"}), frozenset({"no", "false", "off"})
_LONGEST_NUMBER = 64


def _value_of(tag: str, text: str) -> Any:
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if len(text) <= _LONGEST_NUMBER and ":" not in text:
        try:
            if kind == "int":
                return _integer(text)
            if kind == "float":
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "").lstrip("+")
    bare = digits.lstrip("-")
    if bare.startswith("0") and len(bare) > 1 and bare[1] in "01234567":
        return int(digits, 8)
    return int(digits, 0)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1, mark.index)
