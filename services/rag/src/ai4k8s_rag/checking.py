"""Use case: check a text. The command line, the job and what generates manifests all come here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_rag.adapters.schemas import definitions, minor_of
from ai4k8s_rag.domain.check import Report, check
from ai4k8s_rag.domain.custom_kinds import from_definitions
from ai4k8s_rag.domain.documents import things_in
from ai4k8s_rag.domain.editing import CannotEditError, apply_edits
from ai4k8s_rag.domain.findings import Finding, Severity
from ai4k8s_rag.domain.nodes import UnreadableError, read
from ai4k8s_rag.domain.outline import outline
from ai4k8s_rag.domain.scope import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_FIXES = 100
Custom = dict[tuple[str, str], "Mapping[str, Any]"]


def check_text(
    text: str, version: str | None = None, profile: Profile = Profile.BASELINE, custom: Custom | None = None
) -> Report:
    """Check a text for a version ('1.31'; the newest without). Raises UnknownVersionError."""
    return check(text, definitions(minor_of(version)), profile, custom)


def custom_kinds(texts: Sequence[str]) -> Custom:
    """Return the kinds that texts of CustomResourceDefinitions define. Raises InvalidInputError."""
    found: Custom = {}
    for text in texts:
        try:
            found |= from_definitions(thing.value for thing in things_in(read(text)))
        except UnreadableError as error:
            raise InvalidInputError(f"the definitions cannot be read: {error.why}") from error
    return found


def outlines(kinds: Sequence[tuple[str, str]], version: str | None) -> dict[str, Any]:
    """Return what an editor completes for some kinds (apiVersion, kind). Raises UnknownVersionError."""
    known = definitions(minor_of(version))
    found = {f"{api_version} {kind}": outline(known, api_version, kind) for api_version, kind in kinds}
    return {
        "version": known.version,
        "outlines": {name: each for name, each in found.items() if each is not None},
        "kinds": sorted(
            f"{api_version} {kind}"
            for api_version, kind in (*known.kinds, *known.custom)
            if not kind.endswith(("List", "Options"))
        ),
    }


def mend_text(text: str, version: str | None, profile: Profile, custom: Custom | None = None) -> str:
    """Return the text after the fixes of its errors and warnings, one after the other, each of which must help."""
    for _ in range(MOST_FIXES):
        report = check_text(text, version, profile, custom)
        before = _bad(report)
        for finding in report.findings:
            if finding.fix is None or finding.severity is Severity.INFO:
                continue
            after = _applied(text, finding)
            if after is not None and _bad(check_text(after, version, profile, custom)) < before:
                text = after
                break
        else:
            return text
    return text


def _bad(report: Report) -> int:
    return sum(finding.severity is not Severity.INFO for finding in report.findings)


def _applied(text: str, finding: Finding) -> str | None:
    assert finding.fix is not None  # noqa: S101 - the caller looked
    try:
        return apply_edits(text, finding.document, finding.fix.edits)
    except CannotEditError:
        return None
