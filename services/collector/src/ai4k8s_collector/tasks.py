"""What the collector hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_collector.backfill import backfill_cluster
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_collector.connections import keep_connections, read_host_key
from ai4k8s_collector.maintenance import maintain
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.collector import (
    BackfillCluster,
    CheckConnection,
    ClaimDueClusters,
    KeepConnections,
    MaintainPartitions,
    ReadHostKey,
)
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from ai4k8s_collector.context import Context
    from ai4k8s_common.bus.transaction import Transaction

handlers: Handlers[Context] = Handlers(Service.COLLECTOR)


@handlers.handles(ClaimDueClusters)
def on_claim_due_clusters(_: ClaimDueClusters, __: Transaction, context: Context) -> None:
    """Look at every cluster that is due; each claim and each result is a transaction of its own."""
    collect_due_clusters(context)


@handlers.handles(MaintainPartitions)
def on_maintain_partitions(_: MaintainPartitions, tx: Transaction, context: Context) -> None:
    """Keep the store in shape."""
    maintain(tx, context)


@handlers.handles(BackfillCluster)
def on_backfill_cluster(message: BackfillCluster, tx: Transaction, context: Context) -> None:
    """Fill in a cluster's past."""
    backfill_cluster(tx, context, message)


@handlers.handles(CheckConnection)
def on_check_connection(message: CheckConnection, tx: Transaction, context: Context) -> None:
    """Try a cluster's connection line by line."""
    check_connection(tx, context, message)


@handlers.handles(KeepConnections)
def on_keep_connections(_: KeepConnections, tx: Transaction, context: Context) -> None:
    """Ask for the connection tests that are due."""
    keep_connections(tx, context)


@handlers.handles(ReadHostKey)
def on_read_host_key(message: ReadHostKey, _: Transaction, context: Context) -> None:
    """Read a bastion's host key."""
    read_host_key(context, message)
