"""Every refusal of the API server, as the Status object a real one sends.

Clients act on `reason` and `code` and people read `message`, so all three follow the wording of a real
server.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from ai4k8s_simcluster.types import Obj

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_simcluster.registry import ResourceType


@dataclass
class ApiError(Exception):
    """A request that ends in a Status object."""

    code: int
    reason: str
    message: str
    details: Obj | None = None
    headers: dict[str, str] = field(default_factory=dict)
    metadata: Obj = field(default_factory=dict)

    def status(self) -> Obj:
        """Return the body."""
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


class UnservedPathError(Exception):
    """A path outside the API: answered in plain text, as a real server does."""


@dataclass(frozen=True)
class Cause:
    """One reason why an object is invalid."""

    field: str
    kind: str
    message: str

    @classmethod
    def required(cls, path: str, detail: str = "") -> "Cause":
        """Return the cause 'this field must be set'."""
        return cls(path, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))

    @classmethod
    def invalid(cls, path: str, value: object, detail: str) -> "Cause":
        """Return the cause 'this value cannot be'."""
        return cls(path, "FieldValueInvalid", f"Invalid value: {_shown(value)}: {detail}")

    @classmethod
    def forbidden(cls, path: str, detail: str) -> "Cause":
        """Return the cause 'this must not be set here'."""
        return cls(path, "FieldValueForbidden", f"Forbidden: {detail}")

    @classmethod
    def duplicate(cls, path: str, value: object) -> "Cause":
        """Return the cause 'this was there before'."""
        return cls(path, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}")

    @classmethod
    def not_found(cls, path: str, value: object) -> "Cause":
        """Return the cause 'this names nothing'."""
        return cls(path, "FieldValueNotFound", f"Not found: {_shown(value)}")

    @classmethod
    def too_long(cls, path: str, limit: int) -> "Cause":
        """Return the cause 'this is longer than it may be'."""
        return cls(path, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")

    @classmethod
    def unsupported(cls, path: str, value: object, allowed: "Sequence[str]") -> "Cause":
        """Return the cause 'not one of the values'."""
        names = ", ".join(f'"{name}"' for name in allowed)
        return cls(
            path, "FieldValueNotSupported", f"Unsupported value: {go_value(value or '')}: supported values: {names}"
        )


def _shown(value: object) -> str:
    """Write a refused value: structures as JSON, the rest as Go does."""
    return orjson.dumps(value).decode() if value is None or isinstance(value, dict | list) else go_value(value)


def go_value(value: object) -> str:
    """Write a value as Go's error messages do."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_bare(value[key])}" for key in sorted(value)) + "]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    for sign, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(sign, escaped)
    return f'"{text}"'


def _bare(value: object) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_bare(item) for item in value) + "]"
    return go_value(value) if isinstance(value, dict | bool) else str(value)


def _details(resource: "ResourceType", name: str) -> Obj:
    found: Obj = {"name": name} if name else {}
    if resource.group:
        found["group"] = resource.group
    return {**found, "kind": resource.plural}


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: the credentials are wrong."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(message: str, details: Obj) -> ApiError:
    """403: who asks may not do this."""
    return ApiError(403, "Forbidden", message, details)


def not_found(resource: "ResourceType", name: str) -> ApiError:
    """404: no object of that name."""
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_resource() -> ApiError:
    """404: no resource type at that path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    """405: the resource does not know the verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(message: str, details: Obj | None = None) -> ApiError:
    """406: none of the accepted representations can be made."""
    return ApiError(406, "NotAcceptable", message, details)


def already_exists(resource: "ResourceType", name: str, *, deleting: bool) -> ApiError:
    """409 on create."""
    message = ("object is being deleted: " if deleting else "") + f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: "ResourceType", name: str, why: str = "") -> ApiError:
    """409 on update: the object is not the one that was read."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def expired(message: str, metadata: Obj | None = None) -> ApiError:
    """410: that version is gone."""
    return ApiError(410, "Expired", message, None, {}, metadata or {})


def unsupported_media_type(message: str, details: Obj | None = None) -> ApiError:
    """415: the body's form is not accepted here."""
    return ApiError(415, "UnsupportedMediaType", message, details)


def invalid(kind: str, group: str, name: str, causes: "Sequence[Cause]") -> ApiError:
    """422: well formed, but not a valid object."""
    qualified = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    listed = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details: Obj = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": c.kind, "message": c.message, "field": c.field} for c in causes]
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {listed}', details)


def unprocessable_patch() -> ApiError:
    """422: a JSON patch that does not apply; a real server gives no more away."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def too_large_resource_version(wanted: int, current: int) -> ApiError:
    """504: the client has seen a version that this server has not."""
    details: Obj = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", message, details, {"Retry-After": "1"})


def internal(message: str) -> ApiError:
    """500 without a reason, as the real server answers a few malformed requests."""
    return ApiError(500, "", message)
