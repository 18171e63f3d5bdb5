"""What the routes of capacity take and give."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_REPLICAS = 100_000


class OutlookRow(BaseModel):
    """One thing that can run out. Amounts are millicores (cores in quotas), bytes or counts."""

    scope: Literal["cluster", "pool", "quota", "claim"]
    name: str = Field(description="of the pool, 'namespace/quota' or 'namespace/claim'; empty for the cluster")
    resource: str = Field(examples=["cpu_requests"])
    status: Literal["ready", "not_ready", "unknown"]
    detail: str = Field(description="what is missing", examples=["3 of 7 whole days collected"])
    sentence: str
    used: float | None
    limit: float | None
    history_days: float
    growth_per_day: float | None = Field(description="of daily peaks; null where it may as well be chance")
    expected_at: datetime | None = Field(description="null: not within what the past can tell")
    earliest_at: datetime | None = Field(description="80 % interval of it")
    latest_at: datetime | None


class NodesRow(BaseModel):
    """How many nodes should come (positive) or could go (negative); null: it cannot be told yet."""

    pool: str = Field(description="empty: the whole cluster")
    change: int | None
    by: datetime | None
    sentence: str


class SummedPath(BaseModel):
    """CPU demand of the next six hours, summed over workloads, in five-minute steps."""

    start_at: datetime
    step_seconds: int
    median_millicores: list[float]
    upper_millicores: list[float] = Field(description="97.5 % bounds, as if all workloads rose together")


class NodeName(BaseModel):
    """A node that may be supposed away."""

    name: str
    pool: str
    takes_pods: bool


class Capacity(BaseModel):
    """When room runs out, soonest first."""

    reviewed_at: datetime | None = Field(description="null: not looked at yet; that happens by the hour")
    items: list[OutlookRow]
    nodes: list[NodesRow]
    path: SummedPath | None
    node_names: list[NodeName]
    recommendations: list[str] = Field(description="what to do, in words", examples=[["2 more nodes now."]])


class SupposedWorkload(BaseModel):
    """A workload with another number of pods: a factor, or replicas."""

    model_config = ConfigDict(extra="forbid")

    workload_id: int = Field(ge=1, le=2**63 - 1)
    factor: float | None = Field(default=None, ge=0, le=1000, examples=[2.0])
    replicas: int | None = Field(default=None, ge=0, le=MOST_REPLICAS)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.factor is None) == (self.replicas is None):
            raise ValueError("give either a factor or replicas")
        return self


class WhatIf(BaseModel):
    """What is supposed: nodes lost, nodes added, workloads of another size."""

    model_config = ConfigDict(extra="forbid")

    lose_nodes: list[str] = Field(default=[], max_length=5000, examples=[["node-1"]])
    add_nodes: int = Field(default=0, ge=0, le=1000, description="like those there are most of")
    workloads: list[SupposedWorkload] = Field(default=[], max_length=1000)


class Homeless(BaseModel):
    """Pods that would find no node."""

    workload_id: int
    namespace: str
    kind: str
    name: str
    pods: int
    reason: str


class FitByDemand(BaseModel):
    """Whether the forecast's upper bound stays within what nodes have."""

    fits: bool | None = Field(description="null: it cannot be told; the sentence says why")
    peak_millicores: float | None
    peak_at: datetime | None
    room_millicores: float
    sentence: str


class WhatIfAnswer(BaseModel):
    """Whether everything still fits, by requests and by the demand that is foreseen."""

    cluster_id: UUID
    fits: bool = Field(description="by requests: every pod finds a node")
    sentence: str
    moved_pods: int
    homeless: list[Homeless]
    requested_cpu_millicores: float
    room_cpu_millicores: float
    requested_memory_bytes: float
    room_memory_bytes: float
    nodes_needed: int | None = Field(description="more nodes that would hold the rest; null: a pod is larger than one")
    by_demand: FitByDemand
    assumptions: list[str]
