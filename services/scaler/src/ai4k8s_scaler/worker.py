"""Entry point: `python -m ai4k8s_scaler.worker --queue cycle|jobs`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.transport import Timeouts
from ai4k8s_common.services import Service
from ai4k8s_common.settings import AuditSettings, ClusterAccessSettings, CycleSettings, UnsealSettings
from ai4k8s_scaler.adapters.cluster import SealedClusterOpener
from ai4k8s_scaler.context import Context
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.tasks import handlers

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(_: Bus) -> Context:
    """Build the context of one worker process."""
    credentials = Credentials.of(UnsealSettings(), ClusterAccessSettings())
    return Context(
        settings=ScalerSettings(),
        interval=timedelta(seconds=CycleSettings().cycle_seconds),
        open_cluster=SealedClusterOpener(credentials, Timeouts()),
        clock=utc_now,
        audit_keep_days=AuditSettings().audit_keep_days,
    )


def main() -> None:
    """Consume one queue until told to stop."""
    run_worker(Service.SCALER, handlers, wire)


if __name__ == "__main__":
    main()
