"""Long work that a person waits for: its state is a row of the service that does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, user_room
from ai4k8s_common.store.base import FRAME, JobStatus
from ai4k8s_common.store.gateway import jobs

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection

    from ai4k8s_common.services import Service


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


def write_job_report(connection: Connection, service: Service, report: JobReport) -> list[LiveEvent]:
    """Upsert the state; return the live events for the person who asked for the job, if anybody did."""
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
    user_id = connection.execute(select(jobs.c.user_id).where(jobs.c.id == report.job_id)).scalar_one_or_none()
    if user_id is None:
        return []
    job_id, room = str(report.job_id), user_room(user_id)
    return [
        LiveEvent(
            LiveEventName.JOB_STATUS,
            room,
            {"job_id": job_id, "status": report.status.value, "result": report.result},
        ),
        LiveEvent(
            LiveEventName.PROGRESS,
            room,
            {"job_id": job_id, "percent": report.progress, "message": report.message},
        ),
    ]
