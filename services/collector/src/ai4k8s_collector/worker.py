"""Entry point: `python -m ai4k8s_collector.worker --queue cycle|jobs`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector import repository
from ai4k8s_collector.context import Context
from ai4k8s_collector.loop import Loop, look_for_cycles_seldom
from ai4k8s_collector.settings import CollectorSettings
from ai4k8s_collector.tasks import handlers
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import AsyncKubeClient
from ai4k8s_common.kube.prometheus import AsyncPrometheusClient, PrometheusClient
from ai4k8s_common.services import Service
from ai4k8s_common.settings import ClusterAccessSettings, CycleSettings, UnsealSettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(bus: Bus) -> Context:
    """Build the context of one worker process."""
    look_for_cycles_seldom()
    access = ClusterAccessSettings()
    policy = AccessPolicy.of(access)
    settings = CollectorSettings()
    context = Context(
        bus=bus,
        settings=settings,
        credentials=Credentials.of(UnsealSettings(), access),
        interval=timedelta(seconds=CycleSettings().cycle_seconds),
        policy=policy,
        open_cluster=lambda credential, namespaces=(): AsyncKubeClient(credential, policy, namespaces=namespaces),
        open_past=lambda url: PrometheusClient(url, policy),
        open_live=lambda url: AsyncPrometheusClient(url, policy),
        loop=Loop(),
        clock=utc_now,
    )
    _prepare(context)
    return context


def _prepare(context: Context) -> None:
    """Make today's partitions before the first cycle, not when the first maintenance comes by."""
    try:
        with context.bus.transaction() as tx:
            repository.ensure_partitions(tx.connection, context.clock(), context.settings.keep_raw_hours)
    except UnavailableError:
        # The store is away; maintenance makes up for it.
        return


def main() -> None:
    """Consume one queue until told to stop."""
    run_worker(Service.COLLECTOR, handlers, wire)


if __name__ == "__main__":
    main()
