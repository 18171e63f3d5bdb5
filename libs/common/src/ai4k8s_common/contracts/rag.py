"""What rag hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import CheckModelsCommand, Command, JobCommand
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import QueueKind, Service


class GenerateManifest(JobCommand):
    """Write a manifest from a request in plain English."""

    name: ClassVar[str] = "rag.generate_manifest.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.MANIFEST_USE

    user_id: UUID
    request: str
    manifest: str = ""  # what shall be changed; empty for something new
    namespace: str = ""
    version: str | None = None  # of Kubernetes, as '1.31'; the newest that is known without
    profile: str = "baseline"
    cluster_id: UUID | None = None  # whose documents are read besides
    offline: bool = False  # by rules, even where there is a model


class CheckManifest(JobCommand):
    """Check a manifest: its result is a report with findings."""

    name: ClassVar[str] = "rag.check_manifest.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.MANIFEST_USE
    quiet: ClassVar[bool] = True

    manifest: str
    version: str | None = None
    profile: str = "baseline"


class DescribeKinds(JobCommand):
    """Say which fields some kinds have, for an editor that completes."""

    name: ClassVar[str] = "rag.describe_kinds.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.MANIFEST_USE
    quiet: ClassVar[bool] = True

    kinds: list[tuple[str, str]]  # (apiVersion, kind)
    version: str | None = None


class StoreDocument(JobCommand):
    """Keep a document of a person's for a cluster; one of the same name is replaced."""

    name: ClassVar[str] = "rag.store_document.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    user_id: UUID
    cluster_id: UUID
    title: str
    text: str


class RemoveDocument(JobCommand):
    """Forget a document."""

    name: ClassVar[str] = "rag.remove_document.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    document_id: UUID


class ForgetCluster(Command):
    """A cluster was removed: whatever belongs to it goes."""

    name: ClassVar[str] = "rag.forget_cluster.v1"
    consumer: ClassVar[Service] = Service.RAG
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    cluster_id: UUID


class CheckModels(CheckModelsCommand):
    """Test the models that write manifests."""

    name: ClassVar[str] = "rag.check_models.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.INSTALLATION_MANAGE
