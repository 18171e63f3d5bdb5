"""Use cases around jobs: start one, see how it stands. Ending and repeating them is in `attempts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.jobs import CANCELLED, CANCELLED_ERROR
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_gateway.jobs import repository
from ai4k8s_gateway.jobs.schemas import JobItem, JobView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.base import JobCommand
    from ai4k8s_gateway.accounts.service import Principal

WAITING = "waiting for its turn"
FIRST = repository.Attempt()


def start(
    tx: Transaction,
    principal: Principal,
    command: JobCommand,
    cluster_id: UUID | None,
    attempt: repository.Attempt = FIRST,
    *,
    namespace: str | None = None,
) -> JobView:
    """Record a job and send its command; both or neither. Whoever does it asks again whether its owner still may."""
    asked = repository.Asked(principal.user_id, principal.token_id, cluster_id, namespace)
    repository.add(tx.connection, command, asked, attempt)
    tx.send(command)
    now = utc_now()
    return JobView(
        job_id=command.job_id,
        status=JobStatus.PROCESSING,
        progress=0,
        message=WAITING,
        created_at=now,
        updated_at=now,
    )


def list_items(connection: Connection, principal: Principal, limit: int) -> list[JobItem]:
    """Return the person's jobs, newest first."""
    return [_item(row) for row in repository.of_user(connection, principal.user_id, limit)]


def view(connection: Connection, principal: Principal, job_id: UUID) -> JobView:
    """Return one job of the person's. Raises NotFoundError."""
    return view_of(find(connection, principal, job_id))


def find(connection: Connection, principal: Principal, job_id: UUID) -> Row[Any]:
    """Return the row of one job of the person's. Raises NotFoundError."""
    row = repository.one_of_user(connection, principal.user_id, job_id)
    if row is None:
        raise NotFoundError("there is no such job")
    return row


def status_of(row: Row[Any]) -> JobStatus:
    """Return the status; a job that was cancelled before anybody took it up is over."""
    if row.status is not None:
        return JobStatus(row.status)
    return JobStatus.PROCESSING if row.cancel_requested_at is None else JobStatus.FAILED


def view_of(row: Row[Any]) -> JobView:
    """Return the flat form."""
    unstarted = row.status is None
    cancelled = unstarted and row.cancel_requested_at is not None
    return JobView(
        job_id=row.id,
        status=status_of(row),
        progress=row.progress or 0,
        message=CANCELLED if cancelled else WAITING if unstarted else row.message,
        result=row.result,
        error=CANCELLED_ERROR if cancelled else row.error,
        created_at=row.created_at,
        updated_at=row.updated_at or row.cancel_requested_at or row.created_at,
    )


def _item(row: Row[Any]) -> JobItem:
    status = status_of(row)
    cancel_requested = row.cancel_requested_at is not None
    return JobItem(
        **view_of(row).model_dump(),
        kind=row.kind,
        cluster_id=row.cluster_id,
        attempt=row.attempt,
        retry_of=row.retry_of,
        cancel_requested=cancel_requested,
        may_cancel=status is JobStatus.PROCESSING and not cancel_requested,
        may_retry=status is JobStatus.FAILED and not row.retried,
    )
