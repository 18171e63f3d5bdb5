"""Entry point: `python -m ai4k8s_chat.worker --queue jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.conversing import Bounds, TalkContext
from ai4k8s_chat.settings import ChatSettings
from ai4k8s_chat.tasks import Context, handlers
from ai4k8s_chat.wiring import make_plan_context, make_toolbox
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.llm.types import Use
from ai4k8s_common.llm.wiring import model_of
from ai4k8s_common.services import Service
from ai4k8s_common.settings import AuditSettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(bus: Bus) -> Context:
    """Build the context of one worker process."""
    plans = make_plan_context()
    settings = ChatSettings()
    talk = TalkContext(
        box=make_toolbox(bus, plans),
        model=model_of(bus, Use.CHAT),
        bounds=Bounds(settings.steps, settings.answer_seconds, settings.answer_tokens),
    )
    return Context(plans=plans, talk=talk, audit_keep_days=AuditSettings().audit_keep_days)


def main() -> None:
    """Consume the queue until told to stop."""
    run_worker(Service.CHAT, handlers, wire)


if __name__ == "__main__":
    main()
