"""Plans are chat's rows; what people say to them are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.services import Service
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import clusters, users
from ai4k8s_common.store.plans import plan_verdicts, plans
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome, decisions

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.rights import Rights

_asker, _decider = users.alias("asker"), users.alias("decider")
_jobs = FRAME[Service.CHAT].job_states


def one(connection: Connection, plan_id: UUID) -> Row[Any] | None:
    """Return a plan with what was said to it and how its job stands."""
    return connection.execute(_query().where(plans.c.id == plan_id)).one_or_none()


def waiting(connection: Connection, rights: Rights, now: datetime, limit: int) -> list[Row[Any]]:
    """Return plans that wait for a yes or a no, the one that is void first ahead."""
    open_ones = and_(plans.c.status == "waiting", plan_verdicts.c.plan_id.is_(None), plans.c.expires_at > now)
    query = _query().where(_seen(rights), open_ones).order_by(plans.c.expires_at).limit(limit)
    return list(connection.execute(query))


def recent(
    connection: Connection, rights: Rights, now: datetime, limit: int, cluster_id: UUID | None
) -> list[Row[Any]]:
    """Return plans that do not wait any more, newest first."""
    over = or_(plans.c.status != "waiting", plan_verdicts.c.plan_id.is_not(None), plans.c.expires_at <= now)
    query = _query().where(_seen(rights), over).order_by(plans.c.created_at.desc()).limit(limit)
    if cluster_id is not None:
        query = query.where(plans.c.cluster_id == cluster_id)
    return list(connection.execute(query))


def undone_by(connection: Connection, plan_id: UUID) -> UUID | None:
    """Return the latest plan that undoes this one."""
    query = select(plans.c.id).where(plans.c.undo_of == plan_id).order_by(plans.c.created_at.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def decide(connection: Connection, values: dict[str, Any]) -> bool:
    """Write a verdict down; False where there is one."""
    query = insert(plan_verdicts).values(values).on_conflict_do_nothing(index_elements=[plan_verdicts.c.plan_id])
    return connection.execute(query.returning(plan_verdicts.c.plan_id)).one_or_none() is not None


def recommendations(connection: Connection, rights: Rights, since: datetime, limit: int) -> list[Row[Any]]:
    """Return what the scaler recommends and nobody settled: the newest of each workload that still fits it."""
    later = decisions.alias("later")
    newest = (
        select(later.c.id)
        .where(later.c.workload_id == workloads.c.id, later.c.decided_at > since)
        .order_by(later.c.decided_at.desc())
        .limit(1)
        .correlate(workloads)
        .lateral("newest")
    )
    query = (
        select(
            decisions.c.id,
            decisions.c.from_replicas,
            decisions.c.to_replicas,
            decisions.c.reason,
            decisions.c.decided_at,
            workloads.c.id.label("workload_id"),
            workloads.c.cluster_id,
            workloads.c.namespace,
            workloads.c.name,
            clusters.c.name.label("cluster_name"),
        )
        .select_from(workloads)
        .join(newest, true())
        .join(decisions, decisions.c.id == newest.c.id)
        .join(clusters, clusters.c.id == workloads.c.cluster_id)
        .where(
            workloads.c.gone_at.is_(None),
            decisions.c.mode == "recommend",
            decisions.c.outcome == DecisionOutcome.OBSERVED.value,
            decisions.c.action != DecisionAction.MAINTAIN.value,
            decisions.c.from_replicas != decisions.c.to_replicas,
            true() if rights.clusters is None else workloads.c.cluster_id.in_(rights.clusters),
        )
        .order_by(decisions.c.decided_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def _seen(rights: Rights) -> Any:
    return true() if rights.clusters is None else plans.c.cluster_id.in_(rights.clusters)


def _query() -> Any:
    return (
        select(
            plans,
            clusters.c.name.label("cluster_name"),
            _asker.c.username.label("asker"),
            plan_verdicts.c.verdict,
            plan_verdicts.c.reason,
            plan_verdicts.c.decided_at,
            plan_verdicts.c.job_id.label("apply_job_id"),
            _decider.c.username.label("decider"),
            _jobs.c.status.label("job_status"),
            _jobs.c.progress.label("job_progress"),
            _jobs.c.message.label("job_message"),
            _jobs.c.error.label("job_error"),
            func.coalesce(_jobs.c.updated_at, plan_verdicts.c.decided_at).label("job_updated_at"),
        )
        .join(clusters, clusters.c.id == plans.c.cluster_id)
        .outerjoin(_asker, _asker.c.id == plans.c.asked_by)
        .outerjoin(plan_verdicts, plan_verdicts.c.plan_id == plans.c.id)
        .outerjoin(_decider, _decider.c.id == plan_verdicts.c.decided_by)
        .outerjoin(_jobs, _jobs.c.job_id == plan_verdicts.c.job_id)
    )
