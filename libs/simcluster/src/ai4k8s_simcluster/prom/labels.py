"""The labels of every series, in one place: past and live samples must meet in the same series."""

from dataclasses import dataclass

from ai4k8s_simcluster.load.workload import WorkloadKey
from ai4k8s_simcluster.prom.series import NAME

_UNITS = {"cpu": "core", "memory": "byte"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A pod's place: the same for a past slot and for a pod that runs now."""

    namespace: str
    pod: str
    container: str
    node: str


def pod_labels(metric: str, slot: Slot) -> dict[str, str]:
    """Return the labels of a container metric."""
    return {
        NAME: metric,
        "namespace": slot.namespace,
        "pod": slot.pod,
        "container": slot.container,
        "node": slot.node,
        "job": "kubelet",
        "metrics_path": "/metrics/cadvisor",
    }


def request_labels(metric: str, slot: Slot, resource: str) -> dict[str, str]:
    """Return the labels of a request or limit."""
    return {
        NAME: metric,
        "namespace": slot.namespace,
        "pod": slot.pod,
        "container": slot.container,
        "node": slot.node,
        "resource": resource,
        "unit": _UNITS[resource],
        "job": "kube-state-metrics",
    }


def workload_labels(slot: Slot, key: WorkloadKey) -> dict[str, str]:
    """Return the labels that join a pod to its workload."""
    return {
        NAME: "namespace_workload_pod:kube_pod_owner:relabel",
        "namespace": slot.namespace,
        "pod": slot.pod,
        "workload": key.name,
        "workload_type": key.kind.lower(),
    }


def deployment_labels(metric: str, key: WorkloadKey) -> dict[str, str]:
    """Return the labels of a Deployment's metric."""
    return {NAME: metric, "namespace": key.namespace, "deployment": key.name, "job": "kube-state-metrics"}


def sim_labels(metric: str, key: WorkloadKey) -> dict[str, str]:
    """Return the labels of the simulator's own truth, which no product may look at."""
    return {NAME: metric, "namespace": key.namespace, "workload": key.name, "job": "simcluster"}


def network_labels(metric: str, slot: Slot) -> dict[str, str]:
    """Return the labels of a pod's network metric: it belongs to the pod, not to a container."""
    labels = pod_labels(metric, slot)
    del labels["container"]
    return {**labels, "interface": "eth0"}


def request_count_labels(metric: str, slot: Slot) -> dict[str, str]:
    """Return the labels of what an application says of its own requests."""
    return {
        NAME: metric,
        "namespace": slot.namespace,
        "pod": slot.pod,
        "container": slot.container,
        "code": "200",
        "job": "applications",
    }


def state_labels(metric: str, **labels: str) -> dict[str, str]:
    """Return the labels of a series of kube-state-metrics."""
    return {NAME: metric, **labels, "job": "kube-state-metrics"}
