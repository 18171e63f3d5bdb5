"""Long work that a person waits for: the wish is a row of the gateway, its state one of the service that does the work.

Taking a job up and asking for its end exclude each other by a lock on the job: a job that nobody took up is over the
moment its owner cancels it, and one that runs is told at its next report.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, user_room
from ai4k8s_common.errors import Ai4k8sError, ForbiddenError, UnauthenticatedError
from ai4k8s_common.store.base import FRAME, JobStatus
from ai4k8s_common.store.gateway import jobs
from ai4k8s_common.store.rights import read_rights, require_for_job

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection

    from ai4k8s_common.rights import Permission
    from ai4k8s_common.services import Service

STARTED = "started"
CANCELLED = "cancelled"
CANCELLED_ERROR = "Cancelled by the person who asked for it."


class JobCancelledError(Ai4k8sError):
    """Its owner does not want the job any more: undo what is half done and end."""

    status = HTTPStatus.CONFLICT
    code = "job_cancelled"


@dataclass(frozen=True)
class JobReport:
    """Where a job stands. `progress` is in percent."""

    job_id: UUID
    kind: str
    status: JobStatus
    progress: int
    message: str
    result: JsonValue = None
    error: str | None = None

    @classmethod
    def cancelled(cls, job_id: UUID, kind: str, progress: int = 0) -> JobReport:
        """The last word on a job that its owner ended."""
        return cls(job_id, kind, JobStatus.FAILED, progress, CANCELLED, error=CANCELLED_ERROR)


def lock_job(connection: Connection, job_id: UUID) -> None:
    """Wait for whoever takes up, cancels or retries this job right now; held until the end of the transaction."""
    connection.execute(select(func.pg_advisory_xact_lock(job_id.int & ((1 << 63) - 1))))


class JobRefusedError(Ai4k8sError):
    """Whoever asked for the job may not do that any more."""

    status = HTTPStatus.FORBIDDEN
    code = "job_refused"


def begin_job(
    connection: Connection, service: Service, job_id: UUID, kind: str, permission: Permission
) -> list[LiveEvent]:
    """Take a job up, by the rights that its owner has now.

    Raises JobCancelledError when its owner was quicker, JobRefusedError when they may not do that any more.
    """
    lock_job(connection, job_id)
    _check_owner(connection, job_id, permission)
    return write_job_report(connection, service, JobReport(job_id, kind, JobStatus.PROCESSING, 0, STARTED))


def _check_owner(connection: Connection, job_id: UUID, permission: Permission) -> None:
    names = ("user_id", "token_id", "cluster_id", "namespace")
    wish = connection.execute(select(*(jobs.c[name] for name in names)).where(jobs.c.id == job_id)).one_or_none()
    if wish is None or wish.user_id is None:
        return  # nobody's: a service asked for it
    try:
        rights = read_rights(connection, wish.user_id, wish.token_id)
        require_for_job(rights, permission, wish.cluster_id, wish.namespace)
    except (ForbiddenError, UnauthenticatedError) as error:
        raise JobRefusedError(f"whoever asked for this may not do it any more: {error.detail}") from error


def write_job_report(connection: Connection, service: Service, report: JobReport) -> list[LiveEvent]:
    """Upsert the state; return the live events for the person who asked for the job, if anybody did.

    Raises JobCancelledError instead of writing progress of a job that its owner cancelled.
    """
    wish = connection.execute(
        select(jobs.c.user_id, jobs.c.cancel_requested_at).where(jobs.c.id == report.job_id)
    ).one_or_none()
    if report.status is JobStatus.PROCESSING and wish is not None and wish.cancel_requested_at is not None:
        raise JobCancelledError(CANCELLED_ERROR)
    states = FRAME[service].job_states
    values = {
        "status": report.status.value,
        "progress": report.progress,
        "message": report.message,
        "result": report.result,
        "error": report.error,
    }
    connection.execute(
        insert(states)
        .values(job_id=report.job_id, kind=report.kind, **values)
        .on_conflict_do_update(index_elements=[states.c.job_id], set_={**values, "updated_at": func.now()})
    )
    return [] if wish is None or wish.user_id is None else job_events(wish.user_id, report)


def job_events(user_id: UUID, report: JobReport) -> list[LiveEvent]:
    """Return what a job's owner hears: progress always, the status when it begins and ends."""
    job_id, room = str(report.job_id), user_room(user_id)
    progress: dict[str, JsonValue] = {"job_id": job_id, "percent": report.progress, "message": report.message}
    events = [LiveEvent(LiveEventName.PROGRESS, room, progress)]
    if report.status is not JobStatus.PROCESSING or report.message == STARTED:
        status: dict[str, JsonValue] = {"job_id": job_id, "status": report.status.value, "result": report.result}
        events.append(LiveEvent(LiveEventName.JOB_STATUS, room, status))
    return events
