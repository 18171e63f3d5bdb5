"""Conversations about a cluster. Asking is long work: the answer comes as events, and is in the conversation then."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.conversations import service, suggesting
from ai4k8s_gateway.conversations.schemas import (
    AskedView,
    ConversationChange,
    ConversationDetail,
    ConversationList,
    ConversationView,
    NewConversation,
    NewQuestion,
    TextSuggestionList,
    ToolModeChange,
    ToolModeView,
)
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for

router = APIRouter(
    prefix="/clusters/{cluster_id}",
    tags=["chat"],
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND),
)
CHANGE = responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)
TALK = [require(Permission.CHAT_USE)]


@router.get("/conversations", dependencies=TALK)
def list_conversations(
    cluster_id: UUID,
    user: User,
    tx: Tx,
    search: Annotated[str | None, Query(max_length=200, description="in titles, questions and answers")] = None,
) -> ConversationList:
    """Your conversations about a cluster, the latest first."""
    return service.list_items(tx.connection, user, cluster_id, search)


@router.post("/conversations", status_code=HTTPStatus.CREATED, responses=CHANGE, dependencies=TALK)
def begin_conversation(cluster_id: UUID, body: NewConversation, user: User, tx: Tx) -> ConversationDetail:
    """Begin one."""
    return service.begin(tx, user, cluster_id, body.title)


@router.get("/conversations/{conversation_id}", dependencies=TALK)
def get_conversation(cluster_id: UUID, conversation_id: UUID, user: User, tx: Tx) -> ConversationDetail:
    """All that was asked and answered."""
    return service.show(tx.connection, user, cluster_id, conversation_id)


@router.patch("/conversations/{conversation_id}", responses=CHANGE, dependencies=TALK)
def rename_conversation(
    cluster_id: UUID, conversation_id: UUID, body: ConversationChange, user: User, tx: Tx
) -> ConversationView:
    """Give it another title."""
    return service.rename(tx, user, cluster_id, conversation_id, body.title)


@router.delete(
    "/conversations/{conversation_id}", status_code=HTTPStatus.NO_CONTENT, responses=CHANGE, dependencies=TALK
)
def delete_conversation(cluster_id: UUID, conversation_id: UUID, user: User, tx: Tx) -> None:
    """Delete it with all that was said."""
    service.remove(tx, user, cluster_id, conversation_id)


@router.get("/conversations/{conversation_id}/export", response_class=PlainTextResponse, dependencies=TALK)
def export_conversation(cluster_id: UUID, conversation_id: UUID, user: User, tx: Tx) -> PlainTextResponse:
    """The conversation as Markdown."""
    text = service.exported(service.show(tx.connection, user, cluster_id, conversation_id))
    headers = {"Content-Disposition": f'attachment; filename="conversation-{conversation_id}.md"'}
    return PlainTextResponse(text, headers=headers, media_type="text/markdown")


@router.post(
    "/conversations/{conversation_id}/messages", status_code=HTTPStatus.ACCEPTED, responses=CHANGE, dependencies=TALK
)
def ask_question(cluster_id: UUID, conversation_id: UUID, body: NewQuestion, user: User, tx: Tx) -> AskedView:
    """Ask in English, or type a kubectl line."""
    return service.ask(tx, user, cluster_id, conversation_id, body.text)


@router.get("/suggestions", dependencies=TALK)
def suggest_text(
    cluster_id: UUID, user: User, tx: Tx, text: Annotated[str, Query(max_length=500)] = ""
) -> TextSuggestionList:
    """How a text may go on: verbs, kinds, names of this cluster, questions."""
    return suggesting.suggest(tx.connection, user, cluster_id, text)


@router.get("/tool-mode", dependencies=TALK)
def get_tool_mode(cluster_id: UUID, user: User, tx: Tx) -> ToolModeView:
    """How far tools may go for you here."""
    return service.mode(tx.connection, user, cluster_id)


@router.put("/tool-mode", responses=CHANGE, dependencies=[require(Permission.CLUSTER_MANAGE)])
def set_tool_mode(cluster_id: UUID, body: ToolModeChange, user: User, tx: Tx) -> ToolModeView:
    """Set how far tools may go in this cluster, for everybody."""
    return service.set_mode(tx, user, cluster_id, body)
