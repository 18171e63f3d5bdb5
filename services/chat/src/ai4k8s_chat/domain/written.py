"""What rag wrote, as a tool's answer: the manifest, what it took for granted, what it asks, what its check found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from ai4k8s_chat.domain.results import FindingView, ToolResult
from ai4k8s_common.security.redaction import HIDDEN, is_secret_name, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACEHOLDER = "change-me"
_PAIR = re.compile(r"(\s*(?:- )*[\"']?([\w./-]+)[\"']?: +)(\S.*?)(\s*)$", re.DOTALL)
_SEVERITIES: dict[str, Literal["critical", "warning", "info"]] = {"error": "critical", "warning": "warning"}


def written(result: Any) -> ToolResult:
    """Return the answer for the result of rag's job."""
    given: Mapping[str, Any] = result if isinstance(result, dict) else {}
    manifests = str(given.get("manifests") or "")
    return ToolResult(
        summary=" ".join(_sentences(given, manifests)),
        text=_shown(manifests) or None,
        language="yaml" if manifests else "text",
        findings=tuple(_finding(each) for each in given.get("findings") or ()),
        narrow="Say 'apply it' for a plan of it; nothing happens before somebody approves that." if manifests else "",
    )


def can_be_applied(text: str, stored_characters: int) -> bool:
    """Whether a shown manifest is whole: neither cut nor with something hidden in it."""
    return HIDDEN not in text and len(text) <= stored_characters


def _sentences(given: Mapping[str, Any], manifests: str) -> list[str]:
    objects = [str(each) for each in (given.get("report") or {}).get("objects") or ()]
    if manifests:
        said = [f"Written: {', '.join(objects) or 'a manifest'}. Nothing was applied."]
    else:
        said = [f"Nothing was written: {redact(str(given['refused']))}."] if given.get("refused") else []
    taken = "; ".join(str(each) for each in given.get("defaults") or ())
    said += [f"Taken for granted: {redact(taken)}."] if taken else []
    said += [redact(str(each.get("text"))) for each in given.get("questions") or ()]
    notes = [str(each) for each in given.get("notes") or ()]
    said += [f"{redact(note[:1].upper() + note[1:])}." for note in notes]
    return said or ["Nothing was written. Name the kind of object and what it is for."]


def _shown(manifests: str) -> str:
    return "".join(_line(line) for line in manifests.splitlines(keepends=True))


def _line(line: str) -> str:
    """Line by line, for a name and the line below it are no pair; a placeholder hides nothing."""
    pair = _PAIR.match(line)
    if pair is None:
        return redact(line)
    before, name, value, rest = pair.groups()
    if is_secret_name(name) and value != PLACEHOLDER:
        return f"{before}{HIDDEN}{rest}"
    return f"{before}{redact(value)}{rest}"


def _finding(found: Mapping[str, Any]) -> FindingView:
    return FindingView(
        severity=_SEVERITIES.get(str(found.get("severity")), "info"),
        subject=f"{found.get('subject')} {found.get('path')}".strip(),
        title=redact(str(found.get("title"))),
        evidence=(redact(str(found.get("why"))),),
        next_step=str((found.get("fix") or {}).get("title") or ""),
    )
