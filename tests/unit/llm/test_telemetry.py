"""Spans and metrics say who was asked, how long it took and what it cost; never what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY, generate_latest

from ai4k8s_common.llm.build import build_model
from ai4k8s_common.llm.types import ModelError, Use
from ai4k8s_common.telemetry import tracing
from tests.support.models import HOSTILE, completion, question, settings_of
from tests.support.scripted_http import in_turn, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = "canary-words-of-a-person"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_each_attempt_is_a_span_and_counted_without_content(spans: InMemorySpanExporter) -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    groq = {"provider": "groq", "model": "llama-3.1-8b-instant", "use": "chat"}
    oss = {"provider": "gpt-oss", "model": "local-model", "use": "chat"}
    failed_before = value("ai4k8s_llm_calls_total", outcome="model_unavailable", **groq)
    fallbacks_before = value("ai4k8s_llm_fallbacks_total", reason="model_unavailable", **groq)
    tokens_before = value("ai4k8s_llm_tokens_total", direction="output", **oss)
    with scripted(in_turn(HOSTILE["500"])) as bad, scripted(in_turn(completion(f"about {WORDS}"))) as good:
        model = build_model(settings_of(groq=bad.url, gpt_oss=good.url), Use.CHAT)
        model.ask(question(WORDS))
    assert value("ai4k8s_llm_calls_total", outcome="model_unavailable", **groq) == failed_before + 1
    assert value("ai4k8s_llm_fallbacks_total", reason="model_unavailable", **groq) == fallbacks_before + 1
    assert value("ai4k8s_llm_tokens_total", direction="output", **oss) == tokens_before + 7

    finished = {
        str(span.attributes["gen_ai.request.model"]): span for span in spans.get_finished_spans() if span.attributes
    }
    answered = finished["local-model"]
    assert answered.name == "chat local-model"
    assert answered.attributes is not None
    wanted = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gpt-oss",
        "gen_ai.response.model": "served-model",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 7,
        "server.address": "127.0.0.1",
    }
    assert {name: answered.attributes[name] for name in wanted} == wanted
    failed = finished["llama-3.1-8b-instant"]
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "model_unavailable"
    assert not failed.status.is_ok
    everything = "".join(span.to_json() for span in finished.values()) + generate_latest(REGISTRY).decode()
    assert WORDS not in everything


def test_what_no_model_answered_is_counted_by_reason() -> None:
    labels = {"use": "rag", "reason": "no_model"}
    before = REGISTRY.get_sample_value("ai4k8s_llm_no_answer_total", labels) or 0.0
    with pytest.raises(ModelError):
        build_model(settings_of(), Use.RAG).ask(question(use=Use.RAG))
    assert REGISTRY.get_sample_value("ai4k8s_llm_no_answer_total", labels) == before + 1
