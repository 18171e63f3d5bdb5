"""Jobs: the wish is ours, the state is a row of the service that does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import String, and_, cast, exists, func, insert, select, union_all, update

from ai4k8s_common.contracts.base import JobCommand
from ai4k8s_common.contracts.catalogue import CATALOGUE
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.gateway import jobs

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Subquery

JOB_SERVICES = tuple(sorted({c.consumer for c in CATALOGUE if issubclass(c, JobCommand)}))
QUIET = tuple(c.name for c in CATALOGUE if issubclass(c, JobCommand) and c.quiet)
STATE = ("status", "progress", "message", "result", "error", "updated_at")


@dataclass(frozen=True)
class Attempt:
    """Which attempt a job is, and after which."""

    number: int = 1
    retry_of: UUID | None = None


@dataclass(frozen=True)
class Asked:
    """Who asked for a job, with which token if any, and where."""

    user_id: UUID | None
    token_id: UUID | None
    cluster_id: UUID | None
    namespace: str | None


def add(connection: Connection, command: JobCommand, asked: Asked, attempt: Attempt) -> None:
    """Record that somebody asked for this."""
    connection.execute(
        insert(jobs).values(
            id=command.job_id,
            kind=command.name,
            consumer=command.consumer.value,
            user_id=asked.user_id,
            token_id=asked.token_id,
            cluster_id=asked.cluster_id,
            namespace=asked.namespace,
            request=command.model_dump(mode="json", exclude={"job_id"}),
            attempt=attempt.number,
            retry_of=attempt.retry_of,
        )
    )


def of_user(connection: Connection, user_id: UUID, limit: int) -> list[Row[Any]]:
    """Return a person's jobs, newest first."""
    query = (
        _query()
        .where(jobs.c.user_id == user_id, jobs.c.kind.not_in(QUIET))
        .order_by(jobs.c.created_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def one_of_user(connection: Connection, user_id: UUID, job_id: UUID) -> Row[Any] | None:
    """Return one of a person's jobs."""
    return connection.execute(_query().where(jobs.c.user_id == user_id, jobs.c.id == job_id)).one_or_none()


def request_cancel(connection: Connection, job_id: UUID) -> None:
    """Record that its owner does not want a job any more."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.cancel_requested_at.is_(None))
        .values(cancel_requested_at=func.now())
    )


def _states() -> Subquery:
    return union_all(
        *(
            select(
                cast(service.value, String).label("consumer"),
                FRAME[service].job_states.c.job_id,
                *(FRAME[service].job_states.c[name] for name in STATE),
            )
            for service in JOB_SERVICES
        )
    ).subquery("states")


def _query() -> Any:
    states, later = _states(), jobs.alias("later")
    return select(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.cluster_id,
        jobs.c.namespace,
        jobs.c.created_at,
        jobs.c.request,
        jobs.c.attempt,
        jobs.c.retry_of,
        jobs.c.cancel_requested_at,
        exists().where(later.c.retry_of == jobs.c.id).label("retried"),
        *(states.c[name] for name in STATE),
    ).outerjoin(states, and_(states.c.job_id == jobs.c.id, states.c.consumer == jobs.c.consumer))
