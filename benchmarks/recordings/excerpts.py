"""Brings an answer into the shape of a recorded excerpt, so that the parts that were kept can be compared."""

from typing import Any

_HOLDERS = ("metadata", "status", "spec")


def _involved(obj: dict[str, Any]) -> dict[str, Any]:
    found = obj.get("involvedObject")
    return found if isinstance(found, dict) else {}


def _first_container(obj: dict[str, Any]) -> dict[str, Any]:
    containers = (obj.get("spec") or {}).get("containers") or [{}]
    return containers[0] if isinstance(containers[0], dict) else {}


def _lookup(key: str, obj: dict[str, Any], sample: Any) -> Any:
    """Return what an excerpt calls by this name, wherever it lies in the object."""
    if key == "on":
        involved = _involved(obj)
        name = involved.get("name")
        return f"{involved.get('kind')}/{name}" if isinstance(sample, str) and "/" in sample else name
    if key == "n_rules":
        return len(obj.get("rules") or [])
    if key in {"env", "resources"} and key not in obj:
        return _first_container(obj).get(key)
    if key in obj:
        return obj[key]
    for holder in _HOLDERS:
        inner = obj.get(holder)
        if isinstance(inner, dict) and key in inner:
            return inner[key]
    return None


def _shaped(recorded: dict[str, Any], obj: dict[str, Any]) -> dict[str, Any]:
    found = {key: _lookup(key, obj, sample) for key, sample in recorded.items()}
    spec = recorded.get("spec")
    if isinstance(spec, dict) and "resources" in spec and isinstance(found.get("spec"), dict):
        found["spec"] = {**found["spec"], "resources": _first_container(obj).get("resources")}
    return {key: value for key, value in found.items() if value is not None or recorded[key] is None}


def shape(recorded: Any, answered: Any) -> Any:
    """Return an answer cut and laid out like a recorded excerpt."""
    if not isinstance(answered, dict):
        return answered
    if isinstance(recorded, list) and isinstance(answered.get("items"), list):
        samples = recorded or [{}]
        sample = {key: value for one in samples if isinstance(one, dict) for key, value in one.items()}
        return [_shaped(sample, item) for item in answered["items"]]
    if isinstance(recorded, dict) and "group_names_in_order" in recorded:
        return _discovery(recorded, answered)
    if isinstance(recorded, dict) and ("openapi" in recorded or "swagger" in recorded):
        return _openapi(recorded, answered)
    if isinstance(recorded, dict) and any(isinstance(item, str) for item in recorded.get("items") or []):
        return {**answered, "items": [item["metadata"]["name"] for item in answered.get("items") or []]}
    if not isinstance(recorded, dict) or "apiVersion" in recorded or recorded.get("kind") == answered.get("kind"):
        return answered
    return _shaped(recorded, answered)


def _discovery(recorded: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    """Return the groups that the excerpt kept, and the names of all of them."""
    items = answered.get("items") or []
    kept = {item["metadata"]["name"] for item in recorded["items"]}
    names = [item["metadata"]["name"] for item in items]
    return {
        **answered,
        "group_names_in_order": names,
        "items": [item for item in items if item["metadata"]["name"] in kept],
    }


def _openapi(recorded: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    """Return a document's excerpts; its sizes depend on the build and are not compared."""
    schemas = (answered.get("components") or {}).get("schemas") or {}
    sources = {
        "definitions_excerpt": answered.get("definitions") or {},
        "path_excerpt": answered.get("paths") or {},
        "schema_excerpt": schemas,
    }
    found: dict[str, Any] = {}
    for key, value in recorded.items():
        if key in sources and isinstance(value, dict):
            found[key] = {name: sources[key].get(name) for name in value}
        else:
            found[key] = answered.get(key, value)
    return found
