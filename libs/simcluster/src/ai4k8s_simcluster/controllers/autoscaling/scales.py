"""Whatever can be scaled: how large it is, which pods are its own, and how its size is set."""

from dataclasses import dataclass

from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PODS, ResourceType
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj


class ScaleError(Exception):
    """There is nothing to scale; the text is the API's."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scalable object as it stands."""

    resource: ResourceType
    stored: Stored

    @property
    def replicas(self) -> int:
        """Return how many replicas are asked for."""
        return int(self.stored.obj["spec"].get("replicas", 1))

    @property
    def selector(self) -> Obj | None:
        """Return the label selector of its pods; a plain map, as ReplicationControllers have it, becomes one."""
        found = self.stored.obj["spec"].get("selector")
        if not found:
            return None
        is_selector = "matchLabels" in found or "matchExpressions" in found
        return found if is_selector else {"matchLabels": found}


def find_scale(context: Context, reference: Obj, namespace: str) -> Scale:
    """Return what a reference means. Raises ScaleError when there is no such thing, or it cannot be scaled."""
    version, kind = reference.get("apiVersion", ""), reference["kind"]
    catalogue = context.store.catalogue
    group = version.rpartition("/")[0]
    resource = catalogue.of_kind(version, kind) or next(
        (found for found in catalogue.types if found.kind == kind and found.group == group), None
    )
    if resource is None:
        raise ScaleError(f'no matches for kind "{kind}" in group "{group}"')
    stored = context.store.get(resource.storage, namespace, reference["name"])
    if stored is None:
        raise ScaleError(f'{resource.qualified} "{reference["name"]}" not found')
    if resource.subresource("scale") is None:
        raise ScaleError("the server could not find the requested resource")
    return Scale(resource.storage, stored)


def set_replicas(context: Context, scale: Scale, replicas: int) -> None:
    """Set the size. Raises ApiError when the API refuses."""
    fresh = context.store.get(scale.resource, scale.stored.namespace, scale.stored.name)
    if fresh is None:
        raise ApiError(404, "NotFound", f'{scale.resource.qualified} "{scale.stored.name}" not found')
    changed = {**fresh.obj, "spec": {**fresh.obj["spec"], "replicas": replicas}}
    context.writer.update(scale.resource, fresh, changed)


def pods_of_scale(context: Context, scale: Scale) -> list[Stored]:
    """Return the pods that a scalable object's selector chooses."""
    requirements = from_label_selector(scale.selector)
    listed = context.store.listing(PODS, scale.stored.namespace)
    return [pod for pod in listed if match_labels(requirements, pod.obj)]
