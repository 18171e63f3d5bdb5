"""Conversations as they go over the wire."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

LONGEST_QUESTION = 20_000
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)]


class NewConversation(BaseModel):
    """A conversation to begin; without a title its first question becomes it."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None


class ConversationChange(BaseModel):
    """Another title."""

    model_config = ConfigDict(extra="forbid")

    title: Title


class NewQuestion(BaseModel):
    """What somebody asks."""

    model_config = ConfigDict(extra="forbid")

    text: Text


class ConversationView(BaseModel):
    """One conversation in a list."""

    id: UUID
    cluster_id: UUID
    title: str
    created_at: AwareDatetime
    asked_at: AwareDatetime
    questions: int


class ConversationList(BaseModel):
    """A person's conversations about a cluster, the latest first."""

    items: list[ConversationView]


class AnswerView(BaseModel):
    """What was answered, by what method, and what it rests on."""

    text: str
    tool: str | None
    method: str = Field(description="rules, or the provider of the model: groq, anthropic, gpt_oss")
    model: str | None
    success: bool
    steps: list[dict[str, Any]] = Field(description="tool calls in order: tool, arguments, result or error, seconds")
    choices: list[str] = Field(description="where the answer is a question back: what it may be answered with")
    plan_id: UUID | None = Field(description="a change that waits for an approval")
    seconds: float
    answered_at: AwareDatetime


class ExchangeView(BaseModel):
    """A question, and its answer once there is one."""

    id: UUID
    job_id: UUID
    text: str
    asked_at: AwareDatetime
    answer: AnswerView | None


class ConversationDetail(ConversationView):
    """A conversation with all that was said."""

    exchanges: list[ExchangeView]


class AskedView(BaseModel):
    """A question that was accepted: its job tells how it stands, and events of the name `chat` bring the answer."""

    question_id: UUID
    job_id: UUID


class TextSuggestion(BaseModel):
    """How a text may go on."""

    text: str = Field(description="the whole text with the suggestion in it")
    label: str
    kind: str = Field(description="verb, kind, name, namespace, or question")


class TextSuggestionList(BaseModel):
    """Suggestions, the best first."""

    items: list[TextSuggestion]


class ToolModeView(BaseModel):
    """How far tools may go: the strictest of what is set for the installation, the cluster and the person."""

    mode: str
    tools: list[str]
    set_for: list[str] = Field(description="what is set: installation, cluster, person")


class ToolModeChange(BaseModel):
    """A mode to set."""

    model_config = ConfigDict(extra="forbid")

    mode: Annotated[str, StringConstraints(pattern="^(read_only|allow_listed|ask)$")]
    tools: Annotated[list[Annotated[str, StringConstraints(max_length=100)]], Field(max_length=100)] = []
