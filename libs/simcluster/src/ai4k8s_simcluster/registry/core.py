"""The core group, and its events under their second name."""

from ai4k8s_simcluster.registry.model import (
    META_FIELDS,
    NO_COLLECTION_DELETE,
    SCALE,
    Family,
    ResourceType,
    Subresource,
    Verb,
    with_fields,
)

_CORE = Family("", "v1", "io.k8s.api.core.v1")
_EVENTS = Family("events.k8s.io", "v1", "io.k8s.api.events.v1")
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

_ENDPOINTS_DEPRECATED = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
BINDINGS = _CORE.resource("bindings", "Binding", verbs=(Verb.CREATE,), stored=False)
CONFIG_MAPS = _CORE.resource("configmaps", "ConfigMap", short=("cm",))
ENDPOINTS = _CORE.resource("endpoints", "Endpoints", short=("ep",), deprecation=_ENDPOINTS_DEPRECATED)
EVENTS = _CORE.resource(
    "events",
    "Event",
    short=("ev",),
    fields=with_fields(
        *(f"involvedObject.{name}" for name in _INVOLVED), "reason", "reportingComponent", "source", "type"
    ),
)
GROUP_EVENTS = _EVENTS.resource(
    "events",
    "Event",
    short=("ev",),
    fields={
        **META_FIELDS,
        **{f"regarding.{name}": f"involvedObject.{name}" for name in _INVOLVED},
        "reason": "reason",
        "reportingController": "reportingComponent",
        "type": "type",
    },
    stored_as=EVENTS,
)
LIMIT_RANGES = _CORE.resource("limitranges", "LimitRange", short=("limits",))
NAMESPACES = _CORE.resource(
    "namespaces",
    "Namespace",
    namespaced=False,
    verbs=NO_COLLECTION_DELETE,
    short=("ns",),
    status=True,
    fields={"metadata.name": "metadata.name", "status.phase": "status.phase", "name": "metadata.name"},
)
NODES = _CORE.resource(
    "nodes",
    "Node",
    namespaced=False,
    short=("no",),
    status=True,
    fields={"metadata.name": "metadata.name", "spec.unschedulable": "spec.unschedulable"},
    defaulted={"spec.unschedulable": "false"},
)
PERSISTENT_VOLUME_CLAIMS = _CORE.resource(
    "persistentvolumeclaims", "PersistentVolumeClaim", returns_deleted=True, short=("pvc",), status=True
)
PERSISTENT_VOLUMES = _CORE.resource(
    "persistentvolumes", "PersistentVolume", returns_deleted=True, namespaced=False, short=("pv",), status=True
)
PODS = _CORE.resource(
    "pods",
    "Pod",
    returns_deleted=True,
    short=("po",),
    categories=("all",),
    subresources=(
        Subresource("binding", "Binding", (Verb.CREATE,)),
        Subresource("eviction", "Eviction", (Verb.CREATE,), "policy", "v1"),
        Subresource("exec", "PodExecOptions", (Verb.CREATE, Verb.GET)),
        Subresource("log", "Pod", (Verb.GET,)),
        Subresource("resize", "Pod"),
    ),
    status=True,
    generation=True,
    fields=with_fields(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    defaulted={"spec.hostNetwork": "false"},
)
POD_TEMPLATES = _CORE.resource("podtemplates", "PodTemplate", returns_deleted=True, generation=True)
REPLICATION_CONTROLLERS = _CORE.resource(
    "replicationcontrollers",
    "ReplicationController",
    short=("rc",),
    categories=("all",),
    subresources=(SCALE,),
    status=True,
    generation=True,
    fields=with_fields("status.replicas"),
)
RESOURCE_QUOTAS = _CORE.resource("resourcequotas", "ResourceQuota", returns_deleted=True, short=("quota",), status=True)
SECRETS = _CORE.resource("secrets", "Secret", fields=with_fields("type"))
SERVICE_ACCOUNTS = _CORE.resource(
    "serviceaccounts",
    "ServiceAccount",
    returns_deleted=True,
    short=("sa",),
    subresources=(Subresource("token", "TokenRequest", (Verb.CREATE,), "authentication.k8s.io", "v1"),),
)
SERVICES = _CORE.resource(
    "services",
    "Service",
    returns_deleted=True,
    short=("svc",),
    categories=("all",),
    status=True,
    fields=with_fields("spec.clusterIP", "spec.type"),
)

CORE_TYPES: tuple[ResourceType, ...] = (
    BINDINGS,
    CONFIG_MAPS,
    ENDPOINTS,
    EVENTS,
    LIMIT_RANGES,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    POD_TEMPLATES,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
EVENT_TYPES: tuple[ResourceType, ...] = (GROUP_EVENTS,)
