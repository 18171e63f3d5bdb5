"""What an adapter is: one question to one model of one provider, and the ways that can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ai4k8s_common.llm.types import BadAnswerError, ModelBusyError, ModelError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.llm.calls import Call
    from ai4k8s_common.llm.settings import Provider, ToolWay
    from ai4k8s_common.llm.types import Message, Question, ToolSpec


@dataclass(frozen=True, slots=True)
class RawCall:
    """A tool call as the model wrote it: arguments may be anything."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the wire, not yet understood."""

    text: str = ""
    calls: tuple[RawCall, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    finish: str = ""
    model: str = ""  # as the server calls it
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as one server can be asked it."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    schema: Mapping[str, Any] | None
    question: Question


class Endpoint(Protocol):
    """One model of one provider."""

    @property
    def provider(self) -> Provider:
        """Who serves it."""
        ...

    @property
    def model(self) -> str:
        """Its name, from the settings."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """How long one call may take."""
        ...

    @property
    def address(self) -> str:
        """Where it is, for traces."""
        ...

    def prepare(self) -> None:
        """Import the provider's package, which takes seconds once, before the time of a call begins."""
        ...

    def tool_way(self, call: Call) -> ToolWay:
        """How it is told of tools: NATIVE or SCHEMA."""
        ...

    def complete(self, prompt: Prompt, call: Call, on_text: Callable[[str], None] | None) -> Reply:
        """Ask once. Raises ModelError only."""
        ...


class NotReachedError(ModelUnavailableError):
    """The request never arrived: safe to send again."""

    code: ClassVar[str] = "model_not_reached"


class OverloadedError(ModelUnavailableError):
    """It says itself that it cannot now (503, 529): safe to send again a little later."""

    code: ClassVar[str] = "model_overloaded"


class GarbledError(BadAnswerError):
    """What came over the wire is no answer of a model at all."""

    code: ClassVar[str] = "model_garbled"


class KeyRefusedError(ModelUnavailableError):
    """The key is not accepted: only the operator can mend that."""

    code: ClassVar[str] = "model_key_refused"
    retryable: ClassVar[bool] = False


class UnknownModelError(ModelUnavailableError):
    """The provider has no such model."""

    code: ClassVar[str] = "model_unknown"
    retryable: ClassVar[bool] = False


class RefusedRequestError(ModelError):
    """It does not take the request as it is (400, 413, 422)."""

    code: ClassVar[str] = "model_refused_request"


class LimitedError(ModelBusyError):
    """429: its limit is reached."""

    code: ClassVar[str] = "model_limited"

    def __init__(self, detail: str, *, hint: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(detail, hint=hint)
        self.retry_after_seconds = retry_after_seconds
