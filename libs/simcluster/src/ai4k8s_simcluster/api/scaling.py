"""The scale subresource: the one view through which every workload is scaled alike."""

import copy

from ai4k8s_simcluster.errors import Cause, bad_request, invalid
from ai4k8s_simcluster.selectors import write_selector
from ai4k8s_simcluster.types import Obj

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(obj: Obj) -> Obj:
    """Return the Scale of a workload. Zero replicas are left out of its spec, as in a real answer."""
    replicas = obj["spec"].get("replicas", 1)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: obj["metadata"][name] for name in _SHOWN if name in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": write_selector(obj["spec"].get("selector")),
        },
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


def with_replicas(obj: Obj, scale: Obj) -> Obj:
    """Return the workload with the replicas, resourceVersion and uid that the Scale carries."""
    changed = copy.deepcopy(obj)
    changed["spec"]["replicas"] = scale["replicas"]
    changed["metadata"]["resourceVersion"] = scale["metadata"].get("resourceVersion", "")
    changed["metadata"]["uid"] = scale["metadata"].get("uid") or obj["metadata"]["uid"]
    return changed
