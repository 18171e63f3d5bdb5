"""Use cases of capacity: when room runs out, and what if."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.store.placement import pool_of, takes_pods
from ai4k8s_gateway.capacity import repository
from ai4k8s_gateway.capacity.schemas import Capacity, NodeName, NodesRow, OutlookRow, SummedPath
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.sizing.repository import reviewed_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

STEP_SECONDS = 300


def show_capacity(connection: Connection, principal: Principal, cluster_id: UUID) -> Capacity:
    """Return when room runs out. Raises NotFoundError."""
    cluster_service.get(connection, principal, cluster_id)
    rows = repository.outlooks(connection, cluster_id)
    nodes = _nodes(rows)
    return Capacity(
        reviewed_at=reviewed_at(connection, cluster_id),
        items=[_outlook(row) for row in rows],
        nodes=nodes,
        path=summed_path(rows),
        node_names=[
            NodeName(name=node.name, pool=pool_of(node), takes_pods=takes_pods(node))
            for node in repository.nodes_of(connection, cluster_id)
        ],
        recommendations=[row.sentence for row in nodes if row.change]
        + [row.sentence for row in rows if row.earliest_at is not None and row.scope in {"quota", "claim"}],
    )


def summed_path(rows: Sequence[Row[Any]]) -> SummedPath | None:
    """Return the cluster's path from its outlooks, if there is one."""
    row = next((one for one in rows if one.path_start_at is not None), None)
    if row is None:
        return None
    return SummedPath(
        start_at=row.path_start_at,
        step_seconds=STEP_SECONDS,
        median_millicores=row.path_median,
        upper_millicores=row.path_upper,
    )


def _outlook(row: Row[Any]) -> OutlookRow:
    return OutlookRow(
        scope=row.scope,
        name=row.name,
        resource=row.resource,
        status=row.status,
        detail=row.detail,
        sentence=row.sentence,
        used=row.used,
        limit=row.limit_value,
        history_days=row.history_days,
        growth_per_day=row.growth_per_day,
        expected_at=row.expected_at,
        earliest_at=row.earliest_at,
        latest_at=row.latest_at,
    )


def _nodes(rows: Sequence[Row[Any]]) -> list[NodesRow]:
    return sorted(
        (
            NodesRow(pool=row.name, change=row.nodes_change, by=row.nodes_by, sentence=row.nodes_sentence)
            for row in rows
            if row.nodes_sentence
        ),
        key=lambda one: one.pool,
    )
