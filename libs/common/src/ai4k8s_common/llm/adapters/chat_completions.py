"""The chat-completions form, which Groq and every OpenAI-compatible server speak, through their official packages.

Servers differ in what they take. A parameter that one refuses by name is left out from then on: asking once costs less
than a table of servers and versions, which would be wrong within weeks.
"""

from __future__ import annotations

import importlib
import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ai4k8s_common.llm.adapters.base import GarbledError, RawCall, RefusedRequestError, Reply
from ai4k8s_common.llm.adapters.failures import translated
from ai4k8s_common.llm.adapters.line import HttpLibrary, http_client
from ai4k8s_common.llm.adapters.probe import tools_by_props
from ai4k8s_common.llm.calls import in_progress
from ai4k8s_common.llm.settings import Provider, ToolWay
from ai4k8s_common.llm.types import Speaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import SecretStr

    from ai4k8s_common.llm.adapters.base import Prompt
    from ai4k8s_common.llm.calls import Call
    from ai4k8s_common.llm.types import Message

# What a server may refuse without being of no use. In a refusal, the first that its words name is left out.
_OPTIONAL = ("top_k", "stream_options", "json_schema", "response_format", "top_p", "temperature", "tools")
_MAX_CALLS = 32


@dataclass
class ChatCompletions:
    """One model behind a chat-completions server."""

    provider: Provider
    model: str
    timeout_seconds: float
    base_url: str | None
    api_key: SecretStr | None
    tools: ToolWay = ToolWay.AUTO
    json_schema: bool = True
    """Whether it obeys a schema; otherwise it is told of it in words, and held to some JSON object."""
    top_k: bool = True
    _refused: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _served: str = ""  # what the server calls the model, where the settings do not say
    _client: Any = None
    _package: Any = None
    _http: HttpLibrary | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return self.base_url or "https://api.groq.com"

    def prepare(self) -> None:
        """Import the package and make its client."""
        self._open()

    def tool_way(self, call: Call) -> ToolWay:
        """As set; else what the server says, once; NATIVE where it does not say."""
        if self.tools is ToolWay.AUTO:
            says = tools_by_props(self.address, self.api_key, call) if self.provider is Provider.GPT_OSS else None
            self.tools = ToolWay.SCHEMA if says is False else ToolWay.NATIVE
        return ToolWay.SCHEMA if "tools" in self._refused else self.tools

    def complete(self, prompt: Prompt, call: Call, on_text: Callable[[str], None] | None) -> Reply:
        """Ask once; again without what it refuses by name."""
        client = self._open()
        assert self._http is not None  # noqa: S101 - opened just now
        with in_progress(call), translated(self._package, self._http.core):
            self._name_model(client)
        for _ in _OPTIONAL:
            try:
                with in_progress(call), translated(self._package, self._http.core):
                    return self._once(client, prompt, on_text)
            except RefusedRequestError as error:
                if not self._learn(error.detail, prompt):
                    raise
        raise GarbledError("it refuses every form of the request")

    def _learn(self, words: str, prompt: Prompt) -> bool:
        sent = [name for name in _OPTIONAL if name not in self._refused and self._is_sent(name, prompt)]
        named = next((name for name in sent if re.search(rf"\b{name}\b", words)), None)
        if named is not None:
            self._refused.add(named)
        return named is not None and named != "tools"  # with tools in another way the whole prompt changes

    def _is_sent(self, name: str, prompt: Prompt) -> bool:
        if name in {"json_schema", "response_format"}:
            return prompt.schema is not None
        return bool(prompt.tools) if name == "tools" else True

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                groq = self.provider is Provider.GROQ
                self._package = importlib.import_module("groq" if groq else "openai")
                self._http = HttpLibrary.first() if groq else HttpLibrary.second()
                parts = urlsplit(self.address)
                make = self._package.Groq if groq else self._package.OpenAI
                self._client = make(
                    api_key=self.api_key.get_secret_value() if self.api_key else "none",
                    base_url=self.address,
                    max_retries=0,
                    http_client=http_client(self._http, parts.hostname or "", parts.scheme),
                )
            return self._client

    def _name_model(self, client: Any) -> None:
        if not self.model and not self._served:
            listed = client.models.list().data
            if not listed or not isinstance(listed[0].id, str):
                raise GarbledError("it lists no model", hint="Name one with GPT_OSS_MODEL.")
            self._served = listed[0].id

    def _once(self, client: Any, prompt: Prompt, on_text: Callable[[str], None] | None) -> Reply:
        arguments = self._arguments(prompt)
        # JSON in pieces helps nobody, and some servers do not stream it.
        if on_text is None or prompt.schema is not None:
            return _reply_of(client.chat.completions.create(**arguments))
        # Groq tells usage in the last piece unasked, and its package does not know the question.
        if self.provider is Provider.GPT_OSS and "stream_options" not in self._refused:
            arguments["stream_options"] = {"include_usage": True}
        with client.chat.completions.create(**arguments, stream=True) as stream:
            return _gather(stream, on_text)

    def _arguments(self, prompt: Prompt) -> dict[str, Any]:
        question = prompt.question
        arguments: dict[str, Any] = {
            "model": self.model or self._served,
            "messages": [_message(message) for message in prompt.messages],
            "max_tokens": question.max_tokens,
            "temperature": question.temperature,
            "top_p": question.top_p,
        }
        if self.top_k and "top_k" not in self._refused:
            arguments["extra_body"] = {"top_k": question.top_k}
        if prompt.tools:
            arguments["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": dict(tool.parameters),
                    },
                }
                for tool in prompt.tools
            ]
        if prompt.schema is not None and "response_format" not in self._refused:
            arguments["response_format"] = self._format(prompt)
        return {name: value for name, value in arguments.items() if name not in self._refused}

    def _format(self, prompt: Prompt) -> dict[str, Any]:
        if not self.json_schema or "json_schema" in self._refused:
            return {"type": "json_object"}
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(prompt.schema or {})}}


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.speaker.value, "content": message.text}
    if message.speaker is Speaker.TOOL:
        said["tool_call_id"] = message.tool_call_id or ""
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return said


def _reply_of(completion: Any) -> Reply:
    choices = completion.choices
    if not isinstance(choices, list) or not choices:
        raise GarbledError("it sent something that is no completion")
    choice = choices[0]
    message = choice.message
    calls = [
        RawCall(str(call.id or ""), str(call.function.name), str(call.function.arguments or "{}"))
        for call in (message.tool_calls or [])[:_MAX_CALLS]
        if getattr(call, "function", None) is not None
    ]
    return Reply(
        text=_text(message.content),
        calls=tuple(calls),
        input_tokens=_tokens(completion.usage, "prompt_tokens"),
        output_tokens=_tokens(completion.usage, "completion_tokens"),
        finish=str(choice.finish_reason or ""),
        model=str(completion.model or ""),
        refused=bool(getattr(message, "refusal", None)),
    )


def _text(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise GarbledError("its answer is no text")
    return content


def _tokens(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value > 0 else 0


def _gather(stream: Iterable[Any], on_text: Callable[[str], None]) -> Reply:
    """Put the pieces of a streamed answer together."""
    texts: list[str] = []
    calls: dict[int, list[str]] = {}
    finish, model, usage = "", "", None
    for chunk in stream:
        model = str(chunk.model or model)
        usage = chunk.usage or getattr(getattr(chunk, "x_groq", None), "usage", None) or usage
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        finish = str(choice.finish_reason or finish)
        delta = choice.delta
        if delta is None:
            continue
        if piece := _text(delta.content):
            texts.append(piece)
            on_text(piece)
        for part in delta.tool_calls or []:
            if part.index not in calls and len(calls) >= _MAX_CALLS:
                continue
            known = calls.setdefault(part.index, ["", "", ""])
            known[0] += part.id or ""
            known[1] += (part.function.name or "") if part.function else ""
            known[2] += (part.function.arguments or "") if part.function else ""
    if not finish:
        raise GarbledError("its answer broke off")
    return Reply(
        text="".join(texts),
        calls=tuple(RawCall(one, name, arguments or "{}") for one, name, arguments in calls.values()),
        input_tokens=_tokens(usage, "prompt_tokens"),
        output_tokens=_tokens(usage, "completion_tokens"),
        finish=finish,
        model=model,
    )
