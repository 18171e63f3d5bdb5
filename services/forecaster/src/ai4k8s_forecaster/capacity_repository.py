"""Queries of capacity: use by the hour, quotas, claims, the forecast summed over workloads; and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select, text

from ai4k8s_common.store.bulk import upsert_rows
from ai4k8s_common.store.collector import workload_rollups, workloads
from ai4k8s_common.store.forecaster import forecasts
from ai4k8s_common.store.observed import quotas, sources, volume_claims
from ai4k8s_common.store.optimising import capacity_hours, capacity_outlooks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_forecaster.domain.arrays import FloatArray

PATH_REACH = timedelta(minutes=15)
PATH_STEPS = 72
_MEDIAN, _UPPER = 3, 6

# Sums over workloads of each five minutes, then the hour's mean and highest. Requests are replicas times today's
# request: it is the growth in pods that is looked for, not past changes of size.
_CLUSTER_HOURS = text(
    """
    INSERT INTO forecaster.capacity_hours (cluster_id, scope, name, resource, hour, used_mean, used_max)
    SELECT :cluster_id, 'cluster', '', resource, date_trunc('hour', at, 'UTC'), avg(used), max(used)
    FROM (
        SELECT r.at, v.resource, sum(v.used) AS used
        FROM collector.workload_rollups AS r
        JOIN collector.workloads AS w ON w.id = r.workload_id
        CROSS JOIN LATERAL (VALUES
            ('cpu', r.cpu_usage_millicores), ('memory', r.memory_bytes),
            ('cpu_requests', r.desired_replicas * w.cpu_request_millicores),
            ('memory_requests', r.desired_replicas * w.memory_request_bytes)
        ) AS v (resource, used)
        WHERE r.cluster_id = :cluster_id AND r.at >= :since AND r.at < :until AND v.used IS NOT NULL
        GROUP BY 1, 2
    ) AS bins
    GROUP BY resource, 5
    ON CONFLICT (cluster_id, scope, name, resource, hour)
        DO UPDATE SET used_mean = excluded.used_mean, used_max = excluded.used_max
    """
)
_POOL_HOURS = text(
    """
    INSERT INTO forecaster.capacity_hours (cluster_id, scope, name, resource, hour, used_mean, used_max)
    SELECT :cluster_id, 'pool', pool, resource, date_trunc('hour', at, 'UTC'), avg(used), max(used)
    FROM (
        SELECT r.at, coalesce(n.pool, n.instance_type, 'default') AS pool, v.resource, sum(v.used) AS used
        FROM collector.node_rollups AS r
        JOIN collector.nodes AS n ON n.id = r.node_id
        CROSS JOIN LATERAL (VALUES ('cpu', r.cpu_usage_millicores), ('memory', r.memory_bytes)) AS v (resource, used)
        WHERE r.cluster_id = :cluster_id AND r.at >= :since AND r.at < :until AND v.used IS NOT NULL
        GROUP BY 1, 2, 3
    ) AS bins
    GROUP BY pool, resource, 5
    ON CONFLICT (cluster_id, scope, name, resource, hour)
        DO UPDATE SET used_mean = excluded.used_mean, used_max = excluded.used_max
    """
)


@dataclass(frozen=True)
class Reading:
    """What is used of something now, and how much there is; None: not known, or no limit."""

    scope: str
    name: str
    resource: str
    used: float | None
    limit: float | None
    problem: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is called in the store."""
        return self.scope, self.name, self.resource


def sum_up(connection: Connection, cluster_id: UUID, since: datetime, until: datetime) -> None:
    """Sum five-minute roll-ups to hours, of the whole cluster and of pools."""
    values = {"cluster_id": cluster_id, "since": since, "until": until}
    connection.execute(_CLUSTER_HOURS, values)
    connection.execute(_POOL_HOURS, values)


def count_workloads(connection: Connection, cluster_id: UUID) -> int:
    """Return how many workloads a cluster has had."""
    query = select(func.count()).where(workloads.c.cluster_id == cluster_id)
    return int(connection.execute(query).scalar_one())


def first_rollup_at(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when the roll-ups of a cluster begin."""
    query = select(func.min(workload_rollups.c.at)).where(workload_rollups.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def read_now(connection: Connection, cluster_id: UUID) -> list[Reading]:
    """Return quotas and claims as they are."""
    rows = connection.execute(select(quotas).where(quotas.c.cluster_id == cluster_id))
    found = [
        Reading("quota", f"{row.namespace}/{row.name}", resource, row.used.get(resource), hard)
        for row in rows
        for resource, hard in sorted(row.hard.items())
    ]
    claims = connection.execute(select(volume_claims).where(volume_claims.c.cluster_id == cluster_id))
    for row in claims:
        size = row.capacity_bytes or row.requested_bytes
        problem = "" if row.used_bytes is not None else "how full it is, only Prometheus knows (kubelet_volume_stats)"
        found.append(Reading("claim", f"{row.namespace}/{row.name}", "storage", row.used_bytes, size, problem))
    return found


def note_hour(connection: Connection, cluster_id: UUID, readings: Sequence[Reading], hour: datetime) -> None:
    """Remember what is used in this hour: of these nobody else keeps a past."""
    rows: list[dict[str, Any]] = [
        {
            "cluster_id": cluster_id,
            "scope": one.scope,
            "name": one.name,
            "resource": one.resource,
            "hour": hour,
            "used_mean": one.used,
            "used_max": one.used,
        }
        for one in readings
        if one.used is not None
    ]
    identity = ("cluster_id", "scope", "name", "resource", "hour")
    keep_highest = {"used_max": "greatest(capacity_hours.used_max, excluded.used_max)"}
    upsert_rows(
        connection, capacity_hours, rows, identity=identity, kept=("used_mean", "used_max"), with_changes=keep_highest
    )


def daily_peaks(
    connection: Connection, cluster_id: UUID, now: datetime, days: int, least_hours: int
) -> dict[tuple[str, str, str], FloatArray]:
    """Return ``[days]`` highest values of complete days, yesterday last, NaN for days that were seen too little."""
    h = capacity_hours
    day = func.date_trunc("day", h.c.hour, "UTC")
    query = (
        select(h.c.scope, h.c.name, h.c.resource, day.label("day"), func.max(h.c.used_max).label("peak"))
        .where(h.c.cluster_id == cluster_id, h.c.hour >= now - timedelta(days=days + 1))
        .group_by(h.c.scope, h.c.name, h.c.resource, day)
        .having(func.count() >= least_hours)
    )
    found: dict[tuple[str, str, str], FloatArray] = {}
    for row in connection.execute(query):
        column = days - (now.date() - row.day.date()).days
        if 0 <= column < days:
            series = found.setdefault((row.scope, row.name, row.resource), np.full(days, np.nan))
            series[column] = row.peak
    return found


def prune_hours(connection: Connection, cluster_id: UUID, before: datetime) -> None:
    """Forget hours past retention."""
    connection.execute(
        capacity_hours.delete().where(capacity_hours.c.cluster_id == cluster_id, capacity_hours.c.hour < before)
    )


def summed_path(
    connection: Connection, cluster_id: UUID, now: datetime
) -> tuple[datetime, FloatArray, FloatArray, int] | None:
    """Return (start, ``[steps]`` median, ``[steps]`` upper bound, workloads) of the newest forecasts' sum."""
    f = forecasts
    newest = select(func.max(f.c.made_at)).where(
        f.c.cluster_id == cluster_id, f.c.metric == "cpu", f.c.made_at > now - PATH_REACH
    )
    query = select(f.c.path_start_at, f.c.path_values).where(
        f.c.cluster_id == cluster_id,
        f.c.metric == "cpu",
        f.c.made_at == newest.scalar_subquery(),
        f.c.path_values.is_not(None),
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    values = np.array([row.path_values for row in rows]).reshape(len(rows), -1, PATH_STEPS).sum(axis=0)
    return rows[0].path_start_at, values[_MEDIAN], values[_UPPER], len(rows)


def missing_source(connection: Connection, cluster_id: UUID, source: str) -> str:
    """Return why something was not read; empty when it was, or was not asked."""
    query = select(sources.c.status, sources.c.reason, sources.c.hint).where(
        sources.c.cluster_id == cluster_id, sources.c.source == source
    )
    row = connection.execute(query).one_or_none()
    if row is None or row.status == "available":
        return ""
    return f"{row.reason} {row.hint}".strip()


def replace_outlooks(
    connection: Connection, cluster_id: UUID, rows: Sequence[Mapping[str, object]], at: datetime
) -> None:
    """Write what is foreseen now, and forget what is not there any more."""
    upsert_rows(connection, capacity_outlooks, rows, identity=("cluster_id", "scope", "name", "resource"))
    connection.execute(
        capacity_outlooks.delete().where(capacity_outlooks.c.cluster_id == cluster_id, capacity_outlooks.c.made_at < at)
    )
