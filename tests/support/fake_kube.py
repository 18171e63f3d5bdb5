"""The fake behind the Kubernetes protocols: objects in memory, versions that move, failures on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ai4k8s_common.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from ai4k8s_common.kube.types import ObjectMeta, Resource, Scale, ServerVersion, WorkloadRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.kube.discovery import ScalableKind

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class FakeWorkload:
    """One scalable object."""

    replicas: int
    current: int
    version: int = 1
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def resource_version(self) -> str:
        return str(self.version)


class FakeKube:
    """A cluster in memory: `KubeScaler` and `KubeReader` both. `failure` is raised by the next calls until None."""

    def __init__(self) -> None:
        self.workloads: dict[WorkloadRef, FakeWorkload] = {}
        self.lists: dict[Resource[Any], list[Any]] = {}
        self.kinds: list[ScalableKind] = []
        self.patches: list[tuple[WorkloadRef, int]] = []
        self.failure: KubeError | None = None

    def add(self, ref: WorkloadRef, replicas: int) -> FakeWorkload:
        """Put a workload into the cluster."""
        self.workloads[ref] = FakeWorkload(replicas, replicas)
        return self.workloads[ref]

    def touch(self, ref: WorkloadRef) -> None:
        """Somebody else changed the object."""
        self.workloads[ref].version += 1

    async def version(self) -> ServerVersion:
        self._fail()
        return ServerVersion("v1.33.0-fake")

    async def list_all(self, resource: Resource[T]) -> list[T]:
        self._fail()
        return list(self.lists.get(resource, ()))

    async def list_made(self, resource: Resource[T], make: Callable[[T], R | None]) -> list[R]:
        made = [make(item) for item in await self.list_all(resource)]
        return [one for one in made if one is not None]

    async def scalable_kinds(self) -> list[ScalableKind]:
        self._fail()
        return list(self.kinds)

    def get_scale(self, ref: WorkloadRef) -> Scale:
        return self._scale(self._find(ref))

    def patch_scale(self, ref: WorkloadRef, replicas: int, *, resource_version: str) -> Scale:
        found = self._find(ref, resource_version)
        if found.replicas != replicas:
            found.replicas = replicas
            found.version += 1
        self.patches.append((ref, replicas))
        return self._scale(found)

    def patch_annotations(
        self, ref: WorkloadRef, annotations: Mapping[str, str | None], *, resource_version: str | None = None
    ) -> ObjectMeta:
        found = self._find(ref, resource_version)
        for name, value in annotations.items():
            if value is None:
                found.annotations.pop(name, None)
            else:
                found.annotations[name] = value
        found.version += 1
        return ObjectMeta(
            name=ref.name,
            namespace=ref.namespace,
            resource_version=found.resource_version,
            annotations=dict(found.annotations),
        )

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _find(self, ref: WorkloadRef, resource_version: str | None = None) -> FakeWorkload:
        self._fail()
        if ref not in self.workloads:
            raise KubeNotFoundError(f"there is no {ref.kind} {ref.namespace}/{ref.name}")
        found = self.workloads[ref]
        if resource_version is not None and found.resource_version != resource_version:
            raise KubeConflictError("the object has been modified")
        return found

    def _scale(self, found: FakeWorkload) -> Scale:
        return Scale(found.replicas, found.current, found.resource_version, "uid")
