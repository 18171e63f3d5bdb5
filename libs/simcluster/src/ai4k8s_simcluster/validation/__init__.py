"""What makes an object invalid beyond the form of its fields: one module per family, `rules.py` for what they share.

The causes carry a real server's wording, because people read it and tests compare it.
"""

from collections.abc import Callable
from functools import partial

from ai4k8s_simcluster.auth import validation as access
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import autoscaling, batch, cluster, network, pods, resources, workloads
from ai4k8s_simcluster.validation.cluster import check_group_event
from ai4k8s_simcluster.validation.metadata import check_metadata, check_metadata_change
from ai4k8s_simcluster.validation.rules import Causes

_CHECKS: dict[str, Callable[[Obj], Causes]] = {
    "Pod": pods.check_pod,
    "PodTemplate": lambda obj: pods.check_template("template", obj.get("template") or {}),
    "ReplicationController": workloads.check_replication_controller,
    "Service": network.check_service,
    "Endpoints": network.check_endpoints,
    "Event": cluster.check_event,
    "ConfigMap": cluster.check_config_map,
    "Secret": cluster.check_secret,
    "ResourceQuota": resources.check_quota,
    "LimitRange": resources.check_limit_range,
    "PersistentVolumeClaim": cluster.check_claim,
    "PersistentVolume": cluster.check_volume,
    "Deployment": workloads.check_deployment,
    "ReplicaSet": workloads.check_replicaset,
    "StatefulSet": workloads.check_statefulset,
    "DaemonSet": workloads.check_daemonset,
    "ControllerRevision": workloads.check_controller_revision,
    "Job": batch.check_job,
    "CronJob": batch.check_cronjob,
    "HorizontalPodAutoscaler": autoscaling.check_autoscaler,
    "PodDisruptionBudget": autoscaling.check_disruption_budget,
    "EndpointSlice": network.check_endpoint_slice,
    "NetworkPolicy": network.check_network_policy,
    "Ingress": network.check_ingress,
    "StorageClass": cluster.check_storage_class,
    "PriorityClass": cluster.check_priority_class,
    "Role": partial(access.invalid_role, namespaced=True),
    "ClusterRole": partial(access.invalid_role, namespaced=False),
    "RoleBinding": partial(access.invalid_binding, namespaced=True),
    "ClusterRoleBinding": partial(access.invalid_binding, namespaced=False),
}
_CHANGES: dict[str, Callable[[Obj, Obj], Causes]] = {
    "Pod": pods.check_pod_change,
    "Service": network.check_service_change,
    "ConfigMap": cluster.check_config_change,
    "Secret": cluster.check_config_change,
    "PersistentVolumeClaim": cluster.check_claim_change,
    "Deployment": workloads.check_selector_change,
    "ReplicaSet": workloads.check_selector_change,
    "DaemonSet": workloads.check_selector_change,
    "StatefulSet": workloads.check_statefulset_change,
    "ControllerRevision": workloads.check_revision_change,
    "Job": batch.check_job_change,
    "EndpointSlice": network.check_endpoint_slice_change,
    "StorageClass": cluster.check_storage_class_change,
    "PriorityClass": cluster.check_priority_class_change,
    "RoleBinding": access.invalid_change,
    "ClusterRoleBinding": access.invalid_change,
}


def validate(kind: str, obj: Obj) -> Causes:
    """Return what is wrong with an object, defaults applied."""
    check = _CHECKS.get(kind)
    return check_metadata(kind, obj) + (check(obj) if check else [])


def validate_change(kind: str, old: Obj, new: Obj) -> Causes:
    """Return what is wrong with turning one object into another."""
    check = _CHANGES.get(kind)
    return check_metadata_change(old, new) + (check(old, new) if check else [])


__all__ = ["check_group_event", "validate", "validate_change"]
