"""Reading what the collector, the forecaster and the scaler know of workloads; writing the policies, our wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, select, text, true
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.forecaster import forecasts, scores
from ai4k8s_common.store.gateway import clusters, policies
from ai4k8s_common.store.pricing import rates
from ai4k8s_common.store.scaler import workload_states
from ai4k8s_gateway.clusters.repository import visible_to
from ai4k8s_gateway.domain.timeline import Bin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from ai4k8s_gateway.accounts.service import Principal

CPU_METRIC = "cpu"
MAX_WORKLOADS = 5_000
MEDIAN = 0.5

# Where samples are not kept any more, their five-minute means stand for them.
_HISTORY = text(
    """
    WITH kept AS (
        SELECT min(at) AS since FROM collector.workload_samples WHERE workload_id = :workload_id
    ), known AS (
        SELECT at, source, cpu_usage_millicores, cpu_usage_millicores AS cpu_usage_max_millicores, saturated,
               ready_replicas, desired_replicas, cpu_capacity_millicores
        FROM collector.workload_samples
        WHERE workload_id = :workload_id AND at >= :start AND at <= :end
        UNION ALL
        SELECT at, source, cpu_usage_millicores, cpu_usage_max_millicores, saturated,
               ready_replicas, desired_replicas, cpu_capacity_millicores
        FROM collector.workload_rollups
        WHERE workload_id = :workload_id AND at >= :start AND at <= :end AND at < (SELECT since FROM kept)
    )
    SELECT min(at) AS at,
           min(source) AS source,
           avg(cpu_usage_millicores) AS demand,
           max(cpu_usage_max_millicores) AS peak,
           bool_or(saturated) AS saturated,
           avg(ready_replicas)::float8 AS ready,
           avg(desired_replicas)::float8 AS desired,
           avg(cpu_capacity_millicores) AS capacity
    FROM known
    GROUP BY date_bin(:step, at, :start)
    ORDER BY 1
    """
)

# One forecast per step of the range: the first made in it.
_PAST = text(
    """
    SELECT DISTINCT ON (date_bin(:every, made_at, :start))
           made_at, path_start_at, path_step_seconds, path_levels, path_values
    FROM forecaster.forecasts
    WHERE workload_id = :workload_id AND metric = :metric
      AND made_at >= :start AND made_at < :end AND status = 'ready'
    ORDER BY date_bin(:every, made_at, :start), made_at
    """
)


@dataclass(frozen=True)
class PolicyKey:
    """What a policy is about. Not the workload's number: a wish outlives a workload that is deleted and made again."""

    cluster_id: UUID
    namespace: str
    kind: str
    name: str


def of_cluster(connection: Connection, principal: Principal, cluster_id: UUID) -> list[Row[Any]]:
    """Return the workloads a cluster has now."""
    query = (
        _query(principal)
        .where(workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None))
        .order_by(workloads.c.namespace, workloads.c.name, workloads.c.kind)
        .limit(MAX_WORKLOADS)
    )
    return list(connection.execute(query))


def one(connection: Connection, principal: Principal, workload_id: int) -> Row[Any] | None:
    """Return one workload, also one that is gone."""
    return connection.execute(_query(principal).where(workloads.c.id == workload_id)).one_or_none()


def set_policy(connection: Connection, key: PolicyKey, values: dict[str, Any]) -> None:
    """Store a policy in place of the former one."""
    statement = insert(policies).values(
        cluster_id=key.cluster_id, namespace=key.namespace, kind=key.kind, name=key.name, **values
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[policies.c.cluster_id, policies.c.namespace, policies.c.kind, policies.c.name],
            set_={**values, "updated_at": func.now()},
        )
    )


def set_policy_unless_set(connection: Connection, key: PolicyKey, values: dict[str, Any]) -> None:
    """Store a policy where nobody has set one."""
    statement = insert(policies).values(
        cluster_id=key.cluster_id, namespace=key.namespace, kind=key.kind, name=key.name, **values
    )
    connection.execute(statement.on_conflict_do_nothing())


def history(connection: Connection, workload_id: int, start: datetime, end: datetime, step: timedelta) -> list[Bin]:
    """Return samples in bins of `step`."""
    rows = connection.execute(_HISTORY, {"workload_id": workload_id, "start": start, "end": end, "step": step})
    return [
        Bin(
            at=row.at,
            source=row.source,
            cpu_demand_millicores=row.demand,
            cpu_demand_peak_millicores=row.peak,
            saturated=bool(row.saturated),
            ready_replicas=row.ready,
            desired_replicas=row.desired,
            capacity_millicores=row.capacity,
        )
        for row in rows
    ]


def past_medians(
    connection: Connection, workload_id: int, start: datetime, end: datetime, every: timedelta
) -> list[tuple[datetime, datetime, int, list[float]]]:
    """Return (made at, path's start, step in seconds, median path) of one earlier forecast per `every`."""
    rows = connection.execute(
        _PAST,
        {"workload_id": workload_id, "metric": CPU_METRIC, "start": start, "end": end, "every": every},
    )
    return [
        (row.made_at, row.path_start_at, row.path_step_seconds, _median(row.path_levels, row.path_values))
        for row in rows
        if row.path_start_at is not None and row.path_levels and row.path_values
    ]


def track_record(connection: Connection, workload_id: int, since: datetime) -> Sequence[Row[Any]]:
    """Return how forecasts turned out since a moment, a row a distance, the nearest first."""
    summed = ("judged", "absolute_error", "last_value_error", "yesterday_error", "inside_50", "inside_80", "inside_95")
    query = (
        select(scores.c.horizon_minutes, *(func.sum(scores.c[name]).label(name) for name in summed))
        .where(scores.c.workload_id == workload_id, scores.c.metric == CPU_METRIC, scores.c.hour >= since)
        .group_by(scores.c.horizon_minutes)
        .order_by(scores.c.horizon_minutes)
    )
    return connection.execute(query).all()


def rows_by_level(levels: list[float], values: list[float]) -> list[list[float]]:
    """Cut the stored levels x steps, row by row, apart."""
    steps = len(values) // len(levels) if levels else 0
    return [values[index * steps : (index + 1) * steps] for index in range(len(levels))]


def _median(levels: list[float], values: list[float]) -> list[float]:
    nearest = min(range(len(levels)), key=lambda index: abs(levels[index] - MEDIAN))
    return rows_by_level(levels, values)[nearest]


def _query(principal: Principal) -> Select[Any]:
    newest = (
        select(
            forecasts.c.made_at,
            forecasts.c.status.label("forecast_status"),
            forecasts.c.detail.label("forecast_detail"),
            forecasts.c.history_hours,
            forecasts.c.trend,
            forecasts.c.trend_p_value,
            forecasts.c.peak_at,
            forecasts.c.peak_value,
            forecasts.c.rhythms,
            forecasts.c.growth_per_week,
            forecasts.c.spikes,
            forecasts.c.shifted_at,
            forecasts.c.shift_value,
            forecasts.c.skill,
            forecasts.c.method,
            forecasts.c.path_start_at,
            forecasts.c.path_step_seconds,
            forecasts.c.path_levels,
            forecasts.c.path_values,
            forecasts.c.window_status,
            forecasts.c.lead_time_seconds,
            forecasts.c.window_levels,
            forecasts.c.window_values,
        )
        .where(forecasts.c.workload_id == workloads.c.id, forecasts.c.metric == bindparam("metric", CPU_METRIC))
        .order_by(forecasts.c.made_at.desc())
        .limit(1)
        .lateral("newest")
    )
    same = and_(
        policies.c.cluster_id == workloads.c.cluster_id,
        policies.c.namespace == workloads.c.namespace,
        policies.c.kind == workloads.c.kind,
        policies.c.name == workloads.c.name,
    )
    priced = rates(workloads)
    return (
        select(
            workloads,
            clusters.c.name.label("cluster_name"),
            policies.c.mode,
            policies.c.min_replicas,
            policies.c.max_replicas,
            policies.c.target_utilization_percent,
            policies.c.slo_short_share,
            policies.c.slo_leads,
            policies.c.actuator,
            policies.c.max_step_up,
            policies.c.max_step_down,
            policies.c.cooldown_up_seconds,
            policies.c.cooldown_down_seconds,
            policies.c.rolls_back_rollouts,
            policies.c.updated_at.label("policy_updated_at"),
            workload_states.c.evaluated_at,
            workload_states.c.wanted_replicas,
            workload_states.c.mode.label("scaling_mode"),
            workload_states.c.reason.label("scaling_reason"),
            workload_states.c.guards,
            workload_states.c.hold_until,
            workload_states.c.last_applied_at,
            workload_states.c.slo_price,
            workload_states.c.slo_short_seen,
            workload_states.c.slo_budget_left,
            workload_states.c.slo_beyond_sense,
            priced,
            newest,
        )
        .join(clusters, clusters.c.id == workloads.c.cluster_id)
        .outerjoin(policies, same)
        .outerjoin(workload_states, workload_states.c.workload_id == workloads.c.id)
        .outerjoin(priced, true())
        .outerjoin(newest, true())
        .where(visible_to(principal))
    )
