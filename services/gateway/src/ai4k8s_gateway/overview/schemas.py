"""What the overview gives."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from ai4k8s_gateway.clusters.schemas import ClusterView


class NeedKind(StrEnum):
    """Why something needs a person."""

    CLUSTER = "cluster"
    FAILED = "failed"
    APPROVAL = "approval"
    INCIDENT = "incident"
    AT_LIMIT = "at_limit"
    BUDGET = "budget"
    RECOMMENDATION = "recommendation"
    PROCESS = "process"
    DEAD_LETTERS = "dead_letters"


class Need(BaseModel):
    """One thing that waits for a person: what, why, and what to do. Heaviest first in lists."""

    kind: NeedKind
    urgent: bool = Field(description="something is wrong now; others can wait")
    cluster_id: UUID | None
    cluster_name: str | None
    workload_id: int | None
    since: datetime | None
    title: str = Field(examples=["shop/web: 9 pods recommended, 6 now"])
    reason: str
    action: str


class ClusterSummary(BaseModel):
    """A cluster's health with its ingredients."""

    cluster: ClusterView
    health_score: float | None = Field(description="0 to 100, by the latest analysis; null before the first")
    health_at: datetime | None
    health_reason: str = Field(description="what costs most, if anything", examples=["1 of 4 nodes not ready."])
    incidents_open: int = Field(description="that are not muted")
    needs: int = Field(description="how many things in it wait for a person")
    workloads_auto: int
    workloads_recommend: int
    workloads_short: int = Field(description="with fewer ready pods than desired")
    workloads_foreseen: int = Field(description="with a forecast that may be used")
    pods_ready: int
    pods_desired: int
    nodes: int
    nodes_ready: int
    cpu_usage_millicores: float | None = Field(description="of its nodes, at the latest cycle")
    cpu_requested_millicores: float = Field(description="requests of ready pods of the workloads")
    cpu_allocatable_millicores: float | None
    cost_hour: float | None = Field(description="of the workloads' requests by the hour; null: no prices are set")
    currency: str | None


class Overview(BaseModel):
    """Everything a person may see, summed up."""

    now: datetime
    needs: list[Need]
    clusters: list[ClusterSummary]
