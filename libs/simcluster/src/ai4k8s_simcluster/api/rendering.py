"""Putting objects and lists into the form that was negotiated."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
import yaml
from starlette.responses import Response, StreamingResponse

from ai4k8s_simcluster.api.negotiation import Form, Representation
from ai4k8s_simcluster.api.warnings import warning_headers
from ai4k8s_simcluster.conversion import from_storage
from ai4k8s_simcluster.errors import ApiError, bad_request
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.store import Stored, list_item
from ai4k8s_simcluster.tables import make_table, partial_metadata
from ai4k8s_simcluster.types import Obj

_INCLUDE = {"", "Metadata", "Object", "None"}
_ITEMS_AT_ONCE = 500


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(value), status, dict(headers or {}), "application/json")


def error_response(error: ApiError) -> Response:
    """Answer with the Status object of an error."""
    return json_response(error.status(), error.code, error.headers)


def _list_response(head: bytes, items: Sequence[Stored]) -> Response:
    """Answer with a list from prepared bytes; a long one in pieces, so that it is never in memory a second time."""
    if len(items) <= _ITEMS_AT_ONCE:
        return Response(head + b",".join(item.item for item in items) + b"]}", 200, media_type="application/json")
    return StreamingResponse(_pieces(head, items), media_type="application/json")


async def _pieces(head: bytes, items: Sequence[Stored]) -> AsyncIterator[bytes]:
    lead = head
    for begin in range(0, len(items), _ITEMS_AT_ONCE):
        yield lead + b",".join(item.item for item in items[begin : begin + _ITEMS_AT_ONCE])
        lead = b","
    yield b"]}"


def _include(query: Mapping[str, str]) -> str:
    include = query.get("includeObject", "")
    if include not in _INCLUDE:
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return include or "Metadata"


def _emit(value: Obj, how: Representation, status: int, headers: Mapping[str, str] | None = None) -> Response:
    if how.yaml:
        text = yaml.safe_dump(value, default_flow_style=False, sort_keys=True)
        return Response(text, status, dict(headers or {}), "application/yaml")
    return json_response(value, status, headers)


class Renderer:
    """Makes answers for one moment and one representation."""

    def __init__(self, how: Representation, query: Mapping[str, str], now: float) -> None:
        self.how = how
        self.query = query
        self.now = now
        self.include = _include(query) if how.form is Form.TABLE else ""

    def convert(self, resource: ResourceType, obj: Obj) -> Obj:
        """Return one object in the negotiated form."""
        match self.how.form:
            case Form.TABLE:
                metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
                return self._table(resource, [obj], metadata)
            case Form.PARTIAL:
                return partial_metadata(obj, self.how.version)
        return from_storage(resource, obj)

    def encoded(self, resource: ResourceType, stored: Stored) -> bytes:
        """Return one object in the negotiated form as JSON; a plain one from bytes made before."""
        if self.how.form in {Form.TABLE, Form.PARTIAL} or resource.stored_as is not None:
            return orjson.dumps(self.convert(resource, stored.obj))
        return stored.whole

    def one(
        self, resource: ResourceType, obj: Obj, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Answer with one object."""
        return _emit(self.convert(resource, obj), self.how, status, headers)

    def many(self, resource: ResourceType, items: Sequence[Stored], metadata: Obj) -> Response:
        """Answer with a list; in plain JSON, from bytes made before."""
        response = self._many(resource, items, metadata)
        if resource.deprecation:
            response.headers.update(warning_headers([resource.deprecation]))
        return response

    def _many(self, resource: ResourceType, items: Sequence[Stored], metadata: Obj) -> Response:
        match self.how.form:
            case Form.TABLE:
                return json_response(self._table(resource, [item.obj for item in items], metadata))
            case Form.PARTIAL | Form.PARTIAL_LIST:
                return json_response(
                    {
                        "kind": "PartialObjectMetadataList",
                        "apiVersion": f"meta.k8s.io/{self.how.version}",
                        "metadata": metadata,
                        "items": [partial_metadata(item.obj) for item in items],
                    }
                )
        head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self.how.yaml:
            return _emit({**head, "items": [from_storage(resource, item.obj) for item in items]}, self.how, 200)
        start = orjson.dumps(head)[:-1] + b',"items":['
        if resource.custom is not None:
            head = {**head, "metadata": {"continue": "", **metadata}}
            return json_response({**head, "items": [from_storage(resource, item.obj) for item in items]})
        if resource.stored_as is not None:
            converted = b",".join(list_item(from_storage(resource, item.obj)) for item in items)
            return Response(start + converted + b"]}", 200, media_type="application/json")
        return _list_response(start, items)

    def _table(self, resource: ResourceType, objects: Sequence[Obj], metadata: Obj) -> Obj:
        return make_table(resource, objects, metadata, self.now, include=self.include, version=self.how.version)
