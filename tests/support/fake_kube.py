"""The fake behind the Kubernetes protocols: objects in memory, versions that move, failures on demand."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ai4k8s_common.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from ai4k8s_common.kube.types import ObjectMeta, Resource, Scale, ServerVersion, WorkloadRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.kube.discovery import ScalableKind
    from ai4k8s_common.kube.objects import NodeSummary

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
        self.summaries: dict[str, NodeSummary] = {}
        self.patches: list[tuple[WorkloadRef, int]] = []
        self.failure: KubeError | None = None
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.resizes = True  # whether running pods can be resized

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

    async def node_summary(self, node: str) -> NodeSummary:
        self._fail()
        if node not in self.summaries:
            raise KubeNotFoundError(f"there is no node {node}")
        return self.summaries[node]

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

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Put an object of any kind at a path, as somebody else would."""
        self.writes += 1
        namespace = path.split("/namespaces/")[1].split("/", maxsplit=1)[0]
        meta = {"name": path.rsplit("/", 1)[1], "namespace": namespace, "uid": path, "annotations": {}}
        meta |= {**body.get("metadata", {}), "resourceVersion": str(self.writes)}
        self.objects[path] = {**body, "metadata": meta}

    def read(self, path: str) -> dict[str, Any]:
        self._fail()
        if path == "/api/v1":
            return {"resources": [{"name": "pods"}, *([{"name": "pods/resize"}] if self.resizes else [])]}
        if path in self.objects:
            return copy.deepcopy(self.objects[path])
        plural = path.rsplit("/", 1)[1]
        inside = f"{path}/" if "/namespaces/" in path else path.removesuffix(plural)
        items = [
            copy.deepcopy(found)
            for place, found in self.objects.items()
            if place.startswith(inside) and place.rsplit("/", 2)[1] == plural
        ]
        if not items and path.count("/namespaces/") and self._names_an_object(path):
            raise KubeNotFoundError(f"there is nothing at {path}")
        return {"items": items}

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._fail()
        place = f"{path}/{body['metadata']['name']}"
        if place in self.objects:
            raise KubeConflictError(f"{place} exists already")
        self.put(place, body)
        return self.read(place)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._fail()
        path = path.removesuffix("/resize")
        found = self.read(path)
        version = body.get("metadata", {}).get("resourceVersion")
        if version is not None and version != found["metadata"]["resourceVersion"]:
            raise KubeConflictError("the object has been modified")
        self.put(path, _merged(found, body))
        return self.read(path)

    def delete(self, path: str, *, uid: str) -> None:
        if self.read(path)["metadata"]["uid"] != uid:
            raise KubeConflictError("this is another object")
        del self.objects[path]

    def _names_an_object(self, path: str) -> bool:
        """Whether a path goes on below `namespaces/<ns>/<plural>`."""
        return path.split("/namespaces/")[1].count("/") == 2

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


def _merged(old: Any, new: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(new, dict):
        return new
    merged = dict(old) if isinstance(old, dict) else {}
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
