"""What the server fills in when a client leaves it out, as the API reference says."""

from collections.abc import Callable

from ai4k8s_simcluster.auth.validation import default_binding
from ai4k8s_simcluster.defaults import cluster, network, pods, workloads
from ai4k8s_simcluster.types import Obj

_WITH_SPEC = {
    "Pod": pods.default_pod,
    "ReplicationController": workloads.default_replication_controller,
    "Service": network.default_service,
    "PersistentVolumeClaim": cluster.default_claim,
    "PersistentVolume": cluster.default_volume,
    "Deployment": workloads.default_deployment,
    "ReplicaSet": workloads.default_replicaset,
    "StatefulSet": workloads.default_statefulset,
    "DaemonSet": workloads.default_daemonset,
    "Job": workloads.default_job,
    "CronJob": workloads.default_cronjob,
    "HorizontalPodAutoscaler": workloads.default_autoscaler,
    "PodDisruptionBudget": workloads.default_disruption_budget,
    "NetworkPolicy": network.default_network_policy,
}
_DEFAULTS: dict[str, Callable[[Obj], None]] = {
    **_WITH_SPEC,
    "Namespace": cluster.default_namespace,
    "Node": cluster.default_node,
    "Event": cluster.default_event,
    "Secret": cluster.default_secret,
    "LimitRange": cluster.default_limit_range,
    "ResourceQuota": cluster.default_quota,
    "PodTemplate": workloads.default_pod_template,
    "Endpoints": network.default_endpoints,
    "EndpointSlice": network.default_endpoint_slice,
    "Ingress": network.default_ingress,
    "IngressClass": network.default_ingress_class,
    "StorageClass": cluster.default_storage_class,
    "PriorityClass": cluster.default_priority_class,
    "Role": cluster.default_role,
    "ClusterRole": cluster.default_role,
    "RoleBinding": default_binding,
    "ClusterRoleBinding": default_binding,
}


def apply_defaults(kind: str, obj: Obj) -> None:
    """Fill in an object of any served kind, in place."""
    if kind in _WITH_SPEC and not isinstance(obj.get("spec"), dict):
        obj["spec"] = {}
    fill = _DEFAULTS.get(kind)
    if fill is not None:
        fill(obj)
