"""Clients of one cluster's API: synchronous for changing one thing, asynchronous for reading everything."""

from __future__ import annotations

import json
from http import HTTPMethod
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ai4k8s_common.kube import wire
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.discovery import AGGREGATED, Discovery, scalable_kinds
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.kube.objects import NodeSummary
from ai4k8s_common.kube.transport import AsyncTransport, SyncTransport, Target, Timeouts
from ai4k8s_common.kube.types import Struct
from ai4k8s_common.kube.writes import call_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from ai4k8s_common.kube.credentials import ClusterCredential
    from ai4k8s_common.kube.discovery import ScalableKind
    from ai4k8s_common.kube.types import ObjectMeta, Resource, Scale, ServerVersion, Table, WorkloadRef
    from ai4k8s_common.plans import ApiCall

T = TypeVar("T")
R = TypeVar("R")

FIELD_MANAGER = "ai4k8s"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class _UserInfo(Struct, frozen=True):
    username: str = ""


class _ReviewStatus(Struct, frozen=True):
    allowed: bool = False
    user_info: _UserInfo = _UserInfo()


class _Review(Struct, frozen=True):
    status: _ReviewStatus = _ReviewStatus()


class _Group(Struct, frozen=True):
    name: str


class _Groups(Struct, frozen=True):
    groups: list[_Group]


class _GroupVersion(Struct, frozen=True):
    group_version: str


class _GroupVersions(Struct, frozen=True):
    preferred_version: _GroupVersion


class _Resources(Struct, frozen=True):
    resources: list[_Group]


class KubeClient:
    """One cluster, one call at a time. Every method raises KubeError only."""

    def __init__(
        self,
        credential: ClusterCredential,
        policy: AccessPolicy | None = None,
        timeouts: Timeouts | None = None,
        *,
        field_manager: str = FIELD_MANAGER,
        namespaces: Sequence[str] = (),
    ) -> None:
        target = Target.of_cluster(credential, policy or AccessPolicy(), timeouts or Timeouts())
        self._transport = SyncTransport(target)
        self._field_manager = field_manager
        self._namespaces = tuple(namespaces)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def version(self) -> ServerVersion:
        """Return the API server's version; needs no right but to reach it."""
        return wire.read_version(self._transport.send(wire.VERSION))

    def list_all(self, resource: Resource[T]) -> list[T]:
        """Return all objects of a kind in all (or the chosen) namespaces: the whole list or an error."""
        found: list[T] = []
        for reader in wire.lists_of(resource, self._namespaces, wire.unchanged):
            while not reader.done:
                request = reader.request()
                reader.feed(request, self._transport.send(request))
            found += reader.items()
        return found

    def probe(self, resource: Resource[T]) -> None:
        """List one object only, to see whether that works."""
        if self._namespaces and resource.namespaced:
            resource = resource.within(self._namespaces[0])
        request = wire.Request(resource.path, {"limit": "1"})
        wire.decode(request, self._transport.send(request), resource.page)

    def groups(self) -> frozenset[str]:
        """Return the API groups that the cluster serves: which add-ons it has."""
        request = wire.Request("/apis")
        found = wire.decode(request, self._transport.send(request), _Groups)
        return frozenset(group.name for group in found.groups)

    def plurals(self, group: str) -> frozenset[str]:
        """Return the resources of an API group, in the version it prefers."""
        request = wire.Request(f"/apis/{group}")
        found = wire.decode(request, self._transport.send(request), _GroupVersions)
        request = wire.Request(f"/apis/{found.preferred_version.group_version}")
        listed = wire.decode(request, self._transport.send(request), _Resources)
        return frozenset(resource.name for resource in listed.resources)

    def own_name(self) -> str:
        """Return who the cluster takes us for; nothing where it cannot tell. Raises KubeUnauthorizedError."""
        try:
            status = self._review("/apis/authentication.k8s.io/v1/selfsubjectreviews", "SelfSubjectReview", None).status
        except (KubeNotFoundError, KubeForbiddenError):
            # Before Kubernetes 1.28. Whether the credential is accepted shows in any other review.
            self.allowed("list", "", "pods")
            return ""
        return status.user_info.username

    def _review(self, path: str, kind: str, spec: dict[str, object] | None) -> _Review:
        body: dict[str, object] = {"apiVersion": "/".join(path.split("/")[2:4]), "kind": kind}
        if spec is not None:
            body["spec"] = spec
        raw = json.dumps(body).encode()
        request = wire.Request(path, method=HTTPMethod.POST, body=raw, content_type="application/json")
        return wire.decode(request, self._transport.send(request), _Review)

    def allowed(self, verb: str, group: str, resource: str, subresource: str = "", namespace: str = "") -> bool:
        """Whether the credential may do this in a namespace, or in all (SelfSubjectAccessReview)."""
        attributes: dict[str, object] = {
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": subresource,
        }
        if namespace:
            attributes["namespace"] = namespace
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return self._review(path, "SelfSubjectAccessReview", {"resourceAttributes": attributes}).status.allowed

    def get_scale(self, ref: WorkloadRef) -> Scale:
        """Read how many replicas there should be, and the version that was read."""
        request = wire.get_scale_request(ref)
        return wire.read_scale(request, self._transport.send(request))

    def patch_scale(self, ref: WorkloadRef, replicas: int, *, resource_version: str) -> Scale:
        """Set the replica count through the scale subresource.

        Raises KubeConflictError if the object changed since `resource_version`: plan again, never overwrite.
        """
        request = wire.patch_scale_request(ref, replicas, resource_version, self._field_manager)
        return wire.read_scale(request, self._transport.send(request))

    def patch_annotations(
        self, ref: WorkloadRef, annotations: Mapping[str, str | None], *, resource_version: str | None = None
    ) -> ObjectMeta:
        """Set or (None) remove annotations; with a version, only if the object is still at it."""
        request = wire.patch_annotations_request(ref, annotations, resource_version, self._field_manager)
        return wire.read_meta(request, self._transport.send(request))

    def read(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read one object, or a short list, of any kind."""
        request = wire.Request(path, params or {})
        return wire.read_object(request, self._transport.send(request))

    def table(self, path: str, params: Mapping[str, str] | None = None) -> Table:
        """Read one page of a list (or one object) as the API server would have it printed."""
        request = wire.Request(path, params or {}, accept=TABLE)
        return wire.read_table(request, self._transport.send(request))

    def text(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Read what is no JSON: a log."""
        request = wire.Request(path, params or {}, accept="*/*")
        return wire.read_text(request, self._transport.send(request))

    def discover(self) -> Discovery:
        """Return every kind that the cluster serves; nothing of a server without aggregated discovery."""
        request = wire.Request("/apis", accept=AGGREGATED)
        return wire.decode(request, self._transport.send(request), Discovery)

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object of any kind in the collection at `path`."""
        return self._write(path, HTTPMethod.POST, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge-patch an object of any kind; with metadata.resourceVersion only if it is still at it."""
        return self._write(path, HTTPMethod.PATCH, body)

    def make(self, call: ApiCall, *, dry_run: bool = False) -> dict[str, Any]:
        """Make one call of a plan, or let the server only try it; returns the object as it is then."""
        request = call_request(call, self._field_manager, dry_run=dry_run)
        return wire.read_object(request, self._transport.send(request))

    def delete(self, path: str, *, uid: str) -> None:
        """Delete the very object that was read, not a namesake made since."""
        self._write(path, HTTPMethod.DELETE, {"preconditions": {"uid": uid}})

    def _write(self, path: str, method: HTTPMethod, body: Mapping[str, Any]) -> dict[str, Any]:
        request = wire.object_request(path, method, body, self._field_manager)
        return wire.read_object(request, self._transport.send(request))


class AsyncKubeClient:
    """One cluster, many reads at once. Every method raises KubeError only."""

    def __init__(
        self,
        credential: ClusterCredential,
        policy: AccessPolicy | None = None,
        timeouts: Timeouts | None = None,
        *,
        namespaces: Sequence[str] = (),
    ) -> None:
        target = Target.of_cluster(credential, policy or AccessPolicy(), timeouts or Timeouts())
        self._transport = AsyncTransport(target)
        self._namespaces = tuple(namespaces)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def version(self) -> ServerVersion:
        """Return the API server's version; needs no right but to reach it."""
        return wire.read_version(await self._transport.send(wire.VERSION))

    async def list_all(self, resource: Resource[T]) -> list[T]:
        """Return all objects of a kind in all (or the chosen) namespaces: the whole list or an error."""
        return await self.list_made(resource, wire.unchanged)

    async def list_made(self, resource: Resource[T], make: Callable[[T], R | None]) -> list[R]:
        """Like `list_all`, each object made into what is kept of it as its page comes in; None is left out."""
        found: list[R] = []
        for reader in wire.lists_of(resource, self._namespaces, make):
            while not reader.done:
                request = reader.request()
                reader.feed(request, await self._transport.send(request))
            found += reader.items()
        return found

    async def node_summary(self, node: str) -> NodeSummary:
        """Return what a node's kubelet says of its pods; through the API server's proxy, which needs nodes/proxy."""
        wire.check_segments(node)
        request = wire.Request(f"/api/v1/nodes/{node}/proxy/stats/summary", {"only_cpu_and_memory": "false"})
        return wire.decode(request, await self._transport.send(request), NodeSummary)

    async def scalable_kinds(self) -> list[ScalableKind]:
        """Return the custom kinds that have a scale subresource; none of a server without aggregated discovery."""
        request = wire.Request("/apis", accept=AGGREGATED)
        return scalable_kinds(wire.decode(request, await self._transport.send(request), Discovery))
