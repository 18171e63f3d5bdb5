"""Use cases of the jobs: write, check, describe, keep documents. A person's mistake is a failed job, no dead letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.llm.jobs import stay_while_models_think
from ai4k8s_common.store.base import JobStatus
from ai4k8s_rag import checking, generating, repository
from ai4k8s_rag.domain.reporting import report_values
from ai4k8s_rag.domain.scope import Profile
from ai4k8s_rag.drafting import ModelDrafter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.base import JobCommand
    from ai4k8s_common.contracts.rag import (
        CheckManifest,
        DescribeKinds,
        GenerateManifest,
        RemoveDocument,
        StoreDocument,
    )
    from ai4k8s_rag.context import Context

_PART = 1_500  # characters: what a model reads of a document at once
MOST_PARTS = 200


def finish(tx: Transaction, message: JobCommand, work: Callable[[], tuple[str, Any]]) -> None:
    """Do the work of a job and report its words and result, or why it could not be done."""
    try:
        words, result = work()
    except InvalidInputError as error:
        told = f"{error.detail}. {error.hint}" if error.hint else error.detail
        tx.report_job(JobReport(message.job_id, message.name, JobStatus.FAILED, 100, "not done", error=told))
        return
    tx.report_job(JobReport(message.job_id, message.name, JobStatus.COMPLETED, 100, words, result))


def generate(tx: Transaction, context: Context, message: GenerateManifest) -> tuple[str, Any]:
    """Write what was asked for."""
    library = context.library(tx.connection, message.cluster_id)
    drafter = None
    if context.model is not None and not message.offline:
        stay_while_models_think(tx)
        tx.report_job(JobReport(message.job_id, message.name, JobStatus.PROCESSING, 20, "the model drafts"))
        drafter = ModelDrafter(context.model, message.user_id)
    wanted = generating.Wanted(
        message.request,
        message.manifest,
        message.namespace,
        message.version,
        profile_of(message.profile),
        None if message.cluster_id is None else str(message.cluster_id),
    )
    written = generating.write(wanted, library, drafter)
    return _words(written), written.values()


def _words(written: generating.Written) -> str:
    if written.refused:
        return f"refused: {written.refused}"
    if not written.manifests:
        return "a question is open"
    count = 0 if written.report is None else len(written.report.objects)
    return f"{count} object{'' if count == 1 else 's'} written"


def check(message: CheckManifest) -> tuple[str, Any]:
    """Check a text."""
    report = checking.check_text(message.manifest, message.version, profile_of(message.profile))
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items() if count)
    return counts or "nothing to say", report_values(report, message.manifest)


def describe(message: DescribeKinds) -> tuple[str, Any]:
    """Say what an editor completes."""
    return "described", checking.outlines(message.kinds, message.version)


def store_document(tx: Transaction, message: StoreDocument) -> tuple[str, Any]:
    """Keep a document in parts."""
    title, parts = message.title.strip(), parts_of(message.text)
    if not title or not parts:
        raise InvalidInputError("a document has a title and a text")
    if len(parts) > MOST_PARTS:
        raise InvalidInputError("the document is too long", hint=f"At most {MOST_PARTS * _PART:,} characters.")
    count = repository.store_document(tx.connection, message.cluster_id, message.user_id, title, parts)
    return f"kept in {count} parts", {"parts": count}


def remove_document(tx: Transaction, message: RemoveDocument) -> tuple[str, Any]:
    """Forget a document."""
    count = repository.remove_document(tx.connection, message.cluster_id, message.document_id)
    return "forgotten", {"parts": count}


def parts_of(text: str) -> list[str]:
    """Cut a text where paragraphs end, into pieces that can be found and read each for itself."""
    parts: list[str] = []
    current = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for start in range(0, max(1, len(paragraph)), _PART):
            piece = paragraph[start : start + _PART].strip()
            if current and len(current) + len(piece) > _PART:
                parts.append(current)
                current = ""
            current = f"{current}\n\n{piece}".strip()
    return [*parts, current] if current else parts


def profile_of(name: str) -> Profile:
    """Return a profile by its name. Raises InvalidInputError."""
    try:
        return Profile(name)
    except ValueError:
        known = ", ".join(profile.value for profile in Profile)
        raise InvalidInputError(f"there is no profile '{name[:40]}'", hint=f"Known: {known}.") from None
