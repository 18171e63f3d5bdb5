"""Use case: from a request to manifests that passed the check, or to questions, or to a refusal that says why.

A model may draft; what it drafts goes through syntax, form, meaning and policy, and back to it with the exact errors,
a bounded number of times. Where it fails, or without one, the request is composed by rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_rag.checking import check_text
from ai4k8s_rag.domain.findings import Severity
from ai4k8s_rag.domain.nodes import UnreadableError
from ai4k8s_rag.domain.reporting import report_values
from ai4k8s_rag.domain.scope import Profile
from ai4k8s_rag.domain.writing.changes import change
from ai4k8s_rag.domain.writing.compose import compose

if TYPE_CHECKING:
    from ai4k8s_rag.domain.check import Report
    from ai4k8s_rag.domain.writing.draft import Question
    from ai4k8s_rag.drafting import Drafter
    from ai4k8s_rag.knowledge.search import Entry, Library


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request and what surrounds it."""

    request: str
    manifest: str = ""  # what shall be changed; empty for something new
    namespace: str = ""
    version: str | None = None
    profile: Profile = Profile.BASELINE
    cluster_id: str | None = None


@dataclass(slots=True)
class Written:
    """The answer to a request."""

    manifests: str = ""
    source: str = "rules"  # or model
    report: Report | None = None
    defaults: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what a person should know of how it was written
    refused: str = ""

    def values(self) -> dict[str, Any]:
        """Return JSON values, as the job's result and the command's --json say them."""
        report = None if self.report is None else report_values(self.report, self.manifests)
        return {
            "manifests": self.manifests,
            "source": self.source,
            "report": report,
            "findings": [] if report is None else report["findings"],
            "defaults": self.defaults,
            "questions": [{"field": each.field, "text": each.text} for each in self.questions],
            "changes": self.changes,
            "entries": [each.values() for each in self.entries],
            "notes": self.notes,
            "refused": self.refused,
        }


def write(wanted: Wanted, library: Library | None = None, drafter: Drafter | None = None) -> Written:
    """Answer a request. Raises InvalidInputError for a given manifest that is no YAML or an unknown version."""
    entries = [] if library is None else library.search(wanted.request, cluster_id=wanted.cluster_id)
    written = _by_rules(wanted)
    # A change that rules understood touches nothing else; nothing of a model's is as sure of that.
    changed = bool(wanted.manifest and written.manifests and not written.questions)
    if drafter is not None and not changed:
        drafted = drafter.draft(wanted, entries, written)
        if drafted.manifests:
            written = drafted
        else:
            written.notes += drafted.notes
    written.entries = entries
    return _checked(written, wanted)


def _by_rules(wanted: Wanted) -> Written:
    if wanted.manifest:
        try:
            changed = change(wanted.request, wanted.manifest)
        except UnreadableError as error:
            raise InvalidInputError(f"the manifest cannot be read: {error.why}", hint="Check it first.") from error
        text = changed.text if changed.done else ""
        return Written(text, "rules", None, changed.draft.defaults, changed.draft.questions, changed.done)
    draft = compose(wanted.request, wanted.namespace)
    return Written(draft.text(), "rules", None, draft.defaults, draft.questions)


def _checked(written: Written, wanted: Wanted) -> Written:
    """What is wrong with a new manifest is never handed out; of a changed one only what the change broke counts."""
    if not written.manifests:
        return written
    written.report = check_text(written.manifests, wanted.version, wanted.profile)
    if written.report.is_valid:
        return written
    before = check_text(wanted.manifest, wanted.version, wanted.profile) if wanted.manifest else None
    known = set() if before is None else {(each.rule, each.path) for each in before.findings}
    fresh = [
        each
        for each in written.report.findings
        if each.severity is Severity.ERROR and each.layer != "policy" and (each.rule, each.path) not in known
    ]
    if fresh:
        written.refused = f"what came of it would not work: {fresh[0].path}: {fresh[0].why}"
        written.manifests, written.report = "", None
    return written
