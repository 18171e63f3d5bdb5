"""Entry point: `python -m ai4k8s_rag.worker --queue jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.llm.types import Use
from ai4k8s_common.llm.wiring import model_of
from ai4k8s_common.services import Service
from ai4k8s_rag.context import Context
from ai4k8s_rag.tasks import handlers

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(bus: Bus) -> Context:
    """Build the context of one worker process."""
    model = model_of(bus, Use.RAG)
    return Context(model if model.rungs else None)


def main() -> None:
    """Consume the queue until told to stop."""
    run_worker(Service.RAG, handlers, wire)


if __name__ == "__main__":
    main()
