"""What the cluster routes take and give."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ai4k8s_common.store.collector import BackfillStatus, ClusterStatus, CycleStatus

CLUSTER_NAME = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class NewCluster(BaseModel):
    """A cluster to watch. The kubeconfig is sealed on arrival: not even this server can read it back."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=CLUSTER_NAME, examples=["prod-eu"])
    kubeconfig: SecretStr = Field(
        min_length=1, max_length=1_000_000, examples=["apiVersion: v1\nkind: Config\n..."], description="YAML or JSON"
    )
    context: str | None = Field(default=None, max_length=253, description="default: the current context")
    prometheus_url: str | None = Field(default=None, max_length=2_000, examples=["https://prometheus.example.org"])
    default_namespace: str | None = Field(default=None, pattern=NAMESPACE)
    interval_seconds: int | None = Field(
        default=None, ge=5, le=3600, description="how often it is observed; default: the installation's"
    )


class AttentionKind(StrEnum):
    """What about a cluster needs a person."""

    WAITING = "waiting"
    UNREACHABLE = "unreachable"
    NO_METRICS = "no_metrics"
    STALE = "stale"
    HELD = "held"
    PAUSED = "paused"


class Attention(BaseModel):
    """One thing to know before trusting the picture: since when, why, what to do."""

    kind: AttentionKind
    since: datetime | None
    title: str = Field(examples=["No metrics from this cluster"])
    reason: str = Field(examples=["connection refused"])
    action: str = Field(examples=["It is tried again by itself. Check that the API server is up."])
    scaling_held: bool = Field(description="whether nothing is scaled meanwhile")


class CycleView(BaseModel):
    """The latest observation of a cluster."""

    started_at: datetime
    finished_at: datetime | None
    status: CycleStatus
    workload_rows: int
    node_rows: int
    error: str


class ClusterView(BaseModel):
    """A cluster: what it should be, and what it is."""

    id: UUID
    name: str = Field(examples=["prod-eu"])
    api_url: str
    prometheus_url: str | None
    default_namespace: str
    interval_seconds: int
    paused: bool
    demo: bool
    created_at: datetime
    may_change: bool
    may_delete: bool
    status: ClusterStatus
    status_since: datetime | None
    server_version: str | None
    metrics_available: bool
    last_success_at: datetime | None
    backfill_status: BackfillStatus | None
    backfill_detail: str
    workloads: int = Field(description="how many workloads it has now")
    last_cycle: CycleView | None
    attention: list[Attention]


class ClusterList(BaseModel):
    """The clusters a person may see, by name."""

    items: list[ClusterView]
