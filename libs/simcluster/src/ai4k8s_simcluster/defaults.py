"""What the server fills in when a client leaves it out, as the API reference says."""

import zlib
from collections.abc import Callable

from ai4k8s_simcluster.auth.validation import default_binding
from ai4k8s_simcluster.types import Obj

_NO_EXECUTE_SECONDS = 300
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _fill(target: Obj, **values: object) -> None:
    for key, value in values.items():
        target.setdefault(key, value)


def _image_pull_policy(image: str) -> str:
    name = image.rsplit("/", 1)[-1]
    pinned = "@" in image or (":" in name and not name.endswith(":latest"))
    return "IfNotPresent" if pinned else "Always"


def _default_container(container: Obj) -> None:
    container.setdefault("resources", {})
    resources = container["resources"]
    for name, limit in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, limit)
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for name in _PROBES:
        if container.get(name):
            _fill(container[name], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _fill(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_image_pull_policy(str(container.get("image", ""))),
    )


def default_pod_spec(spec: Obj) -> None:
    """Fill in a pod's spec, in a template or in a pod."""
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _default_container(container)
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )


def qos_class(spec: Obj) -> str:
    """Return the quality-of-service class that the containers' resources make."""
    containers = spec.get("containers") or []
    resources = [container.get("resources") or {} for container in containers]
    if not any(found.get("requests") or found.get("limits") for found in resources):
        return "BestEffort"
    for found in resources:
        limits, requests = found.get("limits") or {}, found.get("requests") or {}
        if any(name not in limits or limits[name] != requests.get(name) for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def default_pod(pod: Obj) -> None:
    """Fill in a pod as it is created."""
    spec = pod["spec"]
    default_pod_spec(spec)
    _fill(spec, serviceAccountName="default", priority=0, enableServiceLinks=True)
    _fill(spec, serviceAccount=spec["serviceAccountName"], preemptionPolicy="PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(found.get("key") == key for found in tolerations):
            tolerations.append(
                {
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _NO_EXECUTE_SECONDS,
                }
            )
    pod.setdefault("status", {})
    _fill(pod["status"], phase="Pending", qosClass=qos_class(spec))


def default_deployment(deployment: Obj) -> None:
    """Fill in a Deployment."""
    spec = deployment["spec"]
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    deployment.setdefault("status", {})


def default_replicaset(replicaset: Obj) -> None:
    """Fill in a ReplicaSet."""
    spec = replicaset["spec"]
    spec.setdefault("replicas", 1)
    default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    replicaset.setdefault("status", {}).setdefault("replicas", 0)


def default_service(service: Obj) -> None:
    """Fill in a Service; its cluster address is derived from its name and place, so it needs no allocator."""
    spec = service["spec"]
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] == "ExternalName":
        service.setdefault("status", {"loadBalancer": {}})
        return
    metadata = service["metadata"]
    seed = zlib.crc32(f"{metadata.get('namespace')}/{metadata.get('name')}".encode())
    address = f"10.96.{seed >> 8 & 0xFF}.{1 + seed % 254}"
    _fill(spec, clusterIP=address, internalTrafficPolicy="Cluster")
    _fill(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    service.setdefault("status", {"loadBalancer": {}})


def default_namespace(namespace: Obj) -> None:
    """Fill in a Namespace."""
    labels = namespace["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = namespace["metadata"]["name"]
    namespace.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    namespace.setdefault("status", {}).setdefault("phase", "Active")


def default_node(node: Obj) -> None:
    """Fill in a Node."""
    node.setdefault("spec", {})
    node.setdefault("status", {})


def default_event(event: Obj) -> None:
    """Fill in an Event."""
    _fill(event, reportingComponent="", reportingInstance="")
    event.setdefault("source", {})


_DEFAULTS: dict[str, Callable[[Obj], None]] = {
    "Pod": default_pod,
    "Deployment": default_deployment,
    "ReplicaSet": default_replicaset,
    "Service": default_service,
    "Namespace": default_namespace,
    "Node": default_node,
    "Event": default_event,
    "RoleBinding": default_binding,
    "ClusterRoleBinding": default_binding,
}


def apply_defaults(kind: str, obj: Obj) -> None:
    """Fill in an object of any served kind, in place."""
    if kind in {"Pod", "Deployment", "ReplicaSet", "Service"} and not isinstance(obj.get("spec"), dict):
        obj["spec"] = {}
    fill = _DEFAULTS.get(kind)
    if fill is not None:
        fill(obj)
