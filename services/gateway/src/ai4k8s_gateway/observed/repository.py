"""Reading what the collector saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from ai4k8s_common.store.collector import cycles, workloads
from ai4k8s_common.store.observed import container_digests, deploys, events, pods, quotas, sources, volume_claims

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

_RATES = text(
    """
    SELECT date_bin('5 minutes', at, timestamptz '2000-01-01 00:00:00+00') AS bin,
           avg(memory_bytes) AS memory_bytes,
           avg(network_receive_bytes_per_second) AS network_receive_bytes_per_second,
           avg(network_transmit_bytes_per_second) AS network_transmit_bytes_per_second,
           avg(disk_read_bytes_per_second) AS disk_read_bytes_per_second,
           avg(disk_write_bytes_per_second) AS disk_write_bytes_per_second,
           avg(requests_per_second) AS requests_per_second,
           avg(throttled_share) AS throttled_share,
           (array_agg(custom ORDER BY at DESC))[1] AS custom
    FROM collector.workload_samples
    WHERE workload_id = :workload_id AND at >= :since AND source = 0
    GROUP BY bin ORDER BY bin
    """
)


def sources_of(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return how each source of a cluster answered."""
    return list(connection.execute(select(sources).where(sources.c.cluster_id == cluster_id)))


def dropped_of(connection: Connection, cluster_id: UUID) -> dict[str, int]:
    """Return the readings dropped in the newest completed cycle."""
    query = (
        select(cycles.c.dropped)
        .where(cycles.c.cluster_id == cluster_id, cycles.c.status == "completed")
        .order_by(cycles.c.started_at.desc())
        .limit(1)
    )
    return dict(connection.execute(query).scalar_one_or_none() or {})


def events_of(connection: Connection, cluster_id: UUID, limit: int, workload_id: int | None = None) -> list[Row[Any]]:
    """Return events, the newest first."""
    query = select(events).where(events.c.cluster_id == cluster_id)
    if workload_id is not None:
        query = query.where(events.c.workload_id == workload_id)
    return list(connection.execute(query.order_by(events.c.last_at.desc(), events.c.id).limit(limit)))


def quotas_of(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return a cluster's quotas by namespace."""
    query = select(quotas).where(quotas.c.cluster_id == cluster_id).order_by(quotas.c.namespace, quotas.c.name)
    return list(connection.execute(query))


def claims_of(connection: Connection, cluster_id: UUID, limit: int) -> list[Row[Any]]:
    """Return a cluster's volume claims by namespace."""
    v = volume_claims
    query = select(v).where(v.c.cluster_id == cluster_id).order_by(v.c.namespace, v.c.name).limit(limit)
    return list(connection.execute(query))


def workload(connection: Connection, workload_id: int) -> Row[Any] | None:
    """Return a workload's row."""
    return connection.execute(select(workloads).where(workloads.c.id == workload_id)).one_or_none()


def pods_of(connection: Connection, workload_id: int, limit: int) -> list[Row[Any]]:
    """Return a workload's pods, those that do not run first."""
    query = select(pods).where(pods.c.workload_id == workload_id).order_by(pods.c.ready, pods.c.name).limit(limit)
    return list(connection.execute(query))


def deploys_of(connection: Connection, workload_id: int, limit: int) -> list[Row[Any]]:
    """Return a workload's deploys, the newest first."""
    query = select(deploys).where(deploys.c.workload_id == workload_id).order_by(deploys.c.at.desc()).limit(limit)
    return list(connection.execute(query))


def rates_of(connection: Connection, workload_id: int, since: datetime) -> list[Row[Any]]:
    """Return five-minute means since a moment, the oldest first."""
    return list(connection.execute(_RATES, {"workload_id": workload_id, "since": since}))


def digests_of(connection: Connection, workload_id: int, since: date) -> list[Row[Any]]:
    """Return the daily histograms of a workload's containers."""
    d = container_digests
    query = select(d).where(d.c.workload_id == workload_id, d.c.day >= since).order_by(d.c.container, d.c.day)
    return list(connection.execute(query))
