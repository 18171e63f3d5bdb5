"""The published OpenAPI definitions, read for what the server must know of each field.

They drive strategic merge (merge keys), decoding (unknown fields, wrong types) and the OpenAPI documents that
clients download, so that none of this is written twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson

from ai4k8s_simcluster.quantity import QuantityError, canonical, canonical_exact, parse_quantity
from ai4k8s_simcluster.types import Obj

KUBERNETES_MINOR = 36
_PACKAGE = "kubernetes_validate"
_FILE = f"kubernetes-json-schema/v1.{KUBERNETES_MINOR}.0-local/_definitions.json"
_REF = "#/$defs/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INDEX = re.compile(r"\[\d+\]")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_BASE64_BEGINNING = re.compile(r"[A-Za-z0-9+/]*")
_OPAQUE = frozenset(
    {
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        "io.k8s.apimachinery.pkg.runtime.RawExtension",
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    }
)
_GO_TYPES = {"string": "string", "boolean": "bool", "number": "float64", "integer": "int32"}


@dataclass(frozen=True, slots=True)
class Field:
    """What the definitions say of one field."""

    json_type: str
    ref: str = ""
    item_ref: str = ""
    item_type: str = ""
    value_ref: str = ""
    value_type: str = ""
    merge_key: str = ""
    strategies: frozenset[str] = frozenset()
    go_int: str = "int32"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object without the fields nobody knows, and what was wrong with it."""

    value: Any
    unknown: tuple[str, ...]
    type_error: str


@cache
def definitions() -> dict[str, Any]:
    """Return the definitions by name."""
    data = resources.files(_PACKAGE).joinpath(_FILE).read_bytes()
    loaded: dict[str, Any] = orjson.loads(data)["$defs"]
    return loaded


@cache
def fields_of(definition: str) -> dict[str, Field] | None:
    """Return the fields of a definition; None when it has no fixed ones."""
    found = definitions().get(definition, {})
    properties = found.get("properties")
    if properties is None or definition in _OPAQUE:
        return None
    required = set(found.get("required") or ())
    return {name: _field(raw, required=name in required) for name, raw in properties.items()}


def _type(raw: Obj) -> str:
    found = raw.get("type", "")
    return str(found[0] if isinstance(found, list) else found)


def _ref(raw: Obj) -> str:
    return str(raw.get("$ref", "")).removeprefix(_REF)


def _field(raw: Obj, *, required: bool) -> Field:
    items = raw.get("items") or {}
    values = raw.get("additionalProperties") or {}
    values = values if isinstance(values, dict) else {}
    return Field(
        json_type=_type(raw) or ("object" if raw.get("$ref") else ""),
        ref=_ref(raw),
        item_ref=_ref(items),
        item_type=_type(items),
        value_ref=_ref(values),
        value_type=_type(values),
        merge_key=str(raw.get("x-kubernetes-patch-merge-key", "")),
        strategies=frozenset(str(raw.get("x-kubernetes-patch-strategy", "")).split(",")) - {""},
        go_int=str((values or items or raw).get("format", "int32")),
        required=required,
    )


class _Decoder:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.unknown: list[str] = []
        self.type_error = ""

    def wrong(self, owner: str, path: str, value: Any, go_type: str) -> None:
        if not self.type_error:
            plain = _INDEX.sub("", path)
            where = f"{owner}.{plain}" if plain else owner
            shown = f"number {value}" if go_type.startswith("int") and isinstance(value, float) else _json_kind(value)
            self.type_error = f"json: cannot unmarshal {shown} into Go struct field {where} of type {go_type}"

    def struct(self, definition: str, value: Any, owner: str, path: str) -> Any:
        fields = fields_of(definition)
        if value is None or fields is None:
            return self.opaque(definition, value, owner, path)
        if not isinstance(value, dict):
            self.wrong(owner, path, value, definition.rsplit(".", 2)[-2] + "." + definition.rsplit(".", 1)[-1])
            return value
        result: Obj = {}
        owner = definition.rsplit(".", 1)[-1]
        for name, inner in value.items():
            where = f"{path}.{name}" if path else name
            field = fields.get(name)
            if field is None:
                self.unknown.append(where)
            elif inner is not None and not _left_out(field, inner):
                result[name] = self.field(field, inner, owner, where)
        return result

    def opaque(self, definition: str, value: Any, owner: str, path: str) -> Any:
        time_like = definition.endswith((".Time", ".MicroTime"))
        if time_like and value is not None and not isinstance(value, str):
            self.wrong(owner, path, value, "string")
        elif time_like and isinstance(value, str):
            return self.moment(value, fractions=definition.endswith(".MicroTime"))
        quantity = definition.endswith((".Quantity", ".IntOrString"))
        if quantity and (isinstance(value, bool) or not isinstance(value, str | int | float | None)):
            self.wrong(owner, path, value, definition.rsplit(".", 1)[-1])
        elif definition == _QUANTITY and value is not None:
            return self.amount(value, canonical_exact)
        return value

    def moment(self, value: str, *, fractions: bool) -> str:
        """Read a time, and write it as the server does: in UTC, in whole seconds or in microseconds."""
        if _TIME.fullmatch(value) is None:
            layout = '"2006-01-02T15:04:05Z07:00": cannot parse'
            self.type_error = self.type_error or f'parsing time "{value}" as {layout} "{value}" as "2006"'
            return value
        found = datetime.fromisoformat(value).astimezone(UTC)
        return found.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fractions else "%Y-%m-%dT%H:%M:%SZ")

    def amount(self, value: Any, write: Callable[[Any], str]) -> Any:
        try:
            parse_quantity(value)
            return write(value)
        except QuantityError as error:
            self.type_error = self.type_error or str(error)
            return value

    def field(self, field: Field, value: Any, owner: str, path: str) -> Any:
        if field.ref:
            return self.struct(field.ref, value, owner, path)
        if field.json_type == "array":
            return self.array(field, value, owner, path)
        if field.json_type == "object":
            return self.mapping(field, value, owner, path)
        return self.scalar(field.json_type, field.go_int, value, owner, path)

    def array(self, field: Field, value: Any, owner: str, path: str) -> Any:
        if not isinstance(value, list):
            self.wrong(owner, path, value, "[]" + (field.item_ref.rsplit(".", 1)[-1] or field.item_type))
            return value
        if field.item_ref:
            return [self.struct(field.item_ref, v, owner, f"{path}[{i}]") for i, v in enumerate(value)]
        return [self.scalar(field.item_type, field.go_int, inner, owner, path) for inner in value]

    def mapping(self, field: Field, value: Any, owner: str, path: str) -> Any:
        if not isinstance(value, dict):
            self.wrong(owner, path, value, f"map[string]{field.value_type or 'interface {}'}")
            return value
        if field.value_ref == _QUANTITY:
            return {k: self.amount(v, canonical) for k, v in value.items()}
        if field.value_ref:
            return {k: self.struct(field.value_ref, v, owner, path) for k, v in value.items()}
        return {k: self.scalar(field.value_type, field.go_int, v, owner, path) for k, v in value.items()}

    def scalar(self, json_type: str, go_int: str, value: Any, owner: str, path: str) -> Any:
        fits = {
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
        }.get(json_type, True)
        if go_int == "byte" and isinstance(value, str):
            return self.encoded(value)
        if json_type == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
        if not fits and value is not None:
            self.wrong(owner, path, value, go_int if json_type == "integer" else _GO_TYPES[json_type])
        return value

    def encoded(self, value: str) -> str:
        bare = value.replace("\r", "").replace("\n", "")
        match = _BASE64.fullmatch(bare)
        if match is None or len(bare) % 4:
            valid = _BASE64_BEGINNING.match(bare)
            at = valid.end() if valid else 0
            self.type_error = self.type_error or f"illegal base64 data at input byte {at}"
        return bare


def _left_out(field: Field, value: Any) -> bool:
    """Say whether a field counts as unset: an empty list or map that need not be there is not written."""
    plain = field.json_type in {"array", "object"} and not field.ref
    return plain and not field.required and value in ([], {})


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"


def decode(definition: str, kind: str, value: Any) -> Decoded:
    """Fit a JSON value to a definition: drop unknown fields and nulls, notice wrong types."""
    decoder = _Decoder(kind)
    fitted = decoder.struct(definition, value, kind, "")
    return Decoded(fitted, tuple(decoder.unknown), decoder.type_error)
