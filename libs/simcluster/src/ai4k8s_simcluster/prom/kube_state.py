"""What kube-state-metrics shows: the state of objects, as its documentation names and labels it."""

from collections.abc import Callable, Iterable, Iterator

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.prom.cadvisor import slot_of
from ai4k8s_simcluster.prom.families import Family, MetricType, Sample, World
from ai4k8s_simcluster.prom.labels import request_labels, state_labels
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.registry import (
    AUTOSCALERS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    STATEFUL_SETS,
    ResourceType,
)
from ai4k8s_simcluster.types import Obj

Teller = Callable[[Obj], Iterable[tuple[dict[str, str], float]]]
_PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
_UNITS = {"cpu": "core", "memory": "byte", "ephemeral-storage": "byte", "pods": "integer"}
_COUNTER, _GAUGE = MetricType.COUNTER, MetricType.GAUGE


def _family(resource: ResourceType, name: str, text: str, tell: Teller, kind: MetricType = _GAUGE) -> Family:
    """Make a family of a type's objects."""

    def samples(world: World) -> Iterator[Sample]:
        for stored in world.store.listing(resource):
            for labels, value in tell(stored.obj):
                yield state_labels(name, **labels), value

    return Family(name, kind, text, samples)


def _at(obj: Obj, path: str) -> object:
    found: object = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _number_at(path: str, otherwise: float | None, **label: str) -> Teller:
    """Tell the number at a path, under the object's namespace and name."""
    name = next(iter(label))

    def tell(obj: Obj) -> Iterator[tuple[dict[str, str], float]]:
        value = _at(obj, path)
        number = float(value) if isinstance(value, int | float) else otherwise
        if number is not None:
            yield _names(obj, name), number

    return tell


def _names(obj: Obj, name: str) -> dict[str, str]:
    metadata = obj["metadata"]
    space = {"namespace": metadata["namespace"]} if metadata.get("namespace") else {}
    return {**space, name: metadata["name"]}


def _created(name: str) -> Teller:
    return lambda obj: [(_names(obj, name), parse_rfc3339(obj["metadata"]["creationTimestamp"]))]


def _pod(pod: Obj) -> dict[str, str]:
    return {**_names(pod, "pod"), "uid": pod["metadata"]["uid"]}


def _controller(obj: Obj) -> Obj | None:
    return next((owner for owner in obj["metadata"].get("ownerReferences") or [] if owner.get("controller")), None)


def _pod_info(pod: Obj) -> Iterator[tuple[dict[str, str], float]]:
    status, owner = pod.get("status") or {}, _controller(pod) or {}
    yield (
        {
            **_pod(pod),
            "host_ip": status.get("hostIP", ""),
            "pod_ip": status.get("podIP", ""),
            "node": pod["spec"].get("nodeName", ""),
            "created_by_kind": owner.get("kind", ""),
            "created_by_name": owner.get("name", ""),
            "priority_class": pod["spec"].get("priorityClassName", ""),
            "host_network": "true" if pod["spec"].get("hostNetwork") else "false",
        },
        1.0,
    )


def _pod_phase(pod: Obj) -> Iterator[tuple[dict[str, str], float]]:
    phase = (pod.get("status") or {}).get("phase", "Pending")
    return (({**_pod(pod), "phase": one}, float(one == phase)) for one in _PHASES)


def _condition_of(obj: Obj, kind: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return str(next((found["status"] for found in conditions if found["type"] == kind), "Unknown"))


def _pod_ready(pod: Obj) -> Iterator[tuple[dict[str, str], float]]:
    ready = _condition_of(pod, "Ready").lower()
    return (({**_pod(pod), "condition": one}, float(one == ready)) for one in ("true", "false", "unknown"))


def _owner(name: str) -> Teller:
    def tell(obj: Obj) -> Iterator[tuple[dict[str, str], float]]:
        uid = {"uid": obj["metadata"]["uid"]} if name == "pod" else {}
        for owner in obj["metadata"].get("ownerReferences") or []:
            controls = "true" if owner.get("controller") else "false"
            labels = {"owner_kind": owner["kind"], "owner_name": owner["name"], "owner_is_controller": controls}
            yield {**_names(obj, name), **uid, **labels}, 1.0

    return tell


def _containers(value: Callable[[Obj], float]) -> Teller:
    def tell(pod: Obj) -> Iterator[tuple[dict[str, str], float]]:
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            yield {**_pod(pod), "container": status["name"]}, value(status)

    return tell


def _reasons(state: str, within: str) -> Teller:
    def tell(pod: Obj) -> Iterator[tuple[dict[str, str], float]]:
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            reason = ((status.get(within) or {}).get(state) or {}).get("reason")
            if reason:
                yield {**_pod(pod), "container": status["name"], "reason": reason}, 1.0

    return tell


def _resources(name: str, section: str) -> Family:
    def samples(world: World) -> Iterator[Sample]:
        table = world.model.table
        for stored in world.store.listing(PODS):
            row = table.rows.get(stored.uid)
            if row is not None and not table.measurable[row]:
                continue
            slot = slot_of(stored.obj)
            for container in stored.obj["spec"]["containers"]:
                for resource, amount in ((container.get("resources") or {}).get(section) or {}).items():
                    if resource in {"cpu", "memory"}:
                        labels = request_labels(name, slot, resource)
                        yield {**labels, "container": container["name"]}, float(parse_quantity(amount))

    return Family(name, _GAUGE, f"The {section} of a container's resources.", samples)


def _node_conditions(node: Obj) -> Iterator[tuple[dict[str, str], float]]:
    for found in (node.get("status") or {}).get("conditions") or []:
        for status in ("true", "false", "unknown"):
            labels = {**_names(node, "node"), "condition": found["type"], "status": status}
            yield labels, float(found["status"].lower() == status)


def _node_sizes(section: str) -> Teller:
    def tell(node: Obj) -> Iterator[tuple[dict[str, str], float]]:
        for resource, amount in ((node.get("status") or {}).get(section) or {}).items():
            labels = {"resource": resource.replace("-", "_"), "unit": _UNITS.get(resource, "integer")}
            yield {**_names(node, "node"), **labels}, float(parse_quantity(amount))

    return tell


def _node_info(node: Obj) -> Iterator[tuple[dict[str, str], float]]:
    info, addresses = node["status"].get("nodeInfo") or {}, node["status"].get("addresses") or []
    address = next((found["address"] for found in addresses if found["type"] == "InternalIP"), "")
    yield (
        {
            **_names(node, "node"),
            "kernel_version": info.get("kernelVersion", ""),
            "os_image": info.get("osImage", ""),
            "container_runtime_version": info.get("containerRuntimeVersion", ""),
            "kubelet_version": info.get("kubeletVersion", ""),
            "internal_ip": address,
        },
        1.0,
    )


def _phase(name: str, *phases: str) -> Teller:
    def tell(obj: Obj) -> Iterator[tuple[dict[str, str], float]]:
        phase = (obj.get("status") or {}).get("phase")
        return (({**_names(obj, name), "phase": one}, float(one == phase)) for one in phases)

    return tell


_HPA = "horizontalpodautoscaler"


def _hpa_target(section: str, source: str) -> Teller:
    def tell(hpa: Obj) -> Iterator[tuple[dict[str, str], float]]:
        for metric in (hpa.get(section) or {}).get("metrics" if section == "spec" else "currentMetrics") or []:
            resource = (metric or {}).get("resource") or {}
            target = resource.get(source) or {}
            kinds = {"averageUtilization": "utilization", "averageValue": "average", "value": "value"}
            for field, kind in kinds.items():
                if field in target:
                    labels = {**_names(hpa, _HPA), "metric_name": resource["name"], "metric_target_type": kind}
                    yield labels, float(parse_quantity(target[field]))

    return tell


def _counts(resource: ResourceType, name: str, *listed: tuple[str, str, float | None, str]) -> tuple[Family, ...]:
    return tuple(
        _family(resource, metric, text, _number_at(path, otherwise, **{name: ""}))
        for metric, path, otherwise, text in listed
    )


FAMILIES: tuple[Family, ...] = (
    _family(PODS, "kube_pod_info", "Information about pod.", _pod_info),
    _family(PODS, "kube_pod_owner", "Information about the Pod's owner.", _owner("pod")),
    _family(PODS, "kube_pod_created", "Unix creation timestamp.", _created("pod")),
    _family(PODS, "kube_pod_status_phase", "The pods current phase.", _pod_phase),
    _family(PODS, "kube_pod_status_ready", "Whether the pod is ready to serve requests.", _pod_ready),
    _family(
        PODS, "kube_pod_container_status_restarts_total", "The number of container restarts.",
        _containers(lambda status: float(status.get("restartCount", 0))), _COUNTER,
    ),
    _family(
        PODS, "kube_pod_container_status_ready", "Whether the container's readiness check succeeded.",
        _containers(lambda status: float(bool(status.get("ready")))),
    ),
    _family(
        PODS, "kube_pod_container_status_running", "Whether the container is running.",
        _containers(lambda status: float("running" in (status.get("state") or {}))),
    ),
    _family(
        PODS, "kube_pod_container_status_waiting_reason", "The reason the container is waiting.",
        _reasons("waiting", "state"),
    ),
    _family(
        PODS, "kube_pod_container_status_last_terminated_reason",
        "The last reason the container was terminated.", _reasons("terminated", "lastState"),
    ),
    _resources("kube_pod_container_resource_requests", "requests"),
    _resources("kube_pod_container_resource_limits", "limits"),
    *_counts(
        DEPLOYMENTS, "deployment",
        ("kube_deployment_spec_replicas", "spec.replicas", 1.0, "Number of desired pods for a deployment."),
        ("kube_deployment_status_replicas", "status.replicas", 0.0, "The number of replicas per deployment."),
        ("kube_deployment_status_replicas_ready", "status.readyReplicas", 0.0, "The number of ready replicas."),
        ("kube_deployment_status_replicas_available", "status.availableReplicas", 0.0, "Available replicas."),
        ("kube_deployment_status_replicas_unavailable", "status.unavailableReplicas", 0.0, "Unavailable replicas."),
        ("kube_deployment_status_replicas_updated", "status.updatedReplicas", 0.0, "Updated replicas."),
        ("kube_deployment_metadata_generation", "metadata.generation", None, "Sequence number of a generation."),
        ("kube_deployment_status_observed_generation", "status.observedGeneration", None, "The generation observed."),
    ),
    _family(DEPLOYMENTS, "kube_deployment_created", "Unix creation timestamp.", _created("deployment")),
    *_counts(
        REPLICASETS, "replicaset",
        ("kube_replicaset_spec_replicas", "spec.replicas", 1.0, "Number of desired pods for a ReplicaSet."),
        ("kube_replicaset_status_replicas", "status.replicas", 0.0, "The number of replicas per ReplicaSet."),
        ("kube_replicaset_status_ready_replicas", "status.readyReplicas", 0.0, "The number of ready replicas."),
    ),
    _family(REPLICASETS, "kube_replicaset_owner", "The ReplicaSet's owner.", _owner("replicaset")),
    *_counts(
        STATEFUL_SETS, "statefulset",
        ("kube_statefulset_replicas", "spec.replicas", 1.0, "Number of desired pods for a StatefulSet."),
        ("kube_statefulset_status_replicas", "status.replicas", 0.0, "The number of replicas per StatefulSet."),
        ("kube_statefulset_status_replicas_ready", "status.readyReplicas", 0.0, "The number of ready replicas."),
    ),
    *_counts(
        DAEMON_SETS, "daemonset",
        ("kube_daemonset_status_desired_number_scheduled", "status.desiredNumberScheduled", 0.0, "Nodes to run it."),
        ("kube_daemonset_status_current_number_scheduled", "status.currentNumberScheduled", 0.0, "Nodes that run it."),
        ("kube_daemonset_status_number_ready", "status.numberReady", 0.0, "Nodes whose pod is ready."),
    ),
    *_counts(
        JOBS, "job_name",
        ("kube_job_status_active", "status.active", 0.0, "The number of actively running pods."),
        ("kube_job_status_succeeded", "status.succeeded", 0.0, "The number of pods which succeeded."),
        ("kube_job_status_failed", "status.failed", 0.0, "The number of pods which failed."),
    ),
    _family(NODES, "kube_node_info", "Information about a cluster node.", _node_info),
    _family(NODES, "kube_node_created", "Unix creation timestamp.", _created("node")),
    _family(NODES, "kube_node_status_condition", "The condition of a cluster node.", _node_conditions),
    _family(NODES, "kube_node_status_allocatable", "Allocatable resources.", _node_sizes("allocatable")),
    _family(NODES, "kube_node_status_capacity", "The total resources.", _node_sizes("capacity")),
    _family(
        NODES, "kube_node_spec_unschedulable", "Whether a node can schedule new pods.",
        lambda node: [(_names(node, "node"), float(bool((node.get("spec") or {}).get("unschedulable"))))],
    ),
    _family(
        NAMESPACES, "kube_namespace_status_phase", "kubernetes namespace status phase.",
        _phase("namespace", "Active", "Terminating"),
    ),
    *(
        _family(AUTOSCALERS, f"kube_{_HPA}_{metric}", text,
                _number_at(path, otherwise, **{_HPA: ""}))
        for metric, path, otherwise, text in (
            ("spec_min_replicas", "spec.minReplicas", 1.0, "Lower limit for the number of pods."),
            ("spec_max_replicas", "spec.maxReplicas", None, "Upper limit for the number of pods."),
            ("status_current_replicas", "status.currentReplicas", 0.0, "Current number of replicas."),
            ("status_desired_replicas", "status.desiredReplicas", 0.0, "Desired number of replicas."),
        )
    ),
    _family(
        AUTOSCALERS, f"kube_{_HPA}_spec_target_metric",
        "The metric specifications used by this autoscaler.", _hpa_target("spec", "target"),
    ),
    _family(
        AUTOSCALERS, f"kube_{_HPA}_status_target_metric",
        "The current metric status used by this autoscaler.", _hpa_target("status", "current"),
    ),
)  # fmt: skip
