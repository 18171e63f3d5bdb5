"""What the advisor hears, and the form of what it says."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai4k8s_common.contracts.base import Event
from ai4k8s_common.services import Service


class AdvisedAction(StrEnum):
    """Which way the decision goes."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class RiskLevel(StrEnum):
    """How much is at stake."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Advice(BaseModel):
    """Advice on one decision, whoever gives it: rules now, a language model later. Data, never an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: AdvisedAction
    target_replicas: int = Field(ge=0)
    confidence: float = Field(ge=0, le=1)
    reasoning: str
    risk_assessment: RiskLevel
    cost_impact: str
    recommended_timing: str
    text: str = Field(description="all of it in one or two sentences")


class Advise(Event):
    """A decision was taken: say in words what it means. Never awaited by whoever protects an application."""

    name: ClassVar[str] = "advisor.advise.v1"
    consumer: ClassVar[Service] = Service.ADVISOR

    decision_id: UUID
