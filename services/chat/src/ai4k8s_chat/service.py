"""Use cases of chat: answer a question, keep the answer, forget a conversation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_chat import conversing
from ai4k8s_chat.executing import Caller
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, user_room
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_common.security.redaction import redact
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.chat import answers
from ai4k8s_common.store.rights import read_rights

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from pydantic import JsonValue

    from ai4k8s_chat.conversing import Outcome, TalkContext
    from ai4k8s_common.bus.transaction import Transaction


STORING_SECONDS = 60


def answer_message(tx: Transaction, context: TalkContext, message: AnswerMessage) -> None:
    """Answer, store the answer, and tell whoever waits. Asked again by a second delivery, it is answered again."""
    begun = time.monotonic()
    question_id = message.question_id or message.job_id

    def tell(kind: str, payload: dict[str, JsonValue]) -> None:
        """At once, and not with the commit: words and tool calls are shown as they come."""
        about: dict[str, JsonValue] = {
            "type": kind,
            "question_id": str(question_id),
            "conversation_id": str(message.conversation_id or ""),
        }
        tx.bus.live.emit(LiveEvent(LiveEventName.CHAT, user_room(message.user_id), {**about, **payload}))

    if context.model is not None:
        # The store ends transactions that are idle for two minutes, and a model may take as long.
        longest = int(context.bounds.seconds) + STORING_SECONDS
        tx.connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{longest}s'"))
    rights = read_rights(tx.connection, message.user_id, message.token_id)
    turn = conversing.Turn(
        tx=tx,
        caller=Caller(rights, PlanOrigin.CHAT, message.token_id),
        cluster_id=message.cluster_id,
        text=redact(message.text),
        past=conversing.past_of(tx.connection, message.conversation_id, question_id),
        tell=tell,
    )
    outcome = conversing.answer(context, turn)
    seconds = time.monotonic() - begun
    _store(tx, message, question_id, outcome, seconds)
    result: dict[str, JsonValue] = {
        "question_id": str(question_id),
        "text": outcome.text,
        "method": outcome.method,
        "success": outcome.success,
    }
    tx.report_job(JobReport(message.job_id, AnswerMessage.name, JobStatus.COMPLETED, 100, "answered", result))
    tx.emit(LiveEvent(LiveEventName.CHAT, user_room(message.user_id), _told(message, question_id)))


def _told(message: AnswerMessage, question_id: UUID) -> dict[str, JsonValue]:
    return {
        "type": "answer",
        "question_id": str(question_id),
        "conversation_id": str(message.conversation_id or ""),
    }


def _store(tx: Transaction, message: AnswerMessage, question_id: UUID, outcome: Outcome, seconds: float) -> None:
    values: dict[str, Any] = {
        "conversation_id": message.conversation_id or message.job_id,
        "cluster_id": message.cluster_id,
        "user_id": message.user_id,
        "text": outcome.text,
        "tool": outcome.tool,
        "method": outcome.method,
        "model": outcome.model,
        "success": outcome.success,
        "steps": [step.as_json() for step in outcome.steps],
        "choices": list(outcome.choices),
        "plan_id": outcome.plan_id,
        "seconds": seconds,
        "input_tokens": outcome.input_tokens,
        "output_tokens": outcome.output_tokens,
    }
    statement = insert(answers).values(question_id=question_id, **values)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["question_id"], set_=values))


def forget_conversation(tx: Transaction, conversation_id: UUID) -> None:
    """Delete the answers of a conversation."""
    tx.connection.execute(delete(answers).where(answers.c.conversation_id == conversation_id))
