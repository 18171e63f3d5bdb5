"""Rows of plans and their steps, and what chat reads of others to make and apply them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ai4k8s_common.services import Service
from ai4k8s_common.store.base import FRAME, JobStatus
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.gateway import cluster_credentials, clusters, policies
from ai4k8s_common.store.plans import StepStatus, plan_steps, plan_verdicts, plans

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.plans import PlanStatus


LOCK_CLASS = 7_042_100  # of the store's advisory locks


def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Write a new plan; False when it is there already."""
    query = upsert(plans).values(values).on_conflict_do_nothing(index_elements=[plans.c.id])
    return connection.execute(query.returning(plans.c.id)).one_or_none() is not None


def find(connection: Connection, plan_id: UUID) -> Row[Any] | None:
    """Return a plan."""
    return connection.execute(select(plans).where(plans.c.id == plan_id)).one_or_none()


def lock(connection: Connection, plan_id: UUID) -> Row[Any] | None:
    """Return a plan that no other task works at until the end of the transaction. Its row can be written meanwhile."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, plan_id.int & 0x7FFF_FFFF)))
    return find(connection, plan_id)


def set_status(connection: Connection, plan_id: UUID, status: PlanStatus, **values: Any) -> None:
    """Note where a plan stands."""
    connection.execute(update(plans).where(plans.c.id == plan_id).values(status=status.value, **values))


def verdict(connection: Connection, plan_id: UUID) -> Row[Any] | None:
    """Return what a person said to a plan."""
    return connection.execute(select(plan_verdicts).where(plan_verdicts.c.plan_id == plan_id)).one_or_none()


def steps(connection: Connection, plan_id: UUID) -> dict[int, Row[Any]]:
    """Return how far each call is, by its position."""
    query = select(plan_steps).where(plan_steps.c.plan_id == plan_id)
    return {row.position: row for row in connection.execute(query)}


def begin_step(connection: Connection, plan: Row[Any], position: int, job_id: UUID | None = None) -> None:
    """Note that a call is about to be made."""
    values = {"plan_id": plan.id, "position": position, "cluster_id": plan.cluster_id, "job_id": job_id}
    query = upsert(plan_steps).values(status=StepStatus.BEGUN.value, **values)
    connection.execute(query.on_conflict_do_nothing())


def end_step(connection: Connection, plan_id: UUID, position: int, status: StepStatus, **values: str) -> None:
    """Note what became of a call."""
    key = (plan_steps.c.plan_id == plan_id) & (plan_steps.c.position == position)
    connection.execute(update(plan_steps).where(key).values(status=status.value, done_at=func.now(), **values))


def cluster(connection: Connection, cluster_id: UUID) -> Row[Any] | None:
    """Return a cluster's sealed credential and default namespace."""
    query = (
        select(clusters.c.id, clusters.c.default_namespace, cluster_credentials.c.sealed)
        .outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == clusters.c.id)
        .where(clusters.c.id == cluster_id)
    )
    row: Row[Any] | None = connection.execute(query).one_or_none()  # type: ignore[assignment]  # its columns are known
    return row


def policy_mode(connection: Connection, cluster_id: UUID, key: tuple[str, str, str]) -> str:
    """Return the mode of the predictive policy on a workload (namespace, kind, name); nothing without one."""
    query = select(policies.c.mode).where(
        policies.c.cluster_id == cluster_id,
        policies.c.namespace == key[0],
        policies.c.kind == key[1],
        policies.c.name == key[2],
    )
    return str(connection.execute(query).scalar_one_or_none() or "")


def workload_id(connection: Connection, cluster_id: UUID, key: tuple[str, str, str]) -> int | None:
    """Return the observed workload of a namespace, kind and name."""
    query = select(workloads.c.id).where(
        workloads.c.cluster_id == cluster_id,
        workloads.c.namespace == key[0],
        workloads.c.kind == key[1],
        workloads.c.name == key[2],
        workloads.c.gone_at.is_(None),
    )
    return connection.execute(query).scalar_one_or_none()


def job_failed(connection: Connection, job_id: UUID | None) -> bool:
    """Whether a job of chat's own was given up on: its cluster did not answer, however often it was asked."""
    states = FRAME[Service.CHAT].job_states
    status = connection.execute(select(states.c.status).where(states.c.job_id == job_id)).scalar_one_or_none()
    return bool(status == JobStatus.FAILED.value)


def scaler_job(connection: Connection, job_id: UUID) -> Row[Any] | None:
    """Return how a job of the scaler stands."""
    states = FRAME[Service.SCALER].job_states
    return connection.execute(select(states).where(states.c.job_id == job_id)).one_or_none()
