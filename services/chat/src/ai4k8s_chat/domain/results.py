"""What a tool answers: a sentence first, then what it rests on, small enough to be read."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

MOST_TEXT = 60_000
STORED_CHARACTERS = 20_000  # of a result's text that a conversation keeps


class Part(BaseModel):
    """Answers never change."""

    model_config = ConfigDict(frozen=True)


class Rows(Part):
    """A table. `total` counts what there is, shown or not; None where nobody counted to the end."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int | None = None

    @property
    def left_out(self) -> int:
        """How many rows there are besides these."""
        return max(0, (self.total or 0) - len(self.rows))


class FindingView(Part):
    """One thing that is wrong."""

    severity: Literal["critical", "warning", "info"]
    subject: str
    title: str
    evidence: tuple[str, ...] = ()
    cause: str = ""
    next_step: str = ""


class PlanView(Part):
    """A change that waits for a person: nothing has happened yet."""

    id: UUID | None = None
    hash: str = ""
    title: str = ""
    summary: str = ""
    diff: str = ""
    expires_at: str = ""


class ToolResult(Part):
    """What one call gave."""

    summary: str
    table: Rows | None = None
    text: str | None = None
    language: Literal["yaml", "json", "log", "text"] = "text"
    findings: tuple[FindingView, ...] = ()
    plan: PlanView | None = None
    narrow: str = ""  # how to see what was left out

    def as_text(self) -> str:
        """The whole answer as plain text: for models, for MCP clients and for a terminal."""
        parts = [self.summary]
        if self.table is not None and self.table.rows:
            parts.append(layout(self.table))
        if self.table is not None and self.table.left_out:
            parts.append(f"… and {self.table.left_out:,} more. {self.narrow}".strip())
        elif self.narrow:
            parts.append(self.narrow)
        parts += [finding_text(finding) for finding in self.findings]
        if self.text:
            parts.append(self.text)
        if self.plan is not None and self.plan.diff:
            parts.append(self.plan.diff)
        return "\n\n".join(parts)


def layout(table: Rows) -> str:
    """Align columns as kubectl does."""
    lines = [tuple(column.upper() for column in table.columns), *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def finding_text(finding: FindingView) -> str:
    """One finding in a few lines."""
    lines = [f"[{finding.severity}] {finding.subject}: {finding.title}"]
    lines += [f"  evidence: {line}" for line in finding.evidence]
    if finding.cause:
        lines.append(f"  likely cause: {finding.cause}")
    if finding.next_step:
        lines.append(f"  next step: {finding.next_step}")
    return "\n".join(lines)


def clipped(text: str, most: int = MOST_TEXT) -> str:
    """Cut a long text, and say so."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n… {len(text) - most:,} more characters"
