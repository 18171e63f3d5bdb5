"""Manifests from plain English, their check, and what is known besides."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.manifests import service
from ai4k8s_gateway.manifests.schemas import Check, Describe, Document, KnowledgeList, Write

router = APIRouter(
    tags=["manifests"],
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
)
ANYWHERE = require(Permission.MANIFEST_USE, Scope.SEEN)


@router.post("/manifests", status_code=HTTPStatus.ACCEPTED, dependencies=[require(Permission.MANIFEST_USE, Scope.BODY)])
def write_manifest(body: Write, user: User, tx: Tx) -> JobView:
    """Write manifests, or change a given one. The job's result: manifests, findings, defaults, entries, questions."""
    return service.write(tx, user, body)


@router.post("/manifests/check", status_code=HTTPStatus.ACCEPTED, dependencies=[ANYWHERE])
def check_manifest(body: Check, user: User, tx: Tx) -> JobView:
    """Check form, meaning and policy. The job's result is a report; values of Secrets are blanked before it travels."""
    return service.check(tx, user, body)


@router.post("/manifests/fields", status_code=HTTPStatus.ACCEPTED, dependencies=[ANYWHERE])
def describe_kinds(body: Describe, user: User, tx: Tx) -> JobView:
    """Which fields some kinds have, for an editor. The job's result: outlines by kind."""
    return service.describe(tx, user, body)


@router.get("/clusters/{cluster_id}/knowledge", dependencies=[require(Permission.MANIFEST_USE)])
def list_knowledge(cluster_id: UUID, user: User, tx: Tx) -> KnowledgeList:
    """What is known of manifests for a cluster: entries that are shipped, and documents of its own."""
    return service.known(tx, user, cluster_id)


@router.post(
    "/clusters/{cluster_id}/knowledge",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def store_document(cluster_id: UUID, body: Document, user: User, tx: Tx) -> JobView:
    """Keep a document for a cluster; one of the same title is replaced."""
    return service.store_document(tx, user, cluster_id, body)


@router.delete(
    "/clusters/{cluster_id}/knowledge/{document_id}",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[require(Permission.WORKLOAD_SCALE)],
)
def remove_document(cluster_id: UUID, document_id: UUID, user: User, tx: Tx) -> JobView:
    """Forget a document of a cluster."""
    return service.remove_document(tx, user, cluster_id, document_id)
