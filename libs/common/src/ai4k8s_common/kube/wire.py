"""Requests and answers without sockets, shared by the synchronous and the asynchronous client."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.errors import KubeGoneError, KubeProtocolError, error_for
from ai4k8s_common.kube.types import ObjectMeta, OwnedMeta, Resource, Scale, ScaleObject, ServerVersion, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ai4k8s_common.kube.types import WorkloadRef

T = TypeVar("T")
R = TypeVar("R")

PAGE_ITEMS = 500
MAX_RESTARTS = 2
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MERGE_PATCH = "application/merge-patch+json"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Request:
    """One call of the API."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    method: HTTPMethod = HTTPMethod.GET
    body: bytes | None = None
    content_type: str | None = None
    accept: str | None = None

    @property
    def what(self) -> str:
        """How messages name it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def decode(request: Request, answer: Answer, kind: type[T]) -> T:
    """Read a successful answer, or raise the KubeError that an unsuccessful one means."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise error_for(request.what, answer.status, answer.headers, answer.body)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.ValidationError as error:
        raise KubeProtocolError(
            f"{request.what} answered with something else than the Kubernetes API does: {error}",
            hint="Check that the address is the API server's.",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise KubeProtocolError(
            f"{request.what} answered with {len(answer.body)} bytes that are no whole JSON",
            hint="The answer was cut off on its way, or the address is not an API server's.",
        ) from None


class ListReader(Generic[T, R]):
    """Collects the pages of one list, all or nothing.

    A list that ends early is an error: 'the server stopped talking' must never be read as 'the pods are
    gone'. When the snapshot expires half way (410) reading starts again from the beginning. Each page is made into
    what is kept of it before the next one comes: a large list is never in memory as it was sent.
    """

    def __init__(self, resource: Resource[T], make: Callable[[T], R | None]) -> None:
        self._resource, self._make = resource, make
        self._items: list[R] = []
        self._seen = 0
        self._continue = ""
        self._expected: int | None = None
        self._restarts = 0
        self.resource_version = ""
        self.done = False

    def request(self) -> Request:
        """Return the request for the next page."""
        params = {"limit": str(PAGE_ITEMS)}
        if self._continue:
            params["continue"] = self._continue
        return Request(self._resource.path, params)

    def feed(self, request: Request, answer: Answer) -> None:
        """Take in one page. Raises KubeError; a 410 half way restarts instead, up to MAX_RESTARTS times."""
        try:
            page = decode(request, answer, self._resource.page)
        except KubeGoneError:
            if not self._continue or self._restarts >= MAX_RESTARTS:
                raise
            self._restarts += 1
            self._items, self._seen, self._continue, self._expected = [], 0, "", None
            return
        if page.kind != self._resource.kind:
            raise KubeProtocolError(f"{request.what} answered with a '{page.kind}', not a {self._resource.kind}")
        found = page.items or []
        self._seen += len(found)
        self._items.extend(made for item in found if (made := self._make(item)) is not None)
        following = page.metadata.continue_
        if following and following == self._continue:
            raise KubeProtocolError(f"{request.what} hands out the same page again and again")
        if page.metadata.remaining_item_count is not None and following:
            self._expected = self._seen + page.metadata.remaining_item_count
        self._continue = following
        self.resource_version = page.metadata.resource_version
        self.done = not following
        if self.done and self._expected is not None and self._seen < self._expected:
            raise KubeProtocolError(
                f"{request.what} ended after {self._seen} of {self._expected} items",
                hint="The list was cut off; it is read again in the next cycle.",
            )

    def items(self) -> list[R]:
        """Return what all items were made into; only when done."""
        if not self.done:
            raise RuntimeError("a list was used before its last page")
        return self._items


def unchanged(item: T) -> T:
    """Keep an item as it is."""
    return item


def lists_of(resource: Resource[T], namespaces: Sequence[str], make: Callable[[T], R | None]) -> list[ListReader[T, R]]:
    """Return a reader for each list to read: the whole cluster's, or one of each namespace that was chosen."""
    if not namespaces or not resource.namespaced:
        return [ListReader(resource, make)]
    return [ListReader(resource.within(namespace), make) for namespace in namespaces]


def check_ref(ref: WorkloadRef) -> None:
    """Refuse names that are none: they become part of a path."""
    check_segments(ref.namespace, ref.name, *ref.api_version.split("/"), ref.resource or "default")


def get_scale_request(ref: WorkloadRef) -> Request:
    """Read the scale subresource."""
    check_ref(ref)
    return Request(f"{ref.path}/scale")


def patch_scale_request(ref: WorkloadRef, replicas: int, resource_version: str, field_manager: str) -> Request:
    """Set the replica count if the object is still at `resource_version` (409 otherwise)."""
    check_ref(ref)
    if replicas < 0 or not resource_version:
        raise InvalidInputError("a scale patch needs a replica count of at least 0 and the version it was planned on")
    body = {"metadata": {"resourceVersion": resource_version}, "spec": {"replicas": replicas}}
    return _patch(f"{ref.path}/scale", body, field_manager)


def patch_annotations_request(
    ref: WorkloadRef, annotations: Mapping[str, str | None], resource_version: str | None, field_manager: str
) -> Request:
    """Set annotations; None removes one. With a version, only if the object is still at it."""
    check_ref(ref)
    metadata: dict[str, object] = {"annotations": dict(annotations)}
    if resource_version is not None:
        metadata["resourceVersion"] = resource_version
    return _patch(ref.path, {"metadata": metadata}, field_manager)


def _patch(path: str, body: object, field_manager: str) -> Request:
    return Request(path, {"fieldManager": field_manager}, HTTPMethod.PATCH, json.dumps(body).encode(), MERGE_PATCH)


def read_scale(request: Request, answer: Answer) -> Scale:
    """Decode a scale subresource."""
    scale = decode(request, answer, ScaleObject)
    meta = scale.metadata
    return Scale(scale.spec.replicas, scale.status.replicas, meta.resource_version, meta.uid)


def read_meta(request: Request, answer: Answer) -> ObjectMeta:
    """Decode any object's metadata."""
    return decode(request, answer, OwnedMeta).metadata


def check_segments(*values: str) -> None:
    """Refuse names that are none: they become part of a path."""
    for value in values:
        if not _NAME.fullmatch(value) or ".." in value:
            raise InvalidInputError(f"'{value[:80]}' is not a Kubernetes name")


def object_request(path: str, method: HTTPMethod, body: object, field_manager: str) -> Request:
    """Create, change (merge patch) or delete one object of any kind."""
    if method is HTTPMethod.PATCH:
        return _patch(path, body, field_manager)
    params = {"fieldManager": field_manager} if method is HTTPMethod.POST else {}
    return Request(path, params, method, json.dumps(body).encode(), "application/json")


def read_object(request: Request, answer: Answer) -> dict[str, Any]:
    """Decode an object of any kind, whole."""
    return decode(request, answer, dict[str, Any])


def read_table(request: Request, answer: Answer) -> Table:
    """Decode a list as it would be printed. Raises KubeProtocolError for anything else."""
    table = decode(request, answer, Table)
    if table.kind != "Table":
        raise KubeProtocolError(f"{request.what} answered with a '{table.kind}', not a Table")
    return table


def read_text(request: Request, answer: Answer) -> str:
    """Decode what is no JSON; bytes that are no text are shown as such."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise error_for(request.what, answer.status, answer.headers, answer.body)
    return answer.body.decode(errors="replace")


VERSION = Request("/version")


def read_version(answer: Answer) -> ServerVersion:
    """Decode /version."""
    return decode(VERSION, answer, ServerVersion)
