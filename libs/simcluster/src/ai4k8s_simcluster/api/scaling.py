"""The scale subresource: the one view through which every workload is scaled alike."""

import copy
from typing import Any

from ai4k8s_simcluster.errors import Cause, bad_request, internal, invalid
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.registry.model import BUILT_IN_SCALE
from ai4k8s_simcluster.selectors import write_selector
from ai4k8s_simcluster.types import Obj

# In this form every scale is shown; none is kept.
SCALES = ResourceType(
    "autoscaling", "v1", "scales", "scale", "Scale", namespaced=True, definition="io.k8s.api.autoscaling.v1.Scale",
    stored=False,
)  # fmt: skip
_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def _at(obj: Obj, path: str) -> Any:
    value: Any = obj
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def scale_of(resource: ResourceType, obj: Obj) -> Obj:
    """Return the Scale of a workload. Zero replicas are left out of its spec, as in a real answer.

    Raises ApiError (500) when a custom resource does not say how many replicas it wants.
    """
    custom = resource.custom.scale if resource.custom else None
    paths = custom or BUILT_IN_SCALE
    replicas = _at(obj, paths["specReplicasPath"])
    if replicas is None and custom:
        raise internal(f'the spec replicas field "{paths["specReplicasPath"]}" does not exist')
    replicas = 1 if replicas is None else replicas
    status: Obj = {"replicas": _at(obj, paths["statusReplicasPath"]) or 0}
    selector = _at(obj, custom["labelSelectorPath"]) if custom and custom.get("labelSelectorPath") else None
    if custom is None:
        selector = write_selector(obj["spec"].get("selector"))
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: obj["metadata"][name] for name in _SHOWN if name in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def read_scale(value: Obj, name: str) -> Obj:
    """Check a Scale that a client sent. Raises ApiError (400, 422)."""
    replicas = (value.get("spec") or {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        kind = "string" if isinstance(replicas, str) else "number"
        raise bad_request(
            f'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal {kind} '
            "into Go struct field Scale.spec.replicas of type int32"
        )
    got = (value.get("metadata") or {}).get("name", name)
    if got != name:
        raise bad_request(f"the name of the object ({got}) does not match the name on the URL ({name})")
    if replicas < 0:
        cause = Cause.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("Scale", "autoscaling", name, [cause])
    return {"replicas": replicas, "metadata": value.get("metadata") or {}}


def with_replicas(resource: ResourceType, obj: Obj, scale: Obj) -> Obj:
    """Return the workload with the replicas, resourceVersion and uid that the Scale carries."""
    changed = copy.deepcopy(obj)
    target = changed
    *parents, last = resource.replicas_path.split(".")
    for part in parents:
        target = target.setdefault(part, {})
    target[last] = scale["replicas"]
    changed["metadata"]["resourceVersion"] = scale["metadata"].get("resourceVersion", "")
    changed["metadata"]["uid"] = scale["metadata"].get("uid") or obj["metadata"]["uid"]
    return changed


def scale_configuration(resource: ResourceType, config: Obj, name: str) -> Obj:
    """Return what an applied Scale says of the workload itself."""
    inner: Any = (config.get("spec") or {}).get("replicas", 0)
    for part in reversed(resource.replicas_path.split(".")):
        inner = {part: inner}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, **inner}
