"""What rag hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.rag import (
    CheckManifest,
    CheckModels,
    DescribeKinds,
    ForgetCluster,
    GenerateManifest,
    RemoveDocument,
    StoreDocument,
)
from ai4k8s_common.llm.jobs import handle_model_checks
from ai4k8s_common.llm.types import Use
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster
from ai4k8s_rag import service

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_rag.context import Context

handlers: Handlers[Context] = Handlers(Service.RAG)
handle_model_checks(handlers, CheckModels, Use.RAG)


@handlers.handles(GenerateManifest)
def on_generate(message: GenerateManifest, tx: Transaction, context: Context) -> None:
    """Write manifests."""
    service.finish(tx, message, lambda: service.generate(tx, context, message))


@handlers.handles(CheckManifest)
def on_check(message: CheckManifest, tx: Transaction, _: Context) -> None:
    """Check a manifest."""
    service.finish(tx, message, lambda: service.check(message))


@handlers.handles(DescribeKinds)
def on_describe(message: DescribeKinds, tx: Transaction, _: Context) -> None:
    """Say which fields kinds have."""
    service.finish(tx, message, lambda: service.describe(message))


@handlers.handles(StoreDocument)
def on_store_document(message: StoreDocument, tx: Transaction, _: Context) -> None:
    """Keep a document."""
    service.finish(tx, message, lambda: service.store_document(tx, message))


@handlers.handles(RemoveDocument)
def on_remove_document(message: RemoveDocument, tx: Transaction, _: Context) -> None:
    """Forget a document."""
    service.finish(tx, message, lambda: service.remove_document(tx, message))


@handlers.handles(ForgetCluster)
def on_forget_cluster(message: ForgetCluster, tx: Transaction, _: Context) -> None:
    """Remove what belongs to a cluster."""
    forget_cluster(tx.connection, Service.RAG, message.cluster_id)
