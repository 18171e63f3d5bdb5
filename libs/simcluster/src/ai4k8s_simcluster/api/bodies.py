"""Reading what a client sends: media types, JSON and YAML, and the fit to the type it is meant for."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import yaml

from ai4k8s_simcluster.api import protobuf
from ai4k8s_simcluster.customresources.schemas import prune
from ai4k8s_simcluster.errors import Cause, bad_request, invalid, unsupported_media_type
from ai4k8s_simcluster.registry import Custom, ResourceType
from ai4k8s_simcluster.schema import decode
from ai4k8s_simcluster.types import Obj

_MEDIA_TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
_JSON = {"application/json", ""}
_YAML = {"application/yaml", "application/x-yaml"}
_EXCERPT = 30
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A body as an object of the type, and the warnings that go with it."""

    obj: Obj
    warnings: tuple[str, ...] = field(default=())


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of the body without its parameters."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


def read_object(raw: bytes, content_type: str, kind: str) -> Obj:
    """Read a body as a JSON object. Raises ApiError: 415 for another form, 400 when it cannot be read."""
    if content_type == protobuf.MEDIA_TYPE:
        return protobuf.decode_protobuf(raw)
    if content_type not in _JSON | _YAML:
        message = f"the body of the request was in an unknown format - accepted media types include: {_MEDIA_TYPES}"
        raise unsupported_media_type(message)
    prefix = f"the object provided is unrecognized (must be of type {kind}): "
    prefix += "couldn't get version/kind; json parse error"
    excerpt = (raw[:_EXCERPT].decode("utf-8", "replace") + " ...") if len(raw) > _EXCERPT else raw.hex()
    if not raw:
        raise bad_request(f"{prefix}: unexpected end of JSON input (<empty>)")
    try:
        value = yaml.safe_load(raw) if content_type in _YAML else orjson.loads(raw)
    except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        text = str(error)
        why = "unexpected end of JSON input" if "unexpected end" in text or "EOF" in text else text
        raise bad_request(f"{prefix}: {why} ({excerpt})") from error
    if not isinstance(value, dict):
        shape = "array" if isinstance(value, list) else "value"
        go_type = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
        go_type += 'Kind string "json:\\"kind,omitempty\\"" }'
        raise bad_request(f"{prefix}: json: cannot unmarshal {shape} into Go value of type {go_type} ({excerpt})")
    return value


def check_kind(value: Obj, kind: str, group: str, version: str) -> None:
    """Refuse a body that says it is something else. Raises ApiError (400)."""
    api_version = f"{group}/{version}" if group else version
    got_kind = value.get("kind") or kind
    got_version = value.get("apiVersion") or api_version
    if (got_kind, got_version) == (kind, api_version):
        return
    short = str(got_version).rsplit("/", 1)[-1]
    prefix = f'{got_kind} in version "{short}" cannot be handled as a {kind}'
    if got_kind == kind:
        scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
        why = f'no kind "{got_kind}" is registered for version "{got_version}" in scheme "{scheme}"'
        raise bad_request(f"{prefix}: {why}")
    raise bad_request(f"{prefix}: converting ({short}.{got_kind}) to ({group or 'core'}.{kind}): unknown conversion")


def fit(resource: ResourceType, value: Any, validation: str, *, of_patch: bool = False) -> Fitted:
    """Fit a body, or what a patch has made of an object, to the type's published definition.

    validation: `Strict` refuses unknown fields, `Warn` (and nothing) names them in warnings, `Ignore` drops
    them. Raises ApiError: 400, or 422 where a patch is to blame.
    """
    if resource.custom is not None:
        return _fit_custom(resource, resource.custom, value, validation)
    decoded = decode(resource.definition, resource.kind, value)
    if decoded.type_error and of_patch:
        raise invalid("", "", "", [Cause.invalid("patch", orjson.dumps(value).decode(), decoded.type_error)])
    if decoded.type_error:
        prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{prefix}: {decoded.type_error}")
    return Fitted(decoded.value, _unknown(resource, decoded.unknown, validation))


def _unknown(resource: ResourceType, paths: Sequence[str], validation: str) -> tuple[str, ...]:
    unknown = tuple(f'unknown field "{path}"' for path in paths)
    if unknown and validation == "Strict":
        prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{prefix}: strict decoding error: {', '.join(unknown)}")
    return () if validation == "Ignore" else unknown


def _fit_custom(resource: ResourceType, custom: Custom, value: Obj, validation: str) -> Fitted:
    obj = copy.deepcopy(value)
    dropped = prune(obj, dict(custom.schema))
    metadata = decode(_META, resource.kind, obj.get("metadata") or {})
    if metadata.type_error:
        raise bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled: {metadata.type_error}')
    return Fitted({**obj, "metadata": metadata.value}, _unknown(resource, dropped, validation))


def read_patch(raw: bytes, wanted: type[Any], go_type: str) -> Any:
    """Read a patch body. Raises ApiError (400) when it is not JSON of that shape."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        text = str(error)
        why = "unexpected end of JSON input" if "unexpected end" in text or "EOF" in text else text
        raise bad_request(f"error decoding patch: {why}") from error
    if not isinstance(value, wanted):
        shape = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        raise bad_request(f"error decoding patch: json: cannot unmarshal {shape} into Go value of type {go_type}")
    return value
