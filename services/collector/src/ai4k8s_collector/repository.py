"""States of clusters and cycles: who is due, who is busy, how it went. All in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import (
    BackfillStatus,
    ClusterStatus,
    CycleStatus,
    cluster_states,
    connection_checks,
    cycles,
    node_rollups,
    node_samples,
    nodes,
    workload_rollups,
    workload_samples,
    workloads,
)
from ai4k8s_common.store.gateway import cluster_credentials, clusters
from ai4k8s_common.store.observed import (
    container_digests,
    deploys,
    events,
    pods,
    quotas,
    sources,
    volume_claims,
)

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

TABLES_OF_A_CLUSTER = (
    workload_samples,
    workload_rollups,
    node_samples,
    node_rollups,
    container_digests,
    deploys,
    events,
    pods,
    quotas,
    volume_claims,
    sources,
    workloads,
    nodes,
    cycles,
    connection_checks,
    cluster_states,
)
# A back-fill reaches fourteen days back; its first day may be a part of a fifteenth.
PAST_REACH = timedelta(days=15)
ABRUPT_END = "the worker ended before the cycle did"


@dataclass(frozen=True)
class DueCluster:
    """A cluster whose next cycle is due, as it stands in the store."""

    cluster_id: UUID
    name: str
    api_url: str
    prometheus_url: str | None
    interval_seconds: int | None
    sealed: bytes | None
    next_due_at: datetime
    lease_until: datetime | None
    failures: int
    backfill_status: BackfillStatus
    namespaces: tuple[str, ...] = ()


def add_new_clusters(connection: Connection, now: datetime) -> None:
    """Give every cluster somebody connected a state; the first cycle is due at once."""
    new = select(
        clusters.c.id,
        literal(ClusterStatus.PENDING.value),
        literal(now),
        literal(now),
        literal(BackfillStatus.NOT_AVAILABLE.value),
    ).where(~select(cluster_states.c.cluster_id).where(cluster_states.c.cluster_id == clusters.c.id).exists())
    columns = ["cluster_id", "status", "status_since", "next_due_at", "backfill_status"]
    connection.execute(insert(cluster_states).from_select(columns, new).on_conflict_do_nothing())


def lock_due_clusters(connection: Connection, now: datetime, limit: int) -> list[DueCluster]:
    """Lock clusters that are due and that nobody is busy with; others skip over them meanwhile."""
    s, c, k = cluster_states, clusters, cluster_credentials
    query = (
        select(
            s.c.cluster_id,
            c.c.name,
            c.c.api_url,
            c.c.prometheus_url,
            c.c.interval_seconds,
            k.c.sealed,
            s.c.next_due_at,
            s.c.lease_until,
            s.c.consecutive_failures,
            s.c.backfill_status,
            c.c.namespaces,
        )
        .select_from(s.join(c, c.c.id == s.c.cluster_id).outerjoin(k, k.c.cluster_id == c.c.id))
        .where(
            and_(
                s.c.next_due_at <= now,
                or_(s.c.lease_until.is_(None), s.c.lease_until <= now),
                ~c.c.paused,
                c.c.started_at.is_not(None),
            )
        )
        .order_by(s.c.next_due_at)
        .limit(limit)
        .with_for_update(of=s, skip_locked=True)
    )
    return [
        DueCluster(
            row.cluster_id,
            row.name,
            row.api_url,
            row.prometheus_url,
            row.interval_seconds,
            row.sealed,
            row.next_due_at,
            row.lease_until,
            row.consecutive_failures,
            BackfillStatus(row.backfill_status),
            tuple(row.namespaces),
        )
        for row in connection.execute(query)
    ]


def find_cluster(connection: Connection, cluster_id: UUID) -> tuple[str | None, bytes | None] | None:
    """Return (Prometheus address, sealed credential) of a cluster; None when it is not there any more."""
    query = (
        select(clusters.c.prometheus_url, cluster_credentials.c.sealed)
        .select_from(clusters.outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == clusters.c.id))
        .where(clusters.c.id == cluster_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.prometheus_url, row.sealed)


def start_cycle(connection: Connection, cluster_id: UUID, cycle_id: UUID, now: datetime, lease_until: datetime) -> None:
    """Record that a cycle runs, and keep others away until `lease_until`."""
    connection.execute(
        update(cluster_states).where(cluster_states.c.cluster_id == cluster_id).values(lease_until=lease_until)
    )
    connection.execute(
        cycles.insert().values(id=cycle_id, cluster_id=cluster_id, started_at=now, status=CycleStatus.RUNNING.value)
    )


def fail_abandoned_cycles(connection: Connection, cluster_id: UUID, now: datetime) -> int:
    """Close cycles whose worker died; a late writer finds its cycle closed and writes nothing."""
    result = connection.execute(
        update(cycles)
        .where(cycles.c.cluster_id == cluster_id, cycles.c.status == CycleStatus.RUNNING.value)
        .values(status=CycleStatus.FAILED.value, finished_at=now, error=ABRUPT_END)
    )
    return int(result.rowcount)


def lock_running_cycle(connection: Connection, cluster_id: UUID, cycle_id: UUID) -> bool:
    """Lock a cluster's state for writing; False when the cycle was closed or the cluster deleted meanwhile."""
    state = select(cluster_states.c.cluster_id).where(cluster_states.c.cluster_id == cluster_id)
    if connection.execute(state.with_for_update()).one_or_none() is None:
        return False
    query = select(cycles.c.status).where(cycles.c.id == cycle_id)
    return connection.execute(query).scalar_one_or_none() == CycleStatus.RUNNING.value


def last_cycle(connection: Connection, cluster_id: UUID) -> UUID | None:
    """Return the newest completed cycle."""
    query = select(cluster_states.c.last_cycle_id).where(cluster_states.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def read_status(connection: Connection, cluster_id: UUID) -> ClusterStatus:
    """Return whether a cluster is seen."""
    query = select(cluster_states.c.status).where(cluster_states.c.cluster_id == cluster_id)
    return ClusterStatus(connection.execute(query).scalar_one())


def update_state(connection: Connection, cluster_id: UUID, **values: object) -> None:
    """Change a cluster's state."""
    connection.execute(update(cluster_states).where(cluster_states.c.cluster_id == cluster_id).values(**values))


def finish_cycle(connection: Connection, cycle_id: UUID, **values: object) -> None:
    """Close a cycle."""
    connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(**values))


def oldest_raw(now: datetime, keep_raw_hours: int) -> datetime:
    """Return the beginning of the oldest day whose samples are kept."""
    day = (now - timedelta(hours=keep_raw_hours)).date()
    return datetime.combine(day, time.min, tzinfo=UTC)


def ensure_partitions(connection: Connection, now: datetime, keep_raw_hours: int) -> int:
    """Make the partitions that the kept samples, the roll-ups of a filled-in past, and the next two days need.

    Returns how many were new.
    """
    last = now.date() + timedelta(days=2)
    oldest = oldest_raw(now, keep_raw_hours).date()
    made = 0
    for function, first in (
        ("ensure_partitions", oldest),
        ("ensure_rollup_partitions", min(oldest, now.date() - PAST_REACH)),
    ):
        query = select(getattr(func.collector, function)(first, last))
        made += int(connection.execute(query).scalar_one())
    return made


def drop_partitions(connection: Connection, samples_before: datetime, rollups_before: datetime) -> int:
    """Drop whole days of samples and of roll-ups. Returns how many partitions."""
    dropped = connection.execute(select(func.collector.drop_partitions(samples_before.date()))).scalar_one()
    rolled = connection.execute(select(func.collector.drop_rollup_partitions(rollups_before.date()))).scalar_one()
    return int(dropped) + int(rolled)


def prune_past(connection: Connection, before: datetime) -> None:
    """Forget digests and deploys of days whose roll-ups are forgotten."""
    connection.execute(container_digests.delete().where(container_digests.c.day < before.date()))
    connection.execute(deploys.delete().where(deploys.c.at < before))


def prune_events(connection: Connection, before: datetime) -> int:
    """Forget events that were last said before a moment."""
    return int(connection.execute(events.delete().where(events.c.last_at < before)).rowcount)


def prune_cycles(connection: Connection, before: datetime) -> int:
    """Forget old cycles."""
    result = connection.execute(cycles.delete().where(cycles.c.started_at < before))
    return int(result.rowcount)


def remove_deleted_clusters(connection: Connection) -> list[UUID]:
    """Remove everything that was observed of clusters nobody has connected any more."""
    known = select(clusters.c.id)
    gone = list(
        connection.execute(
            select(cluster_states.c.cluster_id).where(cluster_states.c.cluster_id.not_in(known))
        ).scalars()
    )
    if gone:
        for table in TABLES_OF_A_CLUSTER:
            connection.execute(table.delete().where(table.c.cluster_id.in_(gone)))
    return gone
