"""What the routes of right-sizing give."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FindingName = Literal[
    "idle",
    "over_provisioned",
    "under_provisioned",
    "no_request",
    "throttled",
    "oom_killed",
    "oom_risk",
    "noisy_neighbour",
]


class ResourceSize(BaseModel):
    """One resource of one container. Null: not set, or nothing can be said."""

    request: float | None = Field(description="now, in millicores or bytes")
    limit: float | None
    target: float | None = Field(description="the request that would fit; equal to `request` where it fits already")
    lower: float | None = Field(description="less than this is too little")
    upper: float | None = Field(description="more than this is too much")
    limit_target: float | None = Field(description="null where no limit is set: none is proposed then")
    typical: float | None = Field(description="median of what was used")
    busy: float | None = Field(description="CPU: 95th percentile; memory: the highest")
    peak: float | None


class ContainerSize(BaseModel):
    """One container's recommendation."""

    container: str
    status: Literal["ready", "not_ready"]
    detail: str = Field(description="what is missing", examples=["3 h of 24 h collected"])
    sentence: str
    findings: list[FindingName]
    reasons: list[str] = Field(description="why something is held back, and what stands behind it")
    history_days: float
    readings: int
    per_pod: bool = Field(description="false: means over a workload's pods, from before they were watched one by one")
    cpu: ResourceSize
    memory: ResourceSize
    throttled_share: float | None
    oom_kills: int = Field(description="within the days looked at")
    killed_at_bytes: float | None = Field(description="the largest amount at which it was killed; never below that")
    killed_at: datetime | None
    hpa_target_percent: int | None = Field(description="what the HPA's CPU target must become together with it")


class Saving(BaseModel):
    """What a change saves over all replicas; negative: it needs more. Null: no request is set today."""

    cpu_millicores: float | None
    memory_bytes: float | None
    money_per_month: float | None = Field(description="730 h at the prices that are set; null without prices")
    currency: str | None


class PatchView(BaseModel):
    """How to make it so."""

    merge: dict[str, Any] = Field(description="strategic merge patch")
    command: str = Field(examples=["kubectl patch deployment web -n shop --type strategic -p '{...}'"])
    yaml: str
    hpa_command: str | None = Field(description="to run together with it, where an HPA measures against the request")


class ApplyView(BaseModel):
    """How the sizes can be applied from here."""

    in_place: bool = Field(description="whether this cluster resizes running pods, by its version")
    conflict: str = Field(description="why CPU cannot be applied; empty where it can")
    text: str = Field(examples=["Kubernetes 1.34 resizes running pods: none is restarted."])
    may_apply: bool


class ApplySizes(BaseModel):
    """Which of what is recommended shall be applied, and how."""

    model_config = ConfigDict(extra="forbid")

    resources: list[Literal["cpu", "memory"]] = Field(default=["cpu", "memory"], min_length=1, max_length=2)
    rolls: bool = Field(
        default=False, description="by the template, which rolls the pods; otherwise running pods are resized in place"
    )


class WorkloadSizes(BaseModel):
    """A workload's containers, and the one patch that sizes them."""

    workload_id: int
    cluster_id: str
    namespace: str
    kind: str
    name: str
    replicas: int
    made_at: datetime | None
    status: Literal["ready", "not_ready", "not_available"]
    detail: str
    containers: list[ContainerSize]
    findings: list[FindingName]
    saving: Saving
    patch: PatchView | None
    patch_detail: str = Field(description="why there is no patch")
    apply: ApplyView | None = Field(default=None, description="for one workload; null where there is nothing to apply")


class SizeList(BaseModel):
    """A cluster's recommendations, what saves or hurts most first."""

    items: list[WorkloadSizes]
    total: Saving = Field(description="over what would be lowered; what needs more is not set against it")
    reviewed_at: datetime | None = Field(description="null: not looked at yet; that happens by the hour")
    ready: int
    not_ready: int
