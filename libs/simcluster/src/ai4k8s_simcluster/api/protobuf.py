"""Kubernetes' protobuf form, in which kubectl and helm send much of what they create.

The field numbers stand in `protobuf_fields.txt`, one line per message. Whatever is not there is refused with 415, never
guessed at: a field that was skipped would be a change that silently did not happen.
"""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from ai4k8s_simcluster.errors import bad_request, unsupported_media_type
from ai4k8s_simcluster.types import Obj

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CONTINUES = 0x80
_SIGN = 1 << 63
_EMPTY: tuple[Any, ...] = ("", 0, False, None, {}, [])
_ANYWHERE = {"DeleteOptions": "meta.v1.DeleteOptions"}  # sent in the version of whatever is deleted


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its name in JSON and its type.

    kept: zero says something else than nothing. inline: its fields stand in the message itself.
    """

    name: str
    kind: str
    repeated: bool = False
    mapped: bool = False
    kept: bool = False
    inline: bool = False


_ENVELOPE = {1: _Field("typeMeta", "envelope.TypeMeta"), 2: _Field("raw", "plain"), 3: _Field("", "string"),
             4: _Field("", "string")}  # fmt: skip
_OWN_MESSAGES: dict[str, dict[int, _Field]] = {
    "envelope.Unknown": _ENVELOPE,
    "envelope.TypeMeta": {1: _Field("apiVersion", "string"), 2: _Field("kind", "string")},
}


def _read_field(text: str) -> tuple[int, _Field]:
    number, name, kind = text.split(":")
    bare = kind.lstrip("*^")
    repeated, mapped = bare.startswith("[]"), bare.startswith("{}")
    inner = bare[2:] if repeated or mapped else bare
    return int(number), _Field(name, inner, repeated, mapped, kind.startswith("*"), kind.startswith("^"))


@cache
def _messages() -> dict[str, dict[int, _Field]]:
    text = files(__package__).joinpath("protobuf_fields.txt").read_text()
    found = dict(_OWN_MESSAGES)
    for line in text.splitlines():
        name, *fields = line.split(" ")
        found[name] = dict(_read_field(field) for field in fields)
    return found


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
            yield number, value - 2 * _SIGN if value >= _SIGN else value
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
    """Return one value as JSON has it. Raises IndexError or ValueError when it is not of that kind."""
    if isinstance(value, int):
        return bool(value) if kind == "bool" else value
    match kind:
        case "string":
            return value.decode()
        case "bytes":
            return base64.b64encode(value).decode()
        case "plain":
            return value
        case "float":
            return struct.unpack("<d" if len(value) == 8 else "<f", value)[0]
        case "time":
            return _time(dict(_records(value)))
        case "quantity":
            return _text(dict(_records(value)).get(1, b""))
        case "intorstring":
            parts = dict(_records(value))
            return _text(parts.get(3, b"")) if parts.get(1) else parts.get(2, 0)
        case "raw":
            return orjson.loads(_bytes(dict(_records(value)).get(1, b"null")) or b"null")
        case "list":
            return [_text(item) for _, item in _records(value)]
    return _message(kind, value)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise IndexError("a number stands where bytes should")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _time(parts: dict[int, int | bytes]) -> str | None:
    seconds, nanos = parts.get(1), parts.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{nanos // 1000:06d}Z" if nanos else "Z")


def _message(kind: str, raw: bytes) -> Obj:
    fields = _messages()[kind]
    found: Obj = {}
    for number, value in _records(raw):
        field = fields.get(number)
        if field is None:
            message = f"{kind} carries field {number}, which is accepted in application/json and application/yaml only"
            raise unsupported_media_type(message)
        if field.mapped:
            entry = dict(_records(_bytes(value)))
            key = _text(entry.get(1, b""))
            found.setdefault(field.name, {})[key] = _value(field.kind, entry.get(2, b""))
            continue
        decoded = _value(field.kind, value)
        if field.inline:
            found |= decoded
        elif field.repeated:
            found.setdefault(field.name, []).append(decoded)
        elif decoded is not None and (field.kept or decoded not in _EMPTY):  # unset fields are written as empty ones
            found[field.name] = decoded
    return found


def decode_protobuf(raw: bytes) -> Obj:
    """Read a body. Raises ApiError: 415 for a kind that is not in the tables, 400 when it is not protobuf."""
    try:
        envelope = _message("envelope.Unknown", _unwrapped(raw))
        meta = envelope.get("typeMeta", {})
        kind = _message_of(meta)
        body = _message(kind, envelope.get("raw", b"")) if kind else {}
    except (IndexError, ValueError, struct.error) as error:
        raise bad_request(f"the object provided is unrecognized: it is not protobuf: {error}") from error
    if not kind:
        message = f"{meta.get('kind')} in protobuf is not accepted here - accepted media types include: "
        raise unsupported_media_type(f"{message}application/json, application/yaml")
    return {**meta, **body}


def _message_of(meta: Obj) -> str:
    """Return the message of a kind, empty when there is none."""
    kind, version = str(meta.get("kind", "")), str(meta.get("apiVersion", ""))
    group, _, short = version.rpartition("/")
    name = _ANYWHERE.get(kind) or f"{group.partition('.')[0] or 'core'}.{short}.{kind}"
    return name if name in _messages() else ""


def _unwrapped(raw: bytes) -> bytes:
    if not raw.startswith(_MAGIC):
        raise IndexError("the prefix is missing")
    return raw[len(_MAGIC) :]
