"""What chat hears, and who does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_chat.service import run
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction


@dataclass(frozen=True)
class Context:
    """Nothing yet: the model's provider comes here."""


handlers: Handlers[Context] = Handlers(Service.CHAT)


@handlers.handles(AnswerMessage)
def on_message(message: AnswerMessage, tx: Transaction, _: Context) -> None:
    """Do what a person asked for."""
    run(tx, message)
