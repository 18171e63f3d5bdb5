"""Loads for what comes through the API: a workload that carries the annotation gets a demand, whatever its kind.

`sim.ai4k8s.io/shape: hourly:base=0.5,amplitude=2` or `sim.ai4k8s.io/trace: requests.csv.gz:scale=0.02`, a file in the
folder `traces` of the state directory: who may write objects may not read just any file.
"""

from dataclasses import dataclass
from pathlib import Path

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.events import EventRecorder
from ai4k8s_simcluster.load.behaviour import PREFIX, BehaviourError, read_behaviour
from ai4k8s_simcluster.load.demand import DemandSource, ShapeDemand, TraceDemand
from ai4k8s_simcluster.load.model import LoadModel
from ai4k8s_simcluster.load.placing import choose_scale, find_rise
from ai4k8s_simcluster.load.shapes import ShapeError, read_shape
from ai4k8s_simcluster.load.traces import TraceError, read_trace
from ai4k8s_simcluster.load.workload import REQUEST_CORES, LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.store import Change, ChangeKind, Store, Stored
from ai4k8s_simcluster.types import Obj

SHAPE, TRACE = PREFIX + "shape", PREFIX + "trace"
_COMPONENT = "load-simulator"


class LoadAnnotationError(ValueError):
    """An annotation that no load can be made of."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where annotated loads come from and when they rise (seconds after the workload was made)."""

    traces: Path
    lead_seconds: float
    seed: int


def _annotations(obj: Obj) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("annotations") or {}
    return {key: text for key, text in found.items() if key.startswith(PREFIX)}


class AnnotatedLoads:
    """Follows annotations."""

    def __init__(self, store: Store, model: LoadModel, events: EventRecorder, placing: Placing) -> None:
        self._model = model
        self._events = events
        self._placing = placing
        self._loaded: dict[WorkloadKey, str] = {}
        self._changed: dict[WorkloadKey, Stored | None] = {}
        for resource in store.catalogue.stored_types:
            for stored in store.values(resource):
                if _annotations(stored.obj):
                    self._changed[_key(stored)] = stored
        store.subscribe(self._note)

    def tick(self) -> None:
        """Take in what has changed."""
        changed, self._changed = self._changed, {}
        for key, stored in changed.items():
            self._follow(key, stored)

    def _note(self, change: Change) -> None:
        before = _annotations(change.previous.obj) if change.previous is not None else {}
        now = {} if change.kind is ChangeKind.DELETED else _annotations(change.stored.obj)
        if before != now:
            self._changed[_key(change.stored)] = None if change.kind is ChangeKind.DELETED else change.stored

    def _follow(self, key: WorkloadKey, stored: Stored | None) -> None:
        given = _annotations(stored.obj) if stored is not None else {}
        text = f"{given.get(SHAPE, '')}|{given.get(TRACE, '')}"
        if self._loaded.get(key, "|") != text and self._loaded.pop(key, None) is not None:
            self._model.unload(key)
        if stored is None:
            return
        try:
            read_behaviour(stored.obj)
            if text not in {"|", self._loaded.get(key)} and key not in self._model.states:
                self._model.load(self._workload(key, stored.obj, given))
                self._loaded[key] = text
        except (BehaviourError, LoadAnnotationError) as error:
            self._events.record(stored.obj, "Warning", "LoadAnnotationInvalid", str(error), _COMPONENT)

    def _workload(self, key: WorkloadKey, obj: Obj, given: dict[str, str]) -> LoadedWorkload:
        created = parse_rfc3339(obj["metadata"]["creationTimestamp"])
        if SHAPE in given and TRACE in given:
            raise LoadAnnotationError(f"a load follows either {SHAPE} or {TRACE}, not both")
        source = self._shape(given[SHAPE], created) if SHAPE in given else self._trace(given[TRACE], created)
        origin = f"shape {given[SHAPE]}" if SHAPE in given else f"trace {given[TRACE]}"
        return LoadedWorkload(key, source, created, 1, 12, origin, "by annotation", managed=False)

    def _shape(self, text: str, created: float) -> DemandSource:
        try:
            shape = read_shape(text)
        except ShapeError as error:
            raise LoadAnnotationError(f"{SHAPE}: {error}") from error
        return ShapeDemand(shape.at_phase(created + self._placing.lead_seconds, self._placing.seed), created)

    def _trace(self, text: str, created: float) -> DemandSource:
        name, _, scale = text.partition(":scale=")
        if Path(name).name != name:
            raise LoadAnnotationError(f"{TRACE}: name a file in {self._placing.traces}, not a path")
        try:
            trace = read_trace(self._placing.traces / name)
            cores_per_unit = float(scale) if scale else None
        except (OSError, TraceError, ValueError) as error:
            raise LoadAnnotationError(f"{TRACE}: {error}") from error
        rise = find_rise(trace)
        offset = created + self._placing.lead_seconds - rise.at
        return TraceDemand(trace, offset, cores_per_unit or choose_scale(trace, rise, REQUEST_CORES))


def _key(stored: Stored) -> WorkloadKey:
    return WorkloadKey(stored.namespace, stored.name, str(stored.obj["kind"]))
