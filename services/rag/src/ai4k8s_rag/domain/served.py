"""Which API versions live when. Source: the deprecated API migration guide of Kubernetes and the published schemas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Life:
    """Minor versions of Kubernetes 1; None where it has not happened."""

    since: int | None = None
    deprecated: int | None = None
    removed: int | None = None
    instead: str = ""
    same_form: bool = False  # whether only apiVersion must change


_DEAD = (
    # api version, kinds, deprecated, removed, instead, same form
    ("extensions/v1beta1", "Deployment DaemonSet ReplicaSet", 8, 16, "apps/v1", False),
    ("apps/v1beta1", "Deployment StatefulSet", 9, 16, "apps/v1", False),
    ("apps/v1beta2", "Deployment StatefulSet DaemonSet ReplicaSet", 9, 16, "apps/v1", True),
    ("extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1", True),
    ("extensions/v1beta1", "PodSecurityPolicy", 10, 16, "", False),
    ("extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1", False),
    ("networking.k8s.io/v1beta1", "Ingress", 19, 22, "networking.k8s.io/v1", False),
    ("networking.k8s.io/v1beta1", "IngressClass", 19, 22, "networking.k8s.io/v1", True),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "Role RoleBinding ClusterRole ClusterRoleBinding",
        17,
        22,
        "rbac.authorization.k8s.io/v1",
        True,
    ),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 16, 22, "apiextensions.k8s.io/v1", False),
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        16,
        22,
        "admissionregistration.k8s.io/v1",
        False,
    ),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1", True),
    ("storage.k8s.io/v1beta1", "StorageClass VolumeAttachment CSIDriver CSINode", 19, 22, "storage.k8s.io/v1", True),
    ("coordination.k8s.io/v1beta1", "Lease", 19, 22, "coordination.k8s.io/v1", True),
    ("batch/v1beta1", "CronJob", 21, 25, "batch/v1", True),
    ("policy/v1beta1", "PodDisruptionBudget", 21, 25, "policy/v1", True),
    ("policy/v1beta1", "PodSecurityPolicy", 21, 25, "", False),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1", False),
    ("events.k8s.io/v1beta1", "Event", 19, 25, "events.k8s.io/v1", False),
    ("node.k8s.io/v1beta1", "RuntimeClass", 20, 25, "node.k8s.io/v1", True),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2", False),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2", True),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "FlowSchema PriorityLevelConfiguration",
        23,
        26,
        "flowcontrol.apiserver.k8s.io/v1",
        False,
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema PriorityLevelConfiguration",
        26,
        29,
        "flowcontrol.apiserver.k8s.io/v1",
        True,
    ),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1", True),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema PriorityLevelConfiguration",
        29,
        32,
        "flowcontrol.apiserver.k8s.io/v1",
        True,
    ),
    ("v1", "ComponentStatus", 19, None, "", False),
    ("v1", "Endpoints", 33, None, "discovery.k8s.io/v1 (EndpointSlice)", False),
)

_LIVES: dict[tuple[str, str], Life] = {
    (api_version, kind): Life(None, deprecated, removed, instead, same_form)
    for api_version, kinds, deprecated, removed, instead, same_form in _DEAD
    for kind in kinds.split()
}
_LIVES |= {
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"): Life(since=29),
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"): Life(since=29),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): Life(since=30),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): Life(since=30),
}

CLUSTER_KINDS = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "StorageClass",
        "CustomResourceDefinition",
        "PriorityClass",
        "IngressClass",
        "RuntimeClass",
        "GatewayClass",
        "CSIDriver",
        "APIService",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "FlowSchema",
        "PriorityLevelConfiguration",
    }
)


def life_of(api_version: str, kind: str) -> Life | None:
    """Return when an API version lives; None for one that simply lives."""
    return _LIVES.get((api_version, kind))
