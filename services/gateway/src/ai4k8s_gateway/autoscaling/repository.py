"""Wishes about autoscaling, and what the scaler saw of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import clusters, freezes, metric_tokens, namespace_budgets, policies, schedules
from ai4k8s_common.store.pricing import cost_hour, rates
from ai4k8s_common.store.scaler import autoscalers, claims, fights, metric_lags, surroundings
from ai4k8s_gateway.clusters.repository import visible_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

_PAST = text(
    """
    SELECT date_bin('30 minutes', at, timestamptz '2000-01-01 00:00Z') AS at,
           max(peak) AS peak, avg(replicas)::float8 AS replicas
    FROM (
        SELECT at, cpu_usage_max_millicores AS peak, desired_replicas AS replicas
        FROM collector.workload_rollups WHERE workload_id = :workload_id AND at >= :start AND at < :end
        UNION ALL
        SELECT at, cpu_usage_millicores, desired_replicas
        FROM collector.workload_samples WHERE workload_id = :workload_id AND at >= :start AND at < :end
    ) known
    WHERE replicas IS NOT NULL
    GROUP BY 1 ORDER BY 1
    """
)

_EVIDENCE = text(
    """
    SELECT count(*) FILTER (WHERE outcome IN ('observed', 'dismissed')) AS proposals,
           count(*) FILTER (WHERE outcome = 'observed' AND action = 'scale_up') AS ups,
           count(*) FILTER (WHERE outcome = 'observed' AND action = 'scale_down') AS downs,
           count(*) FILTER (WHERE outcome = 'applied') AS applied,
           count(*) FILTER (WHERE judged_at IS NOT NULL) AS judged,
           count(*) FILTER (WHERE judged_at IS NOT NULL AND judgement ->> 'verdict' = 'in_time') AS in_time
    FROM scaler.decisions WHERE workload_id = :workload_id AND decided_at > :since
    """
)

_SHORT = text(
    """
    SELECT avg((cpu_usage_millicores > cpu_capacity_millicores OR saturated)::int)::float8
    FROM collector.workload_samples
    WHERE workload_id = :workload_id AND at > :since AND cpu_usage_millicores IS NOT NULL
    """
)

_INSIDE = text(
    """
    SELECT sum(inside_80)::float8 / nullif(sum(judged), 0) FROM forecaster.scores
    WHERE workload_id = :workload_id AND metric = 'cpu' AND hour > :since
    """
)


def freezes_seen(connection: Connection, principal: Principal, now: datetime) -> list[Row[Any]]:
    """Return the switches that are on: those on everything, and those of clusters that somebody may see."""
    query = (
        select(freezes, clusters.c.name.label("cluster_name"))
        .outerjoin(clusters, clusters.c.id == freezes.c.cluster_id)
        .where(
            or_(freezes.c.until.is_(None), freezes.c.until > now),
            or_(freezes.c.cluster_id.is_(None), visible_to(principal)),
        )
        .order_by(freezes.c.created_at)
    )
    return list(connection.execute(query))


def put_freeze(connection: Connection, values: dict[str, Any]) -> UUID:
    """Switch on; where it is on already, its reason and end are the new ones."""
    statement = insert(freezes).values(**values)
    later = {"reason": values["reason"], "until": values["until"], "created_by": values["created_by"]}
    scope = [freezes.c.cluster_id, freezes.c.namespace, freezes.c.kind, freezes.c.name]
    written = statement.on_conflict_do_update(index_elements=scope, set_=later).returning(freezes.c.id)
    number: UUID = connection.execute(written).scalar_one()
    return number


def lift_freeze(connection: Connection, freeze_id: UUID) -> None:
    """Switch off."""
    connection.execute(freezes.delete().where(freezes.c.id == freeze_id))


def with_budgets(connection: Connection, clusters: list[UUID]) -> list[UUID]:
    """Return which of these clusters have budgets."""
    query = select(namespace_budgets.c.cluster_id).distinct().where(namespace_budgets.c.cluster_id.in_(clusters))
    return sorted(connection.execute(query).scalars())


def budgets_of(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return a cluster's budgets with what is used of each."""
    w, priced = workloads.c, rates(workloads)
    used = (
        select(
            w.namespace,
            func.sum(w.desired_replicas).label("used"),
            func.sum(cost_hour(workloads, priced)).label("cost_hour"),
            func.max(priced.c.currency).label("currency"),
        )
        .select_from(workloads.outerjoin(priced, true()))
        .where(w.cluster_id == cluster_id, w.gone_at.is_(None))
        .group_by(w.namespace)
        .subquery()
    )
    query = (
        select(namespace_budgets, func.coalesce(used.c.used, 0).label("used"), used.c.cost_hour, used.c.currency)
        .outerjoin(used, used.c.namespace == namespace_budgets.c.namespace)
        .where(namespace_budgets.c.cluster_id == cluster_id)
        .order_by(namespace_budgets.c.namespace)
    )
    return list(connection.execute(query))


def put_budget(connection: Connection, cluster_id: UUID, namespace: str, values: dict[str, Any]) -> None:
    """Store a budget in place of the former one."""
    statement = insert(namespace_budgets).values(cluster_id=cluster_id, namespace=namespace, **values)
    key = [namespace_budgets.c.cluster_id, namespace_budgets.c.namespace]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={**values, "updated_at": func.now()}))


def delete_budget(connection: Connection, cluster_id: UUID, namespace: str) -> bool:
    """Forget a budget. Returns whether there was one."""
    table = namespace_budgets
    gone = connection.execute(table.delete().where(table.c.cluster_id == cluster_id, table.c.namespace == namespace))
    return bool(gone.rowcount)


def schedules_of(connection: Connection, cluster_id: UUID, key: tuple[str, str, str] | None = None) -> list[Row[Any]]:
    """Return a cluster's rules, or one workload's (namespace, kind, name)."""
    query = select(schedules).where(schedules.c.cluster_id == cluster_id)
    if key is not None:
        query = query.where(schedules.c.namespace == key[0], schedules.c.kind == key[1], schedules.c.name == key[2])
    return list(connection.execute(query.order_by(schedules.c.title, schedules.c.id)))


def schedule(connection: Connection, schedule_id: UUID) -> Row[Any] | None:
    """Return one rule."""
    return connection.execute(select(schedules).where(schedules.c.id == schedule_id)).one_or_none()


def add_schedule(connection: Connection, values: dict[str, Any]) -> Row[Any]:
    """Store a new rule."""
    return connection.execute(schedules.insert().values(**values).returning(schedules)).one()


def change_schedule(connection: Connection, schedule_id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Store a rule in place of the former one."""
    statement = schedules.update().where(schedules.c.id == schedule_id).values(**values, updated_at=func.now())
    return connection.execute(statement.returning(schedules)).one()


def delete_schedule(connection: Connection, schedule_id: UUID) -> None:
    """Forget a rule."""
    connection.execute(schedules.delete().where(schedules.c.id == schedule_id))


def delete_policy(connection: Connection, cluster_id: UUID, key: tuple[str, str, str]) -> bool:
    """Forget a workload's policy. Returns whether there was one."""
    table = policies
    same = and_(table.c.namespace == key[0], table.c.kind == key[1], table.c.name == key[2])
    return bool(connection.execute(table.delete().where(table.c.cluster_id == cluster_id, same)).rowcount)


def surroundings_of(connection: Connection, cluster_id: UUID) -> Row[Any] | None:
    """Return what the scaler saw of a cluster's bounds."""
    return connection.execute(select(surroundings).where(surroundings.c.cluster_id == cluster_id)).one_or_none()


def metrics_lag(connection: Connection, cluster_id: UUID) -> Row[Any] | None:
    """Return how old a cluster's metrics are when decisions are made."""
    return connection.execute(select(metric_lags).where(metric_lags.c.cluster_id == cluster_id)).one_or_none()


def autoscalers_of(connection: Connection, cluster_id: UUID) -> list[Row[Any]]:
    """Return HPAs and VPAs as last seen, each with the floor that we hold under it."""
    floor = (
        select(claims.c.held_replicas)
        .join(workloads, workloads.c.id == claims.c.workload_id)
        .where(
            claims.c.cluster_id == autoscalers.c.cluster_id,
            claims.c.object_name == autoscalers.c.name,
            workloads.c.namespace == autoscalers.c.namespace,
            claims.c.actuator == "hpa_floor",
            autoscalers.c.kind == "hpa",
        )
        .limit(1)
        .scalar_subquery()
    )
    query = select(autoscalers, floor.label("floor")).where(autoscalers.c.cluster_id == cluster_id)
    return list(connection.execute(query.order_by(autoscalers.c.namespace, autoscalers.c.name)))


def claims_of(connection: Connection, cluster_id: UUID, workload_id: int | None = None) -> list[Row[Any]]:
    """Return what we hold."""
    query = (
        select(claims, workloads.c.namespace, workloads.c.name)
        .join(workloads, workloads.c.id == claims.c.workload_id)
        .where(claims.c.cluster_id == cluster_id)
        .order_by(workloads.c.namespace, workloads.c.name)
    )
    if workload_id is not None:
        query = query.where(claims.c.workload_id == workload_id)
    return list(connection.execute(query))


def fights_of(
    connection: Connection, cluster_id: UUID, now: datetime, workload_id: int | None = None
) -> list[Row[Any]]:
    """Return workloads that are left alone because somebody else keeps setting them."""
    query = (
        select(fights, workloads.c.namespace, workloads.c.name)
        .join(workloads, workloads.c.id == fights.c.workload_id)
        .where(fights.c.cluster_id == cluster_id, fights.c.backed_off_until > now)
        .order_by(workloads.c.namespace, workloads.c.name)
    )
    if workload_id is not None:
        query = query.where(fights.c.workload_id == workload_id)
    return list(connection.execute(query))


def past_of(connection: Connection, workload_id: int, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Return half hours: the highest demand in millicores and the mean number of replicas."""
    return connection.execute(_PAST, {"workload_id": workload_id, "start": start, "end": end}).all()


def evidence_of(
    connection: Connection, workload_id: int, since: datetime
) -> tuple[Row[Any], float | None, float | None]:
    """Return counts of decisions, the share of time short, and how often demand lay in the 80 % band."""
    asked = {"workload_id": workload_id, "since": since}
    counts = connection.execute(_EVIDENCE, asked).one()
    return counts, connection.execute(_SHORT, asked).scalar(), connection.execute(_INSIDE, asked).scalar()


def put_metric_token(connection: Connection, cluster_id: UUID, token_hash: bytes, user_id: UUID) -> None:
    """Store a token's hash in place of the former one."""
    values = {"token_hash": token_hash, "created_by": user_id}
    statement = insert(metric_tokens).values(cluster_id=cluster_id, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[metric_tokens.c.cluster_id], set_={**values, "created_at": func.now()}
        )
    )


def metric_token_hash(connection: Connection, cluster_id: UUID) -> bytes | None:
    """Return the hash of a cluster's token."""
    query = select(metric_tokens.c.token_hash).where(metric_tokens.c.cluster_id == cluster_id)
    found: bytes | None = connection.execute(query).scalar()
    return found


def served_floor(connection: Connection, cluster_id: UUID, namespace: str, name: str, now: datetime) -> int | None:
    """Return the floor that is served for a workload; None when none stands."""
    query = (
        select(claims.c.held_replicas)
        .join(workloads, workloads.c.id == claims.c.workload_id)
        .where(
            claims.c.cluster_id == cluster_id,
            workloads.c.namespace == namespace,
            workloads.c.name == name,
            claims.c.actuator == "external_metric",
            claims.c.expires_at > now,
        )
        .order_by(claims.c.held_replicas.desc())
    )
    found: int | None = connection.execute(query).scalar()
    return found
