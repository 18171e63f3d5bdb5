"""What chat hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import JobCommand
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service


class AnswerMessage(JobCommand):
    """Answer a person's message about a cluster."""

    name: ClassVar[str] = "chat.answer_message.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.CHAT_USE

    cluster_id: UUID
    user_id: UUID
    text: str
