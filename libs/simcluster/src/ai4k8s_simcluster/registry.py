"""The one list of what this server serves.

Paths, discovery, schemas, selectors and storage are all derived from it, so a type is added in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verb(StrEnum):
    """What can be asked of a resource."""

    CREATE = "create"
    DELETE = "delete"
    DELETE_COLLECTION = "deletecollection"
    GET = "get"
    LIST = "list"
    PATCH = "patch"
    UPDATE = "update"
    WATCH = "watch"


ALL_VERBS = tuple(Verb)
_NO_COLLECTION_DELETE = tuple(verb for verb in Verb if verb is not Verb.DELETE_COLLECTION)
_SUBRESOURCE_VERBS = (Verb.GET, Verb.PATCH, Verb.UPDATE)
_META_FIELDS = {"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace"}


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part of a resource with its own path."""

    name: str
    kind: str
    verbs: tuple[Verb, ...] = _SUBRESOURCE_VERBS
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource as discovery describes it, plus what the server must know to keep it."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    definition: str
    verbs: tuple[Verb, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    field_labels: Mapping[str, str] = field(default_factory=lambda: _META_FIELDS)
    defaulted_fields: Mapping[str, str] = field(default_factory=dict)
    has_generation: bool = False
    stored: bool = True

    @property
    def key(self) -> str:
        """Name the type uniquely."""
        return f"{self.plural}.{self.group}/{self.version}"

    @property
    def qualified(self) -> str:
        """Name the type as messages do: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """Return what objects carry as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def subresource(self, name: str) -> Subresource | None:
        """Return the subresource of that name, if there is one."""
        return next((sub for sub in self.subresources if sub.name == name), None)


def _fields(*paths: str) -> dict[str, str]:
    return {**_META_FIELDS, **{path: path for path in paths}}


_SCALE = Subresource("scale", "Scale", group="autoscaling", version="v1")
_CORE = "io.k8s.api.core.v1."
_APPS = "io.k8s.api.apps.v1."
_METRICS = "io.k8s.metrics.v1beta1."

NAMESPACES = ResourceType(
    "",
    "v1",
    "namespaces",
    "namespace",
    "Namespace",
    namespaced=False,
    definition=_CORE + "Namespace",
    verbs=_NO_COLLECTION_DELETE,
    short_names=("ns",),
    subresources=(Subresource("status", "Namespace"),),
    field_labels={"metadata.name": "metadata.name", "status.phase": "status.phase", "name": "metadata.name"},
)
NODES = ResourceType(
    "",
    "v1",
    "nodes",
    "node",
    "Node",
    namespaced=False,
    definition=_CORE + "Node",
    short_names=("no",),
    subresources=(Subresource("status", "Node"),),
    field_labels={"metadata.name": "metadata.name", "spec.unschedulable": "spec.unschedulable"},
    defaulted_fields={"spec.unschedulable": "false"},
)
PODS = ResourceType(
    "",
    "v1",
    "pods",
    "pod",
    "Pod",
    namespaced=True,
    definition=_CORE + "Pod",
    short_names=("po",),
    categories=("all",),
    subresources=(Subresource("status", "Pod"),),
    has_generation=True,
    field_labels=_fields(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
)
SERVICES = ResourceType(
    "",
    "v1",
    "services",
    "service",
    "Service",
    namespaced=True,
    definition=_CORE + "Service",
    short_names=("svc",),
    categories=("all",),
    subresources=(Subresource("status", "Service"),),
    field_labels=_fields("spec.clusterIP", "spec.type"),
)
EVENTS = ResourceType(
    "",
    "v1",
    "events",
    "event",
    "Event",
    namespaced=True,
    definition=_CORE + "Event",
    short_names=("ev",),
    field_labels=_fields(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
)
DEPLOYMENTS = ResourceType(
    "apps",
    "v1",
    "deployments",
    "deployment",
    "Deployment",
    namespaced=True,
    definition=_APPS + "Deployment",
    short_names=("deploy",),
    categories=("all",),
    has_generation=True,
    subresources=(_SCALE, Subresource("status", "Deployment")),
)
REPLICASETS = ResourceType(
    "apps",
    "v1",
    "replicasets",
    "replicaset",
    "ReplicaSet",
    namespaced=True,
    definition=_APPS + "ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    has_generation=True,
    subresources=(_SCALE, Subresource("status", "ReplicaSet")),
)
ACCESS_REVIEWS = ResourceType(
    "authorization.k8s.io",
    "v1",
    "selfsubjectaccessreviews",
    "selfsubjectaccessreview",
    "SelfSubjectAccessReview",
    namespaced=False,
    definition="io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    verbs=(Verb.CREATE,),
    stored=False,
)
NODE_METRICS = ResourceType(
    "metrics.k8s.io",
    "v1beta1",
    "nodes",
    "",
    "NodeMetrics",
    namespaced=False,
    definition=_METRICS + "NodeMetrics",
    verbs=(Verb.GET, Verb.LIST),
    stored=False,
)
POD_METRICS = ResourceType(
    "metrics.k8s.io",
    "v1beta1",
    "pods",
    "",
    "PodMetrics",
    namespaced=True,
    definition=_METRICS + "PodMetrics",
    verbs=(Verb.GET, Verb.LIST),
    stored=False,
)

TYPES: tuple[ResourceType, ...] = (
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    DEPLOYMENTS,
    REPLICASETS,
    ACCESS_REVIEWS,
    NODE_METRICS,
    POD_METRICS,
)
STORED_TYPES: tuple[ResourceType, ...] = tuple(found for found in TYPES if found.stored)
BY_KEY: Mapping[str, ResourceType] = {found.key: found for found in TYPES}
GROUPS: tuple[tuple[str, str], ...] = tuple(dict.fromkeys((found.group, found.version) for found in TYPES))


def find_type(group: str, version: str, plural: str) -> ResourceType | None:
    """Return the type served at that place, if there is one."""
    return BY_KEY.get(f"{plural}.{group}/{version}")
