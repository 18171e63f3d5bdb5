"""What the system routes give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from ai4k8s_common.services import Service
from ai4k8s_common.store.collector import CycleStatus


class ProcessView(BaseModel):
    """A process that said lately that it lives."""

    service: Service
    process: str = Field(examples=["scaler.cycle"])
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    fresh: bool = Field(description="seen within the last 15 s")


class QueueView(BaseModel):
    """What was accepted and is not done yet."""

    queue: str = Field(examples=["scaler.cycle"])
    open_messages: int
    oldest_age_seconds: float


class DeadLetterView(BaseModel):
    """A message that was given up on. Its payload stays in the store: it may name what you may not see."""

    service: Service
    contract: str
    queue: str
    attempts: int
    error: str
    died_at: datetime


class ClusterCycle(BaseModel):
    """The latest cycle of a cluster you may see."""

    cluster_id: UUID
    cluster_name: str
    started_at: datetime
    finished_at: datetime | None
    status: CycleStatus
    workload_rows: int
    error: str


class SystemView(BaseModel):
    """How the installation is doing."""

    now: datetime
    version: str
    processes: list[ProcessView]
    queues: list[QueueView]
    dead_letters: list[DeadLetterView]
    cycles: list[ClusterCycle]


class CheckView(BaseModel):
    """One thing we depend on."""

    name: str = Field(examples=["store"])
    ok: bool
    detail: str


class ReadyView(BaseModel):
    """Whether requests can be served."""

    ready: bool
    checks: list[CheckView]
