"""The scaler's own rows, and its queries on what others own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import cluster_states, workload_samples, workloads
from ai4k8s_common.store.forecaster import forecasts, hindcasts
from ai4k8s_common.store.gateway import cluster_credentials, clusters, policies
from ai4k8s_common.store.observed import deploys
from ai4k8s_common.store.scaler import (
    MOVES_PODS,
    Actuator,
    DecisionOutcome,
    cluster_holds,
    decisions,
    metric_lags,
    workload_states,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

CPU_METRIC = "cpu"
STATES_AT_ONCE = 500

_LATEST_SAMPLES = text(
    """
    SELECT DISTINCT ON (workload_id)
           workload_id, at, ready_replicas, pods, pods_with_metrics, cpu_usage_millicores, saturated
    FROM collector.workload_samples
    WHERE cluster_id = :cluster_id AND source = 0 AND at > :since AND at <= :until
      AND cpu_usage_millicores IS NOT NULL
    ORDER BY workload_id, at DESC
    """
)

_POLICY = (
    policies.c.mode,
    policies.c.min_replicas,
    policies.c.max_replicas,
    policies.c.target_utilization_percent,
    policies.c.slo_short_share,
    policies.c.actuator,
    policies.c.max_step_up,
    policies.c.max_step_down,
    policies.c.cooldown_up_seconds,
    policies.c.cooldown_down_seconds,
    policies.c.slo_leads,
    policies.c.rolls_back_rollouts,
)

_SAMPLES_BETWEEN = select(
    workload_samples.c.at,
    workload_samples.c.ready_replicas,
    workload_samples.c.desired_replicas,
    workload_samples.c.cpu_usage_millicores,
).order_by(workload_samples.c.at)


@dataclass(frozen=True)
class ClusterFacts:
    """What is known of a cluster as a whole."""

    paused: bool
    reachable: bool


def cluster_facts(connection: Connection, cluster_id: UUID) -> ClusterFacts | None:
    """Return whether a cluster is paused and seen; None when it is not connected any more."""
    query = (
        select(clusters.c.paused, cluster_states.c.status)
        .select_from(clusters.outerjoin(cluster_states, cluster_states.c.cluster_id == clusters.c.id))
        .where(clusters.c.id == cluster_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else ClusterFacts(row.paused, row.status != "unreachable")


def present_workloads(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return a cluster's workloads with their policy, newest forecast and the scaler's own state."""
    newest = (
        select(
            forecasts.c.made_at,
            forecasts.c.window_status,
            forecasts.c.window_detail,
            forecasts.c.lead_time_seconds,
            forecasts.c.window_levels,
            forecasts.c.window_values,
        )
        .where(forecasts.c.workload_id == workloads.c.id, forecasts.c.metric == CPU_METRIC)
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
    query = (
        select(
            workloads.c.id,
            workloads.c.namespace,
            workloads.c.kind,
            workloads.c.name,
            workloads.c.resource_version,
            workloads.c.desired_replicas,
            workloads.c.ready_replicas,
            workloads.c.rollout_in_progress,
            workloads.c.last_seen_at,
            workloads.c.cpu_request_millicores,
            workloads.c.memory_request_bytes,
            workloads.c.annotations,
            workloads.c.revision,
            workloads.c.revision_at,
            *_POLICY,
            workload_states.c.evaluated_at,
            workload_states.c.last_applied_at,
            workload_states.c.slo_price,
            workload_states.c.memory,
            newest,
        )
        .outerjoin(policies, same)
        .outerjoin(workload_states, workload_states.c.workload_id == workloads.c.id)
        .outerjoin(newest, true())
        .where(workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None), workloads.c.scalable)
        .order_by(workloads.c.id)
    )
    return list(connection.execute(query))


def latest_samples(connection: Connection, cluster_id: UUID, since: datetime, until: datetime) -> dict[int, Row[Any]]:
    """Return each workload's newest own observation that has a usage."""
    rows = connection.execute(_LATEST_SAMPLES, {"cluster_id": cluster_id, "since": since, "until": until})
    return {row.workload_id: row for row in rows}


def samples_between(connection: Connection, workload_id: int, start: datetime, end: datetime) -> list[Row[Any]]:
    """Return a workload's samples, the oldest first."""
    c = workload_samples.c
    return list(connection.execute(_SAMPLES_BETWEEN.where(c.workload_id == workload_id, c.at >= start, c.at <= end)))


def insert_decision(connection: Connection, values: dict[str, Any]) -> bool:
    """Write a decision; False when this cycle's decision about the workload is there already."""
    statement = insert(decisions).values(**values).on_conflict_do_nothing().returning(decisions.c.id)
    return connection.execute(statement).one_or_none() is not None


def supersede(connection: Connection, workload_id: int, now: datetime, detail: str) -> None:
    """Void what was planned for a workload and not carried out."""
    connection.execute(
        update(decisions)
        .where(
            decisions.c.workload_id == workload_id,
            decisions.c.outcome == DecisionOutcome.PLANNED.value,
            decisions.c.actuator.in_(MOVES_PODS),
        )
        .values(outcome=DecisionOutcome.SUPERSEDED.value, outcome_at=now, outcome_detail=detail)
    )


def lock_decision(connection: Connection, decision_id: UUID) -> Row[Any] | None:
    """Return a decision with its workload and credential, locked until the end of the transaction."""
    query = (
        select(
            decisions,
            workloads.c.namespace,
            workloads.c.kind,
            workloads.c.name,
            workloads.c.api_version,
            workloads.c.resource,
            cluster_credentials.c.sealed,
        )
        .outerjoin(workloads, workloads.c.id == decisions.c.workload_id)
        .outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == decisions.c.cluster_id)
        .where(decisions.c.id == decision_id)
        .with_for_update(of=decisions)
    )
    return connection.execute(query).one_or_none()


def applied_since(connection: Connection, workload_id: int, replicas: int, since: datetime) -> bool:
    """Whether another decision set this workload to the same number since then."""
    query = select(decisions.c.id).where(
        decisions.c.workload_id == workload_id,
        decisions.c.outcome == DecisionOutcome.APPLIED.value,
        decisions.c.actuator.in_(MOVES_PODS),
        decisions.c.to_replicas == replicas,
        decisions.c.outcome_at >= since,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def record_outcome(
    connection: Connection,
    decision_id: UUID,
    outcome: DecisionOutcome,
    detail: str,
    now: datetime,
    answer: dict[str, Any] | None = None,
) -> None:
    """Say what became of a decision."""
    connection.execute(
        update(decisions)
        .where(decisions.c.id == decision_id)
        .values(outcome=outcome.value, outcome_detail=detail, outcome_at=now, answer=answer or None)
    )


def upsert_states(connection: Connection, states: Sequence[dict[str, Any]]) -> None:
    """Write what the scaler thinks of workloads now, many in one statement."""
    for start in range(0, len(states), STATES_AT_ONCE):
        part = states[start : start + STATES_AT_ONCE]
        statement = insert(workload_states).values(list(part))
        later = {name: statement.excluded[name] for name in part[0] if name != "workload_id"}
        connection.execute(statement.on_conflict_do_update(index_elements=[workload_states.c.workload_id], set_=later))


def note_applied(connection: Connection, workload_id: int, now: datetime) -> None:
    """Remember when a workload was last changed."""
    connection.execute(
        update(workload_states).where(workload_states.c.workload_id == workload_id).values(last_applied_at=now)
    )


def unjudged(connection: Connection, applied_before: datetime, limit: int) -> list[Row[Any]]:
    """Return applied decisions without a final judgement, the oldest first, locked against another judge."""
    query = (
        select(
            decisions,
            workloads.c.cpu_request_millicores,
            workloads.c.startup_seconds,
        )
        .join(workloads, workloads.c.id == decisions.c.workload_id)
        .where(
            decisions.c.judged_at.is_(None),
            decisions.c.outcome == DecisionOutcome.APPLIED.value,
            decisions.c.outcome_at <= applied_before,
            # Judged is how many pods there were, not what they are.
            decisions.c.actuator.in_(MOVES_PODS),
        )
        .order_by(decisions.c.outcome_at)
        .limit(limit)
        .with_for_update(of=decisions, skip_locked=True)
    )
    return list(connection.execute(query))


def record_judgement(
    connection: Connection, decision_id: UUID, judgement: dict[str, Any], judged_at: datetime | None
) -> None:
    """Write hindsight; it is final once ``judged_at`` is set."""
    connection.execute(
        update(decisions).where(decisions.c.id == decision_id).values(judgement=judgement, judged_at=judged_at)
    )


def watched_clusters(connection: Connection) -> list[Row[Any]]:
    """Return clusters that are watched: when they were last seen and evaluated, and whether they are held."""
    evaluated = (
        select(workload_states.c.cluster_id, func.max(workload_states.c.evaluated_at).label("evaluated_at"))
        .group_by(workload_states.c.cluster_id)
        .subquery()
    )
    s = cluster_states
    query = (
        select(
            s.c.cluster_id,
            s.c.status,
            s.c.status_since,
            s.c.reason,
            s.c.last_success_at,
            clusters.c.interval_seconds,
            evaluated.c.evaluated_at,
            cluster_holds.c.reason.label("held"),
        )
        .join(clusters, clusters.c.id == s.c.cluster_id)
        .outerjoin(evaluated, evaluated.c.cluster_id == s.c.cluster_id)
        .outerjoin(cluster_holds, cluster_holds.c.cluster_id == s.c.cluster_id)
        .where(~clusters.c.paused, clusters.c.started_at.is_not(None))
    )
    return list(connection.execute(query))


def set_hold(connection: Connection, cluster_id: UUID, since: datetime, reason: str) -> None:
    """Hold a cluster's scaling; since when stays, the reason may become clearer."""
    statement = insert(cluster_holds).values(cluster_id=cluster_id, since=since, reason=reason)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[cluster_holds.c.cluster_id], set_={"reason": reason})
    )


def release_hold(connection: Connection, cluster_id: UUID) -> bool:
    """End a hold. Returns whether there was one."""
    return bool(connection.execute(cluster_holds.delete().where(cluster_holds.c.cluster_id == cluster_id)).rowcount)


def workload_for_person(connection: Connection, cluster_id: UUID, workload_id: int) -> Row[Any] | None:
    """Return a workload with its policy and credential, for a command of a person."""
    same = and_(
        policies.c.cluster_id == workloads.c.cluster_id,
        policies.c.namespace == workloads.c.namespace,
        policies.c.kind == workloads.c.kind,
        policies.c.name == workloads.c.name,
    )
    query: Select[Any] = (
        select(
            workloads.c.id,
            workloads.c.cluster_id,
            workloads.c.namespace,
            workloads.c.kind,
            workloads.c.name,
            workloads.c.api_version,
            workloads.c.resource,
            workloads.c.scalable,
            workloads.c.annotations,
            workloads.c.desired_replicas,
            workloads.c.resource_version,
            workloads.c.last_seen_at,
            workloads.c.cpu_request_millicores,
            workloads.c.memory_request_bytes,
            workloads.c.startup_seconds,
            clusters.c.interval_seconds,
            *_POLICY,
            cluster_credentials.c.sealed,
        )
        .outerjoin(policies, same)
        .outerjoin(clusters, clusters.c.id == workloads.c.cluster_id)
        .outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == workloads.c.cluster_id)
        .where(workloads.c.id == workload_id, workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None))
    )
    return connection.execute(query).one_or_none()


def sealed_credential(connection: Connection, cluster_id: UUID) -> bytes | None:
    """Return a cluster's sealed credential."""
    query = select(cluster_credentials.c.sealed).where(cluster_credentials.c.cluster_id == cluster_id)
    sealed: bytes | None = connection.execute(query).scalar()
    return sealed


def scaled_workloads(connection: Connection, cluster_id: UUID, namespaces: Sequence[str]) -> list[Row[Any]]:
    """Return the workloads of some namespaces that we decide about."""
    if not namespaces:
        return []
    query = (
        select(workloads.c.namespace, workloads.c.kind, workloads.c.name, workloads.c.api_version, workloads.c.resource)
        .join(workload_states, workload_states.c.workload_id == workloads.c.id)
        .where(
            workloads.c.cluster_id == cluster_id,
            workloads.c.gone_at.is_(None),
            workloads.c.namespace.in_(list(namespaces)),
        )
    )
    return list(connection.execute(query))


def workload_and_credential(connection: Connection, workload_id: int) -> Row[Any] | None:
    """Return a workload, also one that is gone, with its cluster's credential."""
    query = (
        select(workloads, cluster_credentials.c.sealed)
        .outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == workloads.c.cluster_id)
        .where(workloads.c.id == workload_id)
    )
    return connection.execute(query).one_or_none()


def decision_of_cycle(connection: Connection, workload_id: int, cycle_id: UUID) -> Row[Any] | None:
    """Return what one cycle, or one command, decided about a workload."""
    query = select(decisions.c.id, decisions.c.outcome, decisions.c.to_replicas)
    found = query.where(decisions.c.workload_id == workload_id, decisions.c.cycle_id == cycle_id)
    rows: Any = connection.execute(found)
    row: Row[Any] | None = rows.one_or_none()
    return row


def namespaces(connection: Connection, cluster_id: UUID) -> list[str]:
    """Return the namespaces in which workloads are known."""
    query = (
        select(workloads.c.namespace)
        .distinct()
        .where(workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None))
    )
    return sorted(connection.execute(query).scalars())


def hindcast_arrays(connection: Connection, job_id: UUID) -> bytes | None:
    """Return what the forecaster packed for a backtest, while it is kept."""
    query = select(hindcasts.c.arrays).where(hindcasts.c.job_id == job_id)
    return connection.execute(query).scalar_one_or_none()


def rolled_back_since(connection: Connection, workload_id: int, since: datetime) -> bool:
    """Whether a revision of this workload was rolled back since then."""
    query = select(decisions.c.id).where(
        decisions.c.workload_id == workload_id,
        decisions.c.actuator == Actuator.REVISION.value,
        decisions.c.outcome == DecisionOutcome.APPLIED.value,
        decisions.c.decided_at > since,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def revision_before(connection: Connection, workload_id: int, revision: str) -> str | None:
    """Return the revision that a workload ran before this one, as far as it was seen."""
    came = select(deploys.c.at).where(deploys.c.workload_id == workload_id, deploys.c.revision == revision)
    query = (
        select(deploys.c.revision)
        .where(
            deploys.c.workload_id == workload_id,
            deploys.c.revision != revision,
            deploys.c.at <= came.scalar_subquery(),
        )
        .order_by(deploys.c.at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def metric_ages(connection: Connection, cluster_id: UUID) -> list[float]:
    """Return how old a cluster's newest sample was at the decisions of its last cycles, the oldest first."""
    query = select(metric_lags.c.ages_seconds).where(metric_lags.c.cluster_id == cluster_id)
    return list(connection.execute(query).scalar_one_or_none() or ())


def write_metric_ages(connection: Connection, cluster_id: UUID, values: dict[str, Any]) -> None:
    """Store them, with what they come to."""
    statement = insert(metric_lags).values(cluster_id=cluster_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[metric_lags.c.cluster_id], set_=values))


def metric_lag(connection: Connection, cluster_id: UUID) -> float | None:
    """Return how old a cluster's newest sample mostly is when decisions are made; None before the first."""
    query = select(metric_lags.c.median_seconds).where(metric_lags.c.cluster_id == cluster_id)
    lag: float | None = connection.execute(query).scalar_one_or_none()
    return lag
