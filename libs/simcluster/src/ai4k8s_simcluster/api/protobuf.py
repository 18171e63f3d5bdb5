"""Kubernetes' protobuf form, for the few kinds that kubectl sends in no other (`create namespace`, `auth can-i`).

Whatever is not in the tables below is refused with 415, never guessed at: a field that was skipped would be a change
that silently did not happen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.errors import bad_request, unsupported_media_type
from ai4k8s_simcluster.types import Obj

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CONTINUES = 0x80


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its JSON name and type (`string`, `int`, `bool`, `map`, or the name of a message)."""

    name: str
    kind: str = "string"
    repeated: bool = False


_ACCESS = "SelfSubjectAccessReview"
_ACCEPTED = {"Namespace", _ACCESS, "DeleteOptions"}
_MESSAGES: dict[str, dict[int, _Field]] = {
    "Namespace": {
        1: _Field("metadata", "ObjectMeta"), 2: _Field("spec", "NamespaceSpec"), 3: _Field("status", "NamespaceStatus"),
    },
    "NamespaceStatus": {1: _Field("phase")},
    "NamespaceSpec": {1: _Field("finalizers", repeated=True)},
    _ACCESS: {
        1: _Field("metadata", "ObjectMeta"), 2: _Field("spec", "AccessSpec"), 3: _Field("status", "AccessStatus"),
    },
    "AccessSpec": {
        1: _Field("resourceAttributes", "ResourceAttributes"),
        2: _Field("nonResourceAttributes", "NonResourceAttributes"),
    },
    "AccessStatus": {
        1: _Field("allowed", "bool"), 2: _Field("reason"), 3: _Field("evaluationError"), 4: _Field("denied", "bool"),
    },
    "ResourceAttributes": {
        number: _Field(name)
        for number, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), 1)
    },
    "NonResourceAttributes": {1: _Field("path"), 2: _Field("verb")},
    "DeleteOptions": {
        1: _Field("gracePeriodSeconds", "int"),
        2: _Field("preconditions", "Preconditions"),
        4: _Field("propagationPolicy"),
        5: _Field("dryRun", repeated=True),
    },
    "Preconditions": {1: _Field("uid"), 2: _Field("resourceVersion")},
    "ObjectMeta": {
        1: _Field("name"), 2: _Field("generateName"), 3: _Field("namespace"), 4: _Field("selfLink"), 5: _Field("uid"),
        6: _Field("resourceVersion"), 7: _Field("generation", "int"), 8: _Field("creationTimestamp", "Time"),
        11: _Field("labels", "map"), 12: _Field("annotations", "map"), 14: _Field("finalizers", repeated=True),
    },
    "Time": {1: _Field("seconds", "int"), 2: _Field("nanos", "int")},
    "map": {1: _Field("key"), 2: _Field("value")},
    "Unknown": {
        1: _Field("typeMeta", "TypeMeta"), 2: _Field("raw", "bytes"),
        3: _Field("contentEncoding"), 4: _Field("contentType"),
    },
    "TypeMeta": {1: _Field("apiVersion"), 2: _Field("kind")},
}  # fmt: skip


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & (_CONTINUES - 1)) << shift
        at, shift = at + 1, shift + 7
        if not byte & _CONTINUES:
            return value, at


def _records(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of one message."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(raw, at)
            yield number, value
        elif wire == _BYTES:
            length, at = _varint(raw, at)
            if at + length > len(raw):
                raise IndexError("a field reaches beyond its message")
            yield number, raw[at : at + length]
            at += length
        elif wire in {_FIXED64, _FIXED32}:
            width = 8 if wire == _FIXED64 else 4
            yield number, raw[at : at + width]
            at += width
        else:
            raise IndexError(f"wire type {wire}")


def _value(kind: str, value: int | bytes) -> Any:
    if isinstance(value, int):
        return bool(value) if kind == "bool" else value
    if kind == "bytes":
        return value
    return value.decode() if kind == "string" else _message(kind, value)


def _message(kind: str, raw: bytes) -> Obj:
    fields = _MESSAGES[kind]
    found: Obj = {}
    for number, value in _records(raw):
        field = fields.get(number)
        if field is None:
            message = f"{kind} carries field {number}, which is accepted in application/json and application/yaml only"
            raise unsupported_media_type(message)
        decoded = _value(field.kind, value)
        if field.kind == "map":
            found.setdefault(field.name, {})[decoded["key"]] = decoded.get("value", "")
        elif field.repeated:
            found.setdefault(field.name, []).append(decoded)
        elif decoded not in ("", {}):  # unset fields are written as empty ones
            found[field.name] = decoded
    return found


def decode_protobuf(raw: bytes) -> Obj:
    """Read a body. Raises ApiError: 415 for a kind that is not in the tables, 400 when it is not protobuf."""
    try:
        envelope = _message("Unknown", _unwrapped(raw))
        meta = envelope.get("typeMeta", {})
        kind = meta.get("kind") if meta.get("kind") in _ACCEPTED else ""
        body = _message(kind, envelope.get("raw", b"")) if kind else {}
    except (IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"the object provided is unrecognized: it is not protobuf: {error}") from error
    if not kind:
        message = f"{meta.get('kind')} in protobuf is not accepted here - accepted media types include: "
        raise unsupported_media_type(f"{message}application/json, application/yaml")
    return {**meta, **body}


def _unwrapped(raw: bytes) -> bytes:
    if not raw.startswith(_MAGIC):
        raise IndexError("the prefix is missing")
    return raw[len(_MAGIC) :]
