"""One trace from the request to the task that it caused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from ai4k8s_common.services import Service
from ai4k8s_common.telemetry.tracing import configure_tracing, span
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.bus import BusBench


@pytest.fixture(scope="module", autouse=True)
def _tracing() -> None:
    configure_tracing("test")


def test_a_workers_log_lines_carry_the_trace_of_the_request(bus_bench: BusBench) -> None:
    worker = bus_bench.worker(Service.RAG)
    with span("POST /manifests", SpanKind.SERVER) as request:
        bus_bench.ask("refuse")
        trace_id = trace.format_trace_id(request.get_span_context().trace_id)
    eventually(lambda: "task_failed" in worker.output(), 10)
    lines = [json.loads(line) for line in worker.output().splitlines() if line.startswith("{")]
    (failed,) = [line for line in lines if line["event"] == "task_failed"]
    assert failed["trace_id"] == trace_id
    assert failed["service"] == "rag"
    assert failed["task"] == "rag.generate_manifest.v1"


def test_a_message_sent_again_by_the_relay_keeps_its_trace(bus_bench: BusBench) -> None:
    with span("POST /manifests", SpanKind.SERVER) as request:
        bus_bench.ask("refuse")
        trace_id = trace.format_trace_id(request.get_span_context().trace_id)
    with bus_bench.database.connect() as connection:
        row = connection.execute("SELECT trace FROM gateway.outbox").fetchone()
    assert row is not None
    assert trace_id in row[0]["traceparent"]
