"""Notices clusters whose stages stopped. Nothing is decided for them then; this says since when and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_scaler import repository
from ai4k8s_scaler.floors import withdraw_expired

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

log = structlog.stdlib.get_logger(__name__)


def watch_cycles(tx: Transaction, context: Context) -> None:
    """Hold clusters without news, and withdraw floors that nobody renewed; a hold ends with the next cycle, or here."""
    now = context.clock()
    withdraw_expired(tx, context)
    for cluster in repository.watched_clusters(tx.connection):
        stopped = _stopped(cluster, context, now)
        if stopped is not None:
            since, reason = stopped
            repository.set_hold(tx.connection, cluster.cluster_id, since, reason)
            if cluster.held is None:
                log.warning("cluster_held", cluster_id=str(cluster.cluster_id), reason=reason)
                _tell(tx, cluster, held=True, reason=reason)
        elif cluster.held is not None:
            repository.release_hold(tx.connection, cluster.cluster_id)
            log.info("cluster_released", cluster_id=str(cluster.cluster_id))
            _tell(tx, cluster, held=False, reason="")


def _stopped(cluster: Row[Any], context: Context, now: datetime) -> tuple[datetime, str] | None:
    interval = context.interval.total_seconds() if cluster.interval_seconds is None else cluster.interval_seconds
    patience = timedelta(
        seconds=max(context.settings.stopped_after_cycles * interval, context.settings.stopped_after_seconds)
    )
    seen = cluster.last_success_at
    if seen is None:
        return None
    if now - seen > patience:
        reason = cluster.reason or "its collection has stopped"
        return seen, f"No metrics since {seen:%H:%M:%S} UTC: {reason}"
    evaluated = cluster.evaluated_at
    if evaluated is not None and seen - evaluated > patience:
        return evaluated, f"Metrics arrive, but nothing was decided since {evaluated:%H:%M:%S} UTC."
    return None


def _tell(tx: Transaction, cluster: Row[Any], *, held: bool, reason: str) -> None:
    tx.emit(
        LiveEvent(
            LiveEventName.CLUSTER,
            cluster_room(cluster.cluster_id),
            {"cluster_id": str(cluster.cluster_id), "scaling_held": held, "reason": reason},
        )
    )
