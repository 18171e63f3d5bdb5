"""The parts of Kubernetes objects that AI4K8s reads; everything else is skipped while decoding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class WorkloadKind(StrEnum):
    """Kinds of the apps group with a scale subresource; custom ones are found by discovery."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    REPLICA_SET = "ReplicaSet"

    @property
    def plural(self) -> str:
        """The resource name in API paths."""
        return f"{self.value.lower()}s"

    @property
    def api_version(self) -> str:
        """All of them live in the same group."""
        return "apps/v1"


@dataclass(frozen=True)
class WorkloadRef:
    """Which object is meant, of any kind with a scale subresource. `resource` is the kind's plural name in paths."""

    kind: str
    namespace: str
    name: str
    api_version: str = "apps/v1"
    resource: str = ""

    @property
    def path(self) -> str:
        """Its place in the API."""
        root = "/apis" if "/" in self.api_version else "/api"
        plural = self.resource or f"{self.kind.lower()}s"
        return f"{root}/{self.api_version}/namespaces/{self.namespace}/{plural}/{self.name}"


class Struct(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base: camelCase outside, immutable inside, unknown fields ignored.

    What is decoded never refers to itself, so the collector of cycles need not look at millions of such objects.
    """


class OwnerReference(Struct, frozen=True):
    """Who made an object."""

    kind: str
    name: str
    uid: str
    controller: bool | None = None


class ObjectMeta(Struct, frozen=True):
    """Identity and age."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None

    @property
    def controller(self) -> OwnerReference | None:
        """The managing owner, if there is one."""
        return next((owner for owner in self.owner_references or () if owner.controller), None)


class ResourceAmounts(Struct, frozen=True):
    """Requests and limits as texts; see `quantity`."""

    requests: dict[str, str] | None = None
    limits: dict[str, str] | None = None


class Container(Struct, frozen=True):
    """A container of a pod template. An init container with restartPolicy Always is a sidecar and runs on."""

    name: str
    resources: ResourceAmounts = ResourceAmounts()
    restart_policy: str | None = None
    image: str = ""


class PodSpec(Struct, frozen=True):
    """What a pod asks for."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_name: str = ""


class ClaimSource(Struct, frozen=True):
    """Which claim a volume is."""

    claim_name: str = ""


class Volume(Struct, frozen=True):
    """A volume of a template; only whether it keeps data is of interest."""

    persistent_volume_claim: ClaimSource | None = None


class TemplateSpec(PodSpec, frozen=True):
    """A template's pod. Volumes are read of templates alone: of 150,000 pods they would be a second of decoding."""

    volumes: list[Volume] | None = None


class PodTemplate(Struct, frozen=True):
    """What a workload makes its pods from."""

    spec: TemplateSpec = TemplateSpec()


class Condition(Struct, frozen=True):
    """One line of a status."""

    type: str
    status: str
    last_transition_time: datetime | None = None
    reason: str = ""
    message: str = ""


class Waiting(Struct, frozen=True):
    """Why a container does not run yet, or not again."""

    reason: str = ""
    message: str = ""


class Terminated(Struct, frozen=True):
    """How a container ended."""

    reason: str = ""
    finished_at: datetime | None = None


class ContainerState(Struct, frozen=True):
    """One of these, or neither: it runs."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct, frozen=True):
    """What became of a container."""

    name: str
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Struct, frozen=True):
    """Where a pod stands."""

    phase: str = ""
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    reason: str = ""
    message: str = ""


class Pod(Struct, frozen=True):
    """A pod."""

    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class WorkloadSpec(Struct, frozen=True):
    """What a workload should be; an absent `replicas` means one."""

    replicas: int | None = None
    template: PodTemplate = PodTemplate()


class WorkloadStatus(Struct, frozen=True):
    """What a workload is; absent counts are zero."""

    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    observed_generation: int = 0
    update_revision: str = ""


class Workload(Struct, frozen=True):
    """A Deployment, StatefulSet or ReplicaSet."""

    metadata: ObjectMeta
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class OwnedMeta(Struct, frozen=True):
    """Only an object's place in the chain of owners."""

    metadata: ObjectMeta


class Taint(Struct, frozen=True):
    """What keeps pods away that do not tolerate it."""

    key: str = ""
    effect: str = ""


class NodeSpec(Struct, frozen=True):
    """Whether new pods may come."""

    unschedulable: bool = False
    taints: list[Taint] | None = None


class NodeInfo(Struct, frozen=True):
    """What runs a node."""

    kubelet_version: str = ""


class NodeStatus(Struct, frozen=True):
    """What a node has and offers."""

    allocatable: dict[str, str] | None = None
    conditions: list[Condition] | None = None
    capacity: dict[str, str] | None = None
    node_info: NodeInfo = NodeInfo()


class LabelledMeta(ObjectMeta, frozen=True):
    """Identity with labels, for the few objects whose labels say something."""

    labels: dict[str, str] | None = None


class Node(Struct, frozen=True):
    """A node."""

    metadata: LabelledMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class ContainerMetrics(Struct, frozen=True):
    """Use of one container; texts, see `quantity`."""

    name: str
    usage: dict[str, str] | None = None


class PodMetrics(Struct, frozen=True):
    """Use of one pod, measured at `timestamp` as a mean over `window`."""

    metadata: ObjectMeta
    timestamp: datetime | None = None
    window: str = ""
    containers: list[ContainerMetrics] | None = None


class NodeMetrics(Struct, frozen=True):
    """Use of one node."""

    metadata: ObjectMeta
    timestamp: datetime | None = None
    window: str = ""
    usage: dict[str, str] | None = None


class ListMeta(Struct, frozen=True):
    """Where a page stands in its list."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class Page(Struct, Generic[T], frozen=True):
    """One page of a list. `kind` is required: something that is no list must not be read as an empty one."""

    kind: str
    metadata: ListMeta
    items: list[T] | None = None


class TableColumn(Struct, frozen=True):
    """A column as the API server would have it printed; priority 0 is always shown."""

    name: str
    type: str = "string"
    priority: int = 0


class TableRow(Struct, frozen=True):
    """One object's cells, and as much of the object as was asked for."""

    cells: list[Any]
    object: dict[str, Any] | None = None


class Table(Struct, frozen=True):
    """A list of any kind, ready to print."""

    kind: str
    metadata: ListMeta = ListMeta()
    column_definitions: list[TableColumn] | None = None
    rows: list[TableRow] | None = None


class ServerVersion(Struct, frozen=True):
    """What /version says."""

    git_version: str
    major: str = ""
    minor: str = ""


class _ScaleSpec(Struct, frozen=True):
    replicas: int = 0


class _ScaleStatus(Struct, frozen=True):
    replicas: int = 0


class ScaleObject(Struct, frozen=True):
    """The scale subresource as it comes."""

    metadata: ObjectMeta
    spec: _ScaleSpec = _ScaleSpec()
    status: _ScaleStatus = _ScaleStatus()


@dataclass(frozen=True)
class Scale:
    """How many replicas an object should have and has, and the version this was read from."""

    desired_replicas: int
    current_replicas: int
    resource_version: str
    uid: str


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A kind that can be listed, across all namespaces or within one."""

    path: str
    kind: str
    page: type[Page[T]]
    namespaced: bool = True

    def within(self, namespace: str) -> Resource[T]:
        """Return the same list of one namespace only."""
        group, _, plural = self.path.rpartition("/")
        return replace(self, path=f"{group}/namespaces/{namespace}/{plural}")


DEPLOYMENTS = Resource("/apis/apps/v1/deployments", "DeploymentList", Page[Workload])
STATEFUL_SETS = Resource("/apis/apps/v1/statefulsets", "StatefulSetList", Page[Workload])
REPLICA_SETS = Resource("/apis/apps/v1/replicasets", "ReplicaSetList", Page[Workload])
PODS = Resource("/api/v1/pods", "PodList", Page[Pod])
NODES = Resource("/api/v1/nodes", "NodeList", Page[Node], namespaced=False)
POD_METRICS = Resource("/apis/metrics.k8s.io/v1beta1/pods", "PodMetricsList", Page[PodMetrics])
NODE_METRICS = Resource("/apis/metrics.k8s.io/v1beta1/nodes", "NodeMetricsList", Page[NodeMetrics], namespaced=False)
