"""Kubernetes objects in, the collector's words out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_collector.domain.observed import (
    ObservedNode,
    ObservedPod,
    ObservedWorkload,
    Owner,
    PodResources,
    UsageReading,
    WorkloadKey,
)
from ai4k8s_common.kube.quantity import InvalidQuantityError, cpu_millicores, memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ai4k8s_common.kube.types import (
        Condition,
        Container,
        Node,
        NodeMetrics,
        ObjectMeta,
        Pod,
        PodMetrics,
        PodSpec,
        Workload,
        WorkloadKind,
    )

OWN_ANNOTATIONS = "ai4k8s.io/"
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"


def workload_of(kind: WorkloadKind, found: Workload) -> ObservedWorkload:
    """Translate a Deployment, StatefulSet or ReplicaSet."""
    meta, status = found.metadata, found.status
    desired = 1 if found.spec.replicas is None else found.spec.replicas
    # ReplicaSets know no roll-out: all their pods are of the one template.
    updated = status.replicas if kind.value == "ReplicaSet" else status.updated_replicas
    return ObservedWorkload(
        key=WorkloadKey(meta.namespace, kind.value, meta.name),
        uid=meta.uid,
        api_version=kind.api_version,
        resource_version=meta.resource_version,
        desired_replicas=desired,
        ready_replicas=status.ready_replicas,
        updated_replicas=updated,
        generation=meta.generation,
        observed_generation=status.observed_generation,
        resources=resources_of(found.spec.template.spec),
        annotations={
            name: value
            for name, value in (meta.annotations or {}).items()
            if name.startswith(OWN_ANNOTATIONS) or name == REVISION_ANNOTATION
        },
    )


def resources_of(spec: PodSpec) -> PodResources:
    """Sum over containers and sidecars; unknown as soon as one of them does not say."""
    containers = [
        *(spec.containers or ()),
        *(container for container in spec.init_containers or () if container.restart_policy == "Always"),
    ]
    return PodResources(
        cpu_request_millicores=_total(containers, "cpu", cpu_millicores, limits=False),
        cpu_limit_millicores=_total(containers, "cpu", cpu_millicores, limits=True),
        memory_request_bytes=_total(containers, "memory", memory_bytes, limits=False),
        memory_limit_bytes=_total(containers, "memory", memory_bytes, limits=True),
    )


def _total(containers: Iterable[Container], name: str, read: Callable[[str], float], *, limits: bool) -> float | None:
    total = 0.0
    for container in containers:
        amounts = container.resources.limits if limits else container.resources.requests
        value = _amount(amounts, name, read)
        if value is None:
            return None
        total += value
    return total or None


def owner_of(meta: ObjectMeta) -> Owner | None:
    """Return the managing owner."""
    controller = meta.controller
    return None if controller is None else Owner(controller.kind, controller.name, controller.uid)


def pod_of(found: Pod) -> ObservedPod:
    """Translate a pod."""
    ready = _condition(found.status.conditions, "Ready")
    is_ready = ready is not None and ready.status == "True"
    return ObservedPod(
        namespace=found.metadata.namespace,
        name=found.metadata.name,
        owner=owner_of(found.metadata),
        node=found.spec.node_name,
        ready=is_ready,
        terminating=found.metadata.deletion_timestamp is not None,
        created_at=found.metadata.creation_timestamp,
        ready_at=ready.last_transition_time if ready is not None and is_ready else None,
        restarts=sum(status.restart_count for status in found.status.container_statuses or ()),
    )


def node_of(found: Node) -> ObservedNode:
    """Translate a node."""
    ready = _condition(found.status.conditions, "Ready")
    allocatable = found.status.allocatable
    pods = _amount(allocatable, "pods", memory_bytes)
    return ObservedNode(
        name=found.metadata.name,
        ready=ready is not None and ready.status == "True",
        unschedulable=found.spec.unschedulable,
        cpu_allocatable_millicores=_amount(allocatable, "cpu", cpu_millicores),
        memory_allocatable_bytes=_amount(allocatable, "memory", memory_bytes),
        pods_allocatable=None if pods is None else int(pods),
    )


def pod_reading(found: PodMetrics) -> UsageReading:
    """Sum a pod's containers; unreadable as soon as one of them is."""
    usages = [container.usage for container in found.containers or ()]
    cpu = [_amount(usage, "cpu", cpu_millicores) for usage in usages]
    memory = [_amount(usage, "memory", memory_bytes) for usage in usages]
    return UsageReading(found.metadata.namespace, found.metadata.name, found.timestamp, _sum(cpu), _sum(memory))


def node_reading(found: NodeMetrics) -> UsageReading:
    """Translate a node's usage."""
    return UsageReading(
        "",
        found.metadata.name,
        found.timestamp,
        _amount(found.usage, "cpu", cpu_millicores),
        _amount(found.usage, "memory", memory_bytes),
    )


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    # Some containers may be negative or absurd: the pod's sum must not hide that.
    if len(known) < len(values) or not values:
        return None
    return min(known) if min(known) < 0 else sum(known)


def _amount(amounts: Mapping[str, str] | None, name: str, read: Callable[[str], float]) -> float | None:
    text = (amounts or {}).get(name)
    if text is None:
        return None
    try:
        return read(text)
    except InvalidQuantityError:
        return None


def _condition(conditions: list[Condition] | None, kind: str) -> Condition | None:
    return next((condition for condition in conditions or () if condition.type == kind), None)
