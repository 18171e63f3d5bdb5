"""Use cases around workloads: list, show, set a policy, and the one time axis."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.costs import service as costs
from ai4k8s_gateway.decisions import repository as decision_repository
from ai4k8s_gateway.decisions.service import brief
from ai4k8s_gateway.domain import outlook, timeline
from ai4k8s_gateway.incidents import repository as incident_repository
from ai4k8s_gateway.incidents.service import anomaly_view
from ai4k8s_gateway.workloads import repository
from ai4k8s_gateway.workloads.schemas import (
    BudgetView,
    ForecastInShort,
    ForecastView,
    History,
    HpaCounterfactual,
    OutlookView,
    PastForecast,
    PolicyPreview,
    PolicyView,
    ScalingStateView,
    Timeline,
    TrackRecord,
    WindowView,
    WorkloadView,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.schemas import ClusterView
    from ai4k8s_gateway.clusters.service import ClusterRules
    from ai4k8s_gateway.workloads.schemas import NewPolicy

DEFAULT_RANGE = timedelta(hours=6)
LONGEST_RANGE = timedelta(days=15)
MAX_DECISIONS = 500
PAST_FORECASTS = 6
RECORD = timedelta(days=7)
FORECAST_REACH = timedelta(hours=6)
# A pod that nobody has seen start: the usual half minute, and one cycle.
LEAD_TIME_SECONDS = 90.0
HPA_TICK_SECONDS = 15.0
FRESH_CYCLES = 3
# The scaler's name for the guard that keeps a wish within the policy's bounds.
BOUNDS_GUARD = "bounds"

log = structlog.stdlib.get_logger(__name__)


def list_views(
    connection: Connection, rules: ClusterRules, principal: Principal, cluster_id: UUID, now: datetime
) -> list[WorkloadView]:
    """Return a cluster's workloads. Raises NotFoundError, NotReadyError."""
    cluster_service.get_started(connection, principal, cluster_id)
    cluster = cluster_service.view(connection, rules, principal, cluster_id, now)
    return [_view(row, cluster, principal, now) for row in repository.of_cluster(connection, principal, cluster_id)]


def view(
    connection: Connection, rules: ClusterRules, principal: Principal, workload_id: int, now: datetime
) -> WorkloadView:
    """Return one workload. Raises NotFoundError."""
    row = _row(connection, principal, workload_id)
    return _view(row, cluster_service.view(connection, rules, principal, row.cluster_id, now), principal, now)


def cluster_of(connection: Connection, principal: Principal, workload_id: int) -> UUID:
    """Return where a workload is. Raises NotFoundError."""
    cluster_id: UUID = _row(connection, principal, workload_id).cluster_id
    return cluster_id


def set_policy(
    tx: Transaction, rules: ClusterRules, principal: Principal, workload_id: int, policy: NewPolicy, now: datetime
) -> WorkloadView:
    """Store how a workload shall be scaled; the scaler obeys from its next cycle on."""
    row = _row(tx.connection, principal, workload_id)
    cluster_service.require_scale(tx.connection, principal, row.cluster_id, row.namespace)
    if not row.scalable:
        raise InvalidInputError(f"a {row.kind} has no replicas to set", hint="Choose a workload that can be scaled.")
    values = {
        "mode": policy.mode.value,
        "min_replicas": policy.min_replicas,
        "max_replicas": policy.max_replicas,
        "target_utilization_percent": policy.target_utilization,
        "slo_short_share": policy.slo_short_share,
        "slo_leads": policy.slo_leads,
        "actuator": policy.actuator.value,
        "max_step_up": policy.max_step_up,
        "max_step_down": policy.max_step_down,
        "cooldown_up_seconds": policy.cooldown_up_seconds,
        "cooldown_down_seconds": policy.cooldown_down_seconds,
        "rolls_back_rollouts": policy.rolls_back_rollouts,
        "updated_by": principal.user_id,
    }
    key = repository.PolicyKey(row.cluster_id, row.namespace, row.kind, row.name)
    repository.set_policy(tx.connection, key, values)
    log.info("policy_set", workload_id=workload_id, mode=policy.mode.value, user_id=str(principal.user_id))
    return view(tx.connection, rules, principal, workload_id, now)


def preview_policy(
    connection: Connection,
    rules: ClusterRules,
    principal: Principal,
    workload_id: int,
    policy: NewPolicy,
    now: datetime,
) -> PolicyPreview:
    """Say what a policy would do, by the latest forecast and the scaler's latest wish. Raises NotFoundError."""
    row = _row(connection, principal, workload_id)
    cluster = cluster_service.view(connection, rules, principal, row.cluster_id, now)
    supposed = PolicyView(**policy.model_dump(), updated_at=None)
    wanted = _supposed_wish(row, _fresh_wish(row, cluster, now), policy)
    request = row.cpu_request_millicores
    change = None if wanted is None or request is None else (wanted - row.desired_replicas) * request
    return PolicyPreview(
        outlook=_outlook(row, supposed, cluster, wanted, now),
        now_replicas=row.desired_replicas,
        next_replicas=wanted,
        acts=policy.mode is PolicyMode.AUTO,
        cpu_request_change_millicores=change,
    )


def show_timeline(
    connection: Connection,
    rules: ClusterRules,
    principal: Principal,
    workload_id: int,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> Timeline:
    """Return everything about a workload between two moments, on one axis. Raises NotFoundError, InvalidInputError."""
    end = min(end or now, now)
    start = start or end - DEFAULT_RANGE
    if not timedelta(0) < end - start <= LONGEST_RANGE:
        raise InvalidInputError(
            "'from' must lie before 'to' and before now, by 15 days at most", hint="Choose a shorter range."
        )
    row = _row(connection, principal, workload_id)
    cluster = cluster_service.view(connection, rules, principal, row.cluster_id, now)
    seconds = timeline.step_seconds(start, end)
    bins = repository.history(connection, workload_id, start, end, timedelta(seconds=seconds))
    decisions = decision_repository.in_range(connection, principal, workload_id, start, end, MAX_DECISIONS)
    anomalies = incident_repository.anomalies_in_range(connection, principal, workload_id, start, end)
    return Timeline(
        workload=_view(row, cluster, principal, now),
        now=now,
        step_seconds=seconds,
        history=_history(timeline.with_gaps(bins, timedelta(seconds=seconds), end)),
        hpa_counterfactual=_hpa_counterfactual(decisions),
        forecast=_forecast(row),
        past_forecasts=_past_forecasts(connection, workload_id, start, end),
        track_record=[_record(record) for record in repository.track_record(connection, workload_id, now - RECORD)],
        decisions=[brief(decision) for decision in decisions],
        anomalies=[anomaly_view(anomaly) for anomaly in anomalies],
    )


def _row(connection: Connection, principal: Principal, workload_id: int) -> Row[Any]:
    row = repository.one(connection, principal, workload_id)
    if row is None:
        raise NotFoundError("there is no such workload", hint="Choose one of a cluster's workloads.")
    return row


def _view(row: Row[Any], cluster: ClusterView, principal: Principal, now: datetime) -> WorkloadView:
    policy = _policy(row)
    return WorkloadView(
        id=row.id,
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        namespace=row.namespace,
        kind=row.kind,
        name=row.name,
        ready_replicas=row.ready_replicas,
        desired_replicas=row.desired_replicas,
        scalable=row.scalable,
        status_detail=row.status_detail,
        pending=row.pending,
        restarts=row.restarts,
        oom_kills=row.oom_kills,
        hpa_name=row.hpa_name,
        rollout_in_progress=row.rollout_in_progress,
        cpu_request_millicores=row.cpu_request_millicores,
        startup_p95_seconds=row.startup_p95_seconds,
        last_seen_at=row.last_seen_at,
        gone_at=row.gone_at,
        may_change=cluster_service.may_scale(principal, row.cluster_id, row.namespace),
        policy=policy,
        outlook=_outlook(row, policy, cluster, _fresh_wish(row, cluster, now), now),
        scaling=_scaling(row, policy),
        forecast_status=row.forecast_status,
        cost=costs.cost_of(row, _fresh_wish(row, cluster, now)),
    )


def _outlook(
    row: Row[Any], policy: PolicyView, cluster: ClusterView, wanted_replicas: int | None, now: datetime
) -> OutlookView:
    blind = next((item for item in cluster.attention if item.scaling_held), None)
    situation = outlook.Situation(
        name=row.name,
        ready_replicas=row.ready_replicas,
        desired_replicas=row.desired_replicas,
        cpu_request_millicores=row.cpu_request_millicores,
        min_replicas=policy.min_replicas,
        max_replicas=policy.max_replicas,
        mode=policy.mode.value,
        lead_time_seconds=row.lead_time_seconds or LEAD_TIME_SECONDS,
        wanted_replicas=wanted_replicas,
        blind_since=blind.since if blind else None,
        is_blind=blind is not None,
    )
    return OutlookView(**asdict(outlook.look_ahead(situation, _foreseen(row), now)))


def _policy(row: Row[Any]) -> PolicyView:
    if row.mode is None:
        return PolicyView(
            # No wish of ours: the scaler may go by the workload's annotations, and says in which mode.
            mode=row.scaling_mode or PolicyMode.OBSERVE,
            min_replicas=1,
            max_replicas=max(10, 2 * row.desired_replicas),
            target_utilization=80,
            slo_short_share=0.01,
            slo_leads=False,
            updated_at=None,
        )
    return PolicyView(
        mode=row.mode,
        min_replicas=row.min_replicas,
        max_replicas=row.max_replicas,
        target_utilization=row.target_utilization_percent,
        slo_short_share=row.slo_short_share,
        slo_leads=row.slo_leads,
        updated_at=row.policy_updated_at,
        actuator=row.actuator,
        max_step_up=row.max_step_up,
        max_step_down=row.max_step_down,
        cooldown_up_seconds=row.cooldown_up_seconds,
        cooldown_down_seconds=row.cooldown_down_seconds,
        rolls_back_rollouts=row.rolls_back_rollouts,
    )


def _scaling(row: Row[Any], policy: PolicyView) -> ScalingStateView | None:
    if row.evaluated_at is None:
        return None
    return ScalingStateView(
        evaluated_at=row.evaluated_at,
        wanted_replicas=row.wanted_replicas,
        reason=row.scaling_reason,
        guards=row.guards,
        hold_until=row.hold_until,
        last_applied_at=row.last_applied_at,
        budget=_budget(row, policy),
    )


def _budget(row: Row[Any], policy: PolicyView) -> BudgetView | None:
    if row.slo_price is None:
        return None
    seen, left = row.slo_short_seen, row.slo_budget_left
    promise = f"{100 * policy.slo_short_share:.3g} %"
    if seen is None or left is None:
        words = f"At most {promise} of the time may be short of capacity; the first hour is being counted."
    else:
        rest = f"{100 * left:.0f} % of the budget left" if left >= 0 else "the budget is overspent"
        words = f"{100 * seen:.2g} % of the last three days short of capacity, {promise} allowed: {rest}."
    if row.slo_beyond_sense:
        words += (
            f" {promise} is not reachable at a sensible price: risk already counts like {row.slo_price:.0f} pods."
            " Allow more, or raise the maximum."
        )
    return BudgetView(
        price_pods=row.slo_price, short_share=seen, left_share=left, beyond_sense=row.slo_beyond_sense, text=words
    )


def _fresh_wish(row: Row[Any], cluster: ClusterView, now: datetime) -> int | None:
    if row.evaluated_at is None or row.wanted_replicas is None:
        return None
    return (
        row.wanted_replicas
        if now - row.evaluated_at <= FRESH_CYCLES * timedelta(seconds=cluster.interval_seconds)
        else None
    )


def _supposed_wish(row: Row[Any], wish: int | None, policy: NewPolicy) -> int | None:
    """Return the wish within other bounds; without a fresh one, what the bounds alone ask for, if anything."""
    # The bounds in force may have cut it.
    cut = (int(guard["before"]) for guard in row.guards or [] if guard["name"] == BOUNDS_GUARD)
    base = row.desired_replicas if wish is None else next(cut, wish)
    bounded: int = min(max(base, policy.min_replicas), policy.max_replicas)
    return None if wish is None and bounded == base else bounded


def _foreseen(row: Row[Any]) -> outlook.Foreseen | None:
    if row.made_at is None:
        return None
    path = None
    if row.path_start_at is not None and row.path_levels and row.path_values:
        path = outlook.Path(
            row.path_start_at,
            timedelta(seconds=row.path_step_seconds),
            tuple(row.path_levels),
            tuple(tuple(values) for values in repository.rows_by_level(row.path_levels, row.path_values)),
        )
    return outlook.Foreseen(row.made_at, row.forecast_status, row.forecast_detail, row.history_hours, path)


def _record(row: Row[Any]) -> TrackRecord:
    naive = min(row.last_value_error, row.yesterday_error)
    return TrackRecord(
        horizon_minutes=row.horizon_minutes,
        days=RECORD.days,
        judged=row.judged,
        inside_50_share=row.inside_50 / row.judged,
        inside_80_share=row.inside_80 / row.judged,
        inside_95_share=row.inside_95 / row.judged,
        mean_error_millicores=row.absolute_error / row.judged,
        relative_error=row.absolute_error / naive if naive > 0 else None,
    )


def _forecast(row: Row[Any]) -> ForecastView | None:
    if row.made_at is None:
        return None
    levels = list(row.path_levels or [])
    window = None
    if row.lead_time_seconds is not None and row.window_levels and row.window_values:
        window = WindowView(lead_time_seconds=row.lead_time_seconds, levels=row.window_levels, values=row.window_values)
    return ForecastView(
        made_at=row.made_at,
        status=row.forecast_status,
        detail=row.forecast_detail,
        history_hours=row.history_hours,
        start_at=row.path_start_at,
        step_seconds=row.path_step_seconds,
        levels=levels,
        values=repository.rows_by_level(levels, list(row.path_values or [])),
        window=window,
        in_short=_in_short(row),
    )


def _in_short(row: Row[Any]) -> ForecastInShort | None:
    if row.trend is None:
        return None
    return ForecastInShort(
        trend=row.trend,
        trend_p_value=row.trend_p_value,
        peak_at=row.peak_at,
        peak_millicores=row.peak_value,
        rhythms=row.rhythms or {},
        growth_per_week=row.growth_per_week,
        spikes=row.spikes,
        shifted_at=row.shifted_at,
        shift_millicores=row.shift_value,
        skill=row.skill,
        method=row.method or "core",
    )


def _history(bins: list[timeline.Bin]) -> History:
    return History(
        at=[item.at for item in bins],
        cpu_demand_millicores=[_tenth(item.cpu_demand_millicores) for item in bins],
        cpu_demand_peak_millicores=[_tenth(item.cpu_demand_peak_millicores) for item in bins],
        cpu_saturated=[item.saturated for item in bins],
        ready_replicas=[_tenth(item.ready_replicas) for item in bins],
        desired_replicas=[_tenth(item.desired_replicas) for item in bins],
        capacity_millicores=[_tenth(item.capacity_millicores) for item in bins],
    )


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _past_forecasts(connection: Connection, workload_id: int, start: datetime, end: datetime) -> list[PastForecast]:
    length = end - start
    # Also those made before the range whose path reaches into it.
    first = start - min(length, FORECAST_REACH)
    return [
        PastForecast(
            made_at=made_at,
            start_at=start_at,
            step_seconds=seconds,
            median_millicores=[round(value, 1) for value in median],
        )
        for made_at, start_at, seconds, median in repository.past_medians(
            connection, workload_id, first, end, length / PAST_FORECASTS
        )
    ]


def _hpa_counterfactual(decisions: Sequence[Row[Any]]) -> HpaCounterfactual | None:
    at: list[datetime] = []
    replicas: list[int | None] = []
    target_percent = None
    for decision in decisions:
        hpa = (decision.judgement or {}).get("hpa") or {}
        begin = decision.outcome_at or decision.decided_at
        tick = timedelta(seconds=float(hpa.get("tick_seconds") or HPA_TICK_SECONDS))
        if not hpa.get("replicas") or (at and begin <= at[-1]):
            continue
        if at:
            at.append(at[-1] + tick)
            replicas.append(None)
        for number, count in enumerate(hpa["replicas"]):
            at.append(begin + number * tick)
            replicas.append(count)
        target_percent = hpa.get("target_percent")
    return HpaCounterfactual(at=at, replicas=replicas, target_percent=target_percent) if at else None
