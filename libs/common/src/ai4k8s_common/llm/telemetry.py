"""Spans and metrics of questions to models. Never what was asked or answered: that may be anybody's.

Span names and attributes are OpenTelemetry's semantic conventions for generative AI. Labels come from settings, not
from answers, so their number is bounded.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from ai4k8s_common.telemetry.metrics import SECONDS_BUCKETS
from ai4k8s_common.telemetry.tracing import mark_failed, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Span

    from ai4k8s_common.llm.adapters.base import Endpoint
    from ai4k8s_common.llm.exchange import Spent, Understood
    from ai4k8s_common.llm.types import ModelError, Question

_ONE = ["provider", "model", "use"]
CALLS = Counter("ai4k8s_llm_calls_total", "Questions to a model, by what became of them", [*_ONE, "outcome"])
TOKENS = Counter("ai4k8s_llm_tokens_total", "Tokens as the provider counted them", [*_ONE, "direction"])
SECONDS = Histogram("ai4k8s_llm_seconds", "Time one model took to answer or to fail", _ONE, buckets=SECONDS_BUCKETS)
REPAIRS = Counter("ai4k8s_llm_repairs_total", "Answers of the wrong form that were sent back once", _ONE)
FALLBACKS = Counter(
    "ai4k8s_llm_fallbacks_total", "Times the next model was asked, by whose failure and why", [*_ONE, "reason"]
)
NO_ANSWER = Counter("ai4k8s_llm_no_answer_total", "Questions that no model answered: rules did", ["use", "reason"])
BREAKER_OPEN = Gauge("ai4k8s_llm_breaker_open", "1: the provider is left alone for a while", ["provider"])
BUDGET_LEFT = Gauge("ai4k8s_llm_budget_left_ratio", "Share of today's budget that is left", ["budget"])


@contextmanager
def asking(endpoint: Endpoint, question: Question) -> Iterator[Span]:
    """Run one question to one model in a span."""
    parts = urlsplit(endpoint.address)
    attributes: dict[str, str | int | float] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": endpoint.provider.value,
        "gen_ai.request.model": endpoint.model or "default",
        "gen_ai.request.max_tokens": question.max_tokens,
        "gen_ai.request.temperature": question.temperature,
        "gen_ai.request.top_p": question.top_p,
        "gen_ai.request.top_k": question.top_k,
        "gen_ai.output.type": "json" if question.schema is not None else "text",
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        "ai4k8s.llm.use": question.use.value,
    }
    with span(f"chat {endpoint.model or 'default'}", SpanKind.CLIENT) as current:
        current.set_attributes(attributes)
        yield current


def answered(current: Span, understood: Understood, spent: Spent) -> None:
    """Say in the span what came."""
    current.set_attribute("gen_ai.response.model", understood.model)
    current.set_attribute("gen_ai.response.finish_reasons", [understood.finish or "stop"])
    _usage(current, spent)


def failed(current: Span, error: ModelError, spent: Spent) -> None:
    """Say in the span that nothing came."""
    current.set_attribute("error.type", error.code)
    mark_failed(current, error.code)
    _usage(current, spent)


def _usage(current: Span, spent: Spent) -> None:
    current.set_attribute("gen_ai.usage.input_tokens", spent.input_tokens)
    current.set_attribute("gen_ai.usage.output_tokens", spent.output_tokens)


def count(endpoint: Endpoint, question: Question, outcome: str, spent: Spent, seconds: float) -> None:
    """Count one question to one model."""
    labels = (endpoint.provider.value, endpoint.model or "default", question.use.value)
    CALLS.labels(*labels, outcome).inc()
    SECONDS.labels(*labels).observe(seconds)
    TOKENS.labels(*labels, "input").inc(spent.input_tokens)
    TOKENS.labels(*labels, "output").inc(spent.output_tokens)
    if spent.repairs:
        REPAIRS.labels(*labels).inc(spent.repairs)


def count_fallback(endpoint: Endpoint, question: Question, reason: str) -> None:
    """Count that the next one is asked."""
    FALLBACKS.labels(endpoint.provider.value, endpoint.model or "default", question.use.value, reason).inc()
