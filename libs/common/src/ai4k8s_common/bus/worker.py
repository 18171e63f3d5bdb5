"""The entry point that all workers share: one process consumes one queue of one service."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready

from ai4k8s_common.bus.app import make_app
from ai4k8s_common.bus.handlers import Handlers, Runner
from ai4k8s_common.bus.queues import limits_of
from ai4k8s_common.bus.relay import Relay
from ai4k8s_common.bus.signs import SignsOfLife
from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.errors import Ai4k8sError, InvalidInputError
from ai4k8s_common.services import QueueKind, Service
from ai4k8s_common.settings import BusSettings, HealthSettings, LogSettings, MetricsSettings, StoreSettings
from ai4k8s_common.telemetry.logs import configure_logs
from ai4k8s_common.telemetry.metrics import serve_metrics
from ai4k8s_common.telemetry.tracing import configure_tracing

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from ai4k8s_common.contracts.base import Contract

C = TypeVar("C")

log = structlog.stdlib.get_logger(__name__)


def run_worker(service: Service, handlers: Handlers[C], wire: Callable[[Bus], C]) -> None:
    """Consume one queue until told to stop. `wire` builds the service's context, once in each pool process."""
    parser = argparse.ArgumentParser(description=f"AI4K8s {service.value} worker")
    parser.add_argument("--queue", type=QueueKind, choices=list(QueueKind), required=True)
    arguments = parser.parse_args()
    log_settings = LogSettings()
    configure_logs(service.value, log_settings)
    try:
        app = build_worker_app(service, arguments.queue, handlers, wire)
    except Ai4k8sError as error:
        sys.exit(f"{error.detail} {error.hint}".strip())
    app.worker_main(
        [
            "worker",
            f"--queues={limits_of(BusSettings(), service, arguments.queue).queue}",
            "--concurrency=1",  # more capacity is more workers; see telemetry/metrics.py
            f"--hostname={service.value}-{arguments.queue}@%h",
            f"--loglevel={log_settings.log_level}",
            "--pool=prefork",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


def build_worker_app(service: Service, kind: QueueKind, handlers: Handlers[C], wire: Callable[[Bus], C]) -> Celery:
    """Make the Celery app of one queue, with a task for every contract that travels on it.

    Raises InvalidInputError when a contract has no handler: a silent one would swallow messages.
    """
    bus_settings, store_settings = BusSettings(), StoreSettings()
    limits = limits_of(bus_settings, service, kind)
    contracts = heard_by(service, kind)
    missing = [contract.name for contract in contracts if contract not in handlers.by_contract]
    if missing or not contracts:
        raise InvalidInputError(f"{limits.queue}: no handler for {', '.join(missing) or 'anything'}")
    app = make_app(limits.queue, bus_settings, limits)
    slot = _Slot[C]()
    for contract in contracts:
        _register(app, contract, slot)

    def start(**_: object) -> None:
        # After the fork: no connection, thread or lock may cross it.
        configure_tracing(service.value)
        metrics = MetricsSettings()
        serve_metrics(metrics.metrics_host, metrics.metrics_port)
        bus = Bus.open(service, store_settings, bus_settings)
        signs = SignsOfLife(HealthSettings().health_directory)
        slot.relay = Relay(bus, limits.queue, bus_settings.resend_after_seconds, signs=signs)
        slot.runner = Runner(bus, wire(bus), handlers, bus_settings.max_attempts)
        slot.relay.start()

    def stop(**_: object) -> None:
        if slot.relay is not None and slot.runner is not None:
            slot.relay.stop()
            slot.runner.bus.close()

    worker_process_init.connect(start, weak=False)
    worker_process_shutdown.connect(stop, weak=False)
    worker_ready.connect(lambda **_: log.info("worker_ready", queue=limits.queue), weak=False)
    return app


class _Slot(Generic[C]):
    """Filled in each pool process."""

    runner: Runner[C] | None = None
    relay: Relay | None = None


def _register(app: Celery, contract: type[Contract], slot: _Slot[C]) -> None:
    def task(envelope: object = None) -> None:
        if slot.runner is None:
            raise InvalidInputError("the worker process was not wired")
        slot.runner.run(contract, envelope)

    # Not shared: Celery would add it to every other app of this process, too.
    app.task(task, name=contract.name, shared=False)
