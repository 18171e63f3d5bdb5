"""Long work."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs import service
from ai4k8s_gateway.jobs.schemas import JobList, JobView

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("")
def list_jobs(user: User, tx: Tx, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> JobList:
    """Your jobs, newest first."""
    return JobList(items=service.list_views(tx.connection, user, limit))


@router.get("/{job_id}", responses=responses_for(HTTPStatus.NOT_FOUND))
def get_job(job_id: UUID, user: User, tx: Tx) -> JobView:
    """Where one of your jobs stands."""
    return service.view(tx.connection, user, job_id)
