"""The API server's front door: who asks, what for, and which handler answers."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api import discovery
from ai4k8s_simcluster.api.discovery import Discovery
from ai4k8s_simcluster.api.fairness import REFUSAL, RETRY_AFTER_SECONDS, Fairness, TooManyRequestsError, headers_for
from ai4k8s_simcluster.api.gate import Asked, Gate
from ai4k8s_simcluster.api.metrics import MetricsApi
from ai4k8s_simcluster.api.negotiation import Representation, negotiate
from ai4k8s_simcluster.api.openapi import OpenApi
from ai4k8s_simcluster.api.rendering import Renderer, error_response, json_response
from ai4k8s_simcluster.api.requests import ListOptions, Target, parse_list_options, parse_target
from ai4k8s_simcluster.api.resources import Call, ResourceApi
from ai4k8s_simcluster.api.reviews import Reviews
from ai4k8s_simcluster.auth.tokens import TokenIssuer
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.errors import ApiError, UnservedPathError
from ai4k8s_simcluster.faults.control import FaultControl
from ai4k8s_simcluster.registry import ResourceType, Subresource, Verb
from ai4k8s_simcluster.types import Obj

_LARGEST_BODY_BYTES = 3 * 1024 * 1024
_COLLECTION_VERBS = {"GET": Verb.LIST, "POST": Verb.CREATE, "DELETE": Verb.DELETE_COLLECTION}
_ITEM_VERBS = {"GET": Verb.GET, "PUT": Verb.UPDATE, "PATCH": Verb.PATCH, "DELETE": Verb.DELETE}
_SUBRESOURCE_VERBS = {**_ITEM_VERBS, "POST": Verb.CREATE}

Action = Callable[[Call], Response]
Control = Callable[[], Obj]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the application is made of.

    actions: what answers a subresource that is no part of its object. sockets: what answers WebSockets.
    """

    resources: ResourceApi
    metrics: MetricsApi
    control: Mapping[str, Control]
    faults: FaultControl
    gate: Gate
    fairness: Fairness
    reviews: Reviews
    actions: Mapping[tuple[ResourceType, str], Action]
    sockets: Handler
    issuer: TokenIssuer
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
        if scope["type"] == "websocket":
            await self._parts.sockets(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        marks = {"Audit-ID": request.headers.get("audit-id") or str(uuid.uuid4())}
        try:
            response = await self._admit(request, marks)
        except ApiError as error:
            response = error_response(error)
        except UnservedPathError:
            response = PlainTextResponse("404 page not found\n", 404)
        except TooManyRequestsError:
            response = PlainTextResponse(f"{REFUSAL}\n", 429, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        except ClientDisconnect:
            return
        for name, value in marks.items():
            response.headers[name] = value
        await response(scope, receive, send)

    async def _admit(self, request: Request, marks: dict[str, str]) -> Response:
        """Let a request in and answer it; marks: headers of the answer, whatever it will be."""
        gate = self._parts.gate
        asked = gate.identify(Asked.of(request.scope, request.query_params))
        marks.update(headers_for(asked.user))
        with self._parts.fairness.seat(asked, request.query_params):
            return await self._answer(request, gate.admit(asked))

    async def _answer(self, request: Request, user: User) -> Response:
        path = request.url.path
        if self._parts.faults.serves(path):
            return self._parts.faults.answer(request.method, path, await _body(request))
        if path.startswith(("/api/", "/apis/")) and len(path.strip("/").split("/")) > (2 if path[4] == "/" else 3):
            return await self._resource(request, path, user)
        if request.method != "GET":
            raise UnservedPathError if not path.startswith("/api") else errors.method_not_allowed()
        return self._other(path, request.headers.get("accept", ""))

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
                return Response(self._openapi.index(), media_type="text/plain")
            case ["openapi", "v2"]:
                return Response(self._openapi.legacy(), media_type="application/json")
            case ["openapi", "v3", *rest]:
                return self._document("/".join(rest))
            case ["openid", "v1", "jwks"]:
                body = orjson.dumps(self._parts.issuer.key_set())
                return Response(body, media_type="application/jwk-set+json")
            case [".well-known", "openid-configuration"]:
                return json_response(self._parts.issuer.configuration(self._parts.address()))
            case ["sim", "v1", name] if name in self._parts.control:
                return json_response(self._parts.control[name]())
        raise UnservedPathError

    async def _resource(self, request: Request, path: str, user: User) -> Response:
        target = parse_target(self._parts.resources.catalogue, path)
        verb = _verb(request.method, target)
        accept = request.headers.get("accept", "*/*")
        how = negotiate(accept, converted=target.resource.stored)
        query = dict(request.query_params)
        if target.legacy_watch:
            query["watch"] = "true"
            if target.name:
                query["fieldSelector"] = f"metadata.name={target.name}"
        renderer = Renderer(how, query, self._parts.clock.now())
        body = await _body(request)
        pairs = request.query_params.multi_items()
        call = Call(target, query, request.headers, body, renderer, user, pairs)
        act = self._parts.actions.get((target.resource, target.subresource))
        if act is not None:
            return act(call)
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
        if self._parts.reviews.knows(target.resource):
            return self._parts.reviews.answer(call)
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
        verb = _SUBRESOURCE_VERBS.get(method)
        allowed = found.verbs
    else:
        one = target.name and not target.legacy_watch
        verb = (_ITEM_VERBS if one else _COLLECTION_VERBS).get(method)
        allowed = resource.verbs
    outside = resource.namespaced and not target.namespace and verb in {Verb.CREATE, Verb.DELETE_COLLECTION}
    if verb is None or verb not in allowed or outside:
        raise errors.method_not_allowed()
    return verb


def _known(value: Any) -> Response:
    if value is None:
        raise UnservedPathError
    return json_response(value)


def _found(value: Any) -> Response:
    if value is None:
        raise errors.no_such_resource()
    return json_response(value)
