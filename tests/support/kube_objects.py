"""Short ways to make the Kubernetes objects that tests are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.kube.types import (
    DEPLOYMENTS,
    NODES,
    POD_METRICS,
    PODS,
    REPLICA_SETS,
    Condition,
    Container,
    ContainerMetrics,
    ContainerStatus,
    LabelledMeta,
    Node,
    NodeStatus,
    ObjectMeta,
    OwnerReference,
    Pod,
    PodMetrics,
    PodSpec,
    PodStatus,
    PodTemplate,
    ResourceAmounts,
    TemplateSpec,
    Workload,
    WorkloadSpec,
    WorkloadStatus,
)

if TYPE_CHECKING:
    from tests.support.fake_kube import FakeKube


def deployment(name: str, replicas: int, *, cpu: str = "500m", limit: str = "1", version: str = "10") -> Workload:
    """A Deployment with one container, everything rolled out."""
    container = Container("app", ResourceAmounts({"cpu": cpu, "memory": "128Mi"}, {"cpu": limit, "memory": "256Mi"}))
    return Workload(
        ObjectMeta(
            name,
            "shop",
            f"d-{name}",
            version,
            2,
            annotations={"ai4k8s.io/lead": "60", "other": "x", "deployment.kubernetes.io/revision": "3"},
        ),
        WorkloadSpec(replicas, PodTemplate(TemplateSpec([container]))),
        WorkloadStatus(replicas, replicas, replicas, 2),
    )


def replica_set(owner: str) -> Workload:
    """The ReplicaSet of a Deployment."""
    meta = ObjectMeta(
        f"{owner}-1", "shop", f"rs-{owner}", owner_references=[OwnerReference("Deployment", owner, f"d-{owner}", True)]
    )
    return Workload(meta)


def pod(
    owner: str,
    number: int,
    *,
    ready: bool = True,
    made: datetime | None = None,
    startup_seconds: float = 30,
    restarts: int = 0,
    phase: str = "Running",
) -> Pod:
    """A pod of a Deployment, made ten minutes ago unless said otherwise."""
    made = made or datetime.now(UTC) - timedelta(minutes=10)
    return Pod(
        ObjectMeta(
            f"{owner}-1-{number}",
            "shop",
            f"p-{owner}-{number}",
            creation_timestamp=made,
            owner_references=[OwnerReference("ReplicaSet", f"{owner}-1", f"rs-{owner}", True)],
        ),
        PodSpec(node_name="node-1"),
        PodStatus(
            phase,
            [Condition("Ready", "True" if ready else "False", made + timedelta(seconds=startup_seconds))],
            [ContainerStatus("app", ready, restarts)],
        ),
    )


def usage(owner: str, number: int, cpu: str, memory: str = "100Mi", at: datetime | None = None) -> PodMetrics:
    """What metrics-server says of a pod."""
    return PodMetrics(
        ObjectMeta(f"{owner}-1-{number}", "shop"),
        at or datetime.now(UTC),
        "15s",
        [ContainerMetrics("app", {"cpu": cpu, "memory": memory})],
    )


def node(name: str = "node-1") -> Node:
    """A node that is ready."""
    return Node(
        LabelledMeta(name),
        status=NodeStatus({"cpu": "4", "memory": "8Gi", "pods": "110"}, [Condition("Ready", "True")]),
    )


def fill(kube: FakeKube, name: str = "web", pods: int = 2, cpu: str = "250m") -> None:
    """Put one Deployment with its pods and their usage into a fake cluster."""
    kube.lists[DEPLOYMENTS] = [*kube.lists.get(DEPLOYMENTS, []), deployment(name, pods)]
    kube.lists[REPLICA_SETS] = [*kube.lists.get(REPLICA_SETS, []), replica_set(name)]
    kube.lists[PODS] = [*kube.lists.get(PODS, []), *(pod(name, number) for number in range(pods))]
    kube.lists[POD_METRICS] = [
        *kube.lists.get(POD_METRICS, []),
        *(usage(name, number, cpu) for number in range(pods)),
    ]
    kube.lists[NODES] = [node()]
