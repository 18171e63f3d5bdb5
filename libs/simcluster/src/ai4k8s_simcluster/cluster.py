"""The whole cluster without its sockets: state, controllers, load and measurements, moved by `tick`."""

import math
import random
import time
from collections.abc import Mapping
from typing import Any

import structlog

from ai4k8s_simcluster.admission.keeping import Keeper
from ai4k8s_simcluster.anchors import Anchor, make_anchors
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.tokens import TokenIssuer, load_signing_key
from ai4k8s_simcluster.bootstrap import (
    FLEET_NODE_SIZE,
    NODE_SIZE,
    create_deployment,
    create_nodes,
    create_pods,
    create_roles,
    make_slots,
)
from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.controllers.access import RoleAggregator, TokenController
from ai4k8s_simcluster.controllers.catalogue import make_controllers
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.controllers.events import EventRecorder
from ai4k8s_simcluster.controllers.manager import ControllerManager
from ai4k8s_simcluster.customresources.establishing import Establisher
from ai4k8s_simcluster.customresources.shipped import add_shipped
from ai4k8s_simcluster.faults.book import FaultBook
from ai4k8s_simcluster.faults.nodes import NodeFaults
from ai4k8s_simcluster.faults.usage import SpoiltUsage
from ai4k8s_simcluster.fleet.churn import Churn
from ai4k8s_simcluster.fleet.furnish import furnish
from ai4k8s_simcluster.load.annotated import AnnotatedLoads, Placing
from ai4k8s_simcluster.load.model import LoadModel
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey, replicas_for
from ai4k8s_simcluster.persistence import SavedState, StateFiles
from ai4k8s_simcluster.prom.engine import Sources
from ai4k8s_simcluster.prom.families import World
from ai4k8s_simcluster.prom.history import HistorySeries, WorkloadHistory
from ai4k8s_simcluster.prom.labels import Slot, pod_labels
from ai4k8s_simcluster.prom.live import LiveSeries
from ai4k8s_simcluster.prom.recorder import Recorder
from ai4k8s_simcluster.registry import DEPLOYMENTS, EVENTS, PODS
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.system_objects import create_system_objects
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import Writer

_HISTORY_SECONDS = 14 * 86_400.0
_SNAPSHOT_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Cluster:
    """Everything behind the API."""

    def __init__(self, settings: SimSettings, clock: Clock, files: StateFiles) -> None:
        self.settings = settings
        self.clock = clock
        self._files = files
        now = clock.now()
        saved = files.load()
        self.store = Store(log_length=settings.watch_log_length)
        self.store.restore(saved.version, saved.objects)
        rng = random.Random(f"{settings.seed}/{saved.version}")  # noqa: S311 - names, not secrets
        managed = settings.managed_pods if settings.pods < settings.managed_pods else 0  # large fleets from the first
        self.writer = Writer(self.store, clock, rng, managed)
        self.definitions = Establisher(self.store, self.writer, clock)
        self.definitions.start()
        self._keeper = Keeper(self.store, self.writer)
        add_shipped(self.store, self.writer)
        self.definitions.sync()
        events = EventRecorder(self.store, self.writer, clock, rng)
        self.context = Context(
            self.store,
            self.writer,
            events,
            clock,
            settings.seed,
            settings.startup,
            settings.termination,
            _authority(files).decode(),
        )
        self.anchors = make_anchors(settings, saved.extra.get("anchors", []), now)
        workloads = [anchor.workload() for anchor in self.anchors]
        self.live = LiveSeries(files.directory / "samples.jsonl" if files.durable else None)
        self.model = LoadModel(self.store, workloads, now)
        self._slots: dict[str, list[list[str]]] = dict(saved.extra.get("slots", {}))
        self._histories = self._populate(workloads, saved)
        if not saved.version:
            self._forget_events()
        self._churn = self._furnish(now)
        self.history = HistorySeries(self._histories)
        self.faults = FaultBook(clock, settings.seed)
        NodeFaults(self.context, self.faults)
        self.usage = SpoiltUsage(self.model, self.faults)
        self.recorder = Recorder(World(self.store, self.model), self.live, self.usage.recorded)
        self.model.listeners.append(self.recorder.record)
        self._manager = ControllerManager(self.context, make_controllers(self.context, self.model))
        self.issuer = TokenIssuer(load_signing_key(files.directory), clock)
        self._access = (
            RoleAggregator(self.context),
            TokenController(self.context, self.issuer, _authority(files)),
        )
        self.rbac = Rbac(self.store)
        placing = Placing(files.directory / "traces", settings.lead_seconds, settings.seed)
        self._annotated = AnnotatedLoads(self.store, self.model, events, placing)
        self._saved_at = -math.inf
        self._ends_told: set[WorkloadKey] = set()
        self._control()
        self.store.compact()
        self.save()
        self.store.subscribe(files.journal)

    def tick(self) -> None:
        """Let the cluster live up to now."""
        now = self.clock.now()
        self.faults.entries()  # ends those whose time is over
        if self._churn is not None:
            self._churn.tick(now)
        self._control()
        self._annotated.tick()
        self.model.tick(now)
        self._tell_ends(now)
        if now - self._saved_at >= _SNAPSHOT_SECONDS:
            self.save()

    def _control(self) -> None:
        self.definitions.sync()
        self._keeper.sync()
        self._manager.tick()
        for loop in self._access:
            loop.sync()

    def save(self) -> None:
        """Write everything down."""
        self._saved_at = self.clock.now()
        self._files.save(self.store, self._extra())

    def close(self) -> None:
        """Write everything down for the last time."""
        self.save()
        self.live.close()
        self._files.close()

    def sources(self) -> Sources:
        """Return the series as they stand: the past, and what has been recorded."""
        return Sources(self.history, self.live, self.recorder.recent)

    def describe_workloads(self) -> Obj:
        """Return the simulator's truth about its workloads, for people and tests."""
        now = self.clock.now()
        return {"now": rfc3339(now), "workloads": [self._describe(anchor, now) for anchor in self.anchors]}

    def _describe(self, anchor: Anchor, now: float) -> Obj:
        state = self.model.states[anchor.key]
        workload = state.workload
        stored = self.store.get(DEPLOYMENTS, anchor.namespace, anchor.name)
        ends_at = workload.source.ends_at
        demand = self.model.demand_now(anchor.key, now)
        return {
            "namespace": anchor.namespace,
            "name": anchor.name,
            "load": anchor.origin,
            "placement": anchor.placement,
            "anchored_at": rfc3339(anchor.anchored_at),
            "rise_at": rfc3339(anchor.rise_at) if anchor.rise_at else None,
            "history_begins_at": rfc3339(max(workload.source.begins_at, anchor.anchored_at - _HISTORY_SECONDS)),
            "trace_ends_at": rfc3339(ends_at) if ends_at else None,
            "trace_ended": bool(ends_at and now >= ends_at),
            "trace_gap": math.isnan(demand),
            "demand_cores": None if math.isnan(demand) else round(demand, 6),
            "served_cores": round(state.served_cores, 6),
            "queued_core_seconds": round(state.queue.waiting_core_seconds, 6),
            "dropped_core_seconds": round(state.queue.dropped_core_seconds, 6),
            "replicas": stored.obj["spec"].get("replicas", 1) if stored else None,
            "ready_replicas": state.ready_pods,
        }

    def _populate(self, workloads: list[LoadedWorkload], saved: SavedState) -> list[WorkloadHistory]:
        """Make what is not there yet, and the past of everything."""
        now = self.clock.now()
        size = FLEET_NODE_SIZE if self.settings.pods else NODE_SIZE
        create_nodes(self.context, self.settings.nodes, now - _HISTORY_SECONDS, size)
        begun_at = now - _HISTORY_SECONDS
        create_system_objects(self.context, begun_at, storage_class=self.settings.storage_class)
        create_roles(self.context, now - _HISTORY_SECONDS)
        histories = []
        counters: dict[str, float] = {}
        for place, workload in enumerate(workloads):
            history, fresh = self._settle(workload, place)
            histories.append(history)
            counters |= fresh
        self.model.members.initial_cpu_seconds = {
            **counters,
            **self._saved_counters(saved.extra.get("cpu_seconds", {})),
        }
        for raw, items in saved.extra.get("queues", {}).items():
            state = self.model.states.get(WorkloadKey.parse(raw))
            if state is not None:
                state.queue.load(items["waiting"])
                state.queue.dropped_core_seconds = items["dropped"]
        if counters:
            self.model.prime(now)
        return histories

    def _furnish(self, now: float) -> Churn | None:
        """Make the fleet, where one is wanted."""
        if not self.settings.pods:
            return None
        begun = time.monotonic()
        fleet = furnish(self.context, self.settings.pods, now)
        self.model.members.look_at_all()
        self.model.background.add(fleet.swings)
        self.model.prime(now)
        log.info("fleet made", pods=self.settings.pods, seconds=round(time.monotonic() - begun, 1))
        return Churn(self.context, fleet, self.settings.churn, now)

    def _forget_events(self) -> None:
        """Drop what controllers said while the cluster was furnished: it all happened long ago."""
        for stored in self.store.values(EVENTS):
            self.store.remove(EVENTS, stored.obj)

    def _settle(self, workload: LoadedWorkload, place: int) -> tuple[WorkloadHistory, dict[str, float]]:
        key = workload.key
        known = self._slots.get(f"{key}@{workload.anchored_at}")
        existing = self.store.get(DEPLOYMENTS, key.namespace, key.name)
        if known is not None:
            return WorkloadHistory(workload, tuple(Slot(*raw) for raw in known)), {}
        replicas = self._initial_replicas(workload)
        nodes = max(self.settings.nodes, 1)
        if existing is not None:
            slots = make_slots(workload, f"{key.name}-past", place, nodes, self.settings.seed)
            history = WorkloadHistory(workload, slots)
            counters: dict[str, float] = {}
        else:
            replicaset = create_deployment(self.context, workload, replicas)
            slots = make_slots(workload, replicaset.name, place, nodes, self.settings.seed)
            history = WorkloadHistory(workload, slots)
            counters = create_pods(self.context, history, replicaset, replicas)
        self._slots[f"{key}@{workload.anchored_at}"] = [[s.namespace, s.pod, s.container, s.node] for s in slots]
        return history, counters

    def _initial_replicas(self, workload: LoadedWorkload) -> int:
        demand = self.model.demand_now(workload.key, workload.anchored_at)
        if math.isnan(demand):
            return workload.min_replicas
        return replicas_for(demand, workload.min_replicas, workload.max_replicas)

    def _saved_counters(self, saved: Mapping[str, float]) -> dict[str, float]:
        """Return where counters stood: never below what has been recorded, so that none seems to start
        anew.
        """
        found: dict[str, float] = {}
        for stored in self.store.values(PODS):
            uid = stored.obj["metadata"]["uid"]
            container = stored.obj["spec"]["containers"][0]["name"]
            slot = Slot(stored.namespace, stored.name, container, stored.obj["spec"].get("nodeName", ""))
            recorded = self.live.last_value(pod_labels("container_cpu_usage_seconds_total", slot))
            if uid in saved or recorded is not None:
                found[uid] = max(saved.get(uid, 0.0), recorded or 0.0)
        return found

    def _tell_ends(self, now: float) -> None:
        for anchor in self.anchors:
            ends_at = self.model.states[anchor.key].workload.source.ends_at
            if ends_at is None or now < ends_at or anchor.key in self._ends_told:
                continue
            self._ends_told.add(anchor.key)
            note = f"the trace ended at {rfc3339(ends_at)}; its last day is being repeated"
            log.warning("trace ended", workload=str(anchor.key), note=note)
            stored = self.store.get(DEPLOYMENTS, anchor.namespace, anchor.name)
            if stored is not None:
                annotations = {
                    **(stored.obj["metadata"].get("annotations") or {}),
                    "sim.ai4k8s.io/trace-ended": note,
                }
                metadata = {**stored.obj["metadata"], "annotations": annotations}
                self.store.put(DEPLOYMENTS, {**stored.obj, "metadata": metadata})

    def _extra(self) -> dict[str, Any]:
        return {
            "anchors": [anchor.dump() for anchor in self.anchors],
            "slots": self._slots,
            "cpu_seconds": self.model.cpu_counters(),
            "queues": {
                str(key): {"waiting": state.queue.dump(), "dropped": state.queue.dropped_core_seconds}
                for key, state in self.model.states.items()
            },
        }


def _authority(files: StateFiles) -> bytes:
    """Return the certificates that clients of this cluster trust; none when it is not served."""
    path = files.directory / "ca.crt"
    return path.read_bytes() if path.exists() else b""
