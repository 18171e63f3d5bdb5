"""Use cases around manifests. The work is rag's: here it is asked for, without anybody's secrets in it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.rag import CheckManifest, DescribeKinds, GenerateManifest, RemoveDocument, StoreDocument
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.domain.secret_text import holds_secret_data, masked
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.manifests import repository
from ai4k8s_gateway.manifests.schemas import KnowledgeItem, KnowledgeList

if TYPE_CHECKING:
    from uuid import UUID

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.jobs.schemas import JobView
    from ai4k8s_gateway.manifests.schemas import Check, Describe, Document, Write


def write(tx: Transaction, principal: Principal, body: Write) -> JobView:
    """Have manifests written. Raises NotFoundError, and InvalidInputError for a manifest with a Secret's data."""
    if body.cluster_id is not None:
        clusters.get(tx.connection, principal, body.cluster_id)
    if holds_secret_data(body.manifest):
        hint = "Take the Secret out of the text; it can be checked with it."
        raise InvalidInputError("a manifest with a Secret's data is not changed here", hint=hint)
    command = GenerateManifest(
        job_id=uuid.uuid4(),
        user_id=principal.user_id,
        request=body.request,
        manifest=body.manifest,
        namespace=body.namespace,
        version=body.version,
        profile=body.profile.value,
        cluster_id=body.cluster_id,
        offline=body.offline,
    )
    return jobs.start(tx, principal, command, body.cluster_id)


def check(tx: Transaction, principal: Principal, body: Check) -> JobView:
    """Have a manifest checked; values of Secrets are blanked first."""
    text = masked(body.manifest)
    command = CheckManifest(job_id=uuid.uuid4(), manifest=text, version=body.version, profile=body.profile.value)
    return jobs.start(tx, principal, command, None)


def describe(tx: Transaction, principal: Principal, body: Describe) -> JobView:
    """Have the fields of kinds told."""
    kinds = [(each.api_version, each.kind) for each in body.kinds]
    return jobs.start(tx, principal, DescribeKinds(job_id=uuid.uuid4(), kinds=kinds, version=body.version), None)


def known(tx: Transaction, principal: Principal, cluster_id: UUID) -> KnowledgeList:
    """Return what is known of manifests for a cluster. Raises NotFoundError."""
    clusters.get(tx.connection, principal, cluster_id)
    rows = repository.known(tx.connection, cluster_id)
    return KnowledgeList(items=[KnowledgeItem.model_validate(row, from_attributes=True) for row in rows])


def store_document(tx: Transaction, principal: Principal, cluster_id: UUID, body: Document) -> JobView:
    """Have a document kept for a cluster. Raises NotFoundError, InvalidInputError."""
    clusters.get(tx.connection, principal, cluster_id)
    if holds_secret_data(body.text):
        raise InvalidInputError("a document must not hold a Secret's data", hint="Blank the values.")
    command = StoreDocument(
        job_id=uuid.uuid4(), user_id=principal.user_id, cluster_id=cluster_id, title=body.title, text=body.text
    )
    return jobs.start(tx, principal, command, cluster_id)


def remove_document(tx: Transaction, principal: Principal, cluster_id: UUID, document_id: UUID) -> JobView:
    """Have a document forgotten. Raises NotFoundError."""
    clusters.get(tx.connection, principal, cluster_id)
    command = RemoveDocument(job_id=uuid.uuid4(), cluster_id=cluster_id, document_id=document_id)
    return jobs.start(tx, principal, command, cluster_id)
