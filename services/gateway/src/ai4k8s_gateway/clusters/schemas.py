"""What the cluster routes take and give."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from ai4k8s_common.rights import Role
from ai4k8s_common.store.collector import BackfillStatus, ClusterStatus, CycleStatus
from ai4k8s_common.store.gateway import ConnectionKind
from ai4k8s_gateway.clusters.access_schemas import NewAccess, Taken

CLUSTER_NAME = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
LABEL_KEY = r"^[a-zA-Z0-9]([a-zA-Z0-9._/-]{0,61}[a-zA-Z0-9])?$"
NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


Namespaces = Annotated[list[Annotated[str, Field(pattern=NAMESPACE)]], Field(max_length=50)]
Labels = Annotated[
    dict[Annotated[str, Field(pattern=LABEL_KEY)], Annotated[str, Field(max_length=63)]], Field(max_length=20)
]


class NewCluster(NewAccess):
    """A cluster to watch. Its credential is sealed on arrival: not even this server can read it back."""

    name: str = Field(pattern=CLUSTER_NAME, examples=["prod-eu"])
    prometheus_url: str | None = Field(default=None, max_length=2_000, examples=["https://prometheus.example.org"])
    default_namespace: str | None = Field(default=None, pattern=NAMESPACE)
    namespaces: Namespaces = Field(default=[], description="only these are watched; empty for all")
    labels: Labels = Field(default={}, examples=[{"env": "prod"}])
    interval_seconds: int | None = Field(
        default=None, ge=5, le=3600, description="how often it is observed; default: the installation's"
    )
    team_id: UUID | None = Field(default=None, description="whose it shall be; null: your own team's")
    start_monitoring: bool = Field(default=True, description="false: test the connection first and start it later")


class ClusterSettings(Taken):
    """What may be changed about a cluster; what is left out stays as it is."""

    name: str = Field(default="", pattern=CLUSTER_NAME)
    prometheus_url: str | None = Field(default=None, max_length=2_000, description="null for none")
    default_namespace: str = Field(default="", pattern=NAMESPACE)
    namespaces: Namespaces = Field(default=[], description="only these are watched; empty for all")
    labels: Labels = Field(default={})
    interval_seconds: int | None = Field(default=None, ge=5, le=3600, description="null for the installation's")


class Monitoring(StrEnum):
    """Whether a cluster is watched."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"


class MonitoringAct(StrEnum):
    """What can be done about it."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"


class AttentionKind(StrEnum):
    """What about a cluster needs a person."""

    NOT_STARTED = "not_started"
    WAITING = "waiting"
    UNREACHABLE = "unreachable"
    BASTION_CHANGED = "bastion_changed"
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
    namespaces: list[str] = Field(description="only these are watched; empty for all")
    labels: dict[str, str]
    interval_seconds: int
    interval_is_default: bool
    kind: ConnectionKind
    monitoring: Monitoring
    paused: bool
    demo: bool
    created_at: datetime
    team_id: UUID | None = Field(description="whose it is; null: its owner's, connected before there were teams")
    role: Role = Field(description="yours in this cluster")
    may_change: bool = Field(description="whether you may change how it is scaled")
    may_manage: bool = Field(description="whether you may change its connection, settings and prices")
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
    connection_ok: bool | None = Field(description="whether the latest test of the connection passed; null before it")
    connection_checked_at: datetime | None
    connection_summary: str
    attention: list[Attention]


class ClusterList(BaseModel):
    """The clusters a person may see, by name."""

    items: list[ClusterView]
