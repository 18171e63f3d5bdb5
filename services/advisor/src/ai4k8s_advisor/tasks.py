"""What the advisor hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_advisor.service import Context, advise_on
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction

handlers: Handlers[Context] = Handlers(Service.ADVISOR)


@handlers.handles(Advise)
def on_advise(message: Advise, tx: Transaction, context: Context) -> None:
    """Say in words what a decision means."""
    advise_on(tx, context, message.decision_id)
