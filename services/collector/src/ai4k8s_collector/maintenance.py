"""Housekeeping: partitions for the days to come, none past retention, and nothing of clusters that were deleted."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_collector import repository, rollups
from ai4k8s_common.contracts import advisor, chat, forecaster, rag, scaler

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_collector.context import Context
    from ai4k8s_common.bus.transaction import Transaction

# Maintenance shares its queue with the cycles, which must not wait for it.
ROLL_UP_SECONDS = 8.0

log = structlog.stdlib.get_logger(__name__)


def maintain(tx: Transaction, context: Context) -> None:
    """Do what is due. Doing it twice, or in two places, does no harm."""
    now = context.clock()
    settings = context.settings
    connection = tx.connection
    # In transactions of their own, before this one has locked anything that they need.
    with context.bus.transaction() as making:
        made = repository.ensure_partitions(making.connection, now, settings.keep_raw_hours)
    rolled = _roll_up(context)
    pruned = repository.prune_cycles(connection, now - timedelta(days=settings.keep_cycles_days))
    repository.prune_events(connection, now - timedelta(hours=settings.keep_events_hours))
    removed = repository.remove_deleted_clusters(connection)
    for cluster_id in removed:
        context.memories.forget(cluster_id)
        # By now no cycle of it is under way that could write after the others have forgotten.
        tx.send(forecaster.ForgetCluster(cluster_id=cluster_id))
        tx.send(scaler.ForgetCluster(cluster_id=cluster_id))
        tx.send(chat.ForgetCluster(cluster_id=cluster_id))
        tx.send(advisor.ForgetCluster(cluster_id=cluster_id))
        tx.send(rag.ForgetCluster(cluster_id=cluster_id))
    dropped = _drop(connection, context)
    if made or dropped or removed:
        log.info(
            "store_maintained",
            partitions_made=made,
            partitions_dropped=dropped,
            cycles_pruned=pruned,
            clusters_removed=len(removed),
            clusters_rolled_up=rolled,
        )


def _roll_up(context: Context) -> int:
    """Roll up clusters, each in a transaction of its own, until none is behind or the time for it is over."""
    until = time.monotonic() + ROLL_UP_SECONDS
    done = 0
    with context.bus.transaction() as reading:
        behind = rollups.clusters_behind(reading.connection, context.clock())
    for cluster_id in behind:
        more = True
        while more and time.monotonic() < until:
            with context.bus.transaction() as writing:
                more = rollups.roll_up_next(writing.connection, cluster_id, context.clock())
        done += not more
    return done


def _drop(connection: Connection, context: Context) -> int:
    """Drop what is past retention; samples only once they are rolled up everywhere."""
    now, settings = context.clock(), context.settings
    samples_before = repository.oldest_raw(now, settings.keep_raw_hours)
    safe = rollups.rolled_up_everywhere(connection)
    rollups_before = now - timedelta(days=settings.keep_rollup_days)
    repository.prune_past(connection, rollups_before)
    return repository.drop_partitions(
        connection, samples_before if safe is None else min(samples_before, safe), rollups_before
    )
