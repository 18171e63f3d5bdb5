"""Removes what a service knows of a cluster that nobody has connected any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from ai4k8s_common.store.tables import metadata, owner_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.services import Service


def forget_cluster(connection: Connection, service: Service, cluster_id: UUID) -> int:
    """Delete a cluster's rows from every table of a service; returns how many.

    Tables that know a workload and not its cluster follow those of the same service that know both.
    """
    own = [table for key, table in metadata.tables.items() if owner_of(key) is service]
    both = [table for table in own if {"cluster_id", "workload_id"} <= set(table.c.keys())]
    removed = 0
    for table in own:
        if "workload_id" in table.c and "cluster_id" not in table.c:
            for known in both:
                of_cluster = select(known.c.workload_id).where(known.c.cluster_id == cluster_id)
                removed += connection.execute(delete(table).where(table.c.workload_id.in_(of_cluster))).rowcount
    for table in own:
        if "cluster_id" in table.c:
            removed += connection.execute(delete(table).where(table.c.cluster_id == cluster_id)).rowcount
    return removed
