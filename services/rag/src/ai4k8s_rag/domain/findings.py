"""What a check finds, and the edits that would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple[str | int, ...]


class Severity(StrEnum):
    """How bad it is: refused or cannot work; probably not what was meant, or unsafe; advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Lower is worse."""
        return list(Severity).index(self)


class Layer(StrEnum):
    """Which of the checks found it."""

    SYNTAX = "syntax"
    SCHEMA = "schema"
    MEANING = "meaning"
    POLICY = "policy"


class Act(StrEnum):
    """What an edit does."""

    SET = "set"  # a value at a path; what is missing on the way is made
    REMOVE = "remove"
    RENAME = "rename"  # a key, to `value`
    APPEND = "append"  # an item to the list at the path


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a document."""

    act: Act
    path: Path
    value: Any = None


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together, and what they do in words."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule says of one object; where it stands in the text is worked out from the path."""

    rule: str
    path: Path
    why: str
    fix: Fix | None = None
    severity: Severity | None = None  # None: the rule's own


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at its place. Lines and columns count from 1; `document` from 0."""

    rule: str
    layer: Layer
    severity: Severity
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    document: int
    subject: str  # Deployment/web
    why: str
    fix: Fix | None = None

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Worst first within a document's order."""
        return (self.severity.rank, self.line, self.column, self.rule)


def fixed(title: str, *edits: Edit) -> Fix:
    """Return a fix."""
    return Fix(title, edits)


def setting(title: str, path: Path, value: Any) -> Fix:
    """Return a fix that sets one value."""
    return Fix(title, (Edit(Act.SET, path, value),))


def removing(title: str, path: Path) -> Fix:
    """Return a fix that takes one thing away."""
    return Fix(title, (Edit(Act.REMOVE, path),))


def path_text(path: Sequence[str | int]) -> str:
    """Write a path as people do: spec.containers[0].image."""
    words = ""
    for step in path:
        if isinstance(step, int):
            words += f"[{step}]"
        elif "." in step or "/" in step:
            words += f"[{step!r}]"
        else:
            words += f".{step}" if words else step
    return words
