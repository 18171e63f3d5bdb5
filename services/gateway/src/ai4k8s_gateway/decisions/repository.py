"""Reading the scaler's ledger, within what somebody may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import clusters
from ai4k8s_common.store.scaler import DecisionAction, decisions
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from ai4k8s_gateway.accounts.service import Principal


def newest(
    connection: Connection,
    principal: Principal,
    *,
    limit: int,
    cluster_id: UUID | None = None,
    workload_id: int | None = None,
    before: datetime | None = None,
    changes_only: bool = False,
) -> list[Row[Any]]:
    """Return decisions, newest first."""
    query = _query(principal).order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(limit)
    if cluster_id is not None:
        query = query.where(decisions.c.cluster_id == cluster_id)
    if workload_id is not None:
        query = query.where(decisions.c.workload_id == workload_id)
    if before is not None:
        query = query.where(decisions.c.decided_at < before)
    if changes_only:
        query = query.where(decisions.c.action != DecisionAction.MAINTAIN.value)
    return list(connection.execute(query))


def in_range(
    connection: Connection, principal: Principal, workload_id: int, start: datetime, end: datetime, limit: int
) -> list[Row[Any]]:
    """Return a workload's changes in a range, the newest `limit` of them, oldest first."""
    query = (
        _query(principal)
        .where(
            decisions.c.workload_id == workload_id,
            decisions.c.decided_at >= start,
            decisions.c.decided_at < end,
            decisions.c.action != DecisionAction.MAINTAIN.value,
        )
        .order_by(decisions.c.decided_at.desc())
        .limit(limit)
    )
    return list(reversed(connection.execute(query).all()))


def one(connection: Connection, principal: Principal, decision_id: UUID) -> Row[Any] | None:
    """Return one decision."""
    return connection.execute(_query(principal).where(decisions.c.id == decision_id)).one_or_none()


def _query(principal: Principal) -> Select[Any]:
    return (
        select(decisions, workloads.c.namespace, workloads.c.name)
        .join(clusters, clusters.c.id == decisions.c.cluster_id)
        .outerjoin(workloads, workloads.c.id == decisions.c.workload_id)
        .where(visible_to(principal))
    )
