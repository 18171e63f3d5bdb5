"""OpenAPI documents, v3 and v2, cut from the published definitions to what is served here.

Clients read them for validation and `explain`; advertising `fieldValidation` tells them that the server
checks fields.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from ai4k8s_simcluster.registry import Catalogue, Custom, ResourceType
from ai4k8s_simcluster.schema import KUBERNETES_MINOR, definitions, fields_of
from ai4k8s_simcluster.types import Obj

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_OLD_REF = "#/$defs/"
_NEW_REF = "#/components/schemas/"
_LEGACY_REF = "#/definitions/"
_LEGACY = "v2"


def _path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


class OpenApi:
    """The documents of one cluster, made once for each state of its catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._revision = -1
        self._documents: dict[str, bytes] = {}

    def index(self) -> bytes:
        """Return /openapi/v3."""
        paths: Obj = {}
        for group, version in self._catalogue.groups:
            path = _path_of(group, version)
            digest = hashlib.sha256(self.document(path) or b"").hexdigest()[:32].upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        return orjson.dumps({"paths": paths})

    def legacy(self) -> bytes:
        """Return /openapi/v2: the definitions of everything that is served, in one document."""
        if self._revision != self._catalogue.revision or _LEGACY not in self._documents:
            self._forget()
            self._documents[_LEGACY] = _legacy_document(self._catalogue.types)
        return self._documents[_LEGACY]

    def _forget(self) -> None:
        if self._revision != self._catalogue.revision:
            self._documents.clear()
            self._revision = self._catalogue.revision

    def document(self, path: str) -> bytes | None:
        """Return the document of one group and version, None when that is not served."""
        self._forget()
        if path not in self._documents:
            found = [r for r in self._catalogue.types if _path_of(r.group, r.version) == path]
            if not found:
                return None
            self._documents[path] = _document(found)
        return self._documents[path]


def _legacy_document(types: Iterable[ResourceType]) -> bytes:
    return orjson.dumps(
        {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": f"1.{KUBERNETES_MINOR}"},
            "paths": {},
            "definitions": _schemas(types, _LEGACY_REF),
        }
    )


def _schemas(types: Iterable[ResourceType], prefix: str) -> Obj:
    """Return everything that some types are made of, referring to each other as the kind of document wants."""
    names: set[str] = set()
    custom: Obj = {}
    for resource in types:
        if resource.custom is None:
            _collect(resource.definition, names)
        else:
            _collect(_META, names)
            custom[resource.definition] = _custom(resource, resource.custom, prefix)
    return {name: _converted(definitions()[name], prefix) for name in sorted(names)} | custom


def _document(found: list[ResourceType]) -> bytes:
    body = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"1.{KUBERNETES_MINOR}"},
        "paths": {url: item for resource in found for url, item in _paths(resource).items()},
        "components": {"schemas": _schemas(found, _NEW_REF)},
    }
    return orjson.dumps(body)


def _custom(resource: ResourceType, custom: Custom, prefix: str) -> Obj:
    """Return the schema of a custom resource, with the fields that every object has."""
    known = definitions()["io.k8s.api.core.v1.Pod"]["properties"]
    named = {name: _converted(known[name], prefix) for name in ("apiVersion", "kind", "metadata")}
    gvk = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    properties = {**(custom.schema.get("properties") or {}), **named}
    return {**custom.schema, "properties": properties, "x-kubernetes-group-version-kind": [gvk]}


def _collect(name: str, names: set[str]) -> None:
    if name in names or name not in definitions():
        return
    names.add(name)
    for field in (fields_of(name) or {}).values():
        for ref in (field.ref, field.item_ref, field.value_ref):
            if ref:
                _collect(ref, names)


def _converted(value: Any, prefix: str) -> Any:
    """Rewrite a definition from JSON Schema to OpenAPI: references, and types that also allow null."""
    if isinstance(value, list):
        return [_converted(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    result: Obj = {}
    for key, inner in value.items():
        if key == "$ref" and isinstance(inner, str):
            ref = {"$ref": inner.replace(_OLD_REF, prefix)}
            if len(value) == 1:
                return ref
            result |= ref if prefix == _LEGACY_REF else {"allOf": [ref]}
        elif key == "type" and isinstance(inner, list):
            result["type"] = inner[0]
        else:
            result[key] = _converted(inner, prefix)
    return result


def _paths(resource: ResourceType) -> Obj:
    base = f"/{_path_of(resource.group, resource.version)}"
    if resource.namespaced:
        base += "/namespaces/{namespace}"
    gvk = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    validation = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    dry_run = {"name": "dryRun", "in": "query", "schema": {"type": "string"}}

    def operation(action: str) -> Obj:
        return {
            "operationId": f"{action}{resource.kind}",
            "parameters": [dry_run, validation],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
        }

    collection = f"{base}/{resource.plural}"
    return {
        collection: {"post": operation("post")},
        f"{collection}/{{name}}": {action: operation(action) for action in ("get", "put", "patch", "delete")},
    }
