"""Anthropic's messages form through its official package.

It has one system text, turns that alternate, and no sampling parameters (its models refuse them). A schema is asked for
as the one tool that must be called, which every model of theirs obeys.
"""

from __future__ import annotations

import importlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ai4k8s_common.llm.adapters.base import GarbledError, RawCall, Reply
from ai4k8s_common.llm.adapters.failures import translated
from ai4k8s_common.llm.adapters.line import HttpLibrary, http_client
from ai4k8s_common.llm.calls import in_progress
from ai4k8s_common.llm.settings import Provider, ToolWay
from ai4k8s_common.llm.types import Speaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from ai4k8s_common.llm.adapters.base import Prompt
    from ai4k8s_common.llm.calls import Call
    from ai4k8s_common.llm.types import Message

DEFAULT_ADDRESS = "https://api.anthropic.com"
_FORM = "give_answer"
_MAX_CALLS = 32


@dataclass
class AnthropicMessages:
    """One of Anthropic's models."""

    model: str
    timeout_seconds: float
    api_key: SecretStr
    base_url: str | None = None
    provider: Provider = Provider.ANTHROPIC
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _client: Any = None
    _package: Any = None
    _http: HttpLibrary | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return self.base_url or DEFAULT_ADDRESS

    def prepare(self) -> None:
        """Import the package and make its client."""
        self._open()

    def tool_way(self, call: Call) -> ToolWay:  # noqa: ARG002 - it need not ask
        """All of its models know tools."""
        return ToolWay.NATIVE

    def complete(self, prompt: Prompt, call: Call, on_text: Callable[[str], None] | None) -> Reply:
        """Ask once."""
        client = self._open()
        assert self._http is not None  # noqa: S101 - opened just now
        with in_progress(call), translated(self._package, self._http.core):
            arguments = self._arguments(prompt)
            if on_text is None or prompt.schema is not None:
                return _reply_of(client.messages.create(**arguments), prompt)
            with client.messages.stream(**arguments) as stream:
                for piece in stream.text_stream:
                    on_text(str(piece))
                return _reply_of(stream.get_final_message(), prompt)

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                self._package = importlib.import_module("anthropic")
                self._http = HttpLibrary.second()
                parts = urlsplit(self.address)
                self._client = self._package.Anthropic(
                    api_key=self.api_key.get_secret_value(),
                    base_url=self.address,
                    max_retries=0,
                    timeout=None,
                    open_telemetry=False,  # our own span says it all, and never the content
                    http_client=http_client(self._http, parts.hostname or "", parts.scheme),
                )
            return self._client

    def _arguments(self, prompt: Prompt) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self.model,
            "max_tokens": prompt.question.max_tokens,
            "messages": _turns(prompt.messages),
        }
        system = "\n\n".join(message.text for message in prompt.messages if message.speaker is Speaker.SYSTEM)
        if system:
            arguments["system"] = system
        if prompt.schema is not None:
            arguments["tools"] = [
                {"name": _FORM, "description": "Gives the answer.", "input_schema": dict(prompt.schema)}
            ]
            arguments["tool_choice"] = {"type": "tool", "name": _FORM}
        elif prompt.tools:
            arguments["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
                for tool in prompt.tools
            ]
        return arguments


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Return alternating turns: results of tools are part of the user's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.speaker is Speaker.SYSTEM:
            continue
        role = "assistant" if message.speaker is Speaker.ASSISTANT else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].extend(blocks)
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": "Begin."}]})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.speaker is Speaker.TOOL:
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id or "", "content": message.text}]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text.strip() else []
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in message.tool_calls
    ]
    return blocks


def _reply_of(message: Any, prompt: Prompt) -> Reply:
    if not isinstance(message.content, list):
        raise GarbledError("it sent something that is no message")
    texts = [str(block.text) for block in message.content if block.type == "text"]
    calls = [
        RawCall(str(block.id), str(block.name), json.dumps(block.input))
        for block in message.content[:_MAX_CALLS]
        if block.type == "tool_use"
    ]
    text = "".join(texts)
    if prompt.schema is not None:
        text = next((call.arguments for call in calls if call.name == _FORM), text)
        calls = []
    usage = message.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return Reply(
        text=text,
        calls=tuple(calls),
        input_tokens=int(usage.input_tokens or 0) + int(cached),
        output_tokens=int(usage.output_tokens or 0),
        finish=str(message.stop_reason or ""),
        model=str(message.model or ""),
        refused=message.stop_reason == "refusal",
    )
