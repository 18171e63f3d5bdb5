"""The load model: each workload's demand meets what its ready pods can do.

A pod uses its share of demand and waiting work, up to its CPU limit. What is left over waits in the workload's queue.
Workloads that follow a trace or a shape are served second by second; all others (idle ones, and those of a generated
fleet) once per measurement. Measurements are taken every 15 seconds, as metrics-server and Prometheus would, so nobody
sees finer than that.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from ai4k8s_simcluster.load.background import Background
from ai4k8s_simcluster.load.fixed import FixedUsage
from ai4k8s_simcluster.load.members import Members, workload_of
from ai4k8s_simcluster.load.queueing import WorkQueue
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.registry import NODES
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import FloatArray, IntArray
from ai4k8s_simcluster.usage import UsageSample

SCRAPE_SECONDS = 15.0
IDLE_CORES = 0.001
_SLICE_SECONDS = 1.0
_LONGEST_CATCH_UP_SECONDS = 600.0
_NODE_SYSTEM_CORES = 0.08
_NODE_SYSTEM_BYTES = 1.2 * 2**30
_FILL_ROUNDS = 4


@dataclass
class WorkloadState:
    """A workload's queue and its last second."""

    workload: LoadedWorkload
    queue: WorkQueue = field(default_factory=WorkQueue)
    demand_cores: float = 0.0
    served_cores: float = 0.0
    ready_pods: int = 0
    gap: bool = False


def fill(total: float, limits: FloatArray, weights: FloatArray) -> FloatArray:
    """Share an amount among pods by weight, none above its limit; what one cannot take goes to the others."""
    given = np.zeros(len(limits))
    for _ in range(_FILL_ROUNDS):
        left, room = total - given.sum(), given < limits - 1e-12
        if left <= 1e-12 or not room.any():
            break
        parts = np.where(room, weights * limits, 0.0)
        given = np.minimum(limits, given + left * parts / parts.sum())
    return given


class LoadModel:
    """Gives every pod its work and keeps count."""

    def __init__(self, store: Store, workloads: Iterable[LoadedWorkload], now: float) -> None:
        self._store = store
        self.members = Members(store, now)
        self.table = self.members.table
        self.background = Background(self.members)
        self._fixed = FixedUsage(store)
        self.states: dict[WorkloadKey, WorkloadState] = {}
        for workload in workloads:
            self.load(workload)
        self._advanced_to = now
        self.scraped_at: float | None = None
        self._scraped_before: float | None = None
        self._next_scrape = math.floor(now / SCRAPE_SECONDS) * SCRAPE_SECONDS + SCRAPE_SECONDS
        self.listeners: list[Callable[[float], None]] = []

    def load(self, workload: LoadedWorkload) -> None:
        """Have a workload follow a demand from now on."""
        self.states[workload.key] = WorkloadState(workload)
        self.members.watch_closely(workload.key)

    def unload(self, key: WorkloadKey) -> None:
        """Let a workload be idle again."""
        if self.states.pop(key, None) is not None:
            self.members.watch_closely(key, closely=False)

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
        """Return a pod's usage between the last two scrapes, or what its workload says it is."""
        found = self._store.by_uid(uid)
        fixed = self._fixed.rule_for(found[1].obj) if found is not None else None
        if fixed is not None:
            return self._fixed.sample(*fixed, uid, self._advanced_to)
        row, window = self.table.rows.get(uid), self._window()
        if row is None or window is None or not (self.table.seen_last[row] and self.table.seen_earlier[row]):
            return None
        used = float(self.table.last_cpu[row] - self.table.earlier_cpu[row]) / window
        return UsageSample(self.scraped_at or 0.0, window, used, float(self.table.last_memory[row]))

    def node_usage(self, name: str) -> UsageSample | None:
        """Return a node's usage between the last two scrapes: its pods and the system beside them."""
        window = self._window()
        if window is None or self._store.get(NODES, "", name) is None:
            return None
        found = [self.pod_usage(stored.uid) for stored in self._store.on_node(name)]
        samples = [sample for sample in found if sample is not None]
        return UsageSample(
            self.scraped_at or 0.0,
            window,
            _NODE_SYSTEM_CORES + sum(sample.cpu_cores for sample in samples),
            _NODE_SYSTEM_BYTES + sum(sample.memory_bytes for sample in samples),
        )

    def memory_bytes(self, uid: str) -> float | None:
        """Return what a running pod holds right now, which may be more than its limit allows."""
        row = self.table.rows.get(uid)
        return None if row is None else float(self.table.memory[row])

    def over_memory_limit(self) -> list[str]:
        """Return the uids of pods that hold more memory than their limit: the kernel would kill them."""
        table, used = self.table, slice(0, self.table.size)
        over = table.alive[used] & (table.memory[used] > table.memory_limit[used])
        return table.uids_at(np.flatnonzero(over).tolist())

    def cpu_counters(self) -> dict[str, float]:
        """Return every pod's CPU counter by uid, for saving."""
        return {uid: float(self.table.cpu_seconds[row]) for uid, row in self.table.rows.items()}

    def prime(self, now: float) -> None:
        """Take a first scrape now, so that pods that are already running are measured at the next one."""
        self.members.refresh(now)
        self.table.scrape()
        self._scraped_before, self.scraped_at = None, now

    def _window(self) -> float | None:
        if self.scraped_at is None or self._scraped_before is None:
            return None
        return self.scraped_at - self._scraped_before

    def _advance(self, seconds: float) -> None:
        self._advanced_to += seconds
        self.members.refresh(self._advanced_to)
        for state in self.states.values():
            self._serve(state, seconds)

    def _serve(self, state: WorkloadState, seconds: float) -> None:
        table, rows = self.table, self.members.rows_of(state.workload.key)
        demand = self.demand_now(state.workload.key, self._advanced_to)
        state.gap = math.isnan(demand)
        state.demand_cores = 0.0 if state.gap else demand
        ready = table.ready[rows]
        state.ready_pods = int(ready.sum())
        room = np.where(ready, self._room(rows), 0.0)
        served = state.queue.serve(self._advanced_to, state.demand_cores * seconds, float(room.sum()) * seconds)
        state.served_cores = served / seconds
        work = fill(state.served_cores, room, table.weight[rows])
        table.measurable[rows] = not state.gap
        self._use(rows, work, np.full(len(rows), seconds))

    def _starting(self, rows: IntArray) -> FloatArray:
        """Return the cores that pods use for their own start."""
        table = self.table
        young = self._advanced_to - table.started_at[rows] < table.startup_seconds[rows]
        return np.where(young, np.minimum(table.startup_cores[rows], table.limit_cores[rows]), 0.0)

    def _room(self, rows: IntArray) -> FloatArray:
        return np.asarray(self.table.limit_cores[rows] - self._starting(rows))

    def _use(self, rows: IntArray, work: FloatArray, seconds: FloatArray) -> None:
        cpu = np.minimum(np.maximum(work + self._starting(rows), IDLE_CORES), self.table.limit_cores[rows])
        self.table.use(rows, cpu, work, seconds)

    def _scrape(self, at: float, *, current: bool) -> None:
        table = self.table
        rows = np.flatnonzero(table.alive[: table.size] & ~table.detailed[: table.size])
        elapsed = np.maximum(at - table.accounted_to[rows], 0.0)
        self._use(rows, self.background.work(rows, self._room(rows), at), elapsed)
        table.scrape()
        self._scraped_before, self.scraped_at = self.scraped_at, at
        if current:  # a stopped process has not measured what it missed
            for listener in self.listeners:
                listener(at)


__all__ = ["SCRAPE_SECONDS", "LoadModel", "WorkloadState", "fill", "workload_of"]
