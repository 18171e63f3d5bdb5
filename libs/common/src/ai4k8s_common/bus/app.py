"""The Celery app: JSON only, late acknowledgement, one message at a time, no results, no remote control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import Celery

if TYPE_CHECKING:
    from ai4k8s_common.bus.queues import QueueLimits
    from ai4k8s_common.settings import BusSettings

PUBLISHER_OPTIONS: dict[str, object] = {
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    # One attempt: the message is in the outbox already, and a person may be waiting for the answer.
    "max_retries": 1,
    "interval_start": 0.0,
    "interval_step": 0.0,
    "interval_max": 0.0,
}


def make_app(name: str, settings: BusSettings, consumes: QueueLimits | None = None) -> Celery:
    """Make the app of one process; `consumes` is the queue of a worker, None for one that only publishes."""
    app = Celery(name, broker=settings.broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_publish_retry=False,  # the outbox's relay does that, and it survives us
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=10.0,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=3,
        broker_transport_options=PUBLISHER_OPTIONS if consumes is None else consumes.transport_options(),
        enable_utc=True,
        timezone="UTC",
    )
    if consumes is not None:
        app.conf.update(
            task_time_limit=consumes.time_limit_seconds,
            task_soft_time_limit=max(1, consumes.time_limit_seconds - 5),
        )
    return app
