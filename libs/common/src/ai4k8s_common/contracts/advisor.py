"""What the advisor hears, and the form of what it says."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai4k8s_common.contracts.base import CheckModelsCommand, Command, Event, JobCommand, Tick
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import QueueKind, Service


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


class SettledBy(StrEnum):
    """Whose word the advice follows."""

    RULES = "rules"
    MODEL = "model"


class CandidateScore(BaseModel):
    """One number of replicas in the safe envelope, with the rules' scores; each between 0 and 1, higher is better."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    replicas: int = Field(ge=0)
    risk: float | None = Field(default=None, description="probability of being short within the lead time")
    performance: float
    cost: float
    stability: float
    forecast_fit: float
    timing: float
    total: float = Field(description="weighted sum of the five")


class ModelWord(BaseModel):
    """What a model said, after its form was checked. `confidence` is its own number, not what came true."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provider: str
    model: str
    action: AdvisedAction
    target_replicas: int = Field(ge=0)
    confidence: float = Field(ge=0, le=1)
    reasoning: str
    risk_assessment: RiskLevel
    cost_impact: str
    recommended_timing: str
    autoscaler: str = ""
    facts: tuple[str, ...] = Field(default=(), description="names of the given facts that it rests on")
    strange_numbers: tuple[str, ...] = Field(default=(), description="numbers in its reasoning that no fact holds")


class Advice(BaseModel):
    """Advice on one decision, whoever gives it. Data, never an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: AdvisedAction
    target_replicas: int = Field(ge=0)
    confidence: float = Field(ge=0, le=1)
    reasoning: str
    risk_assessment: RiskLevel
    cost_impact: str
    recommended_timing: str
    text: str = Field(description="all of it in one or two sentences")
    settled_by: SettledBy = SettledBy.RULES
    scores: tuple[CandidateScore, ...] = Field(default=(), description="the safe envelope, as the rules score it")
    word: ModelWord | None = Field(default=None, description="what the model said, if one was asked and answered")
    clamp: str = Field(default="", description="what was made of a choice outside the envelope")
    note: str = Field(default="", description="why the model's word is not followed, or why there is none")
    fallbacks: tuple[str, ...] = Field(default=(), description="providers that did not answer, and why")
    calibrated_confidence: float | None = Field(default=None, description="how often such a number came true here")
    calibration: str = Field(default="", description="what the calibration rests on")
    autoscaler: str = Field(default="", description="hpa or vpa")
    autoscaler_reason: str = ""


class Advise(Event):
    """A decision was taken: say in words what it means. Never awaited by whoever protects an application."""

    name: ClassVar[str] = "advisor.advise.v1"
    consumer: ClassVar[Service] = Service.ADVISOR

    decision_id: UUID


class AskModel(Event):
    """Advice by rules is given; have a model look at it too, as long as that is of use.

    With `refresh` a model's word is given already, from an answer to a situation alike: only the cache wants a new one.
    """

    name: ClassVar[str] = "advisor.ask_model.v1"
    consumer: ClassVar[Service] = Service.ADVISOR
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    decision_id: UUID
    refresh: bool = False


class WarmUp(Tick):
    """Look for workloads that will be decided on soon, and have a model's answer at hand by then."""

    name: ClassVar[str] = "advisor.warm_up.v1"
    consumer: ClassVar[Service] = Service.ADVISOR


class WarmWorkload(Event):
    """Ask a model about a workload before anything is decided on it."""

    name: ClassVar[str] = "advisor.warm_workload.v1"
    consumer: ClassVar[Service] = Service.ADVISOR
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    workload_id: int


class ExplainDecision(JobCommand):
    """A person wants a decision explained in plain language."""

    name: ClassVar[str] = "advisor.explain_decision.v1"
    consumer: ClassVar[Service] = Service.ADVISOR
    permission: ClassVar[Permission] = Permission.CLUSTER_READ

    decision_id: UUID
    requested_by: UUID


class RecommendForCluster(JobCommand):
    """A person wants a short list of what is worth doing in a cluster."""

    name: ClassVar[str] = "advisor.recommend_for_cluster.v1"
    consumer: ClassVar[Service] = Service.ADVISOR
    permission: ClassVar[Permission] = Permission.CLUSTER_READ

    cluster_id: UUID
    requested_by: UUID


class ForgetCluster(Command):
    """A cluster was removed: whatever belongs to it goes."""

    name: ClassVar[str] = "advisor.forget_cluster.v1"
    consumer: ClassVar[Service] = Service.ADVISOR

    cluster_id: UUID


class CheckModels(CheckModelsCommand):
    """Test the models that advise."""

    name: ClassVar[str] = "advisor.check_models.v1"
    consumer: ClassVar[Service] = Service.ADVISOR
    permission: ClassVar[Permission] = Permission.INSTALLATION_MANAGE
