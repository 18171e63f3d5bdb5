"""Compares what cannot be read in one answer: sequences that watches saw, and lists that were shortened by hand.

Two runs never interleave alike, so a sequence is compared per object: the steps each one took, without repetitions.
"""

import threading
import time
from typing import Any

from urllib3.exceptions import HTTPError

from benchmarks.recordings.binding import Binder
from benchmarks.recordings.client import Client
from benchmarks.recordings.compare import Difference, compare, without_managed_fields
from benchmarks.recordings.lines import Exchange, Scenario
from benchmarks.recordings.setups import namespaces_of

_WATCHED = (
    ("Deployment", "/apis/apps/v1/namespaces/{}/deployments"),
    ("ReplicaSet", "/apis/apps/v1/namespaces/{}/replicasets"),
    ("Job", "/apis/batch/v1/namespaces/{}/jobs"),
    ("Pod", "/api/v1/namespaces/{}/pods"),
)
_LONGEST_SECONDS = 170.0
_REVISION = "deployment.kubernetes.io/revision"


class Observer:
    """Watches a namespace beside a scenario."""

    def __init__(self, client: Client, scenario: Scenario) -> None:
        self._client = client
        self._namespace = namespaces_of(scenario)[0]
        self._events: list[tuple[str, str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """Begin to watch."""
        for kind, path in _WATCHED:
            threading.Thread(target=self._watch, args=(kind, path.format(self._namespace)), daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped = True

    def differences(self, one: Exchange, binder: Binder) -> list[Difference]:
        """Compare one observation with what was seen since the last one."""
        observed = one.observed
        if observed and "type" in observed[0]:
            with self._lock:
                seen, self._events = self._events, []
            return _sequence_differences(observed, seen)
        if observed and "revision" in observed[0]:
            return self._listed(observed, binder, "/apis/apps/v1/namespaces/{}/replicasets", _revision_row)
        return self._listed(observed, binder, "/api/v1/namespaces/{}/pods", _owner_row)

    def _listed(self, observed: list[Any], binder: Binder, path: str, row: Any) -> list[Difference]:
        answer = self._client.send("GET", path.format(self._namespace))
        items = (answer.body or {}).get("items") or [] if isinstance(answer.body, dict) else []
        return compare(observed, [row(without_managed_fields(item)) for item in items], binder, subset=True)

    def _watch(self, kind: str, path: str) -> None:
        ends = time.monotonic() + _LONGEST_SECONDS
        seen = 0

        def enough(events: list[Any]) -> bool:
            nonlocal seen
            with self._lock:
                self._events += [(kind, event["type"], event["object"]) for event in events[seen:]]
            seen = len(events)
            return self._stopped

        try:
            self._client.watch(f"{path}?watch=1", longest_seconds=max(ends - time.monotonic(), 1.0), enough=enough)
        except HTTPError:
            return  # the type is not served: the comparison says so


def _revision_row(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    return {
        "name": metadata["name"],
        "revision": annotations.get(_REVISION),
        "desired": annotations.get("deployment.kubernetes.io/desired-replicas"),
        "max": annotations.get("deployment.kubernetes.io/max-replicas"),
        "revision-history": annotations.get("deployment.kubernetes.io/revision-history"),
        "spec.replicas": item["spec"].get("replicas"),
        "status": item.get("status"),
        "image": item["spec"]["template"]["spec"]["containers"][0]["image"],
    }


def _owner_row(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item["metadata"]
    return {
        "name": metadata["name"],
        "owner": metadata.get("ownerReferences"),
        "node": item["spec"].get("nodeName"),
    }


def _steps(values: list[Any]) -> list[Any]:
    return [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]


def _recorded_state(event: dict[str, Any]) -> tuple[Any, ...]:
    conditions = tuple(sorted(event.get("conditions") or []))
    return (event.get("spec_replicas"), conditions)


def _seen_state(obj: dict[str, Any]) -> tuple[Any, ...]:
    conditions = (obj.get("status") or {}).get("conditions") or []
    named = tuple(sorted(f"{one['type']}={one['status']} {one.get('reason', '')}".strip() for one in conditions))
    return ((obj.get("spec") or {}).get("replicas"), named)


def _sequence_differences(observed: list[dict[str, Any]], seen: list[Any]) -> list[Difference]:
    found: list[Difference] = []
    recorded_steps: dict[str, list[list[Any]]] = {}
    for kind in ("Deployment", "ReplicaSet"):
        by_name: dict[str, list[Any]] = {}
        for event in observed:
            if event["kind"] == kind and event["type"] != "DELETED":
                state = _recorded_state(event)
                by_name.setdefault(event["name"], []).append(state if kind == "Deployment" else state[0])
        recorded_steps[kind] = sorted((_steps(values) for values in by_name.values()), key=repr)
        ours: dict[str, list[Any]] = {}
        for seen_kind, change, obj in seen:
            if seen_kind == kind and change in {"ADDED", "MODIFIED"}:
                state = _seen_state(obj)
                ours.setdefault(obj["metadata"]["name"], []).append(state if kind == "Deployment" else state[0])
        ours_steps = sorted((_steps(values) for values in ours.values()), key=repr)
        if by_name and recorded_steps[kind] != ours_steps:
            found.append(Difference(f"steps of {kind}", recorded_steps[kind], ours_steps))
    for change in ("ADDED", "DELETED"):
        recorded = sum(event["kind"] == "Pod" and event["type"] == change for event in observed)
        ours_count = sum(kind == "Pod" and seen_change == change for kind, seen_change, _ in seen)
        if recorded != ours_count:
            found.append(Difference(f"pods {change}", recorded, ours_count))
    return found
