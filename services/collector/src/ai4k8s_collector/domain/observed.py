"""One look at one cluster, in the collector's own words: what the adapter saw, before anybody judged it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.flows import Flows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ai4k8s_collector.domain.deploys import Revision
    from ai4k8s_collector.domain.objects import (
        ObservedClaim,
        ObservedEvent,
        ObservedHpa,
        ObservedQuota,
        ObservedVpa,
    )
    from ai4k8s_collector.domain.sources import SourceState


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
class ContainerResources:
    """What one container of a template asks for and may use at most; None: not set. `init` marks a sidecar."""

    name: str
    cpu_request_millicores: float | None = None
    cpu_limit_millicores: float | None = None
    memory_request_bytes: float | None = None
    memory_limit_bytes: float | None = None
    init: bool = False


@dataclass(frozen=True, slots=True)
class ObservedWorkload:
    """An object that makes pods, as the API server describes it. `resource` is its plural name in API paths."""

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
    resource: str = ""
    scalable: bool = True
    status_detail: str = ""
    images: tuple[str, ...] = ()
    revision: str = ""
    containers: tuple[ContainerResources, ...] = ()
    volume_claims: tuple[str, ...] = ()

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
    uid: str = ""
    version: str = ""
    phase: str = "Running"
    reason: str = ""
    message: str = ""
    oom_container: str = ""
    oom_at: datetime | None = None
    cpu_request_millicores: float | None = None
    memory_request_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class NodeCondition:
    """One thing that a kubelet says of its node."""

    type: str
    status: str
    reason: str
    message: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ObservedNode:
    """A machine of the cluster."""

    name: str
    ready: bool
    unschedulable: bool
    cpu_allocatable_millicores: float | None
    memory_allocatable_bytes: float | None
    pods_allocatable: int | None
    cpu_capacity_millicores: float | None = None
    memory_capacity_bytes: float | None = None
    pods_capacity: int | None = None
    conditions: tuple[NodeCondition, ...] = ()
    roles: tuple[str, ...] = ()
    instance_type: str | None = None
    zone: str | None = None
    pool: str | None = None
    tainted: bool = False
    kubelet_version: str | None = None


@dataclass(frozen=True, slots=True)
class UsageReading:
    """What metrics.k8s.io says of a pod or node. None: a text that is no number.

    `containers` are (name, millicores, bytes) of a pod whose every container could be read.
    """

    namespace: str
    name: str
    at: datetime | None
    cpu_millicores: float | None
    memory_bytes: float | None
    containers: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one cycle read.

    `kinds` are the workload kinds that could be listed: of others, nothing is known, least of all that they are gone.
    `pod_usage` is None when there are no metrics, and `metrics_problem` says why. What else is None was not read, and
    `sources` say why; nothing that was known of it changes then.
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
    revisions: Mapping[str, tuple[Revision, ...]] = field(default_factory=dict)  # owner's uid -> its ReplicaSets
    autoscalers: tuple[ObservedHpa, ...] | None = None
    vertical_autoscalers: tuple[ObservedVpa, ...] | None = None
    quotas: tuple[ObservedQuota, ...] | None = None
    volume_claims: tuple[ObservedClaim, ...] | None = None
    events: tuple[ObservedEvent, ...] | None = None
    flows: Flows = field(default_factory=Flows)
    sources: tuple[SourceState, ...] = ()
