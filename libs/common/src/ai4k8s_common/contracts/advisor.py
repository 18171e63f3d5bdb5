"""What the advisor hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import Event
from ai4k8s_common.services import Service


class Advise(Event):
    """A decision was taken: say in words what it means. Never awaited by whoever protects an application."""

    name: ClassVar[str] = "advisor.advise.v1"
    consumer: ClassVar[Service] = Service.ADVISOR

    decision_id: UUID
