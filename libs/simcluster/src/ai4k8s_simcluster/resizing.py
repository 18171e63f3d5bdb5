"""The resize subresource of pods: CPU and memory of running containers, and nothing else of them."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from ai4k8s_simcluster.defaults.pods import qos_class
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj

RESIZE = "resize"
RESIZABLE = ("cpu", "memory")
_LISTS = ("containers", "initContainers")
_ONLY = "only cpu and memory resources for sidecar and regular containers are mutable"


def resized(pod: Obj, value: Obj) -> Obj:
    """Return the pod with the resources that a client sent; what else it sent is left out but for its version."""
    changed = copy.deepcopy(pod)
    for name in ("resourceVersion", "uid"):
        given = (value.get("metadata") or {}).get(name)
        if given:
            changed["metadata"][name] = given
    for name in _LISTS:
        if name in (value.get("spec") or {}):
            changed["spec"][name] = copy.deepcopy(value["spec"][name])
    return changed


def check_resize(old: Obj, new: Obj) -> list[Cause]:
    """Return what is wrong with a resize."""
    phase = (old.get("status") or {}).get("phase")
    if phase in {"Succeeded", "Failed"}:
        return [Cause.forbidden("spec", "Pod running on node may not be resized once it has ended")]
    causes: list[Cause] = []
    if _but_resources(old["spec"]) != _but_resources(new["spec"]):
        causes.append(Cause.forbidden("spec", _ONLY))
    for where, before, after in _changed(old["spec"], new["spec"]):
        causes += _resources_change(where, before, after)
    if not causes and qos_class(old["spec"]) != qos_class(new["spec"]):
        text = "Pod QOS Class may not change as a result of resizing"
        causes.append(Cause.invalid("spec", qos_class(new["spec"]), text))
    return causes


def _changed(old: Obj, new: Obj) -> Iterator[tuple[str, Obj, Obj]]:
    """Containers whose resources differ: where, and their resources before and after."""
    for name in _LISTS:
        for at, (before, after) in enumerate(zip(old.get(name) or (), new.get(name) or (), strict=False)):
            was, becomes = before.get("resources") or {}, after.get("resources") or {}
            if was != becomes:
                yield f"spec.{name}[{at}].resources", was, becomes


def _resources_change(where: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Cause]:
    causes: list[Cause] = []
    for section in ("requests", "limits"):
        old, new = before.get(section) or {}, after.get(section) or {}
        if old.keys() - new.keys():
            causes.append(Cause.forbidden(f"{where}.{section}", f"resource {section} cannot be removed"))
        others = {name for name in old.keys() | new.keys() if name not in RESIZABLE and old.get(name) != new.get(name)}
        if others:
            causes.append(Cause.forbidden("spec", _ONLY))
    return causes


def _but_resources(spec: Obj) -> Obj:
    """A spec without what may be resized. Init containers are over before anybody could; sidecars are not."""
    plain = dict(spec)
    for name in _LISTS:
        if name in plain:
            plain[name] = [
                {k: v for k, v in one.items() if k != "resources"} if name == "containers" or _is_sidecar(one) else one
                for one in plain[name]
            ]
    return plain


def _is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"
