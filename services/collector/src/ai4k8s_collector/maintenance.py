"""Housekeeping: partitions for the days to come, none past retention, and nothing of clusters that were deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_collector import repository

if TYPE_CHECKING:
    from ai4k8s_collector.context import Context
    from ai4k8s_common.bus.transaction import Transaction

log = structlog.stdlib.get_logger(__name__)


def maintain(tx: Transaction, context: Context) -> None:
    """Do what is due. Doing it twice, or in two places, does no harm."""
    now = context.clock()
    settings = context.settings
    made = repository.ensure_partitions(tx.connection, now, settings.keep_days)
    dropped = repository.drop_partitions(tx.connection, now, settings.keep_days)
    pruned = repository.prune_cycles(tx.connection, now - timedelta(days=settings.keep_cycles_days))
    removed = repository.remove_deleted_clusters(tx.connection)
    if made or dropped or removed:
        log.info(
            "store_maintained",
            partitions_made=made,
            partitions_dropped=dropped,
            cycles_pruned=pruned,
            clusters_removed=len(removed),
        )
