"""Events as Kubernetes' recorders write them: repeated ones are counted, similar ones combined, floods cut off.

Controllers and kubelets write core events with a count; the scheduler writes events of `events.k8s.io`, where a
repetition becomes a series.
"""

import random
from collections import OrderedDict
from dataclasses import dataclass, field

from ai4k8s_simcluster.apply.authors import CONTROLLER_MANAGER, Author
from ai4k8s_simcluster.clock import Clock, parse_rfc3339, rfc3339, rfc3339_micro
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import EVENTS, GROUP_EVENTS, ResourceType
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import Writer

_KEPT_SECONDS = 3_600.0
_REMEMBERED = 4_096  # events and sources each, as client-go's caches hold
_SIMILAR_SECONDS = 600.0
_MOST_SIMILAR = 10
_BURST = 25.0
_REFILL_PER_SECOND = 1 / 300.0
_COMBINED = "(combined from similar events): "
_SERIES_SECONDS = 360.0

_PROGRAMS = {"kubelet": "kubelet", "default-scheduler": "kube-scheduler"}

Key = tuple[str, ...]


@dataclass
class _Similar:
    """Messages of one reason about one object."""

    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass
class _Bucket:
    """How many events a source may still write about one object."""

    tokens: float = _BURST
    filled_at: float = 0.0


class _Recent(OrderedDict[Key, str]):
    """Names of events written lately; the oldest are forgotten."""

    def note(self, key: Key, name: str) -> None:
        self[key] = name
        self.move_to_end(key)
        while len(self) > _REMEMBERED:
            self.popitem(last=False)


class EventRecorder:
    """Writes what controllers have to say about objects."""

    def __init__(self, store: Store, writer: Writer, clock: Clock, rng: random.Random) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._rng = rng
        self._recent = _Recent()
        self._similar: OrderedDict[Key, _Similar] = OrderedDict()
        self._buckets: OrderedDict[Key, _Bucket] = OrderedDict()

    def record(
        self, obj: Obj, kind: str, reason: str, message: str, component: str, *, host: str = "", field_path: str = ""
    ) -> None:
        """Say something about an object. kind: `Normal` or `Warning`; field_path: the part of it that is meant."""
        metadata = obj["metadata"]
        about = (component, host, metadata["uid"])
        if not self._may_write(about):
            return
        message, key = self._combine((*about, field_path, kind, reason), message)
        reporter = "" if message.startswith(_COMBINED) else component  # combined events name only their source
        now = rfc3339(self._clock.now())
        stored = self._find(key, metadata.get("namespace", "default"))
        if stored is not None:
            grown = {"count": stored.obj.get("count", 1) + 1, "lastTimestamp": now, "message": message}
            self._store.put(EVENTS, {**stored.obj, **grown})
            return
        event: Obj = {
            "involvedObject": _reference(obj, field_path),
            "reason": reason,
            "message": message,
            "source": {"component": component, **({"host": host} if host else {})},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": reporter,
            "reportingInstance": host if reporter else "",
        }
        self._create(key, obj, event, _author(component, EVENTS))

    def note(
        self, obj: Obj, kind: str, reason: str, message: str, component: str, action: str, related: Obj | None = None
    ) -> None:
        """Say something about an object in the way of events.k8s.io. action: what was being done."""
        version = obj["metadata"].get("resourceVersion", "")
        key = ("series", component, obj["metadata"]["uid"], version, kind, reason, action)
        now = self._clock.now()
        stored = self._find(key, obj["metadata"].get("namespace", "default"))
        if stored is not None and now - _last_seen(stored.obj) < _SERIES_SECONDS:
            count = (stored.obj.get("series") or {}).get("count", 1) + 1
            series = {"count": count, "lastObservedTime": rfc3339_micro(now)}
            self._store.put(EVENTS, {**stored.obj, "series": series})
            return
        event: Obj = {
            "involvedObject": _reference(obj, ""),
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": kind,
            "eventTime": rfc3339_micro(now),
            "action": action,
            "reportingComponent": component,
            "reportingInstance": f"{component}-sim",
        }
        if related is not None:
            event["related"] = _reference(related, "")
        self._create(key, obj, event, _author(component, GROUP_EVENTS))

    def expire(self) -> None:
        """Forget events after an hour, as an API server does by default."""
        limit = self._clock.now() - _KEPT_SECONDS
        for stored in self._store.values(EVENTS):
            if _last_seen(stored.obj) < limit:
                self._store.remove(EVENTS, stored.obj)

    def _find(self, key: Key, namespace: str) -> Stored | None:
        name = self._recent.get(key)
        return self._store.get(EVENTS, namespace, name) if name else None

    def _create(self, key: Key, obj: Obj, event: Obj, author: Author) -> None:
        metadata = obj["metadata"]
        name = f"{metadata['name']}.{self._rng.getrandbits(64):016x}"
        namespace = metadata.get("namespace", "default")
        try:
            self._writer.create(
                EVENTS,
                {"metadata": {"name": name, "namespace": namespace}, **event},
                author=author if self._writer.names_controllers() else None,
            )
        except ApiError:
            return  # the namespace went away first; a real recorder drops the event too
        self._recent.note(key, name)

    def _may_write(self, about: Key) -> bool:
        """Take a token of those that a source has for an object: 25 at once, then one every five minutes."""
        now = self._clock.now()
        bucket = self._buckets.setdefault(about, _Bucket(filled_at=now))
        self._buckets.move_to_end(about)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        gained = max(now - bucket.filled_at, 0.0) * _REFILL_PER_SECOND
        bucket.tokens, bucket.filled_at = min(bucket.tokens + gained, _BURST), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combine(self, group: Key, message: str) -> tuple[str, Key]:
        """Return the message and what it is counted by: after ten different ones in ten minutes all are one."""
        now = self._clock.now()
        similar = self._similar.setdefault(group, _Similar())
        self._similar.move_to_end(group)
        if len(self._similar) > _REMEMBERED:
            self._similar.popitem(last=False)
        if now - similar.last > _SIMILAR_SECONDS:
            similar.messages.clear()
        similar.last = now
        similar.messages.add(message)
        if len(similar.messages) < _MOST_SIMILAR:
            return message, (*group, message)
        similar.messages.pop()
        return _COMBINED + message, group


def _last_seen(event: Obj) -> float:
    series = event.get("series") or {}
    text = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"]["creationTimestamp"]
    )
    return parse_rfc3339(text)


def _author(component: str, resource: ResourceType) -> Author:
    """Return the program that a component belongs to, as the author of an event in one of their groups."""
    return Author(_PROGRAMS.get(component, CONTROLLER_MANAGER), resource)


def _reference(obj: Obj, field_path: str) -> Obj:
    metadata = obj["metadata"]
    found = {
        "kind": obj["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": obj["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion", ""),
        "fieldPath": field_path,
    }
    return {key: value for key, value in found.items() if value}
