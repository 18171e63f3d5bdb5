"""Explains a decision to a person who asked: a model's words where every number in them is a fact, else the rules'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select

from ai4k8s_advisor import composing
from ai4k8s_advisor.domain import explanation
from ai4k8s_advisor.domain.numbers import strangers
from ai4k8s_advisor.domain.word import clean_text
from ai4k8s_advisor.metrics import CHECKED_TEXTS
from ai4k8s_advisor.service import stay_while_a_model_thinks
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.advisor import ExplainDecision
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.llm.types import ModelError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.scaler import decisions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection

    from ai4k8s_advisor.context import Context
    from ai4k8s_advisor.domain.facts import Fact
    from ai4k8s_common.bus.transaction import Transaction

MOST_TEXT = 1_200
TEXT_TOKENS = 500
SHOWN, REFUSED = "shown", "refused"

log = structlog.stdlib.get_logger(__name__)


def explain_decision(tx: Transaction, context: Context, message: ExplainDecision) -> None:
    """Explain, and hand the text over as the job's result. Raises NotFoundError."""
    facts = explanation.facts_of_decision(_read(tx.connection, message.decision_id))
    text, provider, note = explanation.by_rules(facts), composing.RULES, composing.NO_MODEL
    if context.asker is not None:
        stay_while_a_model_thinks(tx.connection)
        tx.report_job(_report(message.job_id, JobStatus.PROCESSING, 20, f"asking {context.asker.name}"))
        text, provider, note = _worded(context, facts, message.requested_by)
    result: dict[str, JsonValue] = {
        "decision_id": str(message.decision_id),
        "text": text,
        "provider": provider,
        "note": note,
        "facts": [{"name": fact.name, "text": fact.text} for fact in facts],
    }
    tx.report_job(_report(message.job_id, JobStatus.COMPLETED, 100, "explained", result))
    log.info("decision_explained", decision_id=str(message.decision_id), provider=provider, note=note)


def checked(text: str, facts: Sequence[str]) -> str:
    """Why a model's text may not be shown; an empty string where every number in it is a fact's."""
    strange = strangers(text, facts)
    CHECKED_TEXTS.labels(REFUSED if strange else SHOWN).inc()
    return f"it named {', '.join(strange[:3])}, which no fact holds" if strange else ""


def _worded(context: Context, facts: Sequence[Fact], user_id: UUID) -> tuple[str, str, str]:
    """Return the text, whose it is, and why it is not the model's."""
    assert context.asker is not None  # noqa: S101 - the caller looked
    plain = explanation.by_rules(facts)
    lines = "\n".join(f"{fact.name}: {fact.text}" for fact in facts)
    try:
        value, answer = context.asker.value(explanation.INSTRUCTIONS, lines, explanation.SCHEMA, TEXT_TOKENS, user_id)
    except ModelError as error:
        return plain, composing.RULES, f"In the rules' words: {error.detail}."
    text = clean_text((value or {}).get("explanation"), MOST_TEXT)
    doubt = checked(text, [fact.text for fact in facts]) if text else "it was empty"
    if doubt:
        return plain, composing.RULES, f"In the rules' words: the text of {answer.provider} was not shown, {doubt}."
    return text, answer.provider, ""


def _read(connection: Connection, decision_id: UUID) -> dict[str, Any]:
    query = (
        select(decisions, (workloads.c.namespace + "/" + workloads.c.name).label("workload"))
        .join(workloads, workloads.c.id == decisions.c.workload_id)
        .where(decisions.c.id == decision_id)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("there is no such decision", hint="It may have been removed with its cluster.")
    return dict(row)


def _report(job_id: UUID, status: JobStatus, progress: int, words: str, result: JsonValue = None) -> JobReport:
    return JobReport(job_id, ExplainDecision.name, status, progress, words, result)
