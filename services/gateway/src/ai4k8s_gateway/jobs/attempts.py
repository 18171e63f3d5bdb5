"""Ending a job and trying it again: each once, whatever its worker does at the same moment."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from ai4k8s_common.bus.jobs import JobReport, job_events, lock_job
from ai4k8s_common.contracts.base import JobCommand
from ai4k8s_common.contracts.catalogue import BY_NAME
from ai4k8s_common.errors import ConflictError, InvalidInputError
from ai4k8s_common.rights import LEAST_ROLE
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.rights import refusal, require_for_job
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.jobs import repository, service

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.jobs.schemas import JobView

log = structlog.stdlib.get_logger(__name__)


def cancel(tx: Transaction, principal: Principal, job_id: UUID) -> JobView:
    """End a job: at once where nobody took it up yet, else at its worker's next report.

    Raises NotFoundError, and ConflictError for a job that is over.
    """
    lock_job(tx.connection, job_id)
    row = service.find(tx.connection, principal, job_id)
    contract = BY_NAME.get(row.kind)
    if (
        contract is not None
        and issubclass(contract, JobCommand)
        and not principal.rights.has_scope(contract.permission)
    ):
        raise refusal(principal.rights, contract.permission, None, LEAST_ROLE[contract.permission])
    if service.status_of(row) is not JobStatus.PROCESSING:
        raise ConflictError("this job is over already", hint="Only work that is not done can be cancelled.")
    repository.request_cancel(tx.connection, job_id)
    cancelled = service.view(tx.connection, principal, job_id)
    if cancelled.status is JobStatus.FAILED:
        for event in job_events(principal.user_id, JobReport.cancelled(job_id, row.kind)):
            tx.emit(event)
    log.info("job_cancel_requested", job_id=str(job_id), kind=row.kind, at_once=row.status is None)
    return cancelled


def retry(tx: Transaction, principal: Principal, job_id: UUID) -> JobView:
    """Start a new attempt of a failed or cancelled job, with the rights that its owner has now.

    Raises NotFoundError, ForbiddenError, InvalidInputError, and ConflictError when there is nothing to try again.
    """
    lock_job(tx.connection, job_id)
    row = service.find(tx.connection, principal, job_id)
    if service.status_of(row) is not JobStatus.FAILED:
        raise ConflictError("this job did not fail", hint="Only what failed or was cancelled can be tried again.")
    if row.retried:
        raise ConflictError("this job was tried again already", hint="Follow the later attempt in the list of jobs.")
    command = _command(row)
    if row.cluster_id is not None:
        clusters.get(tx.connection, principal, row.cluster_id)
    require_for_job(principal.rights, command.permission, row.cluster_id, row.namespace)
    attempt = repository.Attempt(row.attempt + 1, job_id)
    return service.start(tx, principal, command, row.cluster_id, attempt, namespace=row.namespace)


def _command(row: Row[Any]) -> JobCommand:
    contract = BY_NAME.get(row.kind)
    try:
        if contract is not None and issubclass(contract, JobCommand):
            return contract.model_validate({**row.request, "job_id": uuid.uuid4()})
    except ValidationError:
        log.warning("job_request_outdated", job_id=str(row.id), kind=row.kind)
    raise InvalidInputError("this job was asked for in a way that is not known any more", hint="Ask for it anew.")
