"""Groq and Anthropic through their real packages, against a local server that replays their documented forms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.llm.build import build_model
from ai4k8s_common.llm.exchange import RefusalError
from ai4k8s_common.llm.types import Message, ModelBusyError, ModelUnavailableError, Speaker, ToolCall, ToolSpec, Use
from tests.support.models import ADVICE_SCHEMA, HOSTILE, completion, question, settings_of, stream
from tests.support.scripted_http import Reply, ScriptedServer, in_turn, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.llm.chain import Chain

LIST_PODS = ToolSpec("list_pods", "Lists pods.", {"type": "object", "properties": {"namespace": {"type": "string"}}})
TALK = (
    Message(Speaker.SYSTEM, "You know Kubernetes."),
    Message(Speaker.USER, "Which pods are there?"),
    Message(Speaker.ASSISTANT, "I look.", tool_calls=(ToolCall("call_1", "list_pods", {"namespace": "shop"}),)),
    Message(Speaker.TOOL, "web-1, web-2", tool_call_id="call_1"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted(in_turn(Reply())) as running:
        yield running


def asked(server: ScriptedServer, *replies: Reply, provider: str = "groq", **chain: Any) -> Chain:
    server.script = in_turn(*replies)
    server.seen.clear()
    addresses: dict[str, Any] = {provider: server.url}
    return build_model(settings_of(**addresses, chat_chain=provider, **chain), Use.CHAT)


def bodies(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(seen.body) for seen in server.seen]


# ---- Groq ------------------------------------------------------------------------------------------------------------


def test_groq_is_asked_with_its_sampling_and_without_what_it_refuses(server: ScriptedServer) -> None:
    answer = asked(server, completion("Three.")).ask(question())
    assert (answer.provider, answer.model, answer.text) == ("groq", "llama-3.1-8b-instant", "Three.")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 7)
    (seen,), (body,) = server.seen, bodies(server)
    assert seen.path == "/openai/v1/chat/completions"
    assert seen.headers["authorization"] == "Bearer test-key"
    assert (body["temperature"], body["top_p"], body["model"]) == (0.1, 0.95, "llama-3.1-8b-instant")
    assert "top_k" not in body


def test_groqs_large_model_answers_when_the_small_one_is_at_its_limit(server: ScriptedServer) -> None:
    model = asked(server, HOSTILE["429"], completion("Three."))
    answer = model.ask(question())
    assert answer.model == "llama-3.3-70b-versatile"
    assert "its limit is reached: slow down" in answer.fallbacks[0]
    # The limit is the small model's: it is left alone, the large one is not.
    assert model.ask(question()).model == "llama-3.3-70b-versatile"
    assert len(server.seen) == 3


def test_groq_calls_tools_and_streams(server: ScriptedServer) -> None:
    model = asked(server, completion(None, calls=[("list_pods", {"namespace": "shop"})]), stream("Two ", "pods."))
    (call,) = model.ask(question(tools=(LIST_PODS,))).tool_calls
    assert (call.name, call.arguments) == ("list_pods", {"namespace": "shop"})
    heard: list[str] = []
    answer = model.ask(question(messages=TALK, tools=(LIST_PODS,)), on_text=heard.append)
    assert heard == ["Two ", "pods."]
    assert (answer.text, answer.usage.output_tokens) == ("Two pods.", 7)
    body = bodies(server)[-1]
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"namespace": "shop"}'
    assert body["messages"][3]["tool_call_id"] == "call_1"


def test_groqs_llamas_are_told_of_a_schema_in_words_and_held_to_it(server: ScriptedServer) -> None:
    answer = asked(server, completion('```json\n{"action": "maintain", "target_replicas": 3}\n```')).ask(
        question(schema=ADVICE_SCHEMA)
    )
    assert answer.value == {"action": "maintain", "target_replicas": 3}
    (body,) = bodies(server)
    assert body["response_format"] == {"type": "json_object"}
    assert "target_replicas" in body["messages"][0]["content"]


# ---- Anthropic -------------------------------------------------------------------------------------------------------


def message(*content: dict[str, Any], stop_reason: str = "end_turn", **changes: Any) -> Reply:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": list(content),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 9},
    }
    return Reply(body={**body, **changes})


def events(*pieces: str) -> Reply:
    start = {
        "type": "message_start",
        "message": {
            **json.loads(message().raw()),
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 20, "output_tokens": 1},
        },
    }
    said: list[dict[str, Any]] = [
        start,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    raw = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in said)
    return Reply(body=raw.encode(), headers={"content-type": "text/event-stream"})


def test_anthropic_is_asked_in_its_form(server: ScriptedServer) -> None:
    model = asked(server, message({"type": "text", "text": "Two pods."}), provider="anthropic")
    answer = model.ask(question(messages=TALK, tools=(LIST_PODS,)))
    assert (answer.provider, answer.text) == ("anthropic", "Two pods.")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (25, 9)
    (seen,), (body,) = server.seen, bodies(server)
    assert seen.path == "/v1/messages"
    assert seen.headers["authorization"] == "Bearer test-key"
    assert body["system"] == "You know Kubernetes."
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][1]["input"] == {"namespace": "shop"}
    assert body["messages"][2]["content"][0] == {
        "type": "tool_result",
        "tool_use_id": "call_1",
        "content": "web-1, web-2",
    }
    assert body["tools"][0]["input_schema"] == dict(LIST_PODS.parameters)
    assert not {"temperature", "top_p", "top_k"} & set(body)


def test_anthropic_calls_tools_streams_and_keeps_to_a_schema(server: ScriptedServer) -> None:
    use: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": "list_pods", "input": {"namespace": "shop"}}
    form = {"type": "tool_use", "id": "t", "name": "give_answer", "input": {"action": "maintain", "target_replicas": 3}}
    model = asked(
        server,
        message(use, stop_reason="tool_use"),
        events("Two ", "pods."),
        message(form, stop_reason="tool_use"),
        provider="anthropic",
    )
    assert model.ask(question(tools=(LIST_PODS,))).tool_calls == (ToolCall("toolu_1", "list_pods", use["input"]),)
    heard: list[str] = []
    answer = model.ask(question(), on_text=heard.append)
    assert (heard, answer.text, answer.usage.output_tokens) == (["Two ", "pods."], "Two pods.", 9)
    assert model.ask(question(schema=ADVICE_SCHEMA)).value == form["input"]
    assert bodies(server)[-1]["tool_choice"] == {"type": "tool", "name": "give_answer"}


def test_a_refusal_of_anthropics_model_is_said_and_not_argued_with(server: ScriptedServer) -> None:
    model = asked(server, message({"type": "text", "text": "No."}, stop_reason="refusal"), provider="anthropic")
    with pytest.raises(RefusalError):
        model.ask(question())
    assert len(server.seen) == 1


def test_anthropics_errors_are_ours(server: ScriptedServer) -> None:
    overloaded = Reply(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    limited = Reply(
        429,
        {"type": "error", "error": {"type": "rate_limit_error", "message": "Too many"}},
        headers={"retry-after": "900"},
    )
    with pytest.raises(ModelUnavailableError, match="overloaded"):
        asked(server, overloaded, provider="anthropic").ask(question())
    assert len(server.seen) == 2  # it said itself that it did not take the first
    with pytest.raises(ModelBusyError, match="Too many"):
        asked(server, limited, provider="anthropic").ask(question())
