"""Who writes an object, for managedFields: the settled entries of one write."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ai4k8s_simcluster.apply.fieldmanager import FieldManager, Target, entries_of
from ai4k8s_simcluster.apply.shapes import Shape, shape_of, shape_of_custom
from ai4k8s_simcluster.apply.skeletons import skeleton
from ai4k8s_simcluster.registry import PODS, ResourceType
from ai4k8s_simcluster.types import Obj

STATUS = "status"
CONTROLLER_MANAGER = "kube-controller-manager"
_TYPES_KEPT = 512
_CONTROLLERS = {"CustomResourceDefinition": "kube-apiserver", "Pod": "kubelet", "Node": "kubelet"}
# Which program makes the objects of a kind that no client made.
_MADE_BY = {
    CONTROLLER_MANAGER: (
        "Pod", "ReplicaSet", "ControllerRevision", "Job", "PersistentVolumeClaim", "PersistentVolume", "ConfigMap",
        "ServiceAccount", "Endpoints", "EndpointSlice",
    ),
    "kube-apiserver": ("Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "APIService"),
    "kubelet": ("Lease",),
}  # fmt: skip
_MAKERS = {kind: program for program, kinds in _MADE_BY.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Author:
    """The client behind a write.

    resource: the type in the version that was asked for.
    applied: the object already carries the managedFields of an apply.
    warnings: what the client is to be told besides the answer.
    """

    manager: str
    resource: ResourceType
    subresource: str = ""
    applied: bool = False
    warnings: list[str] = field(default_factory=list)


@lru_cache(maxsize=_TYPES_KEPT)
def shape_for(resource: ResourceType) -> Shape:
    """Return the shape of a type's objects."""
    return shape_of_custom(dict(resource.custom.schema)) if resource.custom else shape_of(resource.definition)


def field_manager(resource: ResourceType, subresource: str, now: Callable[[], str]) -> FieldManager:
    """Return field management for an endpoint of a type."""
    if subresource == STATUS:
        return _managing(resource, subresource, ("spec", "metadata"), now)
    return _managing(resource, subresource, (STATUS,) if resource.subresource(STATUS) else (), now)


def controller_entries(
    resource: ResourceType, old: Obj, new: Obj, subresource: str, now: Callable[[], str], manager: str = ""
) -> Any:
    """Return the managedFields of an object that one of the control plane's own programs wrote."""
    if resource is PODS and not subresource and not manager:
        return entries_of(old)  # a binding leaves no trace
    unplaced = resource is PODS and not new["spec"].get("nodeName")
    manager = manager or ("kube-scheduler" if unplaced else _CONTROLLERS.get(resource.kind, CONTROLLER_MANAGER))
    # Deployments get their annotations through the status endpoint.
    endpoint = STATUS if resource.kind == "Deployment" else subresource
    return entries_of(_managing(resource, endpoint, (), now).update(old, new, manager))


def maker_of(resource: ResourceType) -> Author | None:
    """Return the control plane's own program that makes objects of a type, where there is one."""
    program = _MAKERS.get(resource.kind) if resource.custom is None else None
    return Author(program, resource) if program else None


def asked_entries(definition: str, asked: Obj, subresource: str, manager: str, now: Callable[[], str]) -> Any:
    """Return the managedFields of something that is created to be answered and never kept."""
    target = Target(asked["kind"], asked["apiVersion"], shape_of(definition), {"metadata": {}, "spec": {}}, subresource)
    return entries_of(FieldManager(target, now).update(None, asked, manager))


def _managing(
    resource: ResourceType, subresource: str, ignored: tuple[str, ...], now: Callable[[], str]
) -> FieldManager:
    empty = {"metadata": {}} if resource.custom else skeleton(resource.kind)
    return FieldManager(
        Target(resource.kind, resource.api_version, shape_for(resource), empty, subresource, ignored), now
    )
