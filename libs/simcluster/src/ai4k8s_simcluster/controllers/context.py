"""What every controller works with, and the small questions that all of them ask of objects."""

import zlib
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.apply.authors import CONTROLLER_MANAGER
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.controllers.events import EventRecorder
from ai4k8s_simcluster.registry import PODS, ResourceType
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import Writer


@dataclass(frozen=True, slots=True)
class SecondsRange:
    """A span to draw a duration from."""

    least: float
    most: float

    def draw(self, seed: int, key: str) -> float:
        """Return the duration that belongs to a key: the same one every time it is asked for."""
        share = zlib.crc32(f"{seed}/{key}".encode()) / 0xFFFFFFFF
        return self.least + share * (self.most - self.least)


@dataclass(frozen=True, slots=True)
class Context:
    """The world of a controller."""

    store: Store
    writer: Writer
    events: EventRecorder
    clock: Clock
    seed: int
    startup: SecondsRange
    termination: SecondsRange
    certificates: str = ""  # the authority's, in PEM form, as every namespace gets them

    def timestamp(self) -> str:
        """Return the present as objects carry it."""
        return rfc3339(self.clock.now())

    def matches(self, owner: Obj, obj: Obj) -> bool:
        """Say whether an object's labels meet the selector of a workload; an empty one meets nothing."""
        selector = owner["spec"].get("selector")
        return bool(selector) and match_labels(from_label_selector(selector), obj)

    def with_owners(self, resource: ResourceType, item: Stored, owners: list[Obj]) -> Stored:
        """Give an object other owners; return it as it then stands."""
        metadata = {key: value for key, value in item.obj["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        return self.writer.put(resource, item, {**item.obj, "metadata": metadata}, manager=CONTROLLER_MANAGER)


def parse_range(text: str) -> SecondsRange:
    """Read `20-90` or `30`. Raises ValueError."""
    least, _, most = text.partition("-")
    found = SecondsRange(float(least), float(most or least))
    if not 0 <= found.least <= found.most:
        raise ValueError(f"'{text}' is not a range of seconds such as 20-90")
    return found


def controller_of(obj: Obj) -> Obj | None:
    """Return the owner reference of the one that manages an object."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def owner_reference(owner: Obj) -> Obj:
    """Return the reference that a controller puts on what it makes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned_by(context: Context, resource: ResourceType, owner: Obj) -> list[Stored]:
    """Return the objects of a type that an object manages."""
    return managed_by(context, resource, owner["metadata"]["uid"])


def managed_by(context: Context, resource: ResourceType, uid: str) -> list[Stored]:
    """Return the objects of a type that the object of a uid manages."""
    return [item for item in context.store.owned(resource, uid) if (controller_of(item.obj) or {}).get("uid") == uid]


def condition(obj: Obj, kind: str) -> Obj | None:
    """Return one condition of an object's status."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found["type"] == kind), None)


def is_ready(pod: Obj) -> bool:
    """Say whether a pod takes load."""
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def is_terminating(obj: Obj) -> bool:
    """Say whether an object is on its way out."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_active(pod: Obj) -> bool:
    """Say whether a pod counts as one of its owner's replicas."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in {"Succeeded", "Failed"} and not is_terminating(pod)


def set_condition(conditions: list[Obj], new: Obj, now: str) -> list[Obj]:
    """Return conditions with one set; its transition time moves only when its status does."""
    old = next((found for found in conditions if found["type"] == new["type"]), None)
    kept = old is not None and old["status"] == new["status"]
    complete = {**new, "lastTransitionTime": old["lastTransitionTime"] if kept and old else now}
    others = [found for found in conditions if found["type"] != new["type"]]
    return [*others, complete]


def without_empty(status: dict[str, Any], *required: str) -> Obj:
    """Return a status without zero counts, which a real server leaves out too."""
    return {key: value for key, value in status.items() if value or key in required}


def pods_of(context: Context, owner: Obj) -> list[Stored]:
    """Return the pods that an object manages."""
    return owned_by(context, PODS, owner)
