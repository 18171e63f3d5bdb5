"""The kinds of objects that have a name here: how people and kubectl call them, and where the API keeps them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `names` are kubectl's short names and other words people use, in lower case and singular."""

    kind: str
    plural: str
    api_version: str
    namespaced: bool = True
    names: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The API group; nothing for the core."""
        return self.api_version.rpartition("/")[0]

    def collection(self, namespace: str | None = None) -> str:
        """Its path in the API: of all namespaces, or of one."""
        root = "/apis" if self.group else "/api"
        inside = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}/{self.api_version}{inside}/{self.plural}"

    def path(self, namespace: str | None, name: str) -> str:
        """One object's path."""
        return f"{self.collection(namespace)}/{name}"


KINDS: tuple[Kind, ...] = (
    Kind("Pod", "pods", "v1", names=("po",)),
    Kind("Deployment", "deployments", "apps/v1", names=("deploy", "dep")),
    Kind("StatefulSet", "statefulsets", "apps/v1", names=("sts", "stateful set")),
    Kind("DaemonSet", "daemonsets", "apps/v1", names=("ds", "daemon set")),
    Kind("ReplicaSet", "replicasets", "apps/v1", names=("rs", "replica set")),
    Kind("Job", "jobs", "batch/v1"),
    Kind("CronJob", "cronjobs", "batch/v1", names=("cj", "cron job", "cron")),
    Kind("Service", "services", "v1", names=("svc",)),
    Kind("Endpoints", "endpoints", "v1", names=("ep", "endpoint")),
    Kind("EndpointSlice", "endpointslices", "discovery.k8s.io/v1", names=("endpoint slice",)),
    Kind("Ingress", "ingresses", "networking.k8s.io/v1", names=("ing",)),
    Kind("IngressClass", "ingressclasses", "networking.k8s.io/v1", namespaced=False, names=("ingress class",)),
    Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io/v1", names=("netpol", "network policy")),
    Kind("ConfigMap", "configmaps", "v1", names=("cm", "config map", "config")),
    Kind("Secret", "secrets", "v1"),
    Kind("PersistentVolumeClaim", "persistentvolumeclaims", "v1", names=("pvc", "volume claim", "claim")),
    Kind("PersistentVolume", "persistentvolumes", "v1", namespaced=False, names=("pv", "volume")),
    Kind("StorageClass", "storageclasses", "storage.k8s.io/v1", namespaced=False, names=("sc", "storage class")),
    Kind("Namespace", "namespaces", "v1", namespaced=False, names=("ns",)),
    Kind("Node", "nodes", "v1", namespaced=False, names=("no", "worker", "machine")),
    Kind("Event", "events", "v1", names=("ev",)),
    Kind("ResourceQuota", "resourcequotas", "v1", names=("quota", "resource quota")),
    Kind("LimitRange", "limitranges", "v1", names=("limits", "limit range")),
    Kind("ServiceAccount", "serviceaccounts", "v1", names=("sa", "service account")),
    Kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling/v2", names=("hpa", "autoscaler")),
    Kind("VerticalPodAutoscaler", "verticalpodautoscalers", "autoscaling.k8s.io/v1", names=("vpa",)),
    Kind("PodDisruptionBudget", "poddisruptionbudgets", "policy/v1", names=("pdb", "disruption budget")),
    Kind("PriorityClass", "priorityclasses", "scheduling.k8s.io/v1", namespaced=False, names=("pc", "priority class")),
    Kind("Role", "roles", "rbac.authorization.k8s.io/v1"),
    Kind("RoleBinding", "rolebindings", "rbac.authorization.k8s.io/v1", names=("role binding",)),
    Kind("ClusterRole", "clusterroles", "rbac.authorization.k8s.io/v1", namespaced=False, names=("cluster role",)),
    Kind(
        "ClusterRoleBinding",
        "clusterrolebindings",
        "rbac.authorization.k8s.io/v1",
        namespaced=False,
        names=("cluster role binding",),
    ),
    Kind(
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "apiextensions.k8s.io/v1",
        namespaced=False,
        names=("crd",),
    ),
)

SCALABLE = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
ROLLED_OUT = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet")

BY_KIND: dict[str, Kind] = {kind.kind: kind for kind in KINDS}
BY_WORD: dict[str, Kind] = {
    word: kind
    for kind in reversed(KINDS)
    for name in (kind.kind.lower(), kind.plural, *kind.names)
    for word in (name, f"{name}s")
}


def find_kind(word: str) -> Kind | None:
    """Return the kind that a word means: 'deploy', 'Deployments', 'deployments.apps', 'pvc'; None if none."""
    lowered = word.strip().lower()
    return BY_WORD.get(lowered) or BY_WORD.get(lowered.partition(".")[0])
