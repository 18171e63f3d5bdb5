"""What the decision routes give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import Actuator, DecisionAction, DecisionOutcome, Engine


class DecisionView(BaseModel):
    """A decision in brief."""

    id: UUID
    cluster_id: UUID
    workload_id: int
    workload: str = Field(examples=["shop/web"])
    decided_at: datetime
    mode: PolicyMode
    action: DecisionAction
    from_replicas: int
    to_replicas: int
    reason: str = Field(examples=["9 pods: the forecast's 0.95 quantile of the next 4 minutes' maximum is 8.4 pods"])
    outcome: DecisionOutcome
    outcome_detail: str
    outcome_at: datetime | None
    engine: Engine
    actuator: Actuator
    undo_of: UUID | None
    may_undo: bool = Field(description="whether it was carried out, changed something, and was not undone")
    sentence: str = Field(examples=["shop/web 6 -> 9 by prediction: done, in time"])
    judgement: JsonValue = Field(default=None, description="in hindsight; null until its time has come")


class DecisionDetail(DecisionView):
    """A decision with everything it rests on."""

    cycle_id: UUID
    planned_resource_version: str
    inputs: JsonValue
    forecast: JsonValue = None
    alternatives: JsonValue
    guards: JsonValue
    advice: JsonValue = None
    plan: JsonValue = Field(default=None, description="what is written where, and what was there before")
    answer: JsonValue = Field(default=None, description="what the cluster's API said")
    requested_by: UUID | None
    judged_at: datetime | None
    may_change: bool = Field(description="whether whoever asks may apply, dismiss or undo here")


class DecisionFilter(BaseModel):
    """Which decisions are asked for."""

    model_config = ConfigDict(frozen=True)

    cluster_id: UUID | None = None
    workload_id: int | None = None
    before: datetime | None = None
    since: datetime | None = None
    changes_only: bool = False
    text: str = ""
    outcome: DecisionOutcome | None = None
    engine: Engine | None = None
    guard: str = ""


class DecisionList(BaseModel):
    """Decisions, newest first. Pass `next_before` as `before` for older ones."""

    items: list[DecisionView]
    next_before: datetime | None
