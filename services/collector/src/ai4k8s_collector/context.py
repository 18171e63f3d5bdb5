"""What the collector's tasks are wired with, once in each worker process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_collector.memory import Memories

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from ai4k8s_collector.adapters.cluster import OpenCluster
    from ai4k8s_collector.adapters.live import OpenLive
    from ai4k8s_collector.adapters.past import OpenPast
    from ai4k8s_collector.loop import Loop
    from ai4k8s_collector.settings import CollectorSettings
    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_common.kube.access import Credentials
    from ai4k8s_common.kube.addresses import AccessPolicy
    from ai4k8s_common.kube.credentials import ClusterCredential


@dataclass(frozen=True)
class Context:
    """Settings, the store, the way to clusters, and the clock."""

    bus: Bus
    settings: CollectorSettings
    credentials: Credentials
    interval: timedelta
    policy: AccessPolicy
    open_cluster: OpenCluster
    open_past: OpenPast
    open_live: OpenLive
    loop: Loop
    clock: Callable[[], datetime]
    memories: Memories = field(default_factory=Memories)

    def open_credential(self, cluster_id: UUID, sealed: bytes | None) -> ClusterCredential:
        """Return a cluster's credential, for use and not for keeping. Raises Ai4k8sError."""
        return self.credentials.open(cluster_id, sealed)
