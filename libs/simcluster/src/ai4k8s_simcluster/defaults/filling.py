"""How defaults are put into objects that may be anything a client sent."""

from typing import Any

from ai4k8s_simcluster.types import Obj


def fill(target: Obj, **values: object) -> None:
    """Set the fields that are not set."""
    for key, value in values.items():
        target.setdefault(key, value)


def items(owner: Any, name: str) -> list[Obj]:
    """Return the objects in a list field, none where there is no such list."""
    found = owner.get(name) if isinstance(owner, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def part(owner: Obj, name: str) -> Obj:
    """Return an object's part, made empty where it is missing."""
    found = owner.get(name)
    if not isinstance(found, dict):
        found = owner[name] = {}
    return found
