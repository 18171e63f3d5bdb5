"""Five-minute roll-ups of samples: what stays for weeks when the samples themselves are dropped.

A bin is always computed anew from all samples that lie in it, so doing it twice, or again after a back-fill, does no
harm.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from ai4k8s_common.store.collector import (
    RATE_COLUMNS,
    ROLLUP_MINUTES,
    cluster_states,
    node_samples,
    workload_samples,
)

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, TextClause

BIN = timedelta(minutes=ROLLUP_MINUTES)
# One statement rolls up at most this much, so that a long pause costs several short transactions.
MOST_AT_ONCE = timedelta(days=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_WORKLOAD_COLUMNS: dict[str, str] = {
    "source": "min(source)",
    "samples": "count(*)",
    "desired_replicas": "avg(desired_replicas)",
    "ready_replicas": "avg(ready_replicas)",
    "cpu_usage_millicores": "avg(cpu_usage_millicores)",
    "cpu_usage_max_millicores": "max(cpu_usage_millicores)",
    "cpu_capacity_millicores": "avg(cpu_capacity_millicores)",
    "saturated": "bool_or(saturated)",
    "memory_bytes": "avg(memory_bytes)",
    "memory_max_bytes": "max(memory_bytes)",
    "restarts": "max(restarts)",
    "oom_kills": "sum(oom_kills)",
    "pending_pods": "avg(pending_pods)",
    **{name: f"avg({name})" for name in (*RATE_COLUMNS, "requests_per_second", "throttled_share")},
}
_NODE_COLUMNS: dict[str, str] = {
    "samples": "count(*)",
    "cpu_usage_millicores": "avg(cpu_usage_millicores)",
    "memory_bytes": "avg(memory_bytes)",
    "pods": "avg(pods)",
    **{name: f"avg({name})" for name in RATE_COLUMNS},
}


def _statement(target: str, identity: str, columns: dict[str, str], source: str) -> TextClause:
    # All names are from this module.
    pieces = (
        f"INSERT INTO collector.{target} (cluster_id, {identity}, at, {', '.join(columns)})",
        f"SELECT cluster_id, {identity}, date_bin(:bin, at, :epoch), {', '.join(columns.values())} FROM {source}",  # noqa: S608
        "WHERE cluster_id = :cluster_id AND at >= :since AND at < :until GROUP BY 1, 2, 3",
        f"ON CONFLICT ({identity}, at) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}",
    )
    return text(" ".join(pieces))


_WORKLOADS = _statement("workload_rollups", "workload_id", _WORKLOAD_COLUMNS, "collector.workload_samples")
_PAST = _statement("workload_rollups", "workload_id", _WORKLOAD_COLUMNS, "past_samples")
_NODES = _statement("node_rollups", "node_id", _NODE_COLUMNS, "collector.node_samples")


def bin_start(at: datetime) -> datetime:
    """Return where the five minutes begin that a moment lies in."""
    return _EPOCH + (at - _EPOCH) // BIN * BIN


def roll_up(connection: Connection, cluster_id: UUID, since: datetime, until: datetime) -> int:
    """Roll up the bins between two moments that are bins' starts. Returns how many rows workloads have there."""
    values = {"bin": BIN, "epoch": _EPOCH, "cluster_id": cluster_id, "since": since, "until": until}
    connection.execute(_NODES, values)
    return int(connection.execute(_WORKLOADS, values).rowcount)


def roll_up_past(connection: Connection, cluster_id: UUID, since: datetime, until: datetime) -> int:
    """Roll up what was read of the past and is not kept as samples; see `observations.stage_past_samples`."""
    values = {"bin": BIN, "epoch": _EPOCH, "cluster_id": cluster_id, "since": since, "until": until}
    return int(connection.execute(_PAST, values).rowcount)


def roll_up_next(connection: Connection, cluster_id: UUID, now: datetime) -> bool:
    """Roll up what is complete of a cluster, a day at most. Returns whether there is more.

    One that is being written, or is not there any more, has its turn the next time.
    """
    state = select(cluster_states.c.rolled_up_until).where(cluster_states.c.cluster_id == cluster_id)
    row = connection.execute(state.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return False
    since, end = row.rolled_up_until, bin_start(now)
    if since is None:
        first = _first_sample(connection, cluster_id)
        since = end if first is None else bin_start(first)
    until = min(end, since + MOST_AT_ONCE)
    if since < until:
        roll_up(connection, cluster_id, since, until)
    connection.execute(
        update(cluster_states).where(cluster_states.c.cluster_id == cluster_id).values(rolled_up_until=until)
    )
    return bool(until < end)


def clusters_behind(connection: Connection, now: datetime) -> list[UUID]:
    """Return the clusters with bins to roll up, the furthest behind first."""
    s = cluster_states
    behind = s.c.rolled_up_until.is_(None) | (s.c.rolled_up_until < bin_start(now))
    query = select(s.c.cluster_id).where(behind).order_by(s.c.rolled_up_until.asc().nulls_first())
    return list(connection.execute(query).scalars())


def rolled_up_everywhere(connection: Connection) -> datetime | None:
    """Return up to when the samples of every cluster are rolled up; None without clusters."""
    s = cluster_states
    query = select(func.min(func.coalesce(s.c.rolled_up_until, _EPOCH)))
    oldest: datetime | None = connection.execute(query).scalar_one_or_none()
    return oldest


def _first_sample(connection: Connection, cluster_id: UUID) -> datetime | None:
    firsts = [
        connection.execute(select(func.min(table.c.at)).where(table.c.cluster_id == cluster_id)).scalar_one_or_none()
        for table in (workload_samples, node_samples)
    ]
    return min((first for first in firsts if first is not None), default=None)
