"""Kubernetes objects in, the collector's words out: workloads, pods, nodes and their usage."""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.observed import (
    ContainerResources,
    NodeCondition,
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
    from datetime import datetime

    from ai4k8s_common.kube.types import (
        Condition,
        Container,
        ContainerStatus,
        Node,
        NodeMetrics,
        ObjectMeta,
        Pod,
        PodMetrics,
        PodSpec,
        PodStatus,
        TemplateSpec,
        Workload,
        WorkloadKind,
    )

OWN_ANNOTATIONS = "ai4k8s.io/"
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
ROLE_LABEL = "node-role.kubernetes.io/"
INSTANCE_TYPE_LABEL = "node.kubernetes.io/instance-type"
ZONE_LABEL = "topology.kubernetes.io/zone"
# Providers and autoscalers each have a name for the pool a node belongs to.
POOL_LABELS = (
    "karpenter.sh/nodepool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "doks.digitalocean.com/node-pool",
    "node.kubernetes.io/pool",
)
REPELLING = frozenset({"NoSchedule", "NoExecute"})
OOM_KILLED = "OOMKilled"
MOST_CONDITION_CHARACTERS = 200

# Thousands of pods ask for the same few amounts.
_cpu_asked = lru_cache(4_096)(cpu_millicores)
_memory_asked = lru_cache(4_096)(memory_bytes)


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
        annotations=own_annotations(meta),
        resource=kind.plural,
        images=images_of(found.spec.template.spec),
        revision=status.update_revision,
        containers=containers_of(found.spec.template.spec),
        volume_claims=claims_of(found.spec.template.spec),
    )


def own_annotations(meta: ObjectMeta) -> dict[str, str]:
    """Keep what concerns us; other annotations hold whole manifests, and sometimes secrets."""
    return {
        name: value
        for name, value in (meta.annotations or {}).items()
        if name.startswith(OWN_ANNOTATIONS) or name == REVISION_ANNOTATION
    }


def images_of(spec: PodSpec) -> tuple[str, ...]:
    """Return the containers' images, in their order."""
    return tuple(container.image for container in spec.containers or () if container.image)


def claims_of(spec: TemplateSpec) -> tuple[str, ...]:
    """Return the names of the volume claims that its pods mount."""
    claims = (volume.persistent_volume_claim for volume in spec.volumes or ())
    return tuple(claim.claim_name for claim in claims if claim is not None and claim.claim_name)


def resources_of(spec: PodSpec) -> PodResources:
    """Sum over containers and sidecars; unknown as soon as one of them does not say."""
    containers = [
        *(spec.containers or ()),
        *(container for container in spec.init_containers or () if container.restart_policy == "Always"),
    ]
    return PodResources(
        cpu_request_millicores=_total(containers, "cpu", _cpu_asked, limits=False),
        cpu_limit_millicores=_total(containers, "cpu", _cpu_asked, limits=True),
        memory_request_bytes=_total(containers, "memory", _memory_asked, limits=False),
        memory_limit_bytes=_total(containers, "memory", _memory_asked, limits=True),
    )


def containers_of(spec: PodSpec) -> tuple[ContainerResources, ...]:
    """Return what each container and sidecar asks for, in the template's order."""
    sidecars = [one for one in spec.init_containers or () if one.restart_policy == "Always"]
    return tuple(
        ContainerResources(
            name=one.name,
            cpu_request_millicores=_amount(one.resources.requests, "cpu", cpu_millicores),
            cpu_limit_millicores=_amount(one.resources.limits, "cpu", cpu_millicores),
            memory_request_bytes=_amount(one.resources.requests, "memory", memory_bytes),
            memory_limit_bytes=_amount(one.resources.limits, "memory", memory_bytes),
            init=init,
        )
        for init, group in ((False, spec.containers or ()), (True, sidecars))
        for one in group
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
    """Translate a pod. Texts that many pods share are kept once."""
    meta, status = found.metadata, found.status
    ready = _condition(status.conditions, "Ready")
    is_ready = ready is not None and ready.status == "True"
    reason, message = ("", "") if is_ready else _why_not(status)
    statuses = status.container_statuses or ()
    oom = max(
        ((at, state.name) for state in statuses if (at := _oom_at(state)) is not None),
        default=(None, ""),
    )
    resources = resources_of(found.spec)
    return ObservedPod(
        namespace=intern(meta.namespace),
        name=meta.name,
        owner=owner_of(meta),
        node=intern(found.spec.node_name),
        ready=is_ready,
        terminating=meta.deletion_timestamp is not None,
        created_at=meta.creation_timestamp,
        ready_at=ready.last_transition_time if ready is not None and is_ready else None,
        restarts=sum(state.restart_count for state in statuses),
        uid=meta.uid,
        version=meta.resource_version,
        phase=intern(status.phase),
        reason=intern(reason),
        message=message,
        oom_container=oom[1],
        oom_at=oom[0],
        cpu_request_millicores=resources.cpu_request_millicores,
        memory_request_bytes=resources.memory_request_bytes,
    )


def _why_not(status: PodStatus) -> tuple[str, str]:
    """Return (reason, message) of a pod that is not ready: what its containers wait for, or why it has no node."""
    for state in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        waiting = state.state.waiting
        if waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
            return waiting.reason, waiting.message
    scheduled = _condition(status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return scheduled.reason or "Unschedulable", scheduled.message
    return status.reason, status.message


def _oom_at(state: ContainerStatus) -> datetime | None:
    ends = (state.state.terminated, state.last_state.terminated)
    return max(
        (end.finished_at for end in ends if end is not None and end.reason == OOM_KILLED and end.finished_at),
        default=None,
    )


def node_of(found: Node) -> ObservedNode:
    """Translate a node."""
    meta, status = found.metadata, found.status
    ready = _condition(status.conditions, "Ready")
    labels = meta.labels or {}
    allocatable, capacity = status.allocatable, status.capacity
    return ObservedNode(
        name=meta.name,
        ready=ready is not None and ready.status == "True",
        unschedulable=found.spec.unschedulable,
        cpu_allocatable_millicores=_amount(allocatable, "cpu", cpu_millicores),
        memory_allocatable_bytes=_amount(allocatable, "memory", memory_bytes),
        pods_allocatable=_count(allocatable, "pods"),
        cpu_capacity_millicores=_amount(capacity, "cpu", cpu_millicores),
        memory_capacity_bytes=_amount(capacity, "memory", memory_bytes),
        pods_capacity=_count(capacity, "pods"),
        conditions=tuple(
            NodeCondition(
                one.type, one.status, one.reason, one.message[:MOST_CONDITION_CHARACTERS], one.last_transition_time
            )
            for one in status.conditions or ()
        ),
        roles=tuple(sorted(name.removeprefix(ROLE_LABEL) for name in labels if name.startswith(ROLE_LABEL))),
        instance_type=labels.get(INSTANCE_TYPE_LABEL),
        zone=labels.get(ZONE_LABEL),
        pool=next((labels[name] for name in POOL_LABELS if labels.get(name)), None),
        tainted=any(taint.effect in REPELLING for taint in found.spec.taints or ()),
        kubelet_version=status.node_info.kubelet_version or None,
    )


def pod_reading(found: PodMetrics) -> UsageReading:
    """Sum a pod's containers; unreadable as soon as one of them is."""
    containers = found.containers or ()
    cpu = [_amount(container.usage, "cpu", cpu_millicores) for container in containers]
    memory = [_amount(container.usage, "memory", memory_bytes) for container in containers]
    each = tuple(
        (intern(container.name), millicores, size)
        for container, millicores, size in zip(containers, cpu, memory, strict=True)
        if millicores is not None and size is not None
    )
    meta = found.metadata
    whole = each if len(each) == len(containers) else ()
    return UsageReading(intern(meta.namespace), meta.name, found.timestamp, _sum(cpu), _sum(memory), whole)


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


def _count(amounts: Mapping[str, str] | None, name: str) -> int | None:
    value = _amount(amounts, name, memory_bytes)
    return None if value is None else int(value)


def _condition(conditions: list[Condition] | None, kind: str) -> Condition | None:
    return next((condition for condition in conditions or () if condition.type == kind), None)
