"""What is asked of a language model and what comes back, whoever serves it.

A model's text is data: nothing in an `Answer` has been checked for meaning, only for form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from ai4k8s_common.errors import Ai4k8sError, NotConfiguredError, TooManyRequestsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID


# `on_text` hears this when a provider failed after it had begun: what was heard is void, another begins.
TEXT_BEGINS_ANEW = "\x1e"


class Use(StrEnum):
    """What a model is used for; each use has its own chain of providers, budget and metrics."""

    ADVISOR = "advisor"
    CHAT = "chat"
    RAG = "rag"


class Speaker(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may call; `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A wish of the model's to call a tool: well-formed JSON, and nothing else is known of it."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `tool_calls` only of an assistant, `tool_call_id` only of a tool's result."""

    speaker: Speaker
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. With a `schema` the answer is one JSON object of that form; with `tools` it may call them.

    Credentials in messages are taken out on the way (`llm/redaction.py`); text from clusters belongs into a
    `llm.fence.Fence`, which is the caller's to put.
    """

    use: Use
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 1024
    temperature: float = 0.1
    top_p: float = 0.95
    top_k: int = 40
    user_id: UUID | None = None  # whose daily budget it is counted on; None: the installation's alone
    timeout_seconds: float | None = None  # for all providers together; None: what the settings say


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost: tokens as the provider counted them; money only where a price is set."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said. `value` is the parsed object where a schema was asked for."""

    provider: str
    model: str
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    value: Mapping[str, Any] | None = None
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    # Providers that were asked before and why they did not answer, in order: shown with the answer.
    fallbacks: tuple[str, ...] = ()


class Model(Protocol):
    """Something that answers. Raises ModelError only."""

    def ask(
        self,
        question: Question,
        *,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer:
        """Answer a question.

        `on_text` hears the text as it comes, a preview: `Answer.text` is what counts, and TEXT_BEGINS_ANEW voids what
        was heard. `cancelled` is looked at several times a second, also while nothing comes.
        """
        ...


class ModelError(Ai4k8sError):
    """A model did not answer as it should."""

    status = HTTPStatus.BAD_GATEWAY
    code = "model_failed"


class ModelUnavailableError(ModelError, UnavailableError):
    """It cannot be reached, failed, or is left alone for a while after failures."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "model_unavailable"


class ModelTimeoutError(ModelUnavailableError):
    """It did not finish in the time it has."""

    code = "model_timeout"


class ModelBusyError(ModelError, TooManyRequestsError):
    """The provider's limit, or a daily budget of ours, is reached."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "model_busy"


class BadAnswerError(ModelError):
    """It answered, and not in the form that was asked for; also after one repair."""

    code = "model_bad_answer"


class ModelCancelledError(ModelError):
    """Whoever asked does not want the answer any more."""

    status = HTTPStatus.CONFLICT
    code = "model_cancelled"


class NoModelError(ModelError, NotConfiguredError):
    """No provider is configured for this use: rules decide."""

    status = HTTPStatus.NOT_IMPLEMENTED
    code = "no_model"
