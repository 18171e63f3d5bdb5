"""What the system routes give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from ai4k8s_common.services import Service
from ai4k8s_common.store.collector import CycleStatus
from ai4k8s_common.store.gateway import Verdict


class ProcessView(BaseModel):
    """A process that said lately that it lives."""

    service: Service
    process: str = Field(examples=["scaler.cycle"])
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    fresh: bool = Field(description="seen within the last 15 s")


class ServiceView(BaseModel):
    """A part of the installation that should run, whether it does or not."""

    name: str = Field(examples=["scaler.cycle"])
    service: Service
    alive: bool = Field(description="at least one process was seen within the last 15 s")
    processes: int = Field(description="how many were seen within the last 15 s")
    last_seen_at: datetime | None = Field(description="null: never, or not for a day")
    versions: list[str] = Field(description="of the processes that live; more than one while an upgrade is under way")


class QueueView(BaseModel):
    """What was accepted and is not done yet."""

    queue: str = Field(examples=["scaler.cycle"])
    open_messages: int
    oldest_age_seconds: float


class DeadLetterView(BaseModel):
    """A message that was given up on. Its payload stays in the store: it may be somebody's words."""

    service: Service
    id: int
    contract: str
    queue: str
    attempts: int
    error: str
    died_at: datetime
    verdict: Verdict | None = Field(description="decided and not carried out yet; its service may be down")


class DeadLetterList(BaseModel):
    """Dead letters, newest first."""

    items: list[DeadLetterView]


class DeadLetterCount(BaseModel):
    """How many messages a service gave up on."""

    service: Service
    count: int


class VerdictView(BaseModel):
    """What was decided about a dead letter; its service carries it out within seconds."""

    service: Service
    id: int
    verdict: Verdict


class ClusterCycle(BaseModel):
    """The latest cycle of a cluster you may see."""

    cluster_id: UUID
    cluster_name: str
    started_at: datetime
    finished_at: datetime | None
    status: CycleStatus
    workload_rows: int
    error: str


class StorePart(BaseModel):
    """What takes room in the store."""

    name: str = Field(examples=["samples"])
    bytes: int = Field(description="with indexes")


class SystemView(BaseModel):
    """How the installation is doing."""

    now: datetime
    version: str
    services: list[ServiceView]
    processes: list[ProcessView]
    queues: list[QueueView]
    dead_letters: list[DeadLetterCount] = Field(
        description="services that have any; the letters are for administrators"
    )
    cycles: list[ClusterCycle]
    store: list[StorePart] = Field(description="the largest first")


class CheckView(BaseModel):
    """One thing we depend on."""

    name: str = Field(examples=["store"])
    ok: bool
    detail: str


class ReadyView(BaseModel):
    """Whether requests can be served."""

    ready: bool
    checks: list[CheckView]
