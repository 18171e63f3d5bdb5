"""Entry point: `python -m ai4k8s_forecaster.worker --queue cycle|jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.services import Service
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.settings import ForecasterSettings
from ai4k8s_forecaster.tasks import handlers

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(_: Bus) -> Context:
    """Build the context of one worker process."""
    return Context(ForecasterSettings())


def main() -> None:
    """Consume one queue until told to stop."""
    run_worker(Service.FORECASTER, handlers, wire)


if __name__ == "__main__":
    main()
