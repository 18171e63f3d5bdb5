"""What each tool is given, typed: the one form that people's words, kubectl lines, models and MCP clients end in.

Names are checked here, before anything becomes part of a path. A namespace that is not given means all of them when
listing; for one object it means wherever its name is found once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

_NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=253)]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9]([-a-zA-Z0-9.:_]{0,251}[a-zA-Z0-9])?$")]
Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
KindName = Annotated[
    str, Field(description="kind of object, such as Deployment; kubectl's short names are understood", max_length=253)
]
Selector = Annotated[str, Field(description="as kubectl's -l, such as app=web,tier!=db", max_length=1000)]
Image = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][-a-zA-Z0-9._/:@]{0,510}$")]
Limit = Annotated[int, Field(ge=1, le=1000, description="rows to show; what is left out is counted")]
Key = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]


class Output(StrEnum):
    """How a list or an object is shown."""

    TABLE = "table"  # of an object: the fields that matter
    WIDE = "wide"
    DESCRIBE = "describe"  # with its events
    YAML = "yaml"
    JSON = "json"
    NAME = "name"
    COUNT = "count"


class PodState(StrEnum):
    """Which pods are wanted."""

    ALL = "all"
    UNHEALTHY = "unhealthy"  # anything that is not running and ready, nor completed
    RUNNING = "running"
    PENDING = "pending"
    FAILED = "failed"
    CRASHING = "crashing"
    RESTARTED = "restarted"
    COMPLETED = "completed"


class Column(StrEnum):
    """Further columns of a list, in the same call."""

    IMAGES = "images"
    NODE = "node"
    IP = "ip"
    LABELS = "labels"
    REQUESTS = "requests"
    LIMITS = "limits"
    CONTAINERS = "containers"
    OWNER = "owner"
    SERVICE_ACCOUNT = "service_account"


class Mode(StrEnum):
    """How far predictive autoscaling goes."""

    OBSERVE = "observe"
    RECOMMEND = "recommend"
    AUTO = "auto"


class Arguments(BaseModel):
    """What every call has: unknown arguments are refused, and nothing changes after checking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster: Annotated[str, Field(min_length=1, max_length=200, description="the cluster's name or id")]


class InNamespace(Arguments):
    """Something in one namespace, or (None) in all."""

    namespace: Namespace | None = None


class OneObject(InNamespace):
    """One object of some kind."""

    kind: KindName = "Deployment"
    name: ObjectName


class OneOrSelected(InNamespace):
    """One object, or all that a selector finds: exactly one of the two."""

    name: ObjectName | None = None
    label_selector: Selector | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> OneOrSelected:
        if (self.name is None) == (self.label_selector is None):
            raise ValueError("give either a name or a label_selector")
        return self


class PodsList(InNamespace):
    """pods_list."""

    label_selector: Selector | None = None
    field_selector: str | None = None
    name_contains: str | None = None
    status: PodState = PodState.ALL
    node: Name | None = None
    columns: tuple[Column, ...] = ()
    sort_by: Literal["name", "age", "restarts", "status"] | None = None
    output: Output = Output.TABLE
    limit: Limit = 50


class PodsGet(InNamespace):
    """pods_get."""

    name: ObjectName
    output: Output = Output.TABLE


class PodsRun(Arguments):
    """pods_run."""

    namespace: Namespace = "default"
    name: Name
    image: Image
    command: tuple[str, ...] = ()
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    environment: dict[str, str] = {}
    labels: dict[Key, str] = {}


class PodsDelete(OneOrSelected):
    """pods_delete."""

    grace_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None


class PodsLog(InNamespace):
    """pods_log: of a pod, or (kind not Pod) of the newest pods of a workload."""

    kind: KindName = "Pod"
    name: ObjectName
    container: Name | None = None
    previous: bool = False
    tail_lines: Annotated[int, Field(ge=1, le=2000)] = 100
    since_seconds: Annotated[int, Field(ge=1)] | None = None
    contains: str | None = None


class PodsTop(InNamespace):
    """pods_top."""

    name: ObjectName | None = None
    label_selector: Selector | None = None
    sort_by: Literal["cpu", "memory", "name"] = "cpu"
    containers: bool = False
    limit: Limit = 50


class PodsExec(InNamespace):
    """pods_exec."""

    name: ObjectName
    container: Name | None = None
    command: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]


class EventsList(InNamespace):
    """events_list."""

    kind: KindName | None = None
    name: ObjectName | None = None
    type: Literal["Normal", "Warning"] | None = None
    since_seconds: Annotated[int, Field(ge=1)] | None = None
    limit: Limit = 50


class NamespacesList(Arguments):
    """namespaces_list."""

    label_selector: Selector | None = None
    output: Output = Output.TABLE
    limit: Limit = 100


class NodesTop(Arguments):
    """nodes_top."""

    name: Name | None = None
    sort_by: Literal["cpu", "memory", "name"] = "cpu"
    limit: Limit = 50


class OneNode(Arguments):
    """node_cordon, node_uncordon."""

    name: Name


class NodeDrain(OneNode):
    """node_drain."""

    ignore_daemon_sets: bool = True
    delete_empty_dir_data: bool = False
    force: bool = False  # also pods that nothing makes again
    grace_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None


class ResourcesList(InNamespace):
    """resources_list."""

    kind: KindName
    label_selector: Selector | None = None
    field_selector: str | None = None
    name_contains: str | None = None
    columns: tuple[Column, ...] = ()
    sort_by: Literal["name", "age"] | None = None
    output: Output = Output.TABLE
    limit: Limit = 50


class ResourcesGet(InNamespace):
    """resources_get."""

    kind: KindName
    name: ObjectName
    output: Output = Output.TABLE


class ResourcesCreateOrUpdate(Arguments):
    """resources_create_or_update. The manifest is YAML or JSON, of one or more objects."""

    manifest: Annotated[str, Field(min_length=1, max_length=500_000)]
    namespace: Namespace | None = None  # for objects that name none


class ResourcesDelete(OneOrSelected):
    """resources_delete."""

    kind: KindName


class ResourcesScale(OneObject):
    """resources_scale: to a number, or up and down by some or by a share; exactly one of the three."""

    replicas: Annotated[int, Field(ge=0, le=10_000)] | None = None
    change_by: Annotated[int, Field(ge=-10_000, le=10_000)] | None = None

    change_percent: Annotated[int, Field(ge=-100, le=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> ResourcesScale:
        if sum(given is not None for given in (self.replicas, self.change_by, self.change_percent)) != 1:
            raise ValueError("give exactly one of replicas, change_by and change_percent")
        return self


class ResourcesLabel(OneObject):
    """resources_label: None removes one. Annotations go the same way."""

    target: Literal["labels", "annotations"] = "labels"
    values: Annotated[dict[Key, str | None], Field(min_length=1, max_length=50)]


class RolloutHistory(OneObject):
    """rollout_history."""

    revision: Annotated[int, Field(ge=1)] | None = None


class RolloutUndo(OneObject):
    """rollout_undo: None is the revision before the present one."""

    to_revision: Annotated[int, Field(ge=1)] | None = None


class SetImage(OneObject):
    """set_image: a container need not be named where there is one only."""

    container: Name | None = None
    image: Image


class HpaCreate(OneObject):
    """hpa_create."""

    min_replicas: Annotated[int, Field(ge=1, le=10_000)] = 1
    max_replicas: Annotated[int, Field(ge=1, le=10_000)]
    cpu_percent: Annotated[int, Field(ge=1, le=1000)] | None = 80
    memory_percent: Annotated[int, Field(ge=1, le=1000)] | None = None


class AutoscalingEnable(OneObject):
    """autoscaling_enable."""

    mode: Mode = Mode.RECOMMEND
    min_replicas: Annotated[int, Field(ge=0, le=10_000)] = 1
    max_replicas: Annotated[int, Field(ge=1, le=10_000)] = 10


class About(InNamespace):
    """Something about a workload, a namespace or (neither) the whole cluster."""

    kind: KindName | None = None
    name: ObjectName | None = None


class Forecast(About):
    """forecast."""

    metric: Literal["cpu", "memory", "replicas"] = "cpu"
    horizon_minutes: Annotated[int, Field(ge=1, le=1440)] = 360


class Listed(About):
    """anomalies, recommendations."""

    limit: Limit = 20


class DecisionsExplain(About):
    """decisions_explain: why a workload was scaled, or was not."""

    limit: Limit = 5


class ManifestGenerate(InNamespace):
    """manifest_generate: words in, a manifest out; nothing is applied."""

    request: Annotated[str, Field(min_length=1, max_length=4000)]
