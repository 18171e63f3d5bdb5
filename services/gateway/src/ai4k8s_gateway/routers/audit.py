"""Who did what: search, export, proof."""

from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from ai4k8s_common.audit import AuditResult
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.audit import service
from ai4k8s_gateway.audit.schemas import AuditFilter, AuditPage, VerifyView
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for

router = APIRouter(
    prefix="/audit", tags=["audit"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
)

Text = Annotated[str, Query(max_length=200)]


def wanted_entries(
    who: Text = "",
    text: Text = "",
    action: Text = "",
    cluster_id: UUID | None = None,
    result: AuditResult | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditFilter:
    """What is looked for."""
    return AuditFilter(who, text, action, cluster_id, result, since, until)


Wanted = Annotated[AuditFilter, Depends(wanted_entries)]


@router.get(
    "",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[require(Permission.AUDIT_READ, Scope.SEEN)],
)
def list_audit_entries(
    user: User,
    tx: Tx,
    wanted: Wanted,
    after: Annotated[str | None, Query(max_length=200, description="'next' of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> AuditPage:
    """What was done and refused in the clusters you administer, and by yourself; newest first."""
    return service.search(tx.connection, user, wanted, after, limit)


@router.get(
    "/export",
    responses=responses_for(HTTPStatus.UNPROCESSABLE_ENTITY),
    response_class=Response,
    dependencies=[require(Permission.AUDIT_READ, Scope.SEEN)],
)
def export_audit_entries(user: User, tx: Tx, wanted: Wanted, form: Literal["csv", "jsonl"] = "csv") -> Response:
    """The same as a file: the 50,000 newest, as a table (csv) or one JSON object a line (jsonl)."""
    if form == "csv":
        body, kind = service.export_csv(tx.connection, user, wanted), "text/csv"
    else:
        body, kind = service.export_lines(tx.connection, user, wanted), "application/x-ndjson"
    disposition = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
    return Response(body, media_type=kind, headers=disposition)


@router.get("/verify", dependencies=[require(Permission.AUDIT_READ, Scope.INSTALLATION)])
def verify_audit(user: User, tx: Tx) -> VerifyView:  # noqa: ARG001  # whoever it is passed the rule
    """Walk along every service's chain: an edited, removed or reordered entry is found."""
    return service.verify_all(tx.connection)
