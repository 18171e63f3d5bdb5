"""The load model: once a second, each workload's demand meets what its ready pods can do.

A pod uses its share of demand and waiting work, up to its CPU limit. What is left over waits in the
workload's queue. Measurements are taken every 15 seconds, as metrics-server and Prometheus would, so nobody
sees finer than that.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ai4k8s_simcluster.controllers.context import controller_of, is_ready, is_terminating
from ai4k8s_simcluster.load.queueing import WorkQueue
from ai4k8s_simcluster.load.workload import LIMIT_CORES, LoadedWorkload, WorkloadKey, memory_bytes
from ai4k8s_simcluster.quantity import cores
from ai4k8s_simcluster.registry import NODES, PODS, REPLICASETS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.usage import UsageSample

SCRAPE_SECONDS = 15.0
_SLICE_SECONDS = 1.0
_LONGEST_CATCH_UP_SECONDS = 600.0
_IDLE_CORES = 0.001
_NODE_SYSTEM_CORES = 0.08
_NODE_SYSTEM_BYTES = 1.2 * 2**30


@dataclass
class PodUse:
    """What one pod has used."""

    uid: str
    namespace: str
    name: str
    node: str
    container: str
    share: float
    limit_cores: float
    cpu_seconds: float = 0.0
    memory_bytes: float = 0.0
    measurable: bool = True


@dataclass(frozen=True, slots=True)
class Scrape:
    """The counters of all pods at one time."""

    at: float
    cpu_seconds: Mapping[str, float]
    memory_bytes: Mapping[str, float]


@dataclass
class WorkloadState:
    """A workload's queue and its last second."""

    workload: LoadedWorkload
    queue: WorkQueue = field(default_factory=WorkQueue)
    demand_cores: float = 0.0
    served_cores: float = 0.0
    ready_pods: int = 0
    gap: bool = False


def workload_of(store: Store, pod: Obj) -> WorkloadKey | None:
    """Return the Deployment above a pod."""
    owner = controller_of(pod)
    namespace = pod["metadata"].get("namespace", "")
    if owner is None or owner["kind"] != "ReplicaSet":
        return None
    replicaset = store.get(REPLICASETS, namespace, owner["name"])
    above = controller_of(replicaset.obj) if replicaset else None
    return WorkloadKey(namespace, above["name"]) if above else None


def _limit(pod: Obj) -> float:
    container = (pod["spec"].get("containers") or [{}])[0]
    limits = (container.get("resources") or {}).get("limits") or {}
    return cores(limits["cpu"]) if "cpu" in limits else LIMIT_CORES * 1e3


class LoadModel:
    """Gives every pod its work and keeps count."""

    def __init__(self, store: Store, workloads: Iterable[LoadedWorkload], now: float) -> None:
        self._store = store
        self.states = {workload.key: WorkloadState(workload) for workload in workloads}
        self.pods: dict[str, PodUse] = {}
        self.initial_cpu_seconds: dict[str, float] = {}
        self._members: dict[WorkloadKey | None, list[tuple[PodUse, bool]]] = {}
        self._seen_version = -1
        self._advanced_to = now
        self.scrapes: tuple[Scrape, ...] = ()
        self._next_scrape = math.floor(now / SCRAPE_SECONDS) * SCRAPE_SECONDS + SCRAPE_SECONDS
        self.listeners: list[Callable[[Scrape], None]] = []

    def tick(self, now: float) -> None:
        """Let time go on until now, second by second."""
        if now - self._advanced_to > _LONGEST_CATCH_UP_SECONDS:
            self._advanced_to = now - _LONGEST_CATCH_UP_SECONDS
            self._next_scrape = max(self._next_scrape, math.ceil(self._advanced_to / SCRAPE_SECONDS) * SCRAPE_SECONDS)
        while now - self._advanced_to >= _SLICE_SECONDS:
            self._advance(_SLICE_SECONDS)
            if self._advanced_to >= self._next_scrape:
                self._scrape(self._advanced_to, current=now - self._advanced_to < SCRAPE_SECONDS)
                self._next_scrape += SCRAPE_SECONDS

    def demand_now(self, key: WorkloadKey, now: float) -> float:
        """Return a workload's demand in cores; NaN in a gap of its trace."""
        return float(self.states[key].workload.source.at(np.array([now]))[0])

    def pod_usage(self, uid: str) -> UsageSample | None:
        """Return a pod's usage between the last two scrapes."""
        if len(self.scrapes) < 2:
            return None
        before, last = self.scrapes[-2:]
        if uid not in before.cpu_seconds or uid not in last.cpu_seconds:
            return None
        window = last.at - before.at
        used = (last.cpu_seconds[uid] - before.cpu_seconds[uid]) / window
        return UsageSample(last.at, window, used, last.memory_bytes[uid])

    def node_usage(self, name: str) -> UsageSample | None:
        """Return a node's usage between the last two scrapes: its pods and the system beside them."""
        if len(self.scrapes) < 2 or self._store.get(NODES, "", name) is None:
            return None
        before, last = self.scrapes[-2:]
        found = [self.pod_usage(pod.uid) for pod in self.pods.values() if pod.node == name]
        samples = [sample for sample in found if sample is not None]
        return UsageSample(
            last.at,
            last.at - before.at,
            _NODE_SYSTEM_CORES + sum(sample.cpu_cores for sample in samples),
            _NODE_SYSTEM_BYTES + sum(sample.memory_bytes for sample in samples),
        )

    def prime(self, now: float) -> None:
        """Take a first scrape now, so that pods that are already running are measured at the next one."""
        self._refresh()
        first = Scrape(
            now,
            {uid: pod.cpu_seconds for uid, pod in self.pods.items()},
            {uid: pod.memory_bytes for uid, pod in self.pods.items()},
        )
        self.scrapes = (first,)

    def _advance(self, seconds: float) -> None:
        self._advanced_to += seconds
        self._refresh()
        for key, state in self.states.items():
            self._serve(state, self._members.get(key, []), seconds)
        for owner, members in self._members.items():
            if owner not in self.states:
                for pod, _ in members:
                    self._use(pod, _IDLE_CORES, seconds)

    def _serve(self, state: WorkloadState, members: list[tuple[PodUse, bool]], seconds: float) -> None:
        demand = self.demand_now(state.workload.key, self._advanced_to)
        state.gap = math.isnan(demand)
        state.demand_cores = 0.0 if state.gap else demand
        ready = [pod for pod, takes_load in members if takes_load]
        state.ready_pods = len(ready)
        capacity = sum(pod.limit_cores for pod in ready) * seconds
        served = state.queue.serve(self._advanced_to, state.demand_cores * seconds, capacity)
        state.served_cores = served / seconds
        for pod, takes_load in members:
            pod.measurable = not state.gap
            share = pod.limit_cores * seconds / capacity if capacity else 0.0
            self._use(pod, served / seconds * share if takes_load else _IDLE_CORES, seconds)

    def _use(self, pod: PodUse, cpu_cores: float, seconds: float) -> None:
        pod.cpu_seconds += cpu_cores * seconds
        wanted = memory_bytes(cpu_cores, pod.share)
        pod.memory_bytes += (wanted - pod.memory_bytes) * (0.02 if pod.memory_bytes else 1.0)

    def _refresh(self) -> None:
        if self._store.version == self._seen_version:
            return
        self._seen_version = self._store.version
        self._members = {}
        running: set[str] = set()
        for stored in self._store.values(PODS):
            pod = stored.obj
            if (pod.get("status") or {}).get("phase") != "Running":
                continue
            uid = pod["metadata"]["uid"]
            running.add(uid)
            use = self.pods.get(uid) or self._new(pod)
            self.pods[uid] = use
            takes_load = is_ready(pod) and not is_terminating(pod)
            self._members.setdefault(workload_of(self._store, pod), []).append((use, takes_load))
        for uid in self.pods.keys() - running:
            del self.pods[uid]

    def _new(self, pod: Obj) -> PodUse:
        metadata = pod["metadata"]
        uid = metadata["uid"]
        return PodUse(
            uid=uid,
            namespace=metadata["namespace"],
            name=metadata["name"],
            node=pod["spec"].get("nodeName", ""),
            container=pod["spec"]["containers"][0]["name"],
            share=zlib.crc32(metadata["name"].encode()) / 0xFFFFFFFF,
            limit_cores=_limit(pod),
            cpu_seconds=self.initial_cpu_seconds.pop(uid, 0.0),
        )

    def _scrape(self, at: float, *, current: bool) -> None:
        seen = {uid: pod for uid, pod in self.pods.items() if pod.measurable}
        scrape = Scrape(
            at,
            {uid: pod.cpu_seconds for uid, pod in seen.items()},
            {uid: pod.memory_bytes for uid, pod in seen.items()},
        )
        self.scrapes = (*self.scrapes[-1:], scrape)
        if current:  # a stopped process has not measured what it missed
            for listener in self.listeners:
                listener(scrape)
