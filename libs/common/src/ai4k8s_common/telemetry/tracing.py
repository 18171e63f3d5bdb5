"""One trace follows a request through gateway, queues and workers (W3C Trace Context in the message).

Spans are exported over OTLP when AI4K8S_OTLP_ENDPOINT is set. Without it they still give logs their trace ids.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ai4k8s_common.settings import TraceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.trace import Span
    from structlog.typing import EventDict

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("ai4k8s")


def configure_tracing(service: str, settings: TraceSettings | None = None) -> None:
    """Set the provider of this process. After a fork, never before: the exporter has a thread."""
    settings = settings or TraceSettings()
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service, SERVICE_NAMESPACE: "ai4k8s"}))
    if settings.otlp_endpoint is not None:
        # With an HTTP client, which nobody needs who sends no spans.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def carrier() -> dict[str, str]:
    """Return the current trace context as headers, empty when there is none."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers


@contextmanager
def span(
    name: str, kind: SpanKind, headers: Mapping[str, str] | None = None, **attributes: str | int | bool
) -> Iterator[Span]:
    """Run a block in a span that continues the trace found in `headers`, or begins one."""
    parent = None if headers is None else _propagator.extract(dict(headers))
    with _tracer.start_as_current_span(name, context=parent, kind=kind, attributes=dict(attributes)) as current:
        yield current


def mark_failed(current: Span, reason: str) -> None:
    """Say that what the span covers did not succeed."""
    current.set_status(Status(StatusCode.ERROR, reason))


def add_trace_ids(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: put the ids of the current span into the line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event
