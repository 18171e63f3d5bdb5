"""Use cases around jobs: start one, see how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_gateway.jobs import repository
from ai4k8s_gateway.jobs.schemas import JobView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.base import JobCommand
    from ai4k8s_gateway.accounts.service import Principal

WAITING = "waiting for its turn"


def start(tx: Transaction, principal: Principal, command: JobCommand, cluster_id: UUID | None) -> JobView:
    """Record a job and send its command; both or neither."""
    request = command.model_dump(mode="json", exclude={"job_id"})
    repository.add(tx.connection, command, principal.user_id, cluster_id, request)
    tx.send(command)
    now = utc_now()
    return JobView(
        job_id=command.job_id,
        status=JobStatus.PROCESSING,
        progress=0,
        message=WAITING,
        created_at=now,
        updated_at=now,
        kind=command.name,
        cluster_id=cluster_id,
    )


def list_views(connection: Connection, principal: Principal, limit: int) -> list[JobView]:
    """Return the person's jobs, newest first."""
    return [_view(row) for row in repository.of_user(connection, principal.user_id, limit)]


def view(connection: Connection, principal: Principal, job_id: UUID) -> JobView:
    """Return one job of the person's. Raises NotFoundError."""
    row = repository.one_of_user(connection, principal.user_id, job_id)
    if row is None:
        raise NotFoundError("there is no such job")
    return _view(row)


def _view(row: Row[Any]) -> JobView:
    return JobView(
        job_id=row.id,
        status=row.status or JobStatus.PROCESSING,
        progress=row.progress or 0,
        message=WAITING if row.status is None else row.message,
        result=row.result,
        error=row.error,
        created_at=row.created_at,
        updated_at=row.updated_at or row.created_at,
        kind=row.kind,
        cluster_id=row.cluster_id,
    )
