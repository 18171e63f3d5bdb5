"""Use cases around conversations: begin, ask, rename, delete, search, export; and how far tools may go."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.chat import AnswerMessage, ForgetConversation
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.security.redaction import redact
from ai4k8s_gateway.audit.hook import Told, tell
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.conversations import repository
from ai4k8s_gateway.conversations.schemas import (
    AnswerView,
    AskedView,
    ConversationDetail,
    ConversationList,
    ConversationView,
    ExchangeView,
    ToolModeView,
)
from ai4k8s_gateway.domain.secret_text import holds_secret_data
from ai4k8s_gateway.jobs import service as jobs

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.conversations.schemas import ToolModeChange

UNTITLED = "New conversation"
TITLE_CHARACTERS = 80
_STRICTEST = ("read_only", "allow_listed", "ask")


def list_items(connection: Connection, principal: Principal, cluster_id: UUID, search: str | None) -> ConversationList:
    """Return a person's conversations about a cluster. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    rows = repository.of_person(connection, principal.user_id, cluster_id, search)
    return ConversationList(items=[_view(row) for row in rows])


def begin(tx: Transaction, principal: Principal, cluster_id: UUID, title: str | None) -> ConversationDetail:
    """Begin a conversation. Raises NotFoundError."""
    cluster_service.get(tx.connection, principal, cluster_id)
    values = {"cluster_id": cluster_id, "user_id": principal.user_id, "title": redact(title or UNTITLED)}
    tell(tx, Told(after={"title": values["title"]}))
    return show(tx.connection, principal, cluster_id, repository.begin(tx.connection, values))


def show(connection: Connection, principal: Principal, cluster_id: UUID, conversation_id: UUID) -> ConversationDetail:
    """Return all that was said. Raises NotFoundError."""
    row = _own(connection, principal, cluster_id, conversation_id)
    exchanges = [_exchange(one) for one in repository.exchanges(connection, conversation_id)]
    return ConversationDetail(**_view(row).model_dump(), exchanges=exchanges)


def rename(
    tx: Transaction, principal: Principal, cluster_id: UUID, conversation_id: UUID, title: str
) -> ConversationView:
    """Give another title. Raises NotFoundError."""
    _own(tx.connection, principal, cluster_id, conversation_id)
    repository.rename(tx.connection, conversation_id, redact(title))
    tell(tx, Told(after={"conversation_id": str(conversation_id), "title": redact(title)}))
    return _view(_own(tx.connection, principal, cluster_id, conversation_id))


def remove(tx: Transaction, principal: Principal, cluster_id: UUID, conversation_id: UUID) -> None:
    """Delete a conversation, and have its answers deleted. Raises NotFoundError."""
    _own(tx.connection, principal, cluster_id, conversation_id)
    repository.remove(tx.connection, conversation_id)
    tx.send(ForgetConversation(conversation_id=conversation_id))


def ask(tx: Transaction, principal: Principal, cluster_id: UUID, conversation_id: UUID, text: str) -> AskedView:
    """Ask. Whatever looks like a credential is taken out before it is written or sent.

    Raises NotFoundError, and InvalidInputError for a manifest with a Secret's data: a talk is stored and may be sent to
    a model, and with the values blanked it would be another Secret.
    """
    row = _own(tx.connection, principal, cluster_id, conversation_id)
    if holds_secret_data(text):
        raise InvalidInputError(
            "a Secret's data is not taken in a conversation, and nothing of the message was kept",
            hint="Apply it from the page Manifests, where values are sealed; or paste it without its values.",
        )
    text, question_id = redact(text), uuid.uuid4()
    command = AnswerMessage(
        job_id=uuid.uuid4(),
        cluster_id=cluster_id,
        user_id=principal.user_id,
        text=text,
        conversation_id=conversation_id,
        question_id=question_id,
        token_id=principal.token_id,
    )
    repository.ask(
        tx.connection,
        {"id": question_id, "conversation_id": conversation_id, "text": text, "job_id": command.job_id},
    )
    if row.title == UNTITLED:
        repository.rename(tx.connection, conversation_id, _title(text))
    jobs.start(tx, principal, command, cluster_id)
    return AskedView(question_id=question_id, job_id=command.job_id)


def mode(connection: Connection, principal: Principal, cluster_id: UUID) -> ToolModeView:
    """Return what holds for a person in a cluster. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    rows = repository.modes(connection, cluster_id, principal.user_id)
    strictest = min((row.mode for row in rows), key=_STRICTEST.index, default="ask")
    listed = [set(row.tools) for row in rows if row.mode == "allow_listed"]
    tools = sorted(set.intersection(*listed)) if listed and strictest == "allow_listed" else []
    names = {(False, False): "installation", (True, False): "cluster", (False, True): "person", (True, True): "person"}
    set_for = [names[row.cluster_id is not None, row.user_id is not None] for row in rows]
    return ToolModeView(mode=strictest, tools=tools, set_for=sorted(set(set_for)))


def set_mode(tx: Transaction, principal: Principal, cluster_id: UUID, change: ToolModeChange) -> ToolModeView:
    """Set how far tools may go in a cluster. Raises NotFoundError, ForbiddenError."""
    cluster_service.require_manage(tx.connection, principal, cluster_id)
    values = {"mode": change.mode, "tools": sorted(set(change.tools)), "updated_by": principal.user_id}
    repository.set_mode(tx.connection, {"cluster_id": cluster_id, "user_id": None}, values)
    return mode(tx.connection, principal, cluster_id)


def exported(detail: ConversationDetail) -> str:
    """A conversation as Markdown."""
    parts = [f"# {detail.title}", f"Begun {detail.created_at:%Y-%m-%d %H:%M} UTC."]
    for exchange in detail.exchanges:
        parts.append("\n".join(f"> {line}" for line in exchange.text.splitlines()))
        if exchange.answer is None:
            parts.append("*(not answered yet)*")
            continue
        used = f", {exchange.answer.tool}" if exchange.answer.tool else ""
        parts += [exchange.answer.text, f"*({exchange.answer.method}{used}, {exchange.answer.seconds:.2f} s)*"]
    return "\n\n".join(parts) + "\n"


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1]}…"


def _own(connection: Connection, principal: Principal, cluster_id: UUID, conversation_id: UUID) -> Row[Any]:
    """Nobody sees another person's talk: not even administrators."""
    cluster_service.get(connection, principal, cluster_id)
    row = repository.one(connection, principal.user_id, cluster_id, conversation_id)
    if row is None:
        raise NotFoundError("there is no such conversation", hint="It may have been deleted.")
    return row


def _view(row: Row[Any]) -> ConversationView:
    return ConversationView(
        id=row.id,
        cluster_id=row.cluster_id,
        title=row.title,
        created_at=row.created_at,
        asked_at=row.asked_at,
        questions=row.questions,
    )


def _exchange(row: Row[Any]) -> ExchangeView:
    answer = None
    if row.answered_at is not None:
        answer = AnswerView(
            text=row.text,
            tool=row.tool,
            method=row.method,
            model=row.model,
            success=row.success,
            steps=row.steps,
            choices=row.choices,
            plan_id=row.plan_id,
            seconds=row.seconds,
            answered_at=row.answered_at,
        )
    return ExchangeView(id=row.id, job_id=row.job_id, text=row.question, asked_at=row.asked_at, answer=answer)
