"""The API server's front door: who asks, what for, and which handler answers."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api import discovery
from ai4k8s_simcluster.api.bodies import check_kind, fit, media_type, read_object
from ai4k8s_simcluster.api.discovery import Discovery
from ai4k8s_simcluster.api.metrics import MetricsApi
from ai4k8s_simcluster.api.negotiation import Representation, negotiate
from ai4k8s_simcluster.api.openapi import OpenApi
from ai4k8s_simcluster.api.rendering import Renderer, error_response, json_response
from ai4k8s_simcluster.api.requests import ListOptions, Target, parse_list_options, parse_target
from ai4k8s_simcluster.api.resources import Call, ResourceApi
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.errors import ApiError, UnservedPathError
from ai4k8s_simcluster.registry import ACCESS_REVIEWS, Catalogue, Subresource, Verb
from ai4k8s_simcluster.types import Obj

_OPEN_PATHS = ("/healthz", "/readyz", "/livez", "/version")
_LARGEST_BODY_BYTES = 3 * 1024 * 1024
_COLLECTION_VERBS = {"GET": Verb.LIST, "POST": Verb.CREATE, "DELETE": Verb.DELETE_COLLECTION}
_ITEM_VERBS = {"GET": Verb.GET, "PUT": Verb.UPDATE, "PATCH": Verb.PATCH, "DELETE": Verb.DELETE}

Control = Callable[[], Obj]


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the application is made of."""

    resources: ResourceApi
    metrics: MetricsApi
    control: Mapping[str, Control]
    token: str
    address: Callable[[], str]
    clock: Clock


class ApiApplication:
    """An ASGI application that is a Kubernetes API server."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._discovery = Discovery(parts.resources.catalogue)
        self._openapi = OpenApi(parts.resources.catalogue)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = error_response(error)
        except UnservedPathError:
            response = PlainTextResponse("404 page not found\n", 404)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self._authorize(request, path)
        if path.startswith(("/api/", "/apis/")) and len(path.strip("/").split("/")) > (2 if path[4] == "/" else 3):
            return await self._resource(request, path)
        if request.method != "GET":
            raise UnservedPathError if not path.startswith("/api") else errors.method_not_allowed()
        return self._other(path, request.headers.get("accept", ""))

    def _authorize(self, request: Request, path: str) -> None:
        given = request.headers.get("authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            if not hmac.compare_digest(token.strip().encode(), self._parts.token.encode()):
                raise errors.unauthorized()
            return
        if not path.startswith(_OPEN_PATHS):
            raise _anonymous(self._parts.resources.catalogue, request.method, path)

    def _other(self, path: str, accept: str) -> Response:
        if path.startswith(("/healthz", "/readyz", "/livez")):
            return PlainTextResponse("ok")
        parts = path.strip("/").split("/")
        match parts:
            case ["version"]:
                return json_response(discovery.version_info())
            case ["api" | "apis"] if discovery.wants_aggregated(accept):
                body = orjson.dumps(self._discovery.aggregated(core=parts == ["api"]))
                return Response(body, media_type=discovery.AGGREGATED)
            case ["api"]:
                return json_response(discovery.core_versions(self._parts.address()))
            case ["apis"]:
                return json_response(self._discovery.group_list())
            case ["apis", name]:
                return _known(self._discovery.group(name))
            case ["api", version]:
                return _found(self._discovery.resource_list("", version))
            case ["apis", name, version]:
                return _found(self._discovery.resource_list(name, version))
            case ["openapi", "v3"]:
                return Response(self._openapi.index(), media_type="application/json")
            case ["openapi", "v3", *rest]:
                return self._document("/".join(rest))
            case ["sim", "v1", name] if name in self._parts.control:
                return json_response(self._parts.control[name]())
        raise UnservedPathError

    async def _resource(self, request: Request, path: str) -> Response:
        target = parse_target(self._parts.resources.catalogue, path)
        verb = _verb(request.method, target)
        how = negotiate(request.headers.get("accept", "*/*"))
        query = dict(request.query_params)
        renderer = Renderer(how, query, self._parts.clock.now())
        body = await _body(request)
        call = Call(target, query, request.headers, body, renderer)
        if not target.resource.stored:
            return self._virtual(call, how)
        resources = self._parts.resources
        match verb:
            case Verb.LIST:
                options = parse_list_options(query)
                return resources.watch(call, options) if options.watch else resources.list_all(call, options)
            case Verb.DELETE_COLLECTION:
                return resources.delete_collection(call, parse_list_options(query))
        handlers: Mapping[Verb, Callable[[Call], Response]] = {
            Verb.GET: resources.get,
            Verb.CREATE: resources.create,
            Verb.UPDATE: resources.replace,
            Verb.PATCH: resources.patch,
            Verb.DELETE: resources.delete,
        }
        return handlers[verb](call)

    def _document(self, path: str) -> Response:
        found = self._openapi.document(path)
        if found is None:
            raise UnservedPathError
        return Response(found, media_type="application/json")

    def _virtual(self, call: Call, how: Representation) -> Response:
        target = call.target
        if target.resource is ACCESS_REVIEWS:
            return _access_review(call)
        if Verb.CREATE in target.resource.verbs:
            raise errors.method_not_allowed()
        options: ListOptions | None = None if target.name else parse_list_options(call.query)
        return self._parts.metrics.answer(target, options, how)


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_BODY_BYTES:
            message = f"Request entity too large: limit is {_LARGEST_BODY_BYTES}"
            raise ApiError(413, "RequestEntityTooLarge", message, {})
        chunks.append(chunk)
    return b"".join(chunks)


def _verb(method: str, target: Target) -> Verb:
    resource = target.resource
    if target.subresource:
        found: Subresource | None = resource.subresource(target.subresource)
        if found is None:
            raise errors.no_such_resource()
        verb = _ITEM_VERBS.get(method)
        allowed = found.verbs
    else:
        verb = (_ITEM_VERBS if target.name else _COLLECTION_VERBS).get(method)
        allowed = resource.verbs
    outside = resource.namespaced and not target.namespace and verb in {Verb.CREATE, Verb.DELETE_COLLECTION}
    if verb is None or verb not in allowed or outside:
        raise errors.method_not_allowed()
    return verb


def _access_review(call: Call) -> Response:
    value = read_object(call.body, media_type(call.headers), call.target.resource.kind)
    resource = call.target.resource
    check_kind(value, resource.kind, resource.group, resource.version)
    review = fit(resource, value, "").obj
    return json_response(
        {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {},
            "spec": review.get("spec") or {},
            "status": {"allowed": True, "reason": "the one token of this cluster may do everything"},
        },
        201,
    )


def _known(value: Any) -> Response:
    if value is None:
        raise UnservedPathError
    return json_response(value)


def _found(value: Any) -> Response:
    if value is None:
        raise errors.no_such_resource()
    return json_response(value)


def _anonymous(catalogue: Catalogue, method: str, path: str) -> ApiError:
    user = 'User "system:anonymous"'
    parts = path.strip("/").split("/")
    if parts[0] in {"api", "apis"} and len(parts) > (2 if parts[0] == "api" else 3):
        target = parse_target(catalogue, path)
        words = {"GET": "get" if target.name else "list", "POST": "create", "PUT": "update"}
        verb = words.get(method, method.lower())
        resource = target.resource
        where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
        named = f' "{target.name}"' if target.name else ""
        message = f'{user} cannot {verb} resource "{resource.plural}" in API group "{resource.group}" {where}'
        details: Obj = {"name": target.name} if target.name else {}
        if resource.group:
            details["group"] = resource.group
        return errors.forbidden(
            f"{resource.qualified}{named} is forbidden: {message}", {**details, "kind": resource.plural}
        )
    return errors.forbidden(f'forbidden: {user} cannot {method.lower()} path "{path}"', {})


Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
