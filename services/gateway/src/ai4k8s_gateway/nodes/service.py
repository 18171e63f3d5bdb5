"""Use cases around nodes: show a cluster's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.nodes import repository
from ai4k8s_gateway.nodes.schemas import NodeView

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_gateway.accounts.service import Principal


def list_views(connection: Connection, principal: Principal, cluster_id: UUID) -> list[NodeView]:
    """Return a cluster's nodes. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    return [
        NodeView(
            id=row.id,
            name=row.name,
            ready=row.ready,
            unschedulable=row.unschedulable,
            cpu_allocatable_millicores=row.cpu_allocatable_millicores,
            cpu_usage_millicores=row.cpu_usage_millicores,
            memory_allocatable_bytes=row.memory_allocatable_bytes,
            memory_bytes=row.memory_bytes,
            pods_allocatable=row.pods_allocatable,
            pods=row.pods,
            sampled_at=row.at,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
        )
        for row in repository.of_cluster(connection, cluster_id)
    ]
