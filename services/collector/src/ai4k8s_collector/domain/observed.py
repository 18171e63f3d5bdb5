"""One look at one cluster, in the collector's own words: what the adapter saw, before anybody judged it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkloadKey:
    """A workload's name in its cluster."""

    namespace: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller an object names as its own."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PodResources:
    """What one pod asks for and may use at most; None unless every container says so."""

    cpu_request_millicores: float | None = None
    cpu_limit_millicores: float | None = None
    memory_request_bytes: float | None = None
    memory_limit_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class ObservedWorkload:
    """A scalable object as the API server describes it."""

    key: WorkloadKey
    uid: str
    api_version: str
    resource_version: str
    desired_replicas: int
    ready_replicas: int
    updated_replicas: int
    generation: int
    observed_generation: int
    resources: PodResources
    annotations: Mapping[str, str]

    @property
    def rollout_in_progress(self) -> bool:
        """Whether the controller has not finished what the spec asks for."""
        return self.observed_generation < self.generation or self.updated_replicas < self.desired_replicas


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """A pod that is meant to run or runs; finished ones are left out."""

    namespace: str
    name: str
    owner: Owner | None
    node: str
    ready: bool
    terminating: bool
    created_at: datetime | None
    ready_at: datetime | None
    restarts: int


@dataclass(frozen=True, slots=True)
class ObservedNode:
    """A machine of the cluster."""

    name: str
    ready: bool
    unschedulable: bool
    cpu_allocatable_millicores: float | None
    memory_allocatable_bytes: float | None
    pods_allocatable: int | None


@dataclass(frozen=True, slots=True)
class UsageReading:
    """What metrics.k8s.io says of a pod or node. None: a text that is no number."""

    namespace: str
    name: str
    at: datetime | None
    cpu_millicores: float | None
    memory_bytes: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one cycle read.

    `kinds` are the workload kinds that could be listed: of others, nothing is known, least of all that they are gone.
    `pod_usage` is None when there are no metrics, and `metrics_problem` says why.
    """

    at: datetime
    server_version: str
    kinds: frozenset[str]
    workloads: tuple[ObservedWorkload, ...]
    owners: Mapping[str, Owner | None]  # ReplicaSet uid -> who manages it
    pods: tuple[ObservedPod, ...]
    nodes: tuple[ObservedNode, ...] | None
    pod_usage: tuple[UsageReading, ...] | None
    node_usage: tuple[UsageReading, ...] | None
    metrics_problem: str = ""
    notes: tuple[str, ...] = field(default=())
