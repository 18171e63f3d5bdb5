"""Edits of a text that leave everything else as it was written: comments, order, quotes, indentation.

A round trip through a YAML library would reformat; here only the span of what changes is replaced, found by the
positions that the parser gave.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from ai4k8s_rag.domain.findings import Act, Edit, Path
from ai4k8s_rag.domain.nodes import Node, UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 4096
_BLOCK_SCALARS = frozenset({"|", ">"})


class CannotEditError(ValueError):
    """The place cannot be changed on its own, as inside an alias."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """What an editor does: replace characters [start, end) by `text`."""

    start: int
    end: int
    text: str


def apply_edits(text: str, document: int, edits: Sequence[Edit]) -> str:
    """Return the text after all edits of one document. Raises CannotEditError."""
    for edit in edits:
        try:
            root = read(text)[document].root
        except (UnreadableError, IndexError) as error:
            raise CannotEditError(str(error)) from error
        change = _change(text, root, edit)
        text = text[: change.start] + change.text + text[change.end :]
    return text


def text_edit(text: str, document: int, edits: Sequence[Edit]) -> TextEdit:
    """Return the one replacement that does all edits. Raises CannotEditError."""
    after = apply_edits(text, document, edits)
    start = 0
    shortest = min(len(text), len(after))
    while start < shortest and text[start] == after[start]:
        start += 1
    end = 0
    while end < shortest - start and text[-1 - end] == after[-1 - end]:
        end += 1
    return TextEdit(start, len(text) - end, after[start : len(after) - end])


def render(value: Any) -> str:
    """Write a value as a block of YAML without a newline at its end."""
    return (
        yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=_WIDTH, allow_unicode=True)
        .rstrip("\n")
        .removesuffix("\n...")
    )


def render_flow(value: Any) -> str:
    """Write a value on one line."""
    written = yaml.safe_dump(value, sort_keys=False, default_flow_style=True, width=_WIDTH, allow_unicode=True)
    return written.strip().removesuffix("...").strip()


def _change(text: str, root: Node, edit: Edit) -> TextEdit:
    if edit.act is Act.SET:
        return _set(text, root, edit.path, edit.value)
    if edit.act is Act.APPEND:
        return _append(text, root, edit.path, edit.value)
    parent, step = root.at(edit.path[:-1]), edit.path[-1]
    if parent is None or parent.style == "alias":
        raise CannotEditError("there is no such place")
    if edit.act is Act.RENAME:
        pair = parent.pair(str(step))
        if pair is None:
            raise CannotEditError("there is no such key")
        return TextEdit(pair[0].start.offset, pair[0].end.offset, render_flow(edit.value))
    return _remove(text, root, edit.path, parent)


def _set(text: str, root: Node, path: Path, value: Any) -> TextEdit:
    depth = len(path)
    while root.at(path[:depth]) is None:
        depth -= 1
    node = root.at(path[:depth])
    if node is None or _inside_alias(root, path[:depth]):
        raise CannotEditError("there is no such place")
    rest = path[depth:]
    for step in reversed(rest[1:]):
        value = {step: value} if isinstance(step, str) else [value]
    if not rest:
        return _replace(text, root, path, node, value)
    if node.kind == "map" and isinstance(rest[0], str):
        return _add_key(text, node, rest[0], value)
    if node.kind == "list" and rest[0] == len(node.items):
        return _append_to(text, node, value)
    if node.kind == "scalar" and node.value is None:
        filled = {rest[0]: value} if isinstance(rest[0], str) else [value]
        return _replace(text, root, path[:depth], node, filled)
    raise CannotEditError("what stands there is of another kind")


def _inside_alias(root: Node, path: Path) -> bool:
    return any((node := root.at(path[:depth])) is not None and node.style == "alias" for depth in range(len(path) + 1))


def _append(text: str, root: Node, path: Path, value: Any) -> TextEdit:
    node = root.at(path)
    if node is None or (node.kind == "scalar" and node.value is None):
        return _set(text, root, path, [value])
    if node.kind != "list" or _inside_alias(root, path):
        raise CannotEditError("there is no list")
    return _append_to(text, node, value)


def _replace(text: str, root: Node, path: Path, node: Node, value: Any) -> TextEdit:
    parent = root.at(path[:-1]) if path else None
    nested = isinstance(value, (dict, list)) and len(value) > 0
    if parent is not None and not nested and not node.flow and node.kind != "scalar" and node.style != "alias":
        return _emptied(text, root, path, node, value)
    if parent is None or parent.flow or not nested:
        start, end = node.start.offset, _end(text, node)
        words = render_flow(value)
        gap = " " if start > 0 and text[start - 1] in ":-" else ""
        return TextEdit(start, end, gap + words)
    step = path[-1]
    pair = parent.pair(step) if isinstance(step, str) else None
    if pair is None:  # an item: behind its dash
        return TextEdit(node.start.offset, _end(text, node), _indented(render(value), node.start.column - 1).lstrip())
    colon = text.index(":", pair[0].end.offset) + 1
    block = _indented(render(value), pair[0].start.column + 1)
    return TextEdit(colon, max(colon, _end(text, node)), "\n" + block)


def _emptied(text: str, root: Node, path: Path, node: Node, value: Any) -> TextEdit:
    """A block becomes one line's worth: behind its key, for the block's own lines may begin where the key does."""
    parent, step = root.at(path[:-1]), path[-1]
    pair = parent.pair(step) if parent is not None and isinstance(step, str) else None
    start = node.start.offset if pair is None else text.index(":", pair[0].end.offset) + 1
    return TextEdit(start, _end(text, node), ("" if pair is None else " ") + render_flow(value))


def _add_key(text: str, node: Node, key: str, value: Any) -> TextEdit:
    if node.flow:
        end = node.end.offset - 1
        words = f"{render_flow(key)}: {render_flow(value)}"
        return TextEdit(end, end, f", {words}" if node.pairs else words)
    if not node.pairs:
        raise CannotEditError("an empty mapping without braces")
    column = node.pairs[0][0].start.column - 1
    return _after(text, node, _indented(render({key: value}), column))


def _append_to(text: str, node: Node, value: Any) -> TextEdit:
    if node.flow:
        end = node.end.offset - 1
        return TextEdit(end, end, f", {render_flow(value)}" if node.items else render_flow(value))
    return _after(text, node, _indented(render([value]), node.start.column - 1))


def _after(text: str, node: Node, block: str) -> TextEdit:
    """Put lines below a block, behind a comment on its last line."""
    end = _line_end(text, _end(text, node))
    return TextEdit(end, end, ("" if end == 0 or text[end - 1] == "\n" else "\n") + block + _newline_at(text, end))


def _newline_at(text: str, end: int) -> str:
    return "\n" if 0 < end < len(text) and text[end - 1] == "\n" else ""


def _remove(text: str, root: Node, path: Path, parent: Node) -> TextEdit:
    step = path[-1]
    parts = [pair[0] for pair in parent.pairs] if parent.kind == "map" else parent.items
    index = next((i for i, part in enumerate(parts) if _is(parent, part, i, step)), None)
    if index is None:
        raise CannotEditError("there is nothing to remove")
    part = parts[index]
    value = parent.pairs[index][1] if parent.kind == "map" else part
    if len(parts) == 1:
        return _replace(text, root, path[:-1], parent, {} if parent.kind == "map" else [])
    if parent.flow:
        if index + 1 < len(parts):
            return TextEdit(part.start.offset, parts[index + 1].start.offset, "")
        before = parent.pairs[index - 1][1] if parent.kind == "map" else parts[index - 1]
        return TextEdit(_end(text, before), _end(text, value), "")
    line = text.rfind("\n", 0, part.start.offset) + 1
    begins_line = text[line : part.start.offset].strip(" -" if parent.kind == "list" else " ") == ""
    if not begins_line:  # the first key behind a dash: the next one takes its place
        return TextEdit(part.start.offset, parts[index + 1].start.offset, "")
    end = _line_end(text, _end(text, value))
    return TextEdit(line, min(len(text), end + (0 if text[end - 1 : end] == "\n" else 1)), "")


def _is(parent: Node, part: Node, index: int, step: str | int) -> bool:
    return index == step if parent.kind == "list" else str(part.value) == step


def _end(text: str, node: Node) -> int:
    """Return where a node's own text ends: a block's end mark stands at the next token, comments later."""
    last = node
    while not last.flow and last.style != "alias" and (last.pairs or last.items):
        last = last.pairs[-1][1] if last.pairs else last.items[-1]
    if last.style in _BLOCK_SCALARS:
        body = text[last.start.offset : last.end.offset]
        return last.start.offset + len(re.sub(r"\s+\Z", "", body))
    return max(last.end.offset, last.start.offset)


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


def _indented(block: str, columns: int) -> str:
    pad = " " * columns
    return "\n".join(pad + line if line else line for line in block.split("\n"))
