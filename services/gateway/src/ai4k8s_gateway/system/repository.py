"""Reading the frame tables of all services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, cast, func, select, union_all

from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.services import QueueKind, Service, queue_name
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.collector import cluster_states
from ai4k8s_common.store.gateway import clusters

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

QUEUES = tuple(queue_name(service, kind) for service in Service for kind in QueueKind if heard_by(service, kind))


def processes(connection: Connection) -> list[Row[Any]]:
    """Return every process's last sign of life."""
    parts = [select(cast(service.value, String).label("service"), FRAME[service].heartbeats) for service in Service]
    everything = union_all(*parts).subquery()
    return list(connection.execute(select(everything).order_by(everything.c.service, everything.c.process)))


def queues(connection: Connection) -> list[Row[Any]]:
    """Return per queue how many messages are open, over all senders, and the age of the oldest."""
    parts = [
        select(FRAME[service].outbox.c.queue, FRAME[service].outbox.c.created_at).where(
            FRAME[service].outbox.c.closed_at.is_(None)
        )
        for service in Service
    ]
    everything = union_all(*parts).subquery()
    age = func.extract("epoch", func.now() - func.min(everything.c.created_at))
    query = select(everything.c.queue, func.count().label("open_messages"), age.label("oldest_age_seconds"))
    return list(connection.execute(query.group_by(everything.c.queue)))


def dead_letters(connection: Connection, limit: int) -> list[Row[Any]]:
    """Return the newest dead letters."""
    parts = []
    for service in Service:
        table = FRAME[service].dead_letters
        parts.append(
            select(
                cast(service.value, String).label("service"),
                table.c.contract,
                table.c.queue,
                table.c.attempts,
                table.c.error,
                table.c.died_at,
            )
        )
    everything = union_all(*parts).subquery()
    return list(connection.execute(select(everything).order_by(everything.c.died_at.desc()).limit(limit)))


def dead_letter_counts(connection: Connection) -> dict[str, int]:
    """Return how many dead letters each service has."""
    parts = [
        select(cast(service.value, String).label("service"), func.count().label("count")).select_from(
            FRAME[service].dead_letters
        )
        for service in Service
    ]
    return {row.service: row[1] for row in connection.execute(union_all(*parts))}


def cluster_states_of_all(connection: Connection) -> list[Row[Any]]:
    """Return each cluster's status, for metrics."""
    query = select(clusters.c.id, cluster_states.c.status, cluster_states.c.last_success_at).outerjoin(
        cluster_states, cluster_states.c.cluster_id == clusters.c.id
    )
    return list(connection.execute(query))
