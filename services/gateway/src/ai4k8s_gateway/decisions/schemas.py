"""What the decision routes give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome


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
    judged_at: datetime | None


class DecisionList(BaseModel):
    """Decisions, newest first. Pass `next_before` as `before` for older ones."""

    items: list[DecisionView]
    next_before: datetime | None
