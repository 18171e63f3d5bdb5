"""Reads the written pairs, and compares what was understood with what was meant."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_chat.domain.parsing.parsed import Parsed

HERE = Path(__file__).parent
FILES = ("first_half.txt", "second_half.txt", "third.txt", "independent.txt", "independent_2.txt")
# Free text, whose form is the tool's business.
UNCOMPARED = frozenset({"request", "manifest"})


@dataclass(frozen=True)
class Pair:
    """A request and what is meant by it."""

    file: str
    request: str
    access: str
    tool: str | None
    kind: str | None
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How one was understood."""

    pair: Pair
    parsed: Parsed
    tool_right: bool
    all_right: bool


def read_pairs() -> Iterator[Pair]:
    """All pairs of both halves."""
    for file in FILES:
        for line in (HERE / file).read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield _pair(file, line)


def _pair(file: str, line: str) -> Pair:
    request, _, meant = line.rpartition(" => ")
    access, *rest = shlex.split(meant)
    tool = rest[0] if rest and "=" not in rest[0] else None
    arguments = dict(item.split("=", 1) for item in rest[1:])
    kind = arguments.get("kind")
    return Pair(file, request.replace("\\n", "\n"), access, tool, kind, arguments)


def judge(pair: Pair, parsed: Parsed) -> Verdict:
    """Compare: access, tool and kind; and then every argument."""
    right = parsed.outcome.value == pair.access
    if pair.access in {"clarify", "refuse"}:
        return Verdict(pair, parsed, right, right)
    right = right and parsed.tool == pair.tool and (pair.kind is None or parsed.kind == pair.kind)
    said = {name: _plain(value) for name, value in parsed.arguments.items() if name not in UNCOMPARED}
    said.pop("kind", None)
    meant = {name: value for name, value in pair.arguments.items() if name != "kind"}
    return Verdict(pair, parsed, right, right and said == meant)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        return ",".join(f"{key}:{item or ''}" for key, item in value.items())
    return ",".join(value) if isinstance(value, (tuple, list)) else str(value)
