"""Reading the scaler's ledger, within what somebody may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import clusters
from ai4k8s_common.store.scaler import MOVES_PODS, DecisionAction, decisions
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.decisions.schemas import DecisionFilter


def newest(connection: Connection, principal: Principal, wanted: DecisionFilter, limit: int) -> list[Row[Any]]:
    """Return decisions, newest first."""
    query = _query(principal).where(*_conditions(wanted))
    return list(connection.execute(query.order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(limit)))


def _conditions(wanted: DecisionFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.cluster_id is not None:
        yield decisions.c.cluster_id == wanted.cluster_id
    if wanted.workload_id is not None:
        yield decisions.c.workload_id == wanted.workload_id
    if wanted.before is not None:
        yield decisions.c.decided_at < wanted.before
    if wanted.since is not None:
        yield decisions.c.decided_at >= wanted.since
    if wanted.changes_only:
        yield or_(
            decisions.c.action != DecisionAction.MAINTAIN.value,
            decisions.c.actuator.not_in(MOVES_PODS),
        )
    if wanted.outcome is not None:
        yield decisions.c.outcome == wanted.outcome.value
    if wanted.engine is not None:
        yield decisions.c.engine == wanted.engine.value
    if wanted.guard:
        yield decisions.c.guards.contains([{"name": wanted.guard}])
    if wanted.text:
        workload = workloads.c.namespace + "/" + workloads.c.name
        yield or_(
            decisions.c.reason.icontains(wanted.text, autoescape=True),
            workload.icontains(wanted.text, autoescape=True),
        )


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
    later = decisions.alias("later")
    return (
        select(
            decisions,
            workloads.c.namespace,
            workloads.c.name,
            select(func.max(later.c.engine))
            .where(later.c.undo_of == decisions.c.id, later.c.outcome == "applied")
            .scalar_subquery()
            .label("undone_by"),
        )
        .join(clusters, clusters.c.id == decisions.c.cluster_id)
        .outerjoin(workloads, workloads.c.id == decisions.c.workload_id)
        .where(visible_to(principal))
    )
