"""Schemas of custom kinds: those we ship, and those a CustomResourceDefinition in the text brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.reading import as_list, as_map, as_text, dig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer", "format": "int32"}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_QUANTITIES = {
    "type": "object",
    "additionalProperties": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.api.resource.Quantity"},
}
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
Schema = dict[str, Any]


def _record(required: tuple[str, ...] = (), **fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(required)}


def _many(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _words(*allowed: str) -> Schema:
    return {"type": "string", "enum": list(allowed)}


def _kind(spec: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["spec"],
        "properties": {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _OPEN, "spec": spec, "status": _OPEN},
    }


_RESOURCE_POLICY = _record(
    containerPolicies=_many(
        _record(
            containerName=_TEXT,
            mode=_words("Auto", "Off"),
            minAllowed=_QUANTITIES,
            maxAllowed=_QUANTITIES,
            controlledResources=_many(_words("cpu", "memory")),
            controlledValues=_words("RequestsAndLimits", "RequestsOnly"),
        )
    )
)
_VPA = _kind(
    _record(
        ("targetRef",),
        targetRef=_record(("kind", "name"), apiVersion=_TEXT, kind=_TEXT, name=_TEXT),
        updatePolicy=_record(
            updateMode=_words("Off", "Initial", "Recreate", "InPlaceOrRecreate", "Auto"),
            minReplicas=_WHOLE,
            evictionRequirements=_many(_OPEN),
        ),
        resourcePolicy=_RESOURCE_POLICY,
        recommenders=_many(_record(("name",), name=_TEXT)),
    )
)
_PARENT = _record(("name",), group=_TEXT, kind=_TEXT, namespace=_TEXT, name=_TEXT, sectionName=_TEXT, port=_PORT)
_BACKEND = _record(
    ("name",), group=_TEXT, kind=_TEXT, name=_TEXT, namespace=_TEXT, port=_PORT, weight=_WHOLE, filters=_many(_OPEN)
)
_HTTP_MATCH = _record(
    path=_record(type=_words("Exact", "PathPrefix", "RegularExpression"), value=_TEXT),
    headers=_many(_record(("name", "value"), type=_words("Exact", "RegularExpression"), name=_TEXT, value=_TEXT)),
    queryParams=_many(_record(("name", "value"), type=_words("Exact", "RegularExpression"), name=_TEXT, value=_TEXT)),
    method=_words("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
)
_GRPC_MATCH = _record(method=_record(type=_TEXT, service=_TEXT, method=_TEXT), headers=_many(_OPEN))


def _route(match: Schema | None) -> Schema:
    rule: dict[str, Schema] = {"name": _TEXT, "backendRefs": _many(_BACKEND, maxItems=16)}
    if match is not None:
        rule |= {"matches": _many(match), "filters": _many(_OPEN), "timeouts": _OPEN, "sessionPersistence": _OPEN}
    fields = {"parentRefs": _many(_PARENT), "rules": _many(_record((), **rule))}
    return _kind(_record((), **fields, hostnames=_many(_TEXT, maxItems=16)))


_LISTENER = _record(
    ("name", "port", "protocol"),
    name=_TEXT,
    hostname=_TEXT,
    port=_PORT,
    protocol=_words("HTTP", "HTTPS", "TLS", "TCP", "UDP"),
    tls=_record(mode=_words("Terminate", "Passthrough"), certificateRefs=_many(_OPEN), options=_OPEN),
    allowedRoutes=_OPEN,
)
_GATEWAY = _kind(
    _record(
        ("gatewayClassName", "listeners"),
        gatewayClassName=_TEXT,
        listeners=_many(_LISTENER, minItems=1, maxItems=64),
        addresses=_many(_OPEN),
        infrastructure=_OPEN,
    )
)
_GRANT = _kind(
    _record(
        ("from", "to"),
        **{
            "from": _many(_record(("group", "kind", "namespace"), group=_TEXT, kind=_TEXT, namespace=_TEXT)),
            "to": _many(_record(("group", "kind"), group=_TEXT, kind=_TEXT, name=_TEXT)),
        },
    )
)
_GATEWAY_API = "gateway.networking.k8s.io"

SHIPPED: dict[tuple[str, str], Mapping[str, Any]] = {
    ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"): _VPA,
    (f"{_GATEWAY_API}/v1", "Gateway"): _GATEWAY,
    (f"{_GATEWAY_API}/v1", "GatewayClass"): _kind(
        _record(("controllerName",), controllerName=_TEXT, description=_TEXT, parametersRef=_OPEN)
    ),
    (f"{_GATEWAY_API}/v1", "HTTPRoute"): _route(_HTTP_MATCH),
    (f"{_GATEWAY_API}/v1", "GRPCRoute"): _route(_GRPC_MATCH),
    (f"{_GATEWAY_API}/v1alpha2", "TLSRoute"): _route(None),
    (f"{_GATEWAY_API}/v1alpha2", "TCPRoute"): _route(None),
    (f"{_GATEWAY_API}/v1beta1", "ReferenceGrant"): _GRANT,
}


def from_definitions(objects: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the kinds that CustomResourceDefinitions among some objects define."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for each in objects:
        if each.get("kind") != "CustomResourceDefinition":
            continue
        group, kind = as_text(dig(each, "spec", "group")), as_text(dig(each, "spec", "names", "kind"))
        for version in as_list(dig(each, "spec", "versions")):
            schema = as_map(dig(version, "schema", "openAPIV3Schema"))
            if group and kind and schema:
                properties = {"apiVersion": _TEXT, "kind": _TEXT, **as_map(schema.get("properties")), "metadata": _OPEN}
                found[f"{group}/{as_text(dig(version, 'name'))}", kind] = {**schema, "properties": properties}
    return found
