"""The short list of a cluster, on request: found by rules, worded by a model where its words hold, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_advisor import composing, findings
from ai4k8s_advisor.domain import recommending
from ai4k8s_advisor.domain.word import clean_text
from ai4k8s_advisor.explaining import checked
from ai4k8s_advisor.service import stay_while_a_model_thinks
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.advisor import RecommendForCluster
from ai4k8s_common.llm.types import ModelError
from ai4k8s_common.store.advisor import cluster_recommendations
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection

    from ai4k8s_advisor.context import Context
    from ai4k8s_advisor.domain.recommending import Item
    from ai4k8s_common.bus.transaction import Transaction

MOST_SENTENCE = 400
TOKENS_EACH = 100

log = structlog.stdlib.get_logger(__name__)


def recommend_for_cluster(tx: Transaction, context: Context, message: RecommendForCluster) -> None:
    """Make the list anew and keep it."""
    now = context.clock()
    items = recommending.short_list(findings.all_of(tx.connection, message.cluster_id, now))
    provider, note = composing.RULES, "" if context.asker else composing.NO_MODEL
    if context.asker is not None and items:
        stay_while_a_model_thinks(tx.connection)
        tx.report_job(_report(message.job_id, JobStatus.PROCESSING, 30, f"asking {context.asker.name}"))
        items, provider, note = _worded(context, items, message.requested_by)
    _keep(tx.connection, message.cluster_id, now, provider, note, items)
    words = f"{len(items)} {'thing is' if len(items) == 1 else 'things are'} worth doing"
    tx.report_job(_report(message.job_id, JobStatus.COMPLETED, 100, words, {"items": len(items), "provider": provider}))
    log.info("cluster_recommended", cluster_id=str(message.cluster_id), items=len(items), provider=provider)


def _worded(context: Context, items: tuple[Item, ...], user_id: UUID) -> tuple[tuple[Item, ...], str, str]:
    """Return the items, whose words they are, and what was not shown."""
    assert context.asker is not None  # noqa: S101 - the caller looked
    schema, lines = recommending.schema_for(items), recommending.lines_of(items)
    try:
        tokens = TOKENS_EACH * len(items)
        value, answer = context.asker.value(recommending.INSTRUCTIONS, lines, schema, tokens, user_id)
    except ModelError as error:
        return items, composing.RULES, f"In the rules' words: {error.detail}."
    told, refused = [], 0
    for place, item in enumerate(items, 1):
        sentence = clean_text((value or {}).get(f"item{place}"), MOST_SENTENCE)
        if sentence and not checked(sentence, item.facts):
            told.append(recommending.worded(item, sentence, answer.provider))
        else:
            told.append(item)
            refused += 1
    note = f"{refused} of {len(items)} in the rules' words: the model's named numbers of its own." if refused else ""
    return tuple(told), composing.RULES if refused == len(items) else answer.provider, note


def _keep(
    connection: Connection, cluster_id: UUID, now: datetime, provider: str, note: str, items: tuple[Item, ...]
) -> None:
    values = {
        "made_at": now,
        "provider": provider,
        "note": note,
        "items": [_as_json(item) for item in items],
    }
    statement = insert(cluster_recommendations).values(cluster_id=cluster_id, **values)
    key = [cluster_recommendations.c.cluster_id]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))


def _as_json(item: Item) -> dict[str, Any]:
    return {
        "severity": item.weight.name.lower(),
        "title": item.title,
        "sentence": item.sentence,
        "action": item.action,
        "evidence": item.evidence.value,
        "evidence_id": item.evidence_id,
        "workload_id": item.workload_id,
        "worded_by": item.worded_by,
    }


def _report(job_id: UUID, status: JobStatus, progress: int, words: str, result: JsonValue = None) -> JobReport:
    return JobReport(job_id, RecommendForCluster.name, status, progress, words, result)
