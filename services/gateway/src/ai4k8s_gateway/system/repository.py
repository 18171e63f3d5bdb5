"""Reading the frame tables of all services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, cast, func, select, text, union_all
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.services import QueueKind, Service, queue_name
from ai4k8s_common.store.anomalies import health_scores, incidents
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.collector import cluster_states
from ai4k8s_common.store.gateway import Verdict, clusters, dead_letter_verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Subquery

QUEUES = tuple(queue_name(service, kind) for service in Service for kind in QueueKind if heard_by(service, kind))

_TABLE_SIZES = text(
    """
    SELECT n.nspname AS schema, regexp_replace(c.relname, '_[0-9]{8}$', '') AS name,
           sum(pg_total_relation_size(c.oid))::bigint AS bytes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind = 'r'
    GROUP BY 1, 2
    """
)


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
    """Return the newest dead letters, each with what was decided about it."""
    letters, v = _dead_letters(), dead_letter_verdicts
    query = (
        select(letters, v.c.verdict)
        .outerjoin(v, and_(v.c.service == letters.c.service, v.c.dead_letter_id == letters.c.id))
        .order_by(letters.c.died_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def dead_letter_exists(connection: Connection, service: Service, dead_letter_id: int) -> bool:
    """Whether a service has it (still)."""
    letters = FRAME[service].dead_letters
    query = select(letters.c.id).where(letters.c.id == dead_letter_id)
    return connection.execute(query).one_or_none() is not None


def decide(
    connection: Connection, service: Service, dead_letter_id: int, verdict: Verdict, decided_by: UUID
) -> Verdict:
    """Record a verdict, unless there is one. Returns the one that holds."""
    v = dead_letter_verdicts
    connection.execute(
        insert(v)
        .values(service=service.value, dead_letter_id=dead_letter_id, verdict=verdict.value, decided_by=decided_by)
        .on_conflict_do_nothing()
    )
    query = select(v.c.verdict).where(v.c.service == service.value, v.c.dead_letter_id == dead_letter_id)
    return Verdict(connection.execute(query).scalar_one())


def _dead_letters() -> Subquery:
    names = ("id", "contract", "queue", "attempts", "error", "died_at")
    parts = [
        select(cast(service.value, String).label("service"), *(FRAME[service].dead_letters.c[name] for name in names))
        for service in Service
    ]
    return union_all(*parts).subquery("letters")


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


def table_sizes(connection: Connection) -> Sequence[Row[Any]]:
    """Return the bytes of each table with its indexes, partitions under their parent's name."""
    return connection.execute(_TABLE_SIZES, {"schemas": [service.value for service in Service]}).all()


def wellbeing_of_all(connection: Connection) -> list[Row[Any]]:
    """Return each cluster's newest health score, and its open incidents a row a severity, for metrics."""
    newest = (
        select(health_scores.c.score)
        .where(health_scores.c.cluster_id == clusters.c.id)
        .order_by(health_scores.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_open = and_(incidents.c.cluster_id == clusters.c.id, incidents.c.closed_at.is_(None))
    query = (
        select(
            clusters.c.id, newest.label("score"), incidents.c.severity, func.count(incidents.c.id).label("incidents")
        )
        .outerjoin(incidents, is_open)
        .group_by(clusters.c.id, incidents.c.severity)
        .order_by(clusters.c.id)
    )
    return list(connection.execute(query))
