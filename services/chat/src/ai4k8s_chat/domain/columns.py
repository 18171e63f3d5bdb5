"""Further columns of a list, read from the objects themselves: 'the images of all pods' is one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.arguments import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def pod_spec(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec of a pod, or of the pods that a workload makes."""
    spec: Mapping[str, Any] = found.get("spec") or {}
    if "jobTemplate" in spec:
        spec = (spec["jobTemplate"] or {}).get("spec") or {}
    if "template" in spec:
        spec = (spec["template"] or {}).get("spec") or {}
    return spec


def containers(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All containers, those that run first at the end."""
    spec = pod_spec(found)
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _joined(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values if value) or "<none>"


def _amounts(found: Mapping[str, Any], which: str) -> str:
    return _joined(
        f"{container['name']}: " + " ".join(f"{key} {amount}" for key, amount in sorted(amounts.items()))
        for container in containers(found)
        if (amounts := (container.get("resources") or {}).get(which))
    )


def _owner(found: Mapping[str, Any]) -> str:
    owners = (found.get("metadata") or {}).get("ownerReferences") or ()
    return _joined(f"{owner['kind']}/{owner['name']}" for owner in owners)


def _labels(found: Mapping[str, Any]) -> str:
    labels = (found.get("metadata") or {}).get("labels") or {}
    return _joined(f"{key}={value}" for key, value in sorted(labels.items()))


READERS: dict[Column, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    Column.IMAGES: ("Images", lambda found: _joined(dict.fromkeys(c.get("image") for c in containers(found)))),
    Column.NODE: ("Node", lambda found: str((found.get("spec") or {}).get("nodeName") or "<none>")),
    Column.IP: ("IP", lambda found: str((found.get("status") or {}).get("podIP") or "<none>")),
    Column.LABELS: ("Labels", _labels),
    Column.REQUESTS: ("Requests", lambda found: _amounts(found, "requests")),
    Column.LIMITS: ("Limits", lambda found: _amounts(found, "limits")),
    Column.CONTAINERS: ("Containers", lambda found: _joined(c.get("name") for c in containers(found))),
    Column.OWNER: ("Owner", _owner),
    Column.SERVICE_ACCOUNT: ("Service account", lambda found: str(pod_spec(found).get("serviceAccountName") or "")),
}
