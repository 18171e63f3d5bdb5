"""Metric names and labels in one place, and the exporter of a worker.

Workers run one task at a time in one pool process, so plain counters of that process are the truth; more capacity
is more workers, not more pool processes. No multiprocess files, which grow without bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

if TYPE_CHECKING:
    from threading import Thread
    from wsgiref.simple_server import WSGIServer

log = structlog.stdlib.get_logger(__name__)

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 240.0)

TASKS = Counter("ai4k8s_tasks_total", "Deliveries handled, by outcome", ["task", "outcome"])
TASK_SECONDS = Histogram("ai4k8s_task_seconds", "Time from delivery to commit", ["task"], buckets=SECONDS_BUCKETS)
MESSAGES_RESENT = Counter("ai4k8s_messages_resent_total", "Messages the relay sent again", ["service"])
MESSAGE_WAIT_SECONDS = Histogram(
    "ai4k8s_message_wait_seconds", "Time from acceptance to start of handling", ["task"], buckets=SECONDS_BUCKETS
)
LAST_SUCCESS = Gauge("ai4k8s_task_last_success_timestamp_seconds", "When a task last succeeded", ["task"])


def serve_metrics(host: str, port: int | None) -> tuple[WSGIServer, Thread] | None:
    """Serve /metrics on a port of its own; None: not wanted, or the port is taken (said in the log)."""
    if port is None:
        return None
    try:
        return start_http_server(port, addr=host)
    except OSError as error:
        log.warning("metrics_not_served", port=port, error=str(error))
        return None
