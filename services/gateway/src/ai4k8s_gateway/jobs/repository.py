"""Jobs: the wish is ours, the state is a row of the service that does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, cast, insert, select, union_all

from ai4k8s_common.contracts.base import JobCommand
from ai4k8s_common.contracts.catalogue import CATALOGUE
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.gateway import jobs

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Subquery

JOB_SERVICES = tuple(sorted({c.consumer for c in CATALOGUE if issubclass(c, JobCommand)}))


def add(
    connection: Connection, command: JobCommand, user_id: UUID | None, cluster_id: UUID | None, request: dict[str, Any]
) -> None:
    """Record that somebody asked for this."""
    connection.execute(
        insert(jobs).values(
            id=command.job_id,
            kind=command.name,
            consumer=command.consumer.value,
            user_id=user_id,
            cluster_id=cluster_id,
            request=request,
        )
    )


def of_user(connection: Connection, user_id: UUID, limit: int) -> list[Row[Any]]:
    """Return a person's jobs, newest first."""
    query = _query().where(jobs.c.user_id == user_id).order_by(jobs.c.created_at.desc()).limit(limit)
    return list(connection.execute(query))


def one_of_user(connection: Connection, user_id: UUID, job_id: UUID) -> Row[Any] | None:
    """Return one of a person's jobs."""
    return connection.execute(_query().where(jobs.c.user_id == user_id, jobs.c.id == job_id)).one_or_none()


def _states() -> Subquery:
    columns = ("job_id", "status", "progress", "message", "result", "error", "updated_at")
    return union_all(
        *(
            select(
                cast(service.value, String).label("consumer"), *(FRAME[service].job_states.c[name] for name in columns)
            )
            for service in JOB_SERVICES
        )
    ).subquery("states")


def _query() -> Any:
    states = _states()
    return select(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.cluster_id,
        jobs.c.created_at,
        *(states.c[name] for name in ("status", "progress", "message", "result", "error", "updated_at")),
    ).outerjoin(states, and_(states.c.job_id == jobs.c.id, states.c.consumer == jobs.c.consumer))
