"""What the outlook routes give."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from ai4k8s_common.store.forecaster import ForecastStatus, Measure, Subject


class OutlookOf(BaseModel):
    """Six hours ahead of one quantity: `values[level][step]` in millicores, bytes, bytes or requests a second."""

    subject: Subject
    name: str = Field(
        description="of the node group (its instance type), id of the workload, or empty for the sum of all workloads"
    )
    measure: Measure
    made_at: datetime
    status: ForecastStatus
    detail: str = Field(
        description="why nothing is said, or why it should not be relied on", examples=["3 h of 24 h collected"]
    )
    history_hours: float
    trend: Literal["increasing", "decreasing", "stable"] | None
    trend_p_value: float | None = Field(description="chance of such a difference without a trend")
    peak_at: datetime | None
    peak_value: float | None
    growth_per_week: float | None = Field(description="relative; null where it may as well be chance")
    skill: float | None = Field(description="1 - error relative to the better naive forecast, on past forecasts")
    start_at: datetime | None
    step_seconds: int | None
    levels: list[float]
    values: list[list[float]]


class OutlookList(BaseModel):
    """Everything that is foreseen beside the CPU of workloads; empty until the first was made, or without a source."""

    made_at: datetime | None = Field(description="when the cluster's were last made; null before the first")
    items: list[OutlookOf]
    missing: list[Measure] = Field(description="quantities of which nothing was measured in the last 14 days")


class HourlyForecast(BaseModel):
    """One quantity of a cluster by the hour: percent of what the nodes offer (CPU, memory) or bytes a second."""

    current: float | None = Field(description="of the newest cycle; null without metrics")
    predicted: list[float] = Field(
        description="six hourly means; empty while nothing may be said", examples=[[68, 70, 73, 76, 79, 82]]
    )
    trend: Literal["increasing", "decreasing", "stable"] | None
    confidence_intervals: list[tuple[float, float]] = Field(description="95 %", examples=[[[66, 70], [68, 72]]])
    recommendation: str = Field(
        examples=["Consider adding nodes in 4 hours: CPU reaches 81 % of what the nodes offer."]
    )


class ClusterForecast(BaseModel):
    """The next six hours of a cluster in short."""

    made_at: datetime | None
    cpu_forecast: HourlyForecast
    memory_forecast: HourlyForecast
    network_forecast: HourlyForecast = Field(description="received and sent, bytes a second")
    disk_forecast: HourlyForecast = Field(description="read and written, bytes a second")
