"""HPAs and what surrounds them, from the Kubernetes API's words into ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.kube.wire import check_segments

if TYPE_CHECKING:
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

HPA_API = "/apis/autoscaling/v2"
VPA_API = "/apis/autoscaling.k8s.io/v1"
PLURALS = {"hpa": "horizontalpodautoscalers", "vpa": "verticalpodautoscalers"}
APIS = {"hpa": HPA_API, "vpa": VPA_API}
KINDS = {"hpa": "HorizontalPodAutoscaler", "vpa": "VerticalPodAutoscaler"}
VERSIONS = {"hpa": "autoscaling/v2", "vpa": "autoscaling.k8s.io/v1"}


def collection_path(kind: str, namespace: str | None = None) -> str:
    """Where objects of a kind are listed."""
    if namespace is None:
        return f"{APIS[kind]}/{PLURALS[kind]}"
    check_segments(namespace)
    return f"{APIS[kind]}/namespaces/{namespace}/{PLURALS[kind]}"


def object_path(kind: str, namespace: str, name: str) -> str:
    """Where one object is."""
    check_segments(name)
    return f"{collection_path(kind, namespace)}/{name}"


def hpa_of(cluster: KubeScaler, ref: WorkloadRef) -> str | None:
    """The HPA that scales this workload; None when there is none, or when it may not be asked."""
    try:
        found = cluster.read(collection_path("hpa", ref.namespace))
    except (KubeForbiddenError, KubeNotFoundError):
        return None
    for item in found.get("items") or ():
        target = item["spec"].get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (ref.kind, ref.name):
            return str(item["metadata"]["name"])
    return None


def spec_managers(item: dict[str, Any], fields: tuple[str, ...]) -> list[str]:
    """Who owns these fields of an object's spec, by its managedFields."""
    found = []
    for entry in item["metadata"].get("managedFields") or ():
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        if any(f"f:{field}" in spec for field in fields):
            found.append(str(entry.get("manager", "")))
    return found
