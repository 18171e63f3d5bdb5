"""What the backtest routes take and give."""

from pydantic import BaseModel, ConfigDict, Field

from ai4k8s_gateway.costs.schemas import CostView
from ai4k8s_gateway.jobs.schemas import JobView


class NewBacktest(BaseModel):
    """What shall be replayed."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=14, ge=1, le=14, description="of stored history; the first 42 h only serve to learn from")
    slo_short_share: float | None = Field(
        default=None, ge=0.0001, le=0.2, description="share of time that may lack capacity; null: as in the policy"
    )


class BacktestView(BaseModel):
    """Your newest backtest of a workload, and what a pod costs by today's prices."""

    job: JobView | None = Field(description="null: you have not asked for one yet")
    cost: CostView | None = Field(description="null: no prices are set, or its pods ask for nothing")
