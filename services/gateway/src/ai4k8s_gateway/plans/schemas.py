"""What routes of plans take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from ai4k8s_common.plans import CallKind, PlanOrigin
from ai4k8s_gateway.jobs.schemas import JobView

Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Deploy the shop"])]


class NewCall(BaseModel):
    """One call of the cluster's API. Paths name objects (collections for 'create'); nothing is opened, only changed."""

    model_config = ConfigDict(extra="forbid")

    kind: CallKind
    path: Annotated[str, Field(max_length=600, examples=["/apis/apps/v1/namespaces/shop/deployments/web"])]
    body: dict[str, JsonValue] | None = None
    uid: Annotated[str, Field(max_length=100)] | None = None


class NewPlan(BaseModel):
    """What shall change: calls, or objects as YAML."""

    model_config = ConfigDict(extra="forbid")

    cluster_id: UUID
    title: Title
    origin: PlanOrigin = PlanOrigin.PAGE
    calls: Annotated[list[NewCall], Field(max_length=200)] = []
    manifests: Annotated[str, Field(max_length=1_000_000, description="YAML, several documents if need be")] = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.calls) == bool(self.manifests.strip()):
            raise ValueError("give either calls or manifests")
        if self.origin is PlanOrigin.UNDO:
            raise ValueError("an undo is asked for at the plan that it undoes")
        return self


class PlanJob(JobView):
    """A plan is being made: its id, and the job that ends when it is there to be looked at."""

    plan_id: UUID


class PlanChange(BaseModel):
    """What happens to one object."""

    verb: str = Field(examples=["patch"])
    api_version: str
    kind: str = Field(examples=["Deployment"])
    namespace: str
    name: str
    diff: str = Field(description="a unified difference of YAML; Secrets are masked on both sides")
    through: str = Field(description="'scaler' for what the scaler carries out, else nothing")


class PlanEffect(BaseModel):
    """What else is affected."""

    kind: str = Field(examples=["pods_restarted"])
    weight: str = Field(examples=["warn"])
    text: str


class PlanNeed(BaseModel):
    """A right that the plan asks of whoever approves it."""

    permission: str
    namespace: str | None


class PlanVerdictView(BaseModel):
    """What a person said."""

    verdict: str
    by: str
    at: datetime
    reason: str


class PlanResult(BaseModel):
    """How it ended."""

    sentence: str
    done: int = 0
    total: int = 0


class PlanItem(BaseModel):
    """A plan among others."""

    id: UUID
    cluster_id: UUID
    cluster_name: str
    title: str
    origin: PlanOrigin
    asked_by: str
    status: str = Field(description="waiting, expired, refused, approved, applying, following, applied or failed")
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None
    objects: int
    weight: str = Field(description="the heaviest of its effects")
    result: PlanResult | None
    verdict: PlanVerdictView | None


class PlanView(PlanItem):
    """A plan with all that a person must see before saying yes."""

    hash: str = Field(description="what an approval must name")
    changes: list[PlanChange]
    effects: list[PlanEffect]
    needs: list[PlanNeed]
    undo_problem: str = Field(description="why there is no way back, or not all of it; empty: everything can be undone")
    undo_of: UUID | None
    undone_by: UUID | None
    job: JobView | None
    may_approve: bool
    may_refuse: bool
    why_not: str
    may_undo: bool


class WaitingRecommendation(BaseModel):
    """What the scaler recommends and a person carries out."""

    decision_id: UUID
    cluster_id: UUID
    cluster_name: str
    workload_id: int
    namespace: str
    name: str
    from_replicas: int
    to_replicas: int
    reason: str
    decided_at: datetime
    may_apply: bool


class PlanList(BaseModel):
    """What waits, and what was decided of late."""

    waiting: list[PlanItem]
    recommendations: list[WaitingRecommendation]
    recent: list[PlanItem]


class Approval(BaseModel):
    """A yes to exactly what was shown."""

    model_config = ConfigDict(extra="forbid")

    hash: Annotated[str, Field(min_length=1, max_length=64, description="of the plan that was looked at")]


class Refusal(BaseModel):
    """A no."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=500)] = ""
