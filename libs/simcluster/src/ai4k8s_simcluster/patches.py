"""The three ways to patch an object: JSON merge patch, JSON patch, strategic merge patch.

Strategic merge takes merge keys and strategies from the published definitions, and orders merged lists as
Kubernetes does: what only the server has keeps its place, what the patch names keeps the patch's order.
"""

import copy
from typing import Any

from ai4k8s_simcluster.errors import Cause, go_value, internal, invalid, unprocessable_patch
from ai4k8s_simcluster.schema import Field, fields_of
from ai4k8s_simcluster.types import Obj

_DELETE_FROM = "$deleteFromPrimitiveList/"
_ELEMENT_ORDER = "$setElementOrder/"
_PATCH = "$patch"
_RETAIN = "$retainKeys"
_MISSING = object()


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(target: Any, operations: list[Any]) -> Any:
    """Apply a JSON patch (RFC 6902). Raises ApiError (422) when an operation does not apply."""
    document = copy.deepcopy(target)
    for operation in operations:
        if not isinstance(operation, dict):
            raise unprocessable_patch()
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: Obj) -> Any:
    path = _pointer(operation.get("path"))
    match operation.get("op"):
        case "add":
            return _add(document, path, copy.deepcopy(operation.get("value")))
        case "replace":
            parent = _walk(document, path[:-1]) if path else {}
            if isinstance(parent, list):
                _walk(document, path)
                _remove(document, path)
            return _add(document, path, copy.deepcopy(operation.get("value")))
        case "remove":
            _remove(document, path)
            return document
        case "move":
            value = _walk(document, _pointer(operation.get("from")))
            _remove(document, _pointer(operation.get("from")))
            return _add(document, path, value)
        case "copy":
            return _add(document, path, copy.deepcopy(_walk(document, _pointer(operation.get("from")))))
        case "test":
            if _walk(document, path, missing_is_null=True) != operation.get("value"):
                raise unprocessable_patch()
            return document
    raise unprocessable_patch()


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise unprocessable_patch()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(part: str, length: int) -> int:
    if not part.isdigit() or int(part) >= length:
        raise unprocessable_patch()
    return int(part)


def _walk(document: Any, path: list[str], *, missing_is_null: bool = False) -> Any:
    for part in path:
        if isinstance(document, list):
            document = document[_index(part, len(document))]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        elif missing_is_null and isinstance(document, dict):
            return None
        else:
            raise unprocessable_patch()
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _walk(document, path[:-1])
    if isinstance(parent, list):
        at = len(parent) if path[-1] == "-" else _index(path[-1], len(parent) + 1)
        parent.insert(at, value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise unprocessable_patch()
    return document


def _remove(document: Any, path: list[str]) -> None:
    if not path:
        raise unprocessable_patch()
    parent = _walk(document, path[:-1])
    if isinstance(parent, list):
        parent.pop(_index(path[-1], len(parent)))
    elif isinstance(parent, dict) and path[-1] in parent:
        del parent[path[-1]]
    else:
        raise unprocessable_patch()


def strategic_merge(target: Obj, patch: Obj, definition: str) -> Obj:
    """Apply a strategic merge patch to an object of the given definition.

    Raises ApiError: 500 for a list element without its merge key (as a real server), 422 for a wrong shape.
    """
    return _merge_map(target, patch, definition, patch)


def _merge_map(target: Obj, patch: Obj, definition: str, whole: Obj) -> Obj:
    directive = patch.get(_PATCH)
    if directive == "delete":
        return {}
    result = {} if directive == "replace" else dict(target)
    if _RETAIN in patch:
        kept = set(patch[_RETAIN])
        result = {key: value for key, value in result.items() if key in kept}
    fields = fields_of(definition) or {}
    for key, value in patch.items():
        if key.startswith(_DELETE_FROM):
            name = key.removeprefix(_DELETE_FROM)
            result[name] = [item for item in result.get(name) or [] if item not in value]
        elif not key.startswith("$"):
            if isinstance(value, dict) and _PATCH in value and key not in result:
                continue  # a directive about what is not there is dropped with all it holds
            order = patch.get(_ELEMENT_ORDER + key)
            merged = _merge_value(result.get(key), value, fields.get(key), order, whole)
            if merged is None:
                result.pop(key, None)
            else:
                result[key] = merged
    for key, order in patch.items():
        name = key.removeprefix(_ELEMENT_ORDER)
        if key != name and name not in patch and isinstance(result.get(name), list):
            field = fields.get(name)
            result[name] = _reorder(result[name], [], order, result[name], field.merge_key if field else "")
    return result


def _merge_value(current: Any, value: Any, field: Field | None, order: list[Any] | None, whole: Obj) -> Any:
    """Return a field's new value, None when it is to go."""
    if field is not None and field.json_type == "array" and isinstance(value, dict):
        cause = Cause.invalid("patch", go_value(whole), "cannot restore slice from map")
        raise invalid("", "", "", [cause])
    if isinstance(value, dict):
        inner = field.ref or field.value_ref if field else ""
        return _merge_map(current if isinstance(current, dict) else {}, value, inner, whole)
    if isinstance(value, list) and field is not None and "merge" in field.strategies:
        return _merge_list(current if isinstance(current, list) else [], value, field, order, whole)
    return copy.deepcopy(value)


def _merge_list(target: list[Any], patch: list[Any], field: Field, order: list[Any] | None, whole: Obj) -> list[Any]:
    if not field.merge_key:
        merged = [*target, *(item for item in patch if item not in target)]
        return _reorder(merged, patch, order, target, "")
    replace = any(isinstance(item, dict) and item.get(_PATCH) == "replace" and len(item) == 1 for item in patch)
    patch = [item for item in patch if not (isinstance(item, dict) and item.keys() == {_PATCH})]
    merged = [] if replace else list(target)
    for item in patch:
        identity = item.get(field.merge_key, _MISSING) if isinstance(item, dict) else _MISSING
        if identity is _MISSING:
            raise internal(f"map: {_go_map(item)} does not contain declared merge key: {field.merge_key}")
        at = next((i for i, old in enumerate(merged) if old.get(field.merge_key) == identity), -1)
        if item.get(_PATCH) == "delete":
            if at >= 0:
                merged.pop(at)
            continue
        combined = _merge_map(merged[at] if at >= 0 else {}, item, field.item_ref, whole)
        if at >= 0:
            merged[at] = combined
        else:
            merged.append(combined)
    return _reorder(merged, patch, order, target, field.merge_key)


def _go_map(item: Any) -> str:
    return go_value(item)


def _identity(item: Any, merge_key: str) -> Any:
    return item.get(merge_key) if merge_key and isinstance(item, dict) else item


def _reorder(
    merged: list[Any], patch: list[Any], order: list[Any] | None, server: list[Any], merge_key: str
) -> list[Any]:
    wanted = [_identity(item, merge_key) for item in (order if order is not None else patch)]
    known = [_identity(item, merge_key) for item in server]
    named = [item for item in merged if _identity(item, merge_key) in wanted]
    named.sort(key=lambda item: wanted.index(_identity(item, merge_key)))
    others = [item for item in merged if _identity(item, merge_key) not in wanted]
    result: list[Any] = []
    while named and others:
        left, right = _identity(others[0], merge_key), _identity(named[0], merge_key)
        first = left in known and right in known and known.index(left) < known.index(right)
        result.append((others if first else named).pop(0))
    return [*result, *others, *named]
