"""The verbs on stored resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response, StreamingResponse

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import check_kind, fit, media_type, read_object, read_patch
from ai4k8s_simcluster.api.rendering import Renderer, json_response
from ai4k8s_simcluster.api.requests import Continuation, ListOptions, Target, parse_dry_run
from ai4k8s_simcluster.api.scaling import read_scale, scale_of, with_replicas
from ai4k8s_simcluster.api.watching import Watch, WatchHub, WatchScope
from ai4k8s_simcluster.auth.escalation import check_no_escalation
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.conversion import from_storage, to_storage
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.patches import json_patch, merge_patch, strategic_merge
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.selectors import compile_selectors
from ai4k8s_simcluster.shelf import after, span
from ai4k8s_simcluster.store import CompactedError, Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions, Writer

_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list "
    "- objects that were created, modified, or deleted between the time the first chunk was returned and "
    "now may show up in the list."
)
_PROPAGATION = ("Foreground", "Background", "Orphan", "nil")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read. pairs: its query again, where a name may come more than once."""

    target: Target
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    renderer: Renderer
    user: User
    pairs: Sequence[tuple[str, str]] = ()


class ResourceApi:
    """Answers requests for stored resources."""

    def __init__(self, store: Store, writer: Writer, hub: WatchHub, rbac: Rbac) -> None:
        self._store = store
        self._rbac = rbac
        self.catalogue = store.catalogue
        self._writer = writer
        self._hub = hub

    def get(self, call: Call) -> Response:
        """Answer with one object or a part of it."""
        stored = self._find(call.target)
        if call.target.subresource == "scale":
            return json_response(scale_of(stored.obj))
        return call.renderer.one(call.target.resource, stored.obj)

    def list_all(self, call: Call, options: ListOptions) -> Response:
        """Answer with a list, whole or a page of it."""
        resource, namespace = call.target.resource, call.target.namespace
        version = int(options.resource_version or 0)
        if version > self._store.version:
            raise errors.too_large_resource_version(version, self._store.version)
        matches = compile_selectors(resource, options.label_selector, options.field_selector)
        if options.resume:
            items, at = self._resume(resource, namespace, options.resume)
        elif options.match == "Exact":
            items, at = self._listing_at(resource, namespace, version), version
        else:
            items, at = self._store.listing(resource.storage, namespace), self._store.version
        selected = bool(options.label_selector or options.field_selector)
        found = [item for item in items if matches(item.obj)] if selected else items
        return self._page(call, options, found, at, selected=selected)

    def watch(self, call: Call, options: ListOptions) -> Response:
        """Answer with a stream of events."""
        resource = call.target.resource
        matches = compile_selectors(resource, options.label_selector, options.field_selector)
        scope = WatchScope(resource, call.target.namespace, options, matches)
        watch = Watch(self._store, self._hub, scope, call.renderer)
        return StreamingResponse(watch.stream(), media_type="application/json")

    def create(self, call: Call) -> Response:
        """Store what the body describes."""
        resource, namespace = call.target.resource, call.target.namespace
        value = read_object(call.body, media_type(call.headers), resource.kind)
        check_kind(value, resource.kind, resource.group, resource.version)
        fitted = fit(resource, value, call.query.get("fieldValidation", ""))
        metadata = fitted.obj.setdefault("metadata", {})
        if namespace and metadata.setdefault("namespace", namespace) != namespace:
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        check_no_escalation(self._rbac, call.user, resource, fitted.obj, None)
        created = self._writer.create(
            resource.storage, to_storage(resource, fitted.obj), dry_run=parse_dry_run(call.query)
        )
        return call.renderer.one(resource, created, 201, _warning_headers(fitted.warnings))

    def replace(self, call: Call) -> Response:
        """Put the body in the place of the object."""
        target = call.target
        kind = "Scale" if target.subresource == "scale" else target.resource.kind
        value = read_object(call.body, media_type(call.headers), kind)
        if target.subresource == "scale":
            check_kind(value, "Scale", "autoscaling", "v1")
            return self._write_scale(call, self._find(target), value)
        check_kind(value, kind, target.resource.group, target.resource.version)
        _check_place(target, value)
        return self._write(call, self._find(target), value)

    def patch(self, call: Call) -> Response:
        """Change the object as the patch says."""
        content = media_type(call.headers)
        if content not in {_MERGE, _STRATEGIC, _JSON_PATCH}:
            raise errors.unsupported_media_type("415: Unsupported Media Type", {})
        stored = self._find(call.target)
        scaling = call.target.subresource == "scale"
        before = scale_of(stored.obj) if scaling else from_storage(call.target.resource, stored.obj)
        definition = "io.k8s.api.autoscaling.v1.Scale" if scaling else call.target.resource.definition
        changed = _patched(content, before, call.body, definition)
        return self._write_scale(call, stored, changed) if scaling else self._write(call, stored, changed)

    def delete(self, call: Call) -> Response:
        """Delete one object."""
        resource = call.target.resource
        stored = self._find(call.target)
        deletion = self._writer.delete(resource.storage, stored, self._delete_options(call))
        if resource.returns_deleted or not deletion.gone:
            return call.renderer.one(resource, deletion.obj)
        details: Obj = {"name": stored.name}
        if resource.group:
            details["group"] = resource.group
        details |= {"kind": resource.plural, "uid": deletion.obj["metadata"]["uid"]}
        return json_response(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        )

    def delete_collection(self, call: Call, options: ListOptions) -> Response:
        """Delete every object that the selectors match."""
        resource = call.target.resource
        matches = compile_selectors(resource, options.label_selector, options.field_selector)
        found = [item for item in self._store.listing(resource.storage, call.target.namespace) if matches(item.obj)]
        delete = self._delete_options(call)
        for item in found:
            self._writer.delete(resource.storage, item, delete)
        return call.renderer.many(resource, found, {"resourceVersion": str(self._store.version)})

    def _find(self, target: Target) -> Stored:
        stored = self._store.get(target.resource.storage, target.namespace, target.name)
        if stored is None:
            raise errors.not_found(target.resource.storage, target.name)
        return stored

    def _resume(self, resource: ResourceType, namespace: str, resume: Continuation) -> tuple[Sequence[Stored], int]:
        if resume.version < 0:
            items, version = self._store.listing(resource.storage, namespace), self._store.version
        else:
            remembered = self._store.snapshot(resource.storage, resume.version)
            if remembered is None:
                fresh = Continuation(-1, resume.after).token()
                raise errors.expired(_TOO_OLD, {"continue": fresh})
            items, version = remembered, resume.version
        begin, end = span(items, namespace)
        return items[max(begin, after(items, resume.after)) : end], version

    def _listing_at(self, resource: ResourceType, namespace: str, version: int) -> list[Stored]:
        try:
            return self._store.listing_at(resource.storage, version, namespace)
        except CompactedError as error:
            raise errors.expired("The resourceVersion for the provided list is too old.") from error

    def _page(self, call: Call, options: ListOptions, found: Sequence[Stored], at: int, *, selected: bool) -> Response:
        metadata: Obj = {"resourceVersion": str(at)}
        page = found[: options.limit] if options.limit and not options.from_cache else found
        if len(page) < len(found):
            if options.resume is None or options.resume.version < 0:
                everything = self._store.listing(call.target.resource.storage)
                self._store.keep_snapshot(call.target.resource.storage, everything)
            metadata["continue"] = Continuation(at, (page[-1].namespace, page[-1].name)).token()
            if not selected:
                metadata["remainingItemCount"] = len(found) - len(page)
        return call.renderer.many(call.target.resource, page, metadata)

    def _write(self, call: Call, stored: Stored, value: Obj) -> Response:
        target = call.target
        _check_place(target, value)
        fitted = fit(target.resource, value, call.query.get("fieldValidation", ""))
        fitted.obj.setdefault("metadata", {})["name"] = target.name
        if target.namespace:
            fitted.obj["metadata"]["namespace"] = target.namespace
        check_no_escalation(self._rbac, call.user, target.resource, fitted.obj, stored.obj)
        updated = self._writer.update(
            target.resource.storage,
            stored,
            to_storage(target.resource, fitted.obj),
            status_only=target.subresource == "status",
            dry_run=parse_dry_run(call.query),
        )
        return call.renderer.one(target.resource, updated, 200, _warning_headers(fitted.warnings))

    def _write_scale(self, call: Call, stored: Stored, value: Obj) -> Response:
        wanted = read_scale(value, call.target.name)
        changed = with_replicas(stored.obj, wanted)
        updated = self._writer.update(call.target.resource, stored, changed, dry_run=parse_dry_run(call.query))
        return json_response(scale_of(updated))

    def _delete_options(self, call: Call) -> DeleteOptions:
        body: Obj = {}
        if call.body:
            body = read_object(call.body, media_type(call.headers), "DeleteOptions")
        query = call.query
        propagation = str(body.get("propagationPolicy") or query.get("propagationPolicy") or "Background")
        if propagation not in _PROPAGATION:
            cause = Cause.unsupported("propagationPolicy", propagation, _PROPAGATION)
            raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [cause])
        grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
        preconditions = body.get("preconditions") or {}
        return DeleteOptions(
            propagation,
            None if grace is None else _grace(grace),
            str(preconditions.get("uid") or ""),
            str(preconditions.get("resourceVersion") or ""),
            parse_dry_run(query, body),
        )


def _check_place(target: Target, value: Obj) -> None:
    metadata = value.get("metadata") or {}
    name = metadata.get("name", target.name)
    if name != target.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({target.name})")
    if metadata.get("namespace", target.namespace) != target.namespace:
        raise errors.bad_request("the namespace of the object does not match the namespace on the URL")


def _grace(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax') from error


def _patched(content: str, before: Obj, raw: bytes, definition: str) -> Obj:
    if content == _JSON_PATCH:
        operations = read_patch(raw, list, "[]handlers.jsonPatchOp")
        after = json_patch(before, operations)
        if not isinstance(after, dict):
            raise errors.unprocessable_patch()
        return after
    patch = read_patch(raw, dict, "map[string]interface {}")
    if content == _STRATEGIC:
        return strategic_merge(before, patch, definition)
    merged: Obj = merge_patch(before, patch)
    return merged


def _warning_headers(warnings: Sequence[str]) -> dict[str, str]:
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in warnings]
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)} if quoted else {}
