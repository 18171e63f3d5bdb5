"""What the server fills in of namespaces, nodes, storage, configuration and access."""

import base64

from ai4k8s_simcluster.defaults.filling import fill, items, part
from ai4k8s_simcluster.types import Obj


def default_namespace(namespace: Obj) -> None:
    """Fill in a Namespace."""
    labels = part(namespace["metadata"], "labels")
    labels["kubernetes.io/metadata.name"] = namespace["metadata"].get("name", "")
    part(namespace, "spec").setdefault("finalizers", ["kubernetes"])
    part(namespace, "status").setdefault("phase", "Active")


_NODE_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip


def default_node(node: Obj) -> None:
    """Fill in a Node."""
    node.setdefault("spec", {})
    status = part(node, "status")
    if status.get("capacity"):
        status.setdefault("allocatable", dict(status["capacity"]))
    part(part(status, "daemonEndpoints"), "kubeletEndpoint").setdefault("Port", 0)
    fill(part(status, "nodeInfo"), **dict.fromkeys(_NODE_INFO, ""))


def default_event(event: Obj) -> None:
    """Fill in an Event."""
    fill(event, reportingComponent="", reportingInstance="", source={})
    fill(event, firstTimestamp=None, lastTimestamp=None, eventTime=None)


def default_claim(claim: Obj) -> None:
    """Fill in a PersistentVolumeClaim."""
    claim["spec"].setdefault("volumeMode", "Filesystem")
    part(claim, "status").setdefault("phase", "Pending")


def default_volume(volume: Obj) -> None:
    """Fill in a PersistentVolume."""
    fill(volume["spec"], persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    if isinstance(volume["spec"].get("hostPath"), dict):
        volume["spec"]["hostPath"].setdefault("type", "")
    part(volume, "status").setdefault("phase", "Pending")


def default_secret(secret: Obj) -> None:
    """Fill in a Secret: what was written as text becomes data."""
    secret.setdefault("type", "Opaque")
    text: dict[str, str] | None = secret.pop("stringData", None)
    if text:
        data = part(secret, "data")
        data |= {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}


def default_limit_range(limit_range: Obj) -> None:
    """Fill in a LimitRange: what is not said of containers follows from what is."""
    for item in items(limit_range.get("spec"), "limits"):
        if item.get("type") != "Container":
            continue
        limits, requests = item.get("default") or {}, item.get("defaultRequest") or {}
        limits = {**(item.get("max") or {}), **limits}
        requests = {**(item.get("min") or {}), **limits, **requests}
        item |= {key: value for key, value in (("default", limits), ("defaultRequest", requests)) if value}


def default_quota(quota: Obj) -> None:
    """Fill in a ResourceQuota."""
    quota.setdefault("spec", {})
    quota.setdefault("status", {})


def default_storage_class(storage_class: Obj) -> None:
    """Fill in a StorageClass."""
    fill(storage_class, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def default_priority_class(priority_class: Obj) -> None:
    """Fill in a PriorityClass."""
    fill(priority_class, value=0, preemptionPolicy="PreemptLowerPriority")


def default_role(role: Obj) -> None:
    """Fill in a Role or ClusterRole."""
    role.setdefault("rules", None)
