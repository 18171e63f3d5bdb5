"""Use cases around outlooks: show a cluster's and a workload's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.store.forecaster import Measure, Subject
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.outlooks import repository
from ai4k8s_gateway.outlooks.schemas import OutlookList, OutlookOf
from ai4k8s_gateway.workloads import service as workloads
from ai4k8s_gateway.workloads.repository import rows_by_level

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

OF_WORKLOADS = frozenset(Measure) - {Measure.CPU}


def of_cluster(connection: Connection, principal: Principal, cluster_id: UUID) -> OutlookList:
    """Outlooks of a cluster and its node groups. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    return _listed(connection, cluster_id, [Subject.CLUSTER, Subject.NODE_GROUP], frozenset(Measure))


def of_workload(connection: Connection, principal: Principal, workload_id: int) -> OutlookList:
    """Outlooks of a workload beside its CPU. Raises NotFoundError."""
    cluster_id = workloads.cluster_of(connection, principal, workload_id)
    return _listed(connection, cluster_id, [Subject.WORKLOAD], OF_WORKLOADS, str(workload_id))


def _listed(
    connection: Connection,
    cluster_id: UUID,
    subjects: Sequence[Subject],
    expected: Collection[Measure],
    name: str | None = None,
) -> OutlookList:
    moment = repository.newest_made_at(connection, cluster_id)
    if moment is None:
        return OutlookList(made_at=None, items=[], missing=[])
    items = [_view(row) for row in repository.made_at(connection, cluster_id, moment, subjects, name)]
    there = {item.measure for item in items}
    missing = [measure for measure in Measure if measure in expected and measure not in there]
    return OutlookList(made_at=moment, items=items, missing=missing)


def _view(row: Row[Any]) -> OutlookOf:
    levels = list(row.path_levels or [])
    return OutlookOf(
        subject=row.subject,
        name=row.name,
        measure=row.measure,
        made_at=row.made_at,
        status=row.status,
        detail=row.detail,
        history_hours=row.history_hours,
        trend=row.trend,
        trend_p_value=row.trend_p_value,
        peak_at=row.peak_at,
        peak_value=row.peak_value,
        growth_per_week=row.growth_per_week,
        skill=row.skill,
        start_at=row.path_start_at,
        step_seconds=row.path_step_seconds,
        levels=levels,
        values=rows_by_level(levels, list(row.path_values or [])),
    )
