"""Reading what the collector knows of nodes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from ai4k8s_common.store.collector import RATE_COLUMNS, node_samples, nodes

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

MAX_NODES = 5_000
# An older sample tells nothing of now; the bound also spares looking into the partitions of earlier days.
SAMPLE_REACH = timedelta(hours=1)


def of_cluster(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return the nodes a cluster has now, each with its latest sample."""
    latest = (
        select(
            node_samples.c.at,
            node_samples.c.cpu_usage_millicores,
            node_samples.c.memory_bytes,
            node_samples.c.pods,
            *(node_samples.c[name] for name in RATE_COLUMNS),
        )
        .where(node_samples.c.node_id == nodes.c.id, node_samples.c.at > func.now() - SAMPLE_REACH)
        .order_by(node_samples.c.at.desc())
        .limit(1)
        .lateral("latest")
    )
    query = (
        select(nodes, latest)
        .outerjoin(latest, true())
        .where(nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None))
        .order_by(nodes.c.name)
        .limit(MAX_NODES)
    )
    return list(connection.execute(query))
