"""Queries of right-sizing: containers and what they used, by histogram; and the recommendations that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from ai4k8s_common.store.bulk import upsert_rows
from ai4k8s_common.store.collector import node_samples, nodes, workloads
from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, GROWTH, LAST_BUCKET
from ai4k8s_common.store.observed import container_digests, pods
from ai4k8s_common.store.optimising import recommendations
from ai4k8s_common.store.scaler import autoscalers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Row

#: Pods of these live too shortly for their use to be a level.
FLEETING = ("Job", "CronJob")
SAMPLE_REACH = timedelta(minutes=15)

# Where only sums over pods are known (before a cluster was watched pod by pod), a workload of one container has its
# share of each five minutes. Its highest five minutes stand for the readings that nobody took.
_ROLLUPS = text(
    """
    SELECT workload_id, day, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(many ORDER BY bucket) AS counts,
           max(cpu) AS cpu_max, max(memory) AS memory_max, sum(memory_mean * many) / sum(many) AS memory_mean
    FROM (
        SELECT workload_id, (at AT TIME ZONE 'UTC')::date AS day,
               least(greatest(ceil(ln(greatest(cpu_usage_max_millicores / ready_replicas, :smallest) / :smallest)
                                   / ln(:growth) - 1e-9), 0), :last)::int AS bucket,
               count(*) AS many, max(cpu_usage_max_millicores / ready_replicas) AS cpu,
               max(memory_max_bytes / ready_replicas) AS memory, avg(memory_bytes / ready_replicas) AS memory_mean
        FROM collector.workload_rollups
        WHERE cluster_id = :cluster_id AND workload_id = ANY(:ids) AND at >= :since
          AND cpu_usage_max_millicores IS NOT NULL AND memory_bytes IS NOT NULL AND ready_replicas >= 1
        GROUP BY 1, 2, 3
    ) AS buckets
    GROUP BY workload_id, day
    """
)


@dataclass(frozen=True)
class DayOfUse:
    """One container's day."""

    day: date
    buckets: Sequence[int]
    counts: Sequence[int]
    cpu_max: float
    memory_max: float
    memory_typical: float | None
    oom_kills: int = 0
    throttled: float | None = None
    per_pod: bool = True


@dataclass(frozen=True)
class Sized:
    """A container whose size is to be judged, with its workload."""

    workload: Row[Any]
    spec: Mapping[str, Any]
    days: list[DayOfUse] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, str]:
        """What it is called in the store."""
        return int(self.workload.id), str(self.spec["name"])


def containers_of(connection: Connection, cluster_id: UUID) -> dict[tuple[int, str], Sized]:
    """Return the containers of a cluster's workloads, without those whose pods are fleeting."""
    w = workloads
    query = (
        select(w).where(w.c.cluster_id == cluster_id, w.c.gone_at.is_(None), w.c.kind.not_in(FLEETING)).order_by(w.c.id)
    )
    each = (Sized(row, spec) for row in connection.execute(query) for spec in row.containers)
    return {one.key: one for one in each}


def add_use(connection: Connection, cluster_id: UUID, containers: Mapping[tuple[int, str], Sized], first: date) -> None:
    """Give each container the days it was used on, from a day on."""
    d = container_digests
    query = select(d).where(d.c.cluster_id == cluster_id, d.c.day >= first).order_by(d.c.day)
    for row in connection.execute(query):
        sized = containers.get((row.workload_id, row.container))
        if sized is not None:
            sized.days.append(_digest_day(row))
    # Days before the first digest are told by the sums over pods; the day in which digests began is a digest.
    thin = {
        key[0]: sized
        for key, sized in containers.items()
        if len(sized.workload.containers) == 1 and not any(one.day == first for one in sized.days)
    }
    for workload_id, day in _rollup_days(connection, cluster_id, list(thin), first):
        days = thin[workload_id].days
        known = {one.day for one in days}
        oldest = min(known, default=None)
        if oldest is None or day.day < oldest:
            days.insert(0, day)


def _digest_day(row: Row[Any]) -> DayOfUse:
    total, seen, typical = sum(row.memory_counts), 0, None
    for bucket, count in zip(row.memory_buckets, row.memory_counts, strict=True):
        seen += count
        if 2 * seen >= total:
            typical = min(2.0**20 * GROWTH**bucket, row.memory_max_bytes)
            break
    return DayOfUse(
        row.day,
        row.cpu_buckets,
        row.cpu_counts,
        row.cpu_max_millicores,
        row.memory_max_bytes,
        typical,
        row.oom_kills,
        row.throttled_share_max,
    )


def _rollup_days(
    connection: Connection, cluster_id: UUID, ids: list[int], first: date
) -> Iterator[tuple[int, DayOfUse]]:
    values = {
        "cluster_id": cluster_id,
        "ids": ids,
        "since": datetime.combine(first, time(), UTC),
        "smallest": CPU_SMALLEST_MILLICORES,
        "growth": GROWTH,
        "last": LAST_BUCKET,
    }
    rows = connection.execute(_ROLLUPS, values) if ids else ()
    for row in sorted(rows, key=lambda one: one.day, reverse=True):
        day = DayOfUse(row.day, row.buckets, row.counts, row.cpu_max, row.memory_max, row.memory_mean, per_pod=False)
        yield row.workload_id, day


def previous(connection: Connection, cluster_id: UUID) -> dict[tuple[int, str], Row[Any]]:
    """Return what was recommended before."""
    query = select(recommendations).where(recommendations.c.cluster_id == cluster_id)
    return {(row.workload_id, row.container): row for row in connection.execute(query)}


def memory_autoscaled(connection: Connection, cluster_id: UUID) -> dict[tuple[str, str, str], bool]:
    """Return, by (namespace, kind, name) of the workload, whether an HPA measures memory against its request."""
    a = autoscalers
    query = select(a.c.namespace, a.c.target_kind, a.c.target_name, a.c.spec).where(
        a.c.cluster_id == cluster_id, func.lower(a.c.kind) == "hpa"
    )
    return {
        (row.namespace, row.target_kind, row.target_name): any(
            (metric.get("resource") or {}).get("name") == "memory" for metric in row.spec.get("metrics") or ()
        )
        for row in connection.execute(query)
    }


def busy_nodes(connection: Connection, cluster_id: UUID, now: datetime, share: float) -> dict[str, float]:
    """Return the nodes whose CPU is used to more than a share, by their newest sample."""
    query = (
        select(nodes.c.name, node_samples.c.cpu_usage_millicores / nodes.c.cpu_allocatable_millicores)
        .join(node_samples, node_samples.c.node_id == nodes.c.id)
        .where(
            nodes.c.cluster_id == cluster_id,
            nodes.c.gone_at.is_(None),
            nodes.c.cpu_allocatable_millicores > 0,
            node_samples.c.at > now - SAMPLE_REACH,
            node_samples.c.at <= now,
        )
        .order_by(node_samples.c.at)
    )
    newest: dict[str, float | None] = {row[0]: row[1] for row in connection.execute(query)}
    return {name: used for name, used in newest.items() if used is not None and used >= share}


def workloads_on(connection: Connection, cluster_id: UUID, names: Sequence[str]) -> dict[int, str]:
    """Return the workloads with pods on some nodes, and one of those nodes for each."""
    query = (
        select(pods.c.workload_id, func.min(pods.c.node))
        .where(pods.c.cluster_id == cluster_id, pods.c.node.in_(names), pods.c.workload_id.is_not(None))
        .group_by(pods.c.workload_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)} if names else {}


def replace(connection: Connection, cluster_id: UUID, rows: Sequence[Mapping[str, object]], at: datetime) -> None:
    """Write what is recommended now, and forget containers that are not there any more."""
    upsert_rows(connection, recommendations, rows, identity=("workload_id", "container"))
    connection.execute(
        recommendations.delete().where(recommendations.c.cluster_id == cluster_id, recommendations.c.made_at < at)
    )
