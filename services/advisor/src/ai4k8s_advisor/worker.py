"""Entry point: `python -m ai4k8s_advisor.worker --queue cycle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_advisor.adapters.cache import RedisAdviceCache
from ai4k8s_advisor.service import Context
from ai4k8s_advisor.tasks import handlers
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(_: Bus) -> Context:
    """Build the context of one worker process."""
    return Context(cache=RedisAdviceCache(BusSettings().redis_url))


def main() -> None:
    """Consume one queue until told to stop."""
    run_worker(Service.ADVISOR, handlers, wire)


if __name__ == "__main__":
    main()
