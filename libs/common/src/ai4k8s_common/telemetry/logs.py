"""Structured logs: events in the past tense, with bound ids, one JSON object a line in production."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.settings import LogFormat, LogSettings
from ai4k8s_common.telemetry.tracing import add_trace_ids

if TYPE_CHECKING:
    from structlog.typing import Processor


def configure_logs(service: str, settings: LogSettings) -> None:
    """Route structlog and the standard library's loggers through one formatter to stderr."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        add_trace_ids,
    ]
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format is LogFormat.JSON:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # Their INFO lines would repeat every message and request that we log ourselves.
    for chatty in (
        "celery.worker.strategy",
        "celery.app.trace",
        "httpx",
        "httpcore",
        "httpx2",
        "httpcore2",
        "uvicorn.access",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
