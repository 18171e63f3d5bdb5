"""The verbs on stored resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response, StreamingResponse

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import check_kind, fit, media_type, read_object
from ai4k8s_simcluster.api.patching import (
    APPLY,
    check_options,
    is_forced,
    manager_causes,
    manager_of,
    patch_format,
    patched,
    read_configuration,
)
from ai4k8s_simcluster.api.rendering import Renderer, json_response
from ai4k8s_simcluster.api.requests import Continuation, ListOptions, Target, parse_dry_run
from ai4k8s_simcluster.api.scaling import SCALES, read_scale, scale_configuration, scale_of, with_replicas
from ai4k8s_simcluster.api.warnings import warning_headers, warnings_of
from ai4k8s_simcluster.api.watching import Watch, WatchHub, WatchScope
from ai4k8s_simcluster.apply.authors import Author, field_manager
from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.escalation import check_no_escalation
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.conversion import from_storage, to_storage
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.registry import GROUP_EVENTS, ResourceType
from ai4k8s_simcluster.resizing import RESIZE, resized
from ai4k8s_simcluster.selectors import compile_selectors
from ai4k8s_simcluster.shelf import after, span
from ai4k8s_simcluster.store import CompactedError, Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import check_group_event
from ai4k8s_simcluster.writes import DeleteOptions, Writer

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
            return call.renderer.one(SCALES, scale_of(call.target.resource, stored.obj))
        resource = call.target.resource
        headers = warning_headers([resource.deprecation] if resource.deprecation else [])
        return call.renderer.one(resource, stored.obj, 200, headers)

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
        return self._create(call, fitted.obj, _author(call, fitted.warnings))

    def _create(self, call: Call, obj: Obj, author: Author) -> Response:
        resource = call.target.resource
        dry_run = parse_dry_run(call.query)
        check_no_escalation(self._rbac, call.user, resource, obj, None)
        stored_form = to_storage(resource, obj)
        causes = check_group_event(stored_form) if resource is GROUP_EVENTS else []
        if causes:
            raise errors.invalid(resource.kind, "", str(obj["metadata"].get("name", "")), causes)
        created = self._writer.create(resource.storage, stored_form, dry_run=dry_run, author=author)
        return call.renderer.one(resource, created, 201, _warnings(resource, created, author.warnings))

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
        stored = self._find(target)
        if target.resource.custom and not (value.get("metadata") or {}).get("resourceVersion"):
            cause = Cause.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            error = errors.invalid(target.resource.plural, target.resource.group, target.name, [cause])
            raise error
        return self._write(call, stored, value)

    def patch(self, call: Call) -> Response:
        """Change the object as the patch says."""
        target = call.target
        content = patch_format(call.headers, custom=target.resource.custom is not None)
        check_options(call.query, content)
        if content == APPLY:
            return self._apply(call)
        stored = self._find(target)
        if target.subresource == "scale":
            before = scale_of(target.resource, stored.obj)
            changed = patched(content, before, call.body, "io.k8s.api.autoscaling.v1.Scale")
            return self._write_scale(call, stored, changed)
        before = from_storage(target.resource, stored.obj)
        changed = patched(content, before, call.body, target.resource.definition)
        return self._write(call, stored, changed, of_patch=True)

    def _require_create(self, call: Call) -> None:
        """Refuse (403) an apply that would make an object to a user who may only change it."""
        target, resource = call.target, call.target.resource
        self._rbac.require(
            Attributes(
                call.user,
                "create",
                resource.group,
                resource.version,
                resource.plural,
                namespace=target.namespace,
                name=target.name,
            )
        )

    def _apply(self, call: Call) -> Response:
        """Make the object what the configuration says, as far as its manager goes."""
        target, resource = call.target, call.target.resource
        config = read_configuration(call.body)
        stored = self._store.get(resource.storage, target.namespace, target.name)
        if stored is None and target.subresource:
            raise errors.not_found(resource.storage, target.name)
        if target.subresource == "scale":
            config = scale_configuration(resource, config, target.name)
        manager = field_manager(resource, target.subresource, lambda: rfc3339(self._writer.clock.now()))
        live = None if stored is None else from_storage(resource, stored.obj)
        applied = manager.apply(live, config, call.query["fieldManager"], force=is_forced(call.query))
        author = Author(call.query["fieldManager"], resource, target.subresource, applied=True)
        obj = _named(target, applied.obj)
        if stored is None:
            self._require_create(call)
            uid = obj["metadata"].get("uid")
            if uid:
                why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                raise errors.conflict(resource, target.name, why)
            return self._create(call, fit(resource, obj, "Ignore").obj, author)
        return self._update(call, stored, fit(resource, obj, "Ignore").obj, author)

    def delete(self, call: Call) -> Response:
        """Delete one object."""
        resource = call.target.resource
        options = self._delete_options(call)
        stored = self._find(call.target)
        deletion = self._writer.delete(resource.storage, stored, options)
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
        delete = self._delete_options(call)
        found = [item for item in self._store.listing(resource.storage, call.target.namespace) if matches(item.obj)]
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

    def _write(self, call: Call, stored: Stored, value: Obj, *, of_patch: bool = False) -> Response:
        target = call.target
        validation = call.query.get("fieldValidation", "")
        fitted = fit(target.resource, _named(target, value), validation, of_patch=of_patch)
        return self._update(call, stored, fitted.obj, _author(call, fitted.warnings))

    def _update(self, call: Call, stored: Stored, value: Obj, author: Author) -> Response:
        resource, subresource = call.target.resource, call.target.subresource
        if subresource == RESIZE:
            value = resized(stored.obj, value)
        check_no_escalation(self._rbac, call.user, resource, value, stored.obj)
        updated = self._writer.update(
            resource.storage,
            stored,
            to_storage(resource, value),
            status_only=subresource == "status",
            dry_run=parse_dry_run(call.query),
            author=author,
        )
        if subresource == "scale":
            return call.renderer.one(SCALES, scale_of(resource, updated))
        return call.renderer.one(resource, updated, 200, _warnings(resource, updated, author.warnings))

    def _write_scale(self, call: Call, stored: Stored, value: Obj) -> Response:
        resource = call.target.resource
        changed = with_replicas(resource, stored.obj, read_scale(value, call.target.name))
        return self._update(call, stored, changed, _author(call, ()))

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


def _named(target: Target, value: Obj) -> Obj:
    """Return an object under the name and namespace of its URL. Raises ApiError (400) when it has others."""
    _check_place(target, value)
    place = {"name": target.name, **({"namespace": target.namespace} if target.namespace else {})}
    return {**value, "metadata": {**(value.get("metadata") or {}), **place}}


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


def _author(call: Call, warnings: Sequence[str]) -> Author:
    """Return who writes. Raises ApiError (422) when the field manager's name cannot be one."""
    if causes := manager_causes(call.query.get("fieldManager", "")):
        kind = "CreateOptions" if not call.target.name else "UpdateOptions"
        raise errors.invalid(kind, "meta.k8s.io", "", causes)
    manager = manager_of(call.query, call.headers)
    return Author(manager, call.target.resource, call.target.subresource, warnings=list(warnings))


def _warnings(resource: ResourceType, obj: Obj, unknown: Sequence[str]) -> dict[str, str]:
    return warning_headers([*unknown, *warnings_of(resource, obj)])
