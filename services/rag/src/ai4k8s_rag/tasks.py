"""What rag hears, and who does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.rag import CheckModels, GenerateManifest
from ai4k8s_common.llm.jobs import handle_model_checks
from ai4k8s_common.llm.types import Use
from ai4k8s_common.services import Service
from ai4k8s_rag.service import run

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction


@dataclass(frozen=True)
class Context:
    """Nothing yet: the model's provider comes here."""


handlers: Handlers[Context] = Handlers(Service.RAG)
handle_model_checks(handlers, CheckModels, Use.RAG)


@handlers.handles(GenerateManifest)
def on_message(message: GenerateManifest, tx: Transaction, _: Context) -> None:
    """Do what a person asked for."""
    run(tx, message)
