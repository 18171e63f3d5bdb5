"""What the autoscaling routes take and give."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from ai4k8s_common.schedule import LONGEST_MINUTES, Rule
from ai4k8s_common.store.gateway import ScheduleEffect
from ai4k8s_common.store.scaler import Actuator, AutoscalerKind

NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
MOST_REPLICAS = 10_000
ObjectName = Annotated[str, StringConstraints(pattern=NAME, max_length=253)]
Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Body(BaseModel):
    """What is sent: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class NewFreeze(Body):
    """Stop all changes: of everything (no cluster), a cluster, a namespace of it, or one workload."""

    cluster_id: UUID | None = None
    namespace: ObjectName | None = None
    workload_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    reason: Sentence = Field(default="", examples=["release evening"])
    until: AwareDatetime | None = Field(default=None, description="null: until somebody lifts it")

    @model_validator(mode="after")
    def _scope(self) -> Self:
        if self.workload_id is not None and (self.namespace is not None or self.cluster_id is not None):
            raise ValueError("workload_id alone says which workload")
        if self.namespace is not None and self.cluster_id is None:
            raise ValueError("a namespace needs its cluster_id")
        return self


class FreezeView(BaseModel):
    """A switch that is on."""

    id: UUID
    scope: Literal["everything", "cluster", "namespace", "workload"]
    cluster_id: UUID | None
    cluster_name: str | None
    namespace: str | None
    kind: str | None
    name: str | None
    reason: str
    created_at: datetime
    until: datetime | None
    may_lift: bool


class FreezeList(BaseModel):
    """Switches that are on and concern what you may see."""

    items: list[FreezeView]
    may_freeze_everything: bool


class NewBudget(Body):
    """The most pods that a namespace's workloads may have together, the most that they may cost, or both."""

    max_replicas: int | None = Field(default=None, ge=1, le=1_000_000)
    max_cost: float | None = Field(default=None, gt=0, le=1e12, description="in the currency of the cluster's prices")
    cost_period: Literal["day", "month"] | None = Field(default=None, description="24 h, or 730 h")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.max_replicas is None and self.max_cost is None:
            raise ValueError("a budget bounds the pods, the cost, or both")
        if (self.max_cost is None) != (self.cost_period is None):
            raise ValueError("max_cost and cost_period go together")
        return self


class BudgetView(BaseModel):
    """A namespace's budget and what is used of it."""

    namespace: str
    max_replicas: int | None
    used_replicas: int
    max_cost: float | None
    cost_period: Literal["day", "month"] | None
    used_cost: float | None = Field(description="what its requests of now cost over that period; null without prices")
    currency: str | None
    level: Literal["calm", "near", "over"] = Field(description="near: 80 % are used; over: nothing more is added")
    text: str = Field(examples=["shop uses 12 of 20 pods, and costs 3.1 of 4 EUR a day"])


class ScheduleTimes(Body):
    """When a rule holds."""

    cron: str = Field(
        max_length=120, examples=["30 8 * * 1-5"], description="when it begins: minute hour day month weekday"
    )
    duration_minutes: int = Field(ge=1, le=LONGEST_MINUTES, examples=[630])
    time_zone: str = Field(max_length=60, examples=["Europe/Rome"])
    skip_dates: list[date] = Field(default_factory=list, max_length=400, description="holidays: it does not begin then")
    only_dates: list[date] = Field(default_factory=list, max_length=400, description="it begins on these days only")

    @model_validator(mode="after")
    def _parses(self) -> Self:
        self.rule()
        return self

    def rule(self) -> Rule:
        """The rule itself."""
        skip, only = frozenset(self.skip_dates), frozenset(self.only_dates)
        return Rule.parse(self.cron, self.duration_minutes, self.time_zone, skip, only)


class NewSchedule(ScheduleTimes):
    """A rule of the clock: bounds for a workload while it holds."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    min_replicas: Replicas | None = None
    max_replicas: Replicas | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_replicas is None and self.max_replicas is None:
            raise ValueError("a rule sets a minimum, a maximum, or both")
        if self.min_replicas is not None and self.max_replicas is not None and self.max_replicas < self.min_replicas:
            raise ValueError("max_replicas must not be below min_replicas")
        return self


class NewWindow(ScheduleTimes):
    """A maintenance window: nothing is changed in a cluster, or in a namespace of it, while it holds."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    namespace: ObjectName | None = None
    enabled: bool = True


class ScheduleView(BaseModel):
    """A rule as it stands."""

    id: UUID
    cluster_id: UUID
    effect: ScheduleEffect
    namespace: str | None
    kind: str | None
    name: str | None
    title: str
    cron: str
    duration_minutes: int
    time_zone: str
    skip_dates: list[date]
    only_dates: list[date]
    min_replicas: int | None
    max_replicas: int | None
    enabled: bool
    holds_until: datetime | None = Field(description="null: it does not hold now")
    next_start: datetime | None = Field(description="null: none within a year")
    problem: str = ""
    text: str = Field(examples=["office hours: min 6, from 08:30 for 10 h 30 min, Monday to Friday (Europe/Rome)"])


class PreviewPoint(BaseModel):
    """Half an hour of the past: as it was, and as it would have been."""

    at: datetime
    demand_pods: float | None = Field(description="in pods at the policy's target; null: not measured")
    actual_replicas: float
    scheduled_replicas: float


class SchedulePreview(BaseModel):
    """What rules would have done in the past weeks, and when they hold next."""

    text: str
    days: float
    actual_pod_hours: float
    scheduled_pod_hours: float
    short_hours: float = Field(description="hours in which demand would have exceeded the scheduled pods")
    actual_short_hours: float
    next_starts: list[datetime]
    points: list[PreviewPoint]


class Suggestion(BaseModel):
    """Rules that the past weeks suggest; none with the reason."""

    text: str
    saving_share: float | None = Field(description="against keeping the busy hours' pods all the time")
    rules: list[NewSchedule]


class EnableRequest(Body):
    """Take a workload up. `auto` as the call means it; the page asks for what was chosen."""

    mode: Literal["observe", "recommend", "auto"] = "auto"
    min_replicas: int = Field(default=1, ge=1, le=MOST_REPLICAS)
    max_replicas: int = Field(ge=1, le=MOST_REPLICAS)
    slo_short_share: float = Field(default=0.01, ge=0.0001, le=0.2)
    target_utilization: int = Field(default=80, ge=10, le=100)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError("max_replicas must not be below min_replicas")
        return self


class TargetRequest(Body):
    """A number of pods, within the policy's bounds."""

    target_replicas: Replicas


class ClaimView(BaseModel):
    """What we hold in the cluster for a workload, and what it goes back to."""

    workload_id: int
    workload: str
    actuator: Actuator
    object_name: str
    held_replicas: int
    original: JsonValue
    held_at: datetime
    expires_at: datetime | None
    text: str = Field(examples=["floor of 6 under HPA web (its own: 2 to 10) until 14:05 UTC"])


class FightView(BaseModel):
    """Somebody else keeps setting what we set."""

    workload_id: int
    workload: str
    until: datetime
    reason: str


class AutoscalerView(BaseModel):
    """An HPA or VPA as last seen."""

    kind: AutoscalerKind
    namespace: str
    name: str
    uid: str
    target_kind: str
    target_name: str
    sentence: str = Field(examples=["Wants 12, capped at 10 by max (CPU 96 % of 80 %)."])
    managed_by: str | None = Field(
        description="the object that owns it and would undo changes, as in 'ScaledObject web'"
    )
    managers: list[str] = Field(description="who writes its bounds, by its field managers")
    floor: int | None = Field(description="the floor that we hold under it")
    spec: JsonValue
    status: JsonValue
    seen_at: datetime


class Evidence(BaseModel):
    """What speaks for or against giving a workload more trust."""

    days: int
    proposals: int
    ups: int
    downs: int
    applied: int
    judged: int
    in_time: int
    short_share: float | None = Field(description="share of measured time short of capacity; null: nothing measured")
    inside_80_share: float | None = Field(description="how often demand lay in the forecast's 80 % band")
    text: str


class WorkloadScaling(BaseModel):
    """All that scales one workload."""

    claim: ClaimView | None
    fight: FightView | None
    freezes: list[FreezeView]
    schedules: list[ScheduleView]
    hpa: AutoscalerView | None
    vpa: AutoscalerView | None
    vpa_installed: bool | None
    evidence: Evidence
    engines: list[str] = Field(description="who decides, in words")


class LagView(BaseModel):
    """How old the cluster's newest metrics are when decisions are made, over its last cycles."""

    median_seconds: float
    p95_seconds: float
    measured_at: datetime


class AutoscalingStatus(BaseModel):
    """All that scales and bounds a cluster."""

    seen_at: datetime | None
    vpa_installed: bool | None
    problems: list[str]
    freezes: list[FreezeView]
    budgets: list[BudgetView]
    windows: list[ScheduleView]
    schedules: list[ScheduleView]
    hpas: list[AutoscalerView]
    vpas: list[AutoscalerView]
    claims: list[ClaimView]
    fights: list[FightView]
    metrics_lag: LagView | None = Field(description="null: nothing was decided yet")


class MetricToken(BaseModel):
    """Shown once: what KEDA's metrics-api trigger sends as bearer token."""

    token: str
    url_template: str = Field(examples=["/api/v1/floors/{cluster_id}/{namespace}/{name}"])


class FloorView(BaseModel):
    """The floor of one workload, for KEDA's metrics-api trigger: valueLocation is `floor`."""

    floor: int
    text: str
