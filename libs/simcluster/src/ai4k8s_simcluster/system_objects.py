"""What every cluster has from its first moment besides nodes and namespaces: its service, priorities, API services."""

from collections.abc import Iterator

from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.registry import API_SERVICES, PRIORITY_CLASSES, SERVICES, STORAGE_CLASSES, ResourceType
from ai4k8s_simcluster.types import Obj

_API_SERVER_ADDRESS = "10.96.0.1"
_PRIORITIES = {
    "system-cluster-critical": (2_000_000_000, "For pods the cluster needs, which may be moved to another node."),
    "system-node-critical": (2_000_001_000, "For pods that their own node needs."),
}
# The order of discovery: a group with a higher number comes first.
_GROUP_PRIORITIES = {
    "": 18000, "apiregistration.k8s.io": 17950, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600, "autoscaling": 17500, "batch": 17400, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "discovery.k8s.io": 16200, "metrics.k8s.io": 100,
}  # fmt: skip
_VERSION_PRIORITIES = {"v2": 30, "v1": 15, "v1beta1": 100}


def create_system_objects(context: Context, created_at: float, *, storage_class: bool = False) -> None:
    """Make what is not there yet. storage_class: also the class that providers add, for claims that name none."""
    created = rfc3339(created_at)
    provided = [(STORAGE_CLASSES, _storage_class(created))] if storage_class else []
    for resource, obj in (*_system_objects(context, created), *provided):
        metadata = obj["metadata"]
        if context.store.get(resource, metadata.get("namespace", ""), metadata["name"]) is None:
            context.writer.create(resource, obj, keep_status=True)


def _system_objects(context: Context, created: str) -> Iterator[tuple[ResourceType, Obj]]:
    for name, (value, description) in _PRIORITIES.items():
        metadata: Obj = {"name": name, "creationTimestamp": created}
        yield PRIORITY_CLASSES, {"metadata": metadata, "value": value, "description": description}
    yield SERVICES, _api_server(created)
    for group, version in context.store.catalogue.groups:
        yield API_SERVICES, _api_service(group, version, created)


def _storage_class(created: str) -> Obj:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": {"name": "standard", "annotations": annotations, "creationTimestamp": created},
        "provisioner": "disk.sim.ai4k8s.io",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _api_server(created: str) -> Obj:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
            "creationTimestamp": created,
        },
        "spec": {
            "clusterIP": _API_SERVER_ADDRESS,
            "clusterIPs": [_API_SERVER_ADDRESS],
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    }


def _api_service(group: str, version: str, created: str) -> Obj:
    spec: Obj = {
        "version": version,
        "groupPriorityMinimum": _GROUP_PRIORITIES.get(group, 1000),
        "versionPriority": _VERSION_PRIORITIES.get(version, 1),
    }
    if group:
        spec["group"] = group
    available = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": created,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {
        "metadata": {
            "name": f"{version}.{group}",  # of the core group: `v1.`
            "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
            "creationTimestamp": created,
        },
        "spec": spec,
        "status": {"conditions": [available]},
    }
