"""What the node routes give."""

from datetime import datetime

from pydantic import BaseModel, Field


class NodeCondition(BaseModel):
    """One thing that the kubelet says of its node."""

    status: str = Field(examples=["True"])
    reason: str
    message: str
    since: datetime | None


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
    cpu_capacity_millicores: float | None
    memory_capacity_bytes: float | None
    cpu_requested_millicores: float | None = Field(description="summed over its pods")
    memory_requested_bytes: float | None
    network_receive_bytes_per_second: float | None = Field(description="null without Prometheus")
    network_transmit_bytes_per_second: float | None
    disk_read_bytes_per_second: float | None
    disk_write_bytes_per_second: float | None
    conditions: dict[str, NodeCondition]
    roles: list[str]
    instance_type: str | None
    zone: str | None
    kubelet_version: str | None
    sampled_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


class NodeList(BaseModel):
    """A cluster's nodes, by name."""

    items: list[NodeView]
