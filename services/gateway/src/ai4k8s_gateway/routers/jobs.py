"""Long work: each kind is started by a POST of its own; how it stands, its end and another attempt are here."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, caller, require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs import attempts, service
from ai4k8s_gateway.jobs.schemas import JobList, JobView

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_jobs(user: User, tx: Tx, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> JobList:
    """Your jobs, newest first."""
    return JobList(items=service.list_items(tx.connection, user, limit))


@router.get(
    "/{job_id}",
    responses=responses_for(HTTPStatus.NOT_FOUND),
    dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)],
)
def get_job(job_id: UUID, user: User, tx: Tx) -> JobView:
    """Where one of your jobs stands."""
    return service.view(tx.connection, user, job_id)


@router.post(
    "/{job_id}/cancel",
    responses=responses_for(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    dependencies=[caller("your own jobs; a token needs the scope that the job took")],
)
def cancel_job(job_id: UUID, user: User, tx: Tx) -> JobView:
    """End a job: at once while it waits, at its next step while it runs. What it changed before stays."""
    return attempts.cancel(tx, user, job_id)


@router.post(
    "/{job_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(
        HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    dependencies=[caller("your own jobs; asks again for what the job takes, where it takes it")],
)
def retry_job(job_id: UUID, user: User, tx: Tx) -> JobView:
    """Try a failed or cancelled job again. The answer is the new attempt, a job of its own."""
    return attempts.retry(tx, user, job_id)
