"""The entries of managedFields: how they are read, told apart, ordered and written."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ai4k8s_simcluster.apply.fieldsets import Fields, ordered, union
from ai4k8s_simcluster.types import Obj

_MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"
# Who made changes that nobody recorded, before the first apply.
BEFORE_FIRST_APPLY = "before-first-apply"
_FIELDS_TYPE = "FieldsV1"


class Operation(StrEnum):
    """How a manager came to own its fields."""

    APPLY = "Apply"
    UPDATE = "Update"


@dataclass(frozen=True, slots=True, order=True)
class Manager:
    """Who owns fields. An applier is the same in every version of the API, an updater is one for each."""

    name: str
    operation: Operation
    api_version: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns, in which version, and since when."""

    fields: Fields
    api_version: str
    time: str = ""


Managed = dict[Manager, Owned]


class MalformedEntryError(Exception):
    """A managedFields entry that cannot be read."""


def applier(name: str, subresource: str) -> Manager:
    """Return the manager of an apply."""
    return Manager(name, Operation.APPLY, "", subresource)


def updater(name: str, api_version: str, subresource: str) -> Manager:
    """Return the manager of any other write."""
    return Manager(name or "unknown", Operation.UPDATE, api_version, subresource)


def read_entries(entries: Any) -> Managed:
    """Return what managedFields says. Raises MalformedEntryError."""
    managed: Managed = {}
    for entry in entries or ():
        if not isinstance(entry, dict):
            raise MalformedEntryError(str(entry))
        operation, version = entry.get("operation"), str(entry.get("apiVersion") or "")
        if operation not in set(Operation) or entry.get("fieldsType") != _FIELDS_TYPE or not version:
            raise MalformedEntryError(str(operation))
        kept = "" if operation == Operation.APPLY else version
        name, sub = str(entry.get("manager") or ""), str(entry.get("subresource") or "")
        owned = Owned(entry.get("fieldsV1") or {}, version, str(entry.get("time") or ""))
        managed[Manager(name, Operation(operation), kept, sub)] = owned
    return managed


def write_entries(managed: Managed) -> list[Obj]:
    """Return managedFields: appliers first, then by time and name."""
    pairs = sorted(managed.items(), key=lambda pair: _order(*pair))
    return [_entry(manager, owned) for manager, owned in pairs]


def _order(manager: Manager, owned: Owned) -> tuple[str, str, str, str, str]:
    return (manager.operation, owned.time, manager.name, owned.api_version, manager.subresource)


def _entry(manager: Manager, owned: Owned) -> Obj:
    entry: Obj = {"manager": manager.name, "operation": str(manager.operation), "apiVersion": owned.api_version}
    if owned.time:
        entry["time"] = owned.time
    entry |= {"fieldsType": _FIELDS_TYPE, "fieldsV1": ordered(owned.fields)}
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def cap_updaters(managed: Managed) -> Managed:
    """Keep at most ten updaters: the oldest ones become one, as their names matter least."""
    updaters = [manager for manager in managed if manager.operation is Operation.UPDATE]
    if len(updaters) <= _MOST_UPDATERS:
        return managed
    result = dict(managed)
    updaters.sort(key=lambda manager: _order(manager, managed[manager]))
    for manager in updaters:
        ancient = Manager(_ANCIENT, Operation.UPDATE, manager.api_version)
        old = result[manager]
        if manager == ancient:
            continue
        del result[manager]
        kept = result.get(ancient)
        result[ancient] = replace(old, fields=union(kept.fields, old.fields)) if kept else old
        if sum(found.operation is Operation.UPDATE for found in result) <= _MOST_UPDATERS:
            break
    return result


@dataclass(slots=True)
class Conflict:
    """One manager and the fields of it that an apply would change."""

    manager: Manager
    fields: Fields = field(default_factory=dict)

    def title(self) -> str:
        """Name the manager as messages do."""
        found = f'"{self.manager.name}"'
        if self.manager.subresource:
            found += f' with subresource "{self.manager.subresource}"'
        if self.manager.operation is Operation.UPDATE:
            found += f" using {self.manager.api_version}"
        return found
