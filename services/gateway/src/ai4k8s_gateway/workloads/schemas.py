"""What the workload routes take and give."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from ai4k8s_common.store.forecaster import ForecastStatus
from ai4k8s_common.store.gateway import ActuatorChoice, PolicyMode
from ai4k8s_gateway.costs.schemas import CostView
from ai4k8s_gateway.decisions.schemas import DecisionView
from ai4k8s_gateway.domain.outlook import OutlookKind
from ai4k8s_gateway.incidents.schemas import AnomalyView


class NewPolicy(BaseModel):
    """How a workload shall be scaled."""

    model_config = ConfigDict(extra="forbid")

    mode: PolicyMode
    min_replicas: int = Field(ge=1, le=10_000, examples=[2])
    max_replicas: int = Field(ge=1, le=10_000, examples=[20])
    target_utilization: int = Field(
        default=80, ge=10, le=100, description="percent of the CPU request that the reactive rule aims at"
    )
    slo_short_share: float = Field(
        default=0.01, ge=0.0001, le=0.2, description="share of time the workload may lack capacity", examples=[0.01]
    )
    actuator: ActuatorChoice = Field(
        default=ActuatorChoice.AUTOMATIC, description="automatic: a floor under the HPA where one is there"
    )
    max_step_up: int | None = Field(default=None, ge=1, le=10_000, description="most pods one decision adds")
    max_step_down: int | None = Field(default=None, ge=1, le=10_000, description="most pods one decision takes away")
    cooldown_up_seconds: int = Field(default=0, ge=0, le=86_400, description="rest between two raises")
    cooldown_down_seconds: int = Field(default=0, ge=0, le=86_400, description="rest between two lowerings")

    slo_leads: bool = Field(
        default=False,
        description="the forecast carries the headroom: the target counts only where nothing is foreseen. Cheaper, and"
        " pods run fuller",
    )

    rolls_back_rollouts: bool = Field(
        default=False,
        description="in mode auto, a new revision of a Deployment after which it is short beyond its SLO is rolled"
        " back; otherwise that is only recommended",
    )

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError("max_replicas must not be below min_replicas")
        return self


class PolicyView(BaseModel):
    """The policy in force; `updated_at` is null while nobody has set one."""

    mode: PolicyMode
    min_replicas: int
    max_replicas: int
    target_utilization: int
    slo_short_share: float
    slo_leads: bool
    updated_at: datetime | None
    actuator: ActuatorChoice = ActuatorChoice.AUTOMATIC
    max_step_up: int | None = None
    max_step_down: int | None = None
    cooldown_up_seconds: int = 0
    cooldown_down_seconds: int = 0
    rolls_back_rollouts: bool = False


class OutlookView(BaseModel):
    """What the workload will need, in a sentence and in parts. Times in `text` are UTC."""

    kind: OutlookKind
    text: str = Field(examples=["web will need 9 pods at 14:05 UTC (6 now). Scaling at 14:01 UTC."])
    now_replicas: int
    needed_replicas: int | None
    needed_at: datetime | None
    acts_at: datetime | None
    history_hours: float | None
    history_hours_wanted: float | None


class BudgetView(BaseModel):
    """The SLO's account of the last three days."""

    price_pods: float = Field(description="what risk costs now: pods worth one certain shortage")
    short_share: float | None = Field(description="share of the time short of capacity; null before the first hour")
    left_share: float | None = Field(description="share of the budget that is left; negative: overspent")
    beyond_sense: bool = Field(description="the SLO is missed although risk is priced higher than is sensible")
    text: str = Field(examples=["0.4 % of the last three days short of capacity, 60 % of the budget left."])


class ScalingStateView(BaseModel):
    """What the scaler thought last."""

    evaluated_at: datetime
    wanted_replicas: int | None
    reason: str
    guards: JsonValue
    hold_until: datetime | None
    last_applied_at: datetime | None
    budget: BudgetView | None


class WorkloadView(BaseModel):
    """A workload as it is, as it should be, and as it will need to be."""

    id: int
    cluster_id: UUID
    cluster_name: str
    namespace: str = Field(examples=["shop"])
    kind: str = Field(examples=["Deployment"])
    name: str = Field(examples=["web"])
    ready_replicas: int
    desired_replicas: int
    scalable: bool = Field(description="false for DaemonSets, Jobs and CronJobs, which are shown only")
    status_detail: str = Field(description="a CronJob's schedule, a Job's outcome")
    pending: dict[str, int] = Field(description="what pods wait for, and how many do")
    restarts: int
    oom_kills: int = Field(description="since it was first observed")
    hpa_name: str | None
    rollout_in_progress: bool
    cpu_request_millicores: float | None
    startup_p95_seconds: float | None
    last_seen_at: datetime
    gone_at: datetime | None
    may_change: bool
    policy: PolicyView
    outlook: OutlookView
    scaling: ScalingStateView | None
    forecast_status: ForecastStatus | None
    cost: CostView | None = Field(description="null: no prices are set, or its pods ask for nothing")


class PolicyPreview(BaseModel):
    """What a policy would do."""

    outlook: OutlookView = Field(description="what would be said of the workload under this policy")
    now_replicas: int
    next_replicas: int | None = Field(
        description="what the scaler would want next, by its latest evaluation or the bounds alone; null: not known"
    )
    acts: bool = Field(description="whether that would be carried out without asking")
    cpu_request_change_millicores: float | None = Field(description="requests that the change adds or frees")


class WorkloadList(BaseModel):
    """A cluster's workloads, by namespace and name."""

    items: list[WorkloadView]


class History(BaseModel):
    """Columns of one length. A null marks the begin of a gap; nothing is ever filled in."""

    at: list[datetime]
    cpu_demand_millicores: list[float | None] = Field(description="mean of each step")
    cpu_demand_peak_millicores: list[float | None] = Field(description="highest of each step")
    cpu_saturated: list[bool] = Field(description="usage was at its limit: demand may have been higher")
    ready_replicas: list[float | None]
    desired_replicas: list[float | None]
    capacity_millicores: list[float | None] = Field(description="CPU requests of ready pods")


class HpaCounterfactual(BaseModel):
    """What a plain HPA would have done, where a judgement computed it."""

    at: list[datetime]
    replicas: list[int | None]
    target_percent: int | None


class WindowView(BaseModel):
    """Quantiles of the highest demand within the lead time, in millicores."""

    lead_time_seconds: float
    levels: list[float]
    values: list[float]


class SpikesView(BaseModel):
    """Short rises out of nowhere."""

    per_day: float
    height: float = Field(description="how high they go, relative to the level of the hours around them")


class ForecastInShort(BaseModel):
    """What the numbers say."""

    trend: Literal["increasing", "decreasing", "stable"] = Field(description="of the next six hours")
    trend_p_value: float = Field(description="chance of such a difference without a trend")
    peak_at: datetime
    peak_millicores: float
    rhythms: dict[Literal["hourly", "daily", "weekly"], float] = Field(
        description="those found, with the share of variance each explains on data it was not learnt from"
    )
    growth_per_week: float | None = Field(description="relative; null where it may as well be chance")
    spikes: SpikesView | None = Field(default=None, description="null: hardly any, or less than three days of history")
    shifted_at: datetime | None = Field(description="since when demand has another level; null without a shift")
    shift_millicores: float | None
    skill: float | None = Field(description="1 - error relative to the better naive forecast, on past forecasts")
    method: str = Field(description="what the six-hour path comes from; 'core' unless the settings offer others")


class ForecastView(BaseModel):
    """The newest forecast: `values[level][step]` in millicores."""

    made_at: datetime
    status: ForecastStatus
    detail: str
    history_hours: float
    start_at: datetime | None
    step_seconds: int | None
    levels: list[float]
    values: list[list[float]]
    window: WindowView | None
    in_short: ForecastInShort | None


class PastForecast(BaseModel):
    """The median of an earlier forecast, in millicores."""

    made_at: datetime
    start_at: datetime
    step_seconds: int
    median_millicores: list[float]


class TrackRecord(BaseModel):
    """How the forecasts of the last days turned out, at one distance."""

    horizon_minutes: int
    days: int
    judged: int
    inside_50_share: float = Field(description="share that lay within the 50 % interval")
    inside_80_share: float
    inside_95_share: float
    mean_error_millicores: float
    relative_error: float | None = Field(
        description="error relative to the better of last value and same time yesterday; null where they were right"
    )


class Timeline(BaseModel):
    """Everything about a workload on one time axis."""

    workload: WorkloadView
    now: datetime
    step_seconds: int
    history: History
    hpa_counterfactual: HpaCounterfactual | None
    forecast: ForecastView | None
    past_forecasts: list[PastForecast]
    track_record: list[TrackRecord]
    decisions: list[DecisionView]
    anomalies: list[AnomalyView] = Field(description="those that touch the span, oldest first")
