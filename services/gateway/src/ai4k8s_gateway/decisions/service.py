"""Use cases around decisions: list them, and open one with everything it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.errors import NotFoundError
from ai4k8s_gateway.decisions import repository
from ai4k8s_gateway.decisions.schemas import DecisionDetail, DecisionList, DecisionView

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal


def list_views(
    connection: Connection,
    principal: Principal,
    *,
    limit: int,
    cluster_id: UUID | None,
    workload_id: int | None,
    before: datetime | None,
    changes_only: bool,
) -> DecisionList:
    """Return a page of decisions."""
    rows = repository.newest(
        connection,
        principal,
        limit=limit + 1,
        cluster_id=cluster_id,
        workload_id=workload_id,
        before=before,
        changes_only=changes_only,
    )
    items = [brief(row) for row in rows[:limit]]
    return DecisionList(items=items, next_before=items[-1].decided_at if len(rows) > limit else None)


def detail(connection: Connection, principal: Principal, decision_id: UUID) -> DecisionDetail:
    """Return one decision. Raises NotFoundError."""
    row = repository.one(connection, principal, decision_id)
    if row is None:
        raise NotFoundError("there is no such decision")
    return DecisionDetail(
        **brief(row).model_dump(),
        cycle_id=row.cycle_id,
        planned_resource_version=row.planned_resource_version,
        inputs=row.inputs,
        forecast=row.forecast,
        alternatives=row.alternatives,
        guards=row.guards,
        advice=row.advice,
        judged_at=row.judged_at,
    )


def brief(row: Row[Any]) -> DecisionView:
    """Return what fits a table's line."""
    return DecisionView(
        id=row.id,
        cluster_id=row.cluster_id,
        workload_id=row.workload_id,
        workload=f"{row.namespace}/{row.name}" if row.name else str(row.workload_id),
        decided_at=row.decided_at,
        mode=row.mode,
        action=row.action,
        from_replicas=row.from_replicas,
        to_replicas=row.to_replicas,
        reason=row.reason,
        outcome=row.outcome,
        outcome_detail=row.outcome_detail,
        outcome_at=row.outcome_at,
        judgement=row.judgement,
    )
