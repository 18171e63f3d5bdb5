"""Events, with counts: a repeated event makes its first one grow instead of adding another."""

import random

from ai4k8s_simcluster.clock import Clock, parse_rfc3339, rfc3339
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import EVENTS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import Writer

_AGGREGATE_SECONDS = 600.0
_KEPT_SECONDS = 3_600.0


class EventRecorder:
    """Writes what controllers have to say about objects."""

    def __init__(self, store: Store, writer: Writer, clock: Clock, rng: random.Random) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._rng = rng
        self._recent: dict[tuple[str, str, str, str], str] = {}

    def record(self, obj: Obj, kind: str, reason: str, message: str, component: str, *, host: str = "") -> None:
        """Say something about an object. kind: `Normal` or `Warning`."""
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "default")
        key = (metadata["uid"], kind, reason, message)
        now = self._clock.now()
        name = self._recent.get(key, "")
        stored = self._store.get(EVENTS, namespace, name) if name else None
        if stored and now - parse_rfc3339(stored.obj["lastTimestamp"]) < _AGGREGATE_SECONDS:
            grown = {**stored.obj, "count": stored.obj.get("count", 1) + 1, "lastTimestamp": rfc3339(now)}
            self._store.put(EVENTS, grown)
            return
        name = f"{metadata['name']}.{self._rng.getrandbits(64):016x}"
        source = {"component": component, **({"host": host} if host else {})}
        event: Obj = {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "kind": obj["kind"],
                "namespace": metadata.get("namespace", ""),
                "name": metadata["name"],
                "uid": metadata["uid"],
                "apiVersion": obj["apiVersion"],
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": rfc3339(now),
            "lastTimestamp": rfc3339(now),
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        }
        try:
            self._writer.create(EVENTS, event)
        except ApiError:
            return  # the namespace went away first; a real recorder drops the event too
        self._recent[key] = name

    def expire(self) -> None:
        """Forget events after an hour, as an API server does by default."""
        limit = self._clock.now() - _KEPT_SECONDS
        for stored in self._store.values(EVENTS):
            last = stored.obj.get("lastTimestamp") or stored.obj["metadata"]["creationTimestamp"]
            if parse_rfc3339(last) < limit:
                self._store.remove(EVENTS, stored.obj)
        self._recent = {
            key: name for key, name in self._recent.items() if any(s.name == name for s in self._store.values(EVENTS))
        }
