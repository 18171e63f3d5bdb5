"""Looks at clusters by the hour: what their containers should ask for, and when room runs out.

One tick takes up as many clusters as some seconds allow, because what people wait for is in the same queue.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import ClusterStatus, cluster_states
from ai4k8s_common.store.optimising import reviews
from ai4k8s_forecaster.capacity import look_ahead, sum_hours
from ai4k8s_forecaster.sizing import size_cluster

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Transaction

FRESH_FOR = timedelta(hours=1)
SECONDS = 20.0
#: Hours that are complete and not summed yet: more than this, and the cluster's turn comes earlier.
BEHIND = timedelta(hours=3)
_LOCK = 7_042_011

log = structlog.stdlib.get_logger(__name__)


def review_clusters(tx: Transaction, now: datetime) -> None:
    """Renew the oldest reviews."""
    until = time.monotonic() + SECONDS
    if not tx.connection.execute(select(func.pg_try_advisory_xact_lock(_LOCK))).scalar_one():
        return
    for cluster_id in _due(tx.connection, now):
        review(tx.connection, cluster_id, now)
        if time.monotonic() > until:
            break


def review(connection: Connection, cluster_id: UUID, now: datetime) -> None:
    """Look at one cluster."""
    query = select(reviews.c.summed_until).where(reviews.c.cluster_id == cluster_id)
    summed_until = sum_hours(connection, cluster_id, connection.execute(query).scalar_one_or_none(), now)
    sized = size_cluster(connection, cluster_id, now)
    outlooks = look_ahead(connection, cluster_id, now)
    values = {"reviewed_at": now, "summed_until": summed_until}
    statement = insert(reviews).values(cluster_id=cluster_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[reviews.c.cluster_id], set_=values))
    log.info("cluster_reviewed", cluster_id=str(cluster_id), containers_sized=sized, outlooks=outlooks)


def _due(connection: Connection, now: datetime) -> list[UUID]:
    s, r = cluster_states, reviews
    query = (
        select(s.c.cluster_id)
        .outerjoin(r, r.c.cluster_id == s.c.cluster_id)
        .where(
            s.c.status == ClusterStatus.CONNECTED.value,
            s.c.last_success_at.is_not(None),
            or_(r.c.cluster_id.is_(None), r.c.reviewed_at < now - FRESH_FOR, r.c.summed_until < now - BEHIND),
        )
        .order_by(r.c.reviewed_at.asc().nulls_first())
    )
    return list(connection.execute(query).scalars())
