"""What the node routes give."""

from datetime import datetime

from pydantic import BaseModel, Field


class NodeView(BaseModel):
    """A node with its latest sample. Usage is null where the cluster gives no metrics."""

    id: int
    name: str = Field(examples=["node-1"])
    ready: bool
    unschedulable: bool = Field(description="cordoned: nothing new is placed here")
    cpu_allocatable_millicores: float | None
    cpu_usage_millicores: float | None
    memory_allocatable_bytes: float | None
    memory_bytes: float | None
    pods_allocatable: int | None
    pods: int | None
    sampled_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


class NodeList(BaseModel):
    """A cluster's nodes, by name."""

    items: list[NodeView]
