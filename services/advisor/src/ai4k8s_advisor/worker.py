"""Entry point: `python -m ai4k8s_advisor.worker --queue cycle|jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_advisor.adapters.asking import Asker
from ai4k8s_advisor.adapters.cache import RedisAnswerCache
from ai4k8s_advisor.context import Context
from ai4k8s_advisor.settings import AdvisorSettings
from ai4k8s_advisor.tasks import handlers
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.llm.types import Use
from ai4k8s_common.llm.wiring import model_of
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(bus: Bus) -> Context:
    """Build the context of one worker process."""
    settings, redis_url = AdvisorSettings(), BusSettings().redis_url
    model = model_of(bus, Use.ADVISOR)
    name = ", ".join(rung.model_key for rung in model.rungs)
    return Context(
        cache=RedisAnswerCache(redis_url, settings),
        asker=Asker(model, name) if model.rungs else None,
        settings=settings,
    )


def main() -> None:
    """Consume one queue until told to stop."""
    run_worker(Service.ADVISOR, handlers, wire)


if __name__ == "__main__":
    main()
