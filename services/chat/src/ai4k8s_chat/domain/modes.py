"""How far tools may go: for the installation, a cluster, a person. The strictest that is set holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ToolMode(StrEnum):
    """Whatever the mode, a change happens only when a person approves its exact plan."""

    READ_ONLY = "read_only"
    ALLOW_LISTED = "allow_listed"  # only the writes that are named may be planned
    ASK = "ask"  # any write may be planned

    @property
    def rank(self) -> int:
        """Lower is stricter."""
        return list(ToolMode).index(self)


@dataclass(frozen=True, slots=True)
class ModeRule:
    """What somebody set for a place; `tools` only with an allow-list."""

    mode: ToolMode
    tools: frozenset[str] = frozenset()


def may_plan(tool: str, rules: Iterable[ModeRule]) -> bool:
    """Whether a write may be proposed under all the rules that are set for it."""
    return all(
        rule.mode is ToolMode.ASK or (rule.mode is ToolMode.ALLOW_LISTED and tool in rule.tools) for rule in rules
    )
