"""What the collector hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import JobCommand, Tick
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service


class ClaimDueClusters(Tick):
    """Claim the clusters whose next cycle is due and observe them."""

    name: ClassVar[str] = "collector.claim_due_clusters.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR


class MaintainPartitions(Tick):
    """Make partitions for the coming days and drop those past retention."""

    name: ClassVar[str] = "collector.maintain_partitions.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR


class KeepConnections(Tick):
    """Ask for the connection tests that are due, and look at what clusters the operator offers."""

    name: ClassVar[str] = "collector.keep_connections.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR


class BackfillCluster(JobCommand):
    """Read the past from the cluster's Prometheus. Sent once when a cluster is first reached."""

    name: ClassVar[str] = "collector.backfill_cluster.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR
    permission: ClassVar[Permission] = Permission.CLUSTER_MANAGE

    cluster_id: UUID


class CheckConnection(JobCommand):
    """Try a cluster's connection step by step and report what works."""

    name: ClassVar[str] = "collector.check_connection.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR
    permission: ClassVar[Permission] = Permission.CLUSTER_MANAGE

    cluster_id: UUID


class ReadHostKey(JobCommand):
    """Ask a bastion for its host key, for a person to confirm."""

    name: ClassVar[str] = "collector.read_host_key.v1"
    consumer: ClassVar[Service] = Service.COLLECTOR
    permission: ClassVar[Permission] = Permission.CLUSTER_MANAGE

    host: str
    port: int
