"""One question to one model, understood: forms the prompt for what the server can, and reads what it answers.

An answer of the wrong form is sent back once with what is wrong. Where a server has no tools of its own, each tool is
one branch of a `oneOf` with its name as a constant, and answering is one more branch: a server that obeys a schema can
then call tools, and the calls read the same for whoever asked.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_common.llm.adapters.base import Prompt, RefusedRequestError
from ai4k8s_common.llm.settings import ToolWay
from ai4k8s_common.llm.structure import Aloud, check, read_object, without_thoughts
from ai4k8s_common.llm.types import BadAnswerError, Message, Speaker, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.llm.adapters.base import Endpoint, RawCall, Reply
    from ai4k8s_common.llm.calls import Call
    from ai4k8s_common.llm.types import Question

ANSWER = "answer"
_SHOWN_OF_BAD_ANSWER = 2000


class RefusalError(BadAnswerError):
    """The model will not say anything about that: asking it again is of no use."""

    code = "model_refused"


@dataclass
class Spent:
    """Tokens used, whether or not an answer came of it."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    repairs: int = 0

    def add(self, reply: Reply) -> None:
        """Count a reply."""
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens


@dataclass(frozen=True)
class Understood:
    """What a reply means."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    value: Mapping[str, Any] | None = None
    finish: str = ""
    model: str = ""


def exchange(
    endpoint: Endpoint, question: Question, call: Call, on_text: Callable[[str], None] | None, spent: Spent
) -> Understood:
    """Ask, and once more where the answer has the wrong form. Raises ModelError."""
    way = endpoint.tool_way(call) if question.tools else ToolWay.NATIVE
    try:
        return _exchange(endpoint, question, way, call, on_text, spent)
    except RefusedRequestError:
        # It may have been the tools that it did not take; it is told of them in the other way then.
        if not question.tools or way is endpoint.tool_way(call):
            raise
        return _exchange(endpoint, question, endpoint.tool_way(call), call, on_text, spent)


def _exchange(
    endpoint: Endpoint,
    question: Question,
    way: ToolWay,
    call: Call,
    on_text: Callable[[str], None] | None,
    spent: Spent,
) -> Understood:
    prompt = form(question, way)
    reply = _complete(endpoint, prompt, call, on_text, spent)
    try:
        return understand(reply, question, way)
    except RefusalError:
        raise
    except BadAnswerError as error:
        spent.repairs += 1
        again = _repair(prompt, reply, error)
        return understand(_complete(endpoint, again, call, None, spent), question, way)


def _complete(
    endpoint: Endpoint, prompt: Prompt, call: Call, on_text: Callable[[str], None] | None, spent: Spent
) -> Reply:
    spent.requests += 1
    aloud = Aloud(on_text) if on_text is not None else None
    reply = endpoint.complete(prompt, call, aloud)
    if aloud is not None:
        aloud.end()
    spent.add(reply)
    return reply


def form(question: Question, way: ToolWay) -> Prompt:
    """Return the question as a server is asked it."""
    if question.tools and way is ToolWay.SCHEMA:
        return _form_with_schema_for_tools(question)
    messages = question.messages
    if question.schema is not None and not question.tools:
        # Told in words as well: it helps small models, and servers that know no schemas have nothing else.
        words = f"Answer with one JSON object of this JSON schema and nothing else:\n{json.dumps(question.schema)}"
        messages = _with_system(messages, words)
        return Prompt(messages, (), question.schema, question)
    if question.schema is not None:
        words = f"When you call no tool, answer with one JSON object of this schema:\n{json.dumps(question.schema)}"
        messages = _with_system(messages, words)
    return Prompt(messages, question.tools, None, question)


def _form_with_schema_for_tools(question: Question) -> Prompt:
    tools = "\n".join(
        f"- {tool.name}: {tool.description} Arguments: {json.dumps(tool.parameters)}" for tool in question.tools
    )
    words = (
        'Answer with one JSON object. To call a tool: {"tool": its name, "arguments": {...}}. To answer: '
        f'{{"tool": "{ANSWER}", "{ANSWER}": ...}}. Tools:\n{tools}'
    )
    messages = tuple(_without_tool_calls(message) for message in _with_system(question.messages, words))
    return Prompt(messages, (), tool_schema(question), question)


def tool_schema(question: Question) -> dict[str, Any]:
    """Return the schema in which calling a tool and answering are branches."""
    answer = dict(question.schema) if question.schema is not None else {"type": "string"}
    branches = [_branch(tool.name, "arguments", dict(tool.parameters)) for tool in question.tools]
    return {"oneOf": [*branches, _branch(ANSWER, ANSWER, answer)]}


def _branch(name: str, member: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"tool": {"const": name}, member: schema},
        "required": ["tool", member],
        "additionalProperties": False,
    }


def _without_tool_calls(message: Message) -> Message:
    """Return a turn of an earlier call or its result in words, as such a server sees them."""
    if message.tool_calls:
        called = [json.dumps({"tool": call.name, "arguments": call.arguments}) for call in message.tool_calls]
        return Message(Speaker.ASSISTANT, "\n".join(filter(None, [message.text, *called])))
    if message.speaker is Speaker.TOOL:
        return Message(Speaker.USER, f"Result of the tool:\n{message.text}")
    return message


def _with_system(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    if messages and messages[0].speaker is Speaker.SYSTEM:
        return (replace(messages[0], text=f"{messages[0].text}\n\n{words}"), *messages[1:])
    return (Message(Speaker.SYSTEM, words), *messages)


def _repair(prompt: Prompt, reply: Reply, error: BadAnswerError) -> Prompt:
    said = Message(Speaker.ASSISTANT, reply.text[:_SHOWN_OF_BAD_ANSWER] or "(nothing)")
    wrong = Message(Speaker.USER, f"That cannot be used: {error.detail}. Answer again, in the form that was asked for.")
    return replace(prompt, messages=(*prompt.messages, said, wrong))


def understand(reply: Reply, question: Question, way: ToolWay) -> Understood:
    """Return what a reply means. Raises BadAnswerError."""
    if reply.refused:
        raise RefusalError("the model refuses to answer")
    text = without_thoughts(reply.text)
    meaning = Understood(text=text, finish=reply.finish, model=reply.model)
    if question.tools and way is ToolWay.SCHEMA:
        return _read_branch(reply, question, meaning)
    if reply.calls:
        if not question.tools:
            raise BadAnswerError("it calls tools, and there are none")
        return replace(meaning, tool_calls=tuple(_tool_call(raw, question) for raw in reply.calls))
    if question.schema is not None:
        value = read_object(reply.text)
        check(value, question.schema)
        return replace(meaning, value=value)
    if not text:
        raise BadAnswerError("it is empty")
    return meaning


def _read_branch(reply: Reply, question: Question, meaning: Understood) -> Understood:
    said = read_object(reply.text)
    check(said, tool_schema(question))
    if said["tool"] == ANSWER:
        value = said[ANSWER]
        if isinstance(value, str):
            if not value.strip():
                raise BadAnswerError("it is empty")
            return replace(meaning, text=value)
        return replace(meaning, text=json.dumps(value), value=value)
    call = ToolCall(id=f"call_{uuid.uuid4().hex[:12]}", name=said["tool"], arguments=said["arguments"])
    return replace(meaning, text="", tool_calls=(call,))


def _tool_call(raw: RawCall, question: Question) -> ToolCall:
    if raw.name not in {tool.name for tool in question.tools}:
        raise BadAnswerError(f"there is no tool {raw.name[:80]!r}")
    try:
        arguments = read_object(raw.arguments or "{}")
    except BadAnswerError:
        raise BadAnswerError(f"the arguments of {raw.name} are not one JSON object") from None
    return ToolCall(id=raw.id or f"call_{uuid.uuid4().hex[:12]}", name=raw.name, arguments=arguments)
