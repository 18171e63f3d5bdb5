"""One request is followed through gateway, queue and worker: spans, logs and metrics of real processes tell one story."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ai4k8s_common.security.sealed import generate_key_pair
from ai4k8s_common.services import Service
from ai4k8s_standalone.ports import pick_free
from tests.support.gateway import Person, start_gateway_process
from tests.support.scripted_http import Reply, ScriptedServer, Seen, scripted
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import Database, Valkey

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TASK = "collector.check_connection.v1"
ROUTE = "/api/v1/clusters/{cluster_id}/test"


@dataclass(frozen=True)
class Told:
    """A span as it was exported."""

    service: str
    name: str
    span_id: str
    parent_id: str


def spans_of(collector: ScriptedServer, trace_id: str) -> list[Told]:
    """What was exported of one trace."""
    found = []
    for seen in list(collector.seen):
        for resource in ExportTraceServiceRequest.FromString(seen.body).resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            found += [
                Told(names["service.name"], span.name, span.span_id.hex(), span.parent_span_id.hex())
                for scope in resource.scope_spans
                for span in scope.spans
                if span.trace_id.hex() == trace_id
            ]
    return found


def lines(process: TestProcess, trace_id: str) -> list[dict[str, Any]]:
    """What a process logged under one trace."""
    found = [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]
    return [line for line in found if line.get("trace_id") == trace_id]


def accept(seen: Seen) -> Reply:
    """What a collector of traces answers."""
    return Reply(200 if seen.path == "/v1/traces" else 404)


def test_a_request_its_message_and_its_task_are_one_trace_in_spans_logs_and_metrics(
    database: Database, valkey: Valkey, processes: Processes
) -> None:
    public_key, private_key = generate_key_pair()
    metrics_port = str(pick_free())
    with scripted(accept) as collector:
        tracing = {"AI4K8S_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        gateway = start_gateway_process(
            database, valkey, processes, AI4K8S_CREDENTIALS_PUBLIC_KEY=public_key, **tracing
        )
        worker = processes.start(
            [sys.executable, "-m", "ai4k8s_collector.worker", "--queue", "jobs"],
            environment={
                "AI4K8S_DATABASE_URL": database.url(Service.COLLECTOR),
                "AI4K8S_BROKER_URL": valkey.url,
                "AI4K8S_REDIS_URL": valkey.url,
                "AI4K8S_CREDENTIALS_PRIVATE_KEY": private_key,
                "AI4K8S_METRICS_PORT": metrics_port,
                **tracing,
            },
            name="collector",
        )
        gateway.wait_until_ready()
        # Before it listens, the message would be sent a second time, which makes a span of its own.
        worker.wait_for_output("worker_ready", within=60)
        ada = Person(gateway.url, "ada").register()
        cluster_id = ada.add_cluster()["id"]

        header = f"00-{TRACE}-{CALLER}-01"
        job = ada.send("POST", f"/clusters/{cluster_id}/test", traceparent=header).json()["job_id"]
        eventually(
            lambda: ada.get(f"/jobs/{job}").json()["status"] == "completed", 60, every=0.2, message=worker.output
        )
        eventually(lambda: len(spans_of(collector, TRACE)) >= 2, 20)
        answered, handled = sorted(spans_of(collector, TRACE), key=lambda told: told.service, reverse=True)
        route_metrics = httpx.get(f"{gateway.url}/metrics", timeout=20).text
        task_metrics = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=20).text

    assert answered == Told("gateway", f"POST {ROUTE}", answered.span_id, CALLER)
    assert handled == Told("collector", TASK, handled.span_id, answered.span_id)
    (logged,) = [line for line in lines(gateway.process, TRACE) if line["event"] == "request_answered"]
    assert (logged["route"], logged["status"], logged["span_id"]) == (ROUTE, 202, answered.span_id)
    (logged,) = [line for line in lines(worker, TRACE) if line["event"] == "message_handled"]
    assert (logged["task"], logged["outcome"], logged["span_id"]) == (TASK, "done", handled.span_id)
    assert f'ai4k8s_gateway_requests_total{{method="POST",route="{ROUTE}",status="202"}} 1.0' in route_metrics
    assert f'ai4k8s_gateway_request_duration_seconds_count{{method="POST",route="{ROUTE}"}} 1.0' in route_metrics
    assert f'ai4k8s_tasks_total{{outcome="done",task="{TASK}"}} 1.0' in task_metrics
    assert f'ai4k8s_task_seconds_count{{task="{TASK}"}} 1.0' in task_metrics
    ada.http.close()
