"""Calls of plans as requests: each says on which object and version it was planned; the server refuses others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPMethod
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.wire import MERGE_PATCH, Request
from ai4k8s_common.plans import CallKind

if TYPE_CHECKING:
    from ai4k8s_common.plans import ApiCall

APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML
_PLACE = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+))?"
)
_SEGMENT = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?", re.ASCII)
# Subresources of a namespace look like collections in it.
_NO_COLLECTIONS = frozenset({"finalize", "status"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object, or a collection (without a name), is in the API."""

    api_version: str
    plural: str
    namespace: str  # nothing for what is in none
    name: str

    @property
    def group(self) -> str:
        """The API group; nothing for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def collection(self) -> str:
        """The collection's path."""
        root = "/apis" if self.group else "/api"
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{root}/{self.api_version}{inside}/{self.plural}"

    @property
    def path(self) -> str:
        """The object's path."""
        return f"{self.collection}/{self.name}"


def place_of(path: str) -> Place:
    """Return what a path names. Raises InvalidInputError for subresources, proxies and whatever is no object."""
    found = _PLACE.fullmatch(path)
    if found is None or (found["plural"] in _NO_COLLECTIONS):
        raise InvalidInputError(
            f"'{path[:120]}' is not the path of an object", hint="A plan changes objects; it opens no proxies."
        )
    parts = [found["core"] or found["group"], found["plural"], found["namespace"] or "", found["name"] or ""]
    for part in [*parts[0].split("/"), *filter(None, parts[1:])]:
        if not _SEGMENT.fullmatch(part) or ".." in part:
            raise InvalidInputError(f"'{part[:80]}' is not a Kubernetes name")
    return Place(*parts)


def call_request(call: ApiCall, field_manager: str, *, dry_run: bool) -> Request:
    """Return the request of one call. Raises InvalidInputError for one that cannot be made of it."""
    place_of(call.path)
    params = {"fieldManager": field_manager} | ({"dryRun": "All"} if dry_run else {})
    if call.kind is CallKind.CREATE:
        return Request(call.path, params, HTTPMethod.POST, _json(call.body), "application/json")
    if call.kind is CallKind.PATCH:
        return Request(call.path, params, HTTPMethod.PATCH, _json(_on_version(call)), MERGE_PATCH)
    if call.kind is CallKind.APPLY:
        params |= {"force": "true" if call.force else "false"}
        return Request(call.path, params, HTTPMethod.PATCH, _json(_on_version(call)), APPLY_PATCH)
    if call.kind is CallKind.DELETE:
        options = {"propagationPolicy": "Background", **(call.body or {}), "preconditions": _preconditions(call)}
        return Request(call.path, _dry(params), HTTPMethod.DELETE, _json(options), "application/json")
    if call.kind is CallKind.EVICT:
        return Request(
            f"{call.path}/eviction", _dry(params), HTTPMethod.POST, _json(_eviction(call)), "application/json"
        )
    raise InvalidInputError(f"'{call.kind}' is not a call of the cluster's API")


def _on_version(call: ApiCall) -> dict[str, Any]:
    body = dict(call.body or {})
    metadata = dict(body.get("metadata") or {})
    if call.resource_version:
        metadata["resourceVersion"] = call.resource_version
    if call.uid:
        metadata["uid"] = call.uid
    return {**body, "metadata": metadata}


def _preconditions(call: ApiCall) -> dict[str, str]:
    wanted = {"uid": call.uid, "resourceVersion": call.resource_version}
    return {name: value for name, value in wanted.items() if value}


def _eviction(call: ApiCall) -> dict[str, Any]:
    place = place_of(call.path)
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "deleteOptions": {**(call.body or {}), **({"preconditions": {"uid": call.uid}} if call.uid else {})},
    }


def _dry(params: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name == "dryRun"}


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
