"""Tests of connections, and clusters that can be had for the asking: their rows, all in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import ClusterStatus, cluster_states, connection_checks, offers
from ai4k8s_common.store.gateway import cluster_credentials, clusters

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.kube.access import Offer


KEEPER_LOCK = 7_042_005


@dataclass(frozen=True)
class ConnectionFacts:
    """What a test needs to know of a cluster."""

    prometheus_url: str | None
    namespaces: tuple[str, ...]
    sealed: bytes | None


def find(connection: Connection, cluster_id: UUID) -> ConnectionFacts | None:
    """Return what is to be tested; None when the cluster is not there any more."""
    query = (
        select(clusters.c.prometheus_url, clusters.c.namespaces, cluster_credentials.c.sealed)
        .select_from(clusters.outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == clusters.c.id))
        .where(clusters.c.id == cluster_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else ConnectionFacts(row.prometheus_url, tuple(row.namespaces), row.sealed)


def claim_due(connection: Connection, now: datetime, before: datetime, limit: int) -> list[UUID]:
    """Mark as asked for and return the clusters whose connection is to be tested.

    Those that never were, whose credential is newer than their last test, whose last test is from before `before`, and
    those that became unreachable since. Unstarted and paused ones are tested only after a change. Nothing while another
    worker does the same.
    """
    if not connection.execute(select(func.pg_try_advisory_xact_lock(KEEPER_LOCK))).scalar_one():
        return []
    k, s, c = connection_checks, cluster_states, clusters
    lost = and_(s.c.status == ClusterStatus.UNREACHABLE.value, s.c.status_since > k.c.requested_at)
    due = and_(~c.c.paused, c.c.started_at.is_not(None), or_(k.c.requested_at < before, lost))
    renewed = or_(k.c.requested_at.is_(None), k.c.requested_at < cluster_credentials.c.updated_at)
    query = (
        select(c.c.id)
        .select_from(
            c.join(cluster_credentials, cluster_credentials.c.cluster_id == c.c.id)
            .outerjoin(k, k.c.cluster_id == c.c.id)
            .outerjoin(s, s.c.cluster_id == c.c.id)
        )
        .where(or_(renewed, due))
        .order_by(k.c.requested_at.asc().nulls_first())
        .limit(limit)
    )
    found = list(connection.execute(query).scalars())
    for cluster_id in found:
        begin(connection, cluster_id, now)
    return found


def begin(connection: Connection, cluster_id: UUID, now: datetime) -> None:
    """Note that a test has been asked for; the background need not ask for another."""
    statement = insert(connection_checks).values(cluster_id=cluster_id, requested_at=now)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[connection_checks.c.cluster_id], set_={"requested_at": now})
    )


def record(connection: Connection, cluster_id: UUID, **values: Any) -> None:
    """Keep what a test found."""
    connection.execute(update(connection_checks).where(connection_checks.c.cluster_id == cluster_id).values(**values))


def put_offers(connection: Connection, found: Iterable[Offer], now: datetime) -> None:
    """Replace what is offered by what was found now."""
    for offer in found:
        values = {"server": offer.server, "namespace": offer.namespace, "problem": offer.problem, "seen_at": now}
        statement = insert(offers).values(file=offer.file, context=offer.context, **values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[offers.c.file, offers.c.context], set_=values)
        )
    connection.execute(delete(offers).where(offers.c.seen_at < now))
