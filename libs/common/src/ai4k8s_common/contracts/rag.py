"""What rag hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import CheckModelsCommand, JobCommand
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service


class GenerateManifest(JobCommand):
    """Write a manifest from a request in plain English."""

    name: ClassVar[str] = "rag.generate_manifest.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.MANIFEST_USE

    user_id: UUID
    request: str


class CheckModels(CheckModelsCommand):
    """Test the models that write manifests."""

    name: ClassVar[str] = "rag.check_models.v1"
    consumer: ClassVar[Service] = Service.RAG
    permission: ClassVar[Permission] = Permission.INSTALLATION_MANAGE
