"""What services need of a cluster, so that each can be tried against a fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.kube.discovery import ScalableKind
    from ai4k8s_common.kube.objects import NodeSummary
    from ai4k8s_common.kube.types import ObjectMeta, Resource, Scale, ServerVersion, WorkloadRef

T = TypeVar("T")
R = TypeVar("R")


class KubeReader(Protocol):
    """Reads many objects at once; the collector's side. Methods raise KubeError only."""

    async def version(self) -> ServerVersion:
        """Return the API server's version."""
        ...

    async def list_all(self, resource: Resource[T]) -> list[T]:
        """Return all objects of a kind in all namespaces: the whole list or an error."""
        ...

    async def list_made(self, resource: Resource[T], make: Callable[[T], R | None]) -> list[R]:
        """Like `list_all`, each object made into what is kept of it as its page comes in; None is left out."""
        ...

    async def node_summary(self, node: str) -> NodeSummary:
        """Return what a node's kubelet says of its pods."""
        ...

    async def scalable_kinds(self) -> list[ScalableKind]:
        """Return the custom kinds that have a scale subresource."""
        ...


class KubeScaler(Protocol):
    """Changes replica counts; the scaler's side. Methods raise KubeError only."""

    def get_scale(self, ref: WorkloadRef) -> Scale:
        """Read how many replicas there should be, and the version that was read."""
        ...

    def patch_scale(self, ref: WorkloadRef, replicas: int, *, resource_version: str) -> Scale:
        """Set the replica count. Raises KubeConflictError if the object changed since `resource_version`."""
        ...

    def patch_annotations(
        self, ref: WorkloadRef, annotations: Mapping[str, str | None], *, resource_version: str | None = None
    ) -> ObjectMeta:
        """Set or (None) remove annotations."""
        ...

    def read(self, path: str) -> dict[str, Any]:
        """Read one object, or a short list, of any kind."""
        ...

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object of any kind in the collection at `path`."""
        ...

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge-patch an object; with metadata.resourceVersion only if it is still at it (KubeConflictError)."""
        ...

    def delete(self, path: str, *, uid: str) -> None:
        """Delete the very object that was read, not a namesake made since."""
        ...
