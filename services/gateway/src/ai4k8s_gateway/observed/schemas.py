"""What the routes about a cluster's contents give."""

from datetime import datetime

from pydantic import BaseModel, Field

from ai4k8s_common.store.observed import SourceStatus


class SourceView(BaseModel):
    """Whether something could be read of a cluster; if not, why, what to do, and what is lost without it."""

    source: str = Field(examples=["prometheus"])
    status: SourceStatus
    reason: str = Field(examples=["No Prometheus address is given"])
    hint: str = Field(examples=["give the cluster its Prometheus address"])
    lost: str = Field(examples=["Network traffic is not shown."])
    since: datetime
    checked_at: datetime


class SourceList(BaseModel):
    """A cluster's sources, and the readings that were dropped in its latest cycle, by reason."""

    items: list[SourceView]
    dropped: dict[str, int]


class EventView(BaseModel):
    """The same thing said many times, told once. `message` was written by the cluster."""

    id: int
    namespace: str
    about_kind: str = Field(examples=["Deployment"])
    about_name: str = Field(examples=["web"])
    workload_id: int | None
    type: str = Field(examples=["Warning"])
    reason: str = Field(examples=["BackOff"])
    object: str = Field(description="the newest object it was said of", examples=["Pod/web-5c6f-x2"])
    message: str
    component: str
    count: int
    first_at: datetime
    last_at: datetime


class EventList(BaseModel):
    """Events, the newest first."""

    items: list[EventView]


class QuotaView(BaseModel):
    """A ResourceQuota in cores, bytes and counts."""

    namespace: str
    name: str
    hard: dict[str, float]
    used: dict[str, float]


class VolumeClaimView(BaseModel):
    """A PersistentVolumeClaim. `used_bytes` is null without Prometheus."""

    namespace: str
    name: str
    phase: str = Field(examples=["Bound"])
    storage_class: str | None
    requested_bytes: float | None
    capacity_bytes: float | None
    used_bytes: float | None


class LimitsList(BaseModel):
    """What bounds a cluster's namespaces: quotas and volumes."""

    quotas: list[QuotaView]
    volume_claims: list[VolumeClaimView]


class PodView(BaseModel):
    """A pod of a workload, as it is now. `reason` says why it does not run."""

    name: str
    node: str
    phase: str
    ready: bool
    terminating: bool
    reason: str = Field(examples=["CrashLoopBackOff"])
    message: str
    restarts: int
    last_oom_at: datetime | None
    created_at: datetime | None
    ready_at: datetime | None


class DeployView(BaseModel):
    """A new revision of a workload."""

    revision: str
    at: datetime
    images: list[str]


class Rates(BaseModel):
    """Columns of one length, five minutes apart; null where a quantity was not measured."""

    at: list[datetime]
    memory_bytes: list[float | None]
    network_receive_bytes_per_second: list[float | None]
    network_transmit_bytes_per_second: list[float | None]
    disk_read_bytes_per_second: list[float | None]
    disk_write_bytes_per_second: list[float | None]
    requests_per_second: list[float | None]
    throttled_share: list[float | None] = Field(description="of CFS periods in which a container had to wait")
    custom: dict[str, float] = Field(description="the newest value of each metric that the operator named")


class ContainerUse(BaseModel):
    """Percentiles of one container's use over the last days, of each of its pods."""

    container: str
    days: int
    samples: int
    cpu_p50_millicores: float | None
    cpu_p95_millicores: float | None
    cpu_max_millicores: float
    memory_p50_bytes: float | None
    memory_p95_bytes: float | None
    memory_max_bytes: float
    oom_kills: int
    throttled_share_max: float | None


class HpaView(BaseModel):
    """The HPA of a workload. `managed_by` names what made it, such as KEDA's ScaledObject."""

    name: str
    min_replicas: int
    max_replicas: int
    cpu_target_percent: int | None
    managed_by: str | None


class VpaView(BaseModel):
    """The VPA of a workload; `target` by container, null before it has learnt."""

    name: str
    update_mode: str
    target: dict[str, dict[str, float]] | None


class WorkloadDetails(BaseModel):
    """Everything about a workload that is no demand and no forecast."""

    kind: str
    api_version: str
    scalable: bool
    status_detail: str = Field(description="a CronJob's schedule, a Job's outcome")
    images: list[str]
    restarts: int
    oom_kills: int = Field(description="since it was first observed")
    last_oom_at: datetime | None
    pending: dict[str, int] = Field(description="what pods wait for, and how many do")
    startup_p50_seconds: float | None
    startup_p95_seconds: float | None
    cpu_request_millicores: float | None
    cpu_limit_millicores: float | None
    memory_request_bytes: float | None
    memory_limit_bytes: float | None
    hpa: HpaView | None
    vpa: VpaView | None
    deploys: list[DeployView]
    pods: list[PodView]
    events: list[EventView]
    containers: list[ContainerUse]
    rates: Rates
