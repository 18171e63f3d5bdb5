"""Entry point: `python -m ai4k8s_chat.worker --queue jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.tasks import Context, handlers
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(_: Bus) -> Context:
    """Build the context of one worker process."""
    return Context()


def main() -> None:
    """Consume the queue until told to stop."""
    run_worker(Service.CHAT, handlers, wire)


if __name__ == "__main__":
    main()
