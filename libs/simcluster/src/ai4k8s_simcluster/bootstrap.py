"""The cluster as it is found on the first start: nodes, namespaces, and workloads that have long been
running.
"""

import hashlib
from collections.abc import Mapping

from ai4k8s_simcluster.auth.default_roles import default_cluster_role_bindings, default_cluster_roles
from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.controllers.context import Context, owner_reference
from ai4k8s_simcluster.controllers.nodes.kubelet import running_status
from ai4k8s_simcluster.controllers.workloads.deployment import DeploymentController
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.prom.history import WorkloadHistory
from ai4k8s_simcluster.prom.labels import Slot
from ai4k8s_simcluster.registry import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
)
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

_CONTAINER = "app"
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
NODE_SIZE: Mapping[str, str] = {"cpu": "8", "ephemeral-storage": "100Gi", "memory": "32Gi", "pods": "110"}
FLEET_NODE_SIZE: Mapping[str, str] = {"cpu": "32", "ephemeral-storage": "400Gi", "memory": "128Gi", "pods": "110"}
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_ZONES = 3


def node_name(number: int) -> str:
    """Return the name of a node, counted from 0."""
    return f"node-{number + 1}"


def _node(number: int, created: str, now: str, size: Mapping[str, str]) -> Obj:
    name = node_name(number)
    conditions = [
        {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": now,
            "lastTransitionTime": created,
            "reason": reason,
            "message": message,
        }
        for kind, status, reason, message in _CONDITIONS
    ]
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": f"zone-{'abc'[number % _ZONES]}",
    }
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": created},
        "spec": {},
        "status": {
            "capacity": dict(size),
            "allocatable": dict(size),
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{number // 240}.{10 + number % 240}"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "sim://1",
                "kernelVersion": "6.1.0",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.0",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "simulated",
                "systemUUID": "",
            },
        },
    }


def create_nodes(context: Context, number: int, created_at: float, size: Mapping[str, str] = NODE_SIZE) -> None:
    """Make the nodes and namespaces that are not there yet."""
    now, created = context.timestamp(), rfc3339(created_at)
    for at in range(number):
        if context.store.get(NODES, "", node_name(at)) is None:
            context.writer.create(NODES, _node(at, created, now, size), keep_status=True)
    for name in _SYSTEM_NAMESPACES:
        create_namespace(context, name, created_at)


def create_roles(context: Context, created_at: float) -> None:
    """Make the default roles and their bindings that are not there yet."""
    for resource, objects in (
        (CLUSTER_ROLES, default_cluster_roles()),
        (CLUSTER_ROLE_BINDINGS, default_cluster_role_bindings()),
    ):
        for obj in objects:
            if context.store.get(resource, "", obj["metadata"]["name"]) is None:
                metadata = {**obj["metadata"], "creationTimestamp": rfc3339(created_at)}
                context.writer.create(resource, {**obj, "metadata": metadata}, keep_status=True)


def create_namespace(context: Context, name: str, created_at: float) -> None:
    """Make a namespace unless it is there."""
    if context.store.get(NAMESPACES, "", name) is None:
        namespace = {"metadata": {"name": name, "creationTimestamp": rfc3339(created_at)}}
        context.writer.create(NAMESPACES, namespace, keep_status=True)


def deployment_of(workload: LoadedWorkload, replicas: int, created_at: float) -> Obj:
    """Return the Deployment of a workload."""
    key = workload.key
    annotations = {
        "sim.ai4k8s.io/load": workload.origin.partition(" ")[0],
        "sim.ai4k8s.io/placement": workload.placement,
        **workload.annotations,
    }
    if workload.managed:
        annotations |= {
            "ai4k8s.io/predictive-autoscaling-enabled": "true",
            "ai4k8s.io/min-replicas": str(workload.min_replicas),
            "ai4k8s.io/max-replicas": str(workload.max_replicas),
        }
    labels = {"app.kubernetes.io/name": key.name}
    container = {
        "name": _CONTAINER,
        "image": f"sim/{key.name}:1.0",
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {
            "requests": {"cpu": "500m", "memory": "256Mi"},
            "limits": {"cpu": "750m", "memory": "512Mi"},
        },
    }
    return {
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": labels,
            "annotations": annotations,
            "creationTimestamp": rfc3339(created_at),
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _service(key: WorkloadKey, created_at: float) -> Obj:
    return {
        "metadata": {"name": key.name, "namespace": key.namespace, "creationTimestamp": rfc3339(created_at)},
        "spec": {
            "selector": {"app.kubernetes.io/name": key.name},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }


def _suffix(seed: int, key: WorkloadKey, slot: int) -> str:
    number = int.from_bytes(hashlib.sha256(f"{seed}/{key}/{slot}".encode()).digest()[:8], "big")
    letters = []
    for _ in range(5):
        number, rest = divmod(number, len(_SUFFIX_ALPHABET))
        letters.append(_SUFFIX_ALPHABET[rest])
    return "".join(letters)


def make_slots(workload: LoadedWorkload, replicaset: str, place: int, nodes: int, seed: int) -> tuple[Slot, ...]:
    """Return the pods a workload can have had in the past, first the ones that ran longest."""
    key = workload.key
    return tuple(
        Slot(
            key.namespace,
            f"{replicaset}-{_suffix(seed, key, number)}",
            _CONTAINER,
            node_name((place + number) % nodes),
        )
        for number in range(workload.max_replicas)
    )


def create_deployment(context: Context, workload: LoadedWorkload, replicas: int) -> Stored:
    """Make a workload's namespace, Service, Deployment and ReplicaSet, as old as its history; return the
    last.
    """
    key = workload.key
    created_at = max(workload.source.begins_at, workload.anchored_at - 14 * 86_400.0)
    create_namespace(context, key.namespace, created_at)
    context.writer.create(DEPLOYMENTS, deployment_of(workload, replicas, created_at), keep_status=True)
    if context.store.get(SERVICES, key.namespace, key.name) is None:
        context.writer.create(SERVICES, _service(key, created_at), keep_status=True)
    DeploymentController(context).sync()
    deployment = context.store.get(DEPLOYMENTS, key.namespace, key.name)
    for stored in context.store.listing(REPLICASETS, key.namespace):
        owners = stored.obj["metadata"].get("ownerReferences") or []
        if deployment is not None and any(o["uid"] == deployment.obj["metadata"]["uid"] for o in owners):
            metadata = {**stored.obj["metadata"], "creationTimestamp": rfc3339(created_at)}
            return context.store.put(REPLICASETS, {**stored.obj, "metadata": metadata})
    raise LookupError(f"the ReplicaSet of {key} was not made")


def create_pods(context: Context, history: WorkloadHistory, replicaset: Stored, replicas: int) -> dict[str, float]:
    """Make the pods that have been running until now, Ready; return their CPU counters by uid."""
    counters: dict[str, float] = {}
    template = replicaset.obj["spec"]["template"]
    for number, slot in enumerate(history.slots[:replicas]):
        started = history.started_at(number)
        metadata = {
            "name": slot.pod,
            "generateName": f"{replicaset.name}-",
            "namespace": slot.namespace,
            "labels": template["metadata"]["labels"],
            "ownerReferences": [owner_reference(replicaset.obj)],
            "creationTimestamp": rfc3339(started),
        }
        pod: Obj = {"metadata": metadata, "spec": {**template["spec"], "nodeName": slot.node}}
        created = context.writer.create(PODS, pod, keep_status=True)
        host = next(
            found["address"]
            for stored in context.store.values(NODES)
            if stored.name == slot.node
            for found in stored.obj["status"]["addresses"]
        )
        scheduled = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": rfc3339(started),
        }
        created = {**created, "status": {**created["status"], "conditions": [scheduled]}}
        status = running_status(created, host, running=True, ready=True, now=rfc3339(started))
        context.store.put(PODS, {**created, "status": status})
        counters[created["metadata"]["uid"]] = history.final_cpu_seconds(number)
    return counters
