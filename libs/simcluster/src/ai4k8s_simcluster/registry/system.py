"""What the cluster itself is made of: storage and priority classes, leases, extensions, metrics."""

from ai4k8s_simcluster.registry.model import READ_ONLY, Family, ResourceType, Verb

_STORAGE = Family("storage.k8s.io", "v1", "io.k8s.api.storage.v1")
_SCHEDULING = Family("scheduling.k8s.io", "v1", "io.k8s.api.scheduling.v1")
_COORDINATION = Family("coordination.k8s.io", "v1", "io.k8s.api.coordination.v1")
_EXTENSIONS = Family("apiextensions.k8s.io", "v1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1")
_REGISTRATION = Family("apiregistration.k8s.io", "v1", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1")
_METRICS = "io.k8s.metrics.v1beta1."
_MEASURED = (Verb.GET, Verb.LIST)

STORAGE_CLASSES = _STORAGE.resource(
    "storageclasses", "StorageClass", returns_deleted=True, namespaced=False, short=("sc",)
)
PRIORITY_CLASSES = _SCHEDULING.resource(
    "priorityclasses", "PriorityClass", namespaced=False, short=("pc",), generation=True
)
LEASES = _COORDINATION.resource("leases", "Lease")
CUSTOM_RESOURCE_DEFINITIONS = _EXTENSIONS.resource(
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
    short=("crd", "crds"),
    categories=("api-extensions",),
    status=True,
    generation=True,
)
API_SERVICES = _REGISTRATION.resource(
    "apiservices", "APIService", namespaced=False, verbs=READ_ONLY, categories=("api-extensions",)
)
NODE_METRICS = ResourceType(
    "metrics.k8s.io",
    "v1beta1",
    "nodes",
    "",
    "NodeMetrics",
    namespaced=False,
    definition=_METRICS + "NodeMetrics",
    verbs=_MEASURED,
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
    verbs=_MEASURED,
    stored=False,
)

STORAGE_TYPES: tuple[ResourceType, ...] = (STORAGE_CLASSES,)
SCHEDULING_TYPES: tuple[ResourceType, ...] = (PRIORITY_CLASSES,)
COORDINATION_TYPES: tuple[ResourceType, ...] = (LEASES,)
EXTENSION_TYPES: tuple[ResourceType, ...] = (CUSTOM_RESOURCE_DEFINITIONS,)
REGISTRATION_TYPES: tuple[ResourceType, ...] = (API_SERVICES,)
METRICS_TYPES: tuple[ResourceType, ...] = (NODE_METRICS, POD_METRICS)
