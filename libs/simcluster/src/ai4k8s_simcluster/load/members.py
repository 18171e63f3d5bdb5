"""Keeps the table of pods in step with the store, change by change: who runs, where, for whom, and how it behaves."""

import zlib

import numpy as np
import structlog

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import controller_of, is_ready, is_terminating
from ai4k8s_simcluster.load.behaviour import DEFAULT, HOUR_SECONDS, Behaviour, BehaviourError, read_behaviour
from ai4k8s_simcluster.load.table import UNLIMITED_CORES, PodTable
from ai4k8s_simcluster.load.workload import BASE_MEMORY_BYTES, MEMORY_BYTES_PER_CORE, WorkloadKey
from ai4k8s_simcluster.quantity import QuantityError, cores, size_bytes
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.store import Change, ChangeKind, Store, Stored
from ai4k8s_simcluster.types import IntArray, Obj

_LONGEST_CHAIN = 4
_BASE_SHARE, _WORK_SHARE = 0.5, 0.35  # of the memory limit, where pods are too small for the usual sizes
log = structlog.get_logger(__name__)


def top_owner(store: Store, pod: Obj) -> Obj | None:
    """Return what manages a pod, through ReplicaSets and the like up to the top."""
    obj, found = pod, None
    for _ in range(_LONGEST_CHAIN):
        reference = controller_of(obj)
        owner = store.by_uid(reference["uid"]) if reference else None
        if owner is None:
            return found
        obj = found = owner[1].obj
    return found


def workload_of(store: Store, pod: Obj) -> WorkloadKey | None:
    """Return the workload above a pod."""
    owner = top_owner(store, pod)
    return _key_of(owner) if owner is not None else None


def _key_of(obj: Obj) -> WorkloadKey:
    metadata = obj["metadata"]
    return WorkloadKey(metadata.get("namespace", ""), metadata["name"], obj["kind"])


def _resource_limit(pod: Obj, name: str) -> str | None:
    container = (pod["spec"].get("containers") or [{}])[0]
    found = ((container.get("resources") or {}).get("limits") or {}).get(name)
    return None if found is None else str(found)


def is_running(pod: Obj) -> bool:
    """Say whether a pod's first container runs: neither being created nor waiting after a crash."""
    status = pod.get("status") or {}
    if status.get("phase") != "Running":
        return False
    containers = status.get("containerStatuses") or []
    return not containers or "running" in (containers[0].get("state") or {})


def _started_at(pod: Obj, otherwise: float) -> float:
    containers = (pod.get("status") or {}).get("containerStatuses") or [{}]
    started = ((containers[0].get("state") or {}).get("running") or {}).get("startedAt")
    return parse_rfc3339(started) if started else otherwise


def _restarts(pod: Obj) -> int:
    containers = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return int(containers[0].get("restartCount", 0))


class Members:
    """The pods that run, as rows, and which workload each row works for."""

    def __init__(self, store: Store, now: float) -> None:
        self._store = store
        self.table = PodTable()
        self.keys: list[WorkloadKey | None] = [None]
        self.numbers: dict[WorkloadKey | None, int] = {None: 0}
        self.nodes: dict[str, int] = {}
        self.initial_cpu_seconds: dict[str, float] = {}
        self.by_workload: dict[int, set[int]] = {}
        self._wanted_detail: set[int] = set()
        self._changed: dict[str, Stored | None] = {}
        self._retold: set[WorkloadKey] = set()
        self._now = now
        self.look_at_all()
        store.subscribe(self._note)

    def refresh(self, now: float) -> None:
        """Take in what has changed since the last time."""
        self._now = now
        changed, self._changed = self._changed, {}
        for uid, stored in changed.items():
            self._apply(uid, stored)
        retold, self._retold = self._retold, set()
        for key in retold & self.numbers.keys():
            for row in tuple(self.by_workload.get(self.numbers[key], ())):
                self._give_character_again(row)

    def look_at_all(self) -> None:
        """Have every pod looked at again: some were put into the store without news of it."""
        self._changed |= {stored.uid: stored for stored in self._store.values(PODS)}

    def number(self, key: WorkloadKey | None) -> int:
        """Return a workload's number."""
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    def watch_closely(self, key: WorkloadKey, *, closely: bool = True) -> None:
        """Have a workload's rows marked as served second by second."""
        number = self.number(key)
        (self._wanted_detail.add if closely else self._wanted_detail.discard)(number)
        for row in self.by_workload.get(number, ()):
            self.table.detailed[row] = closely

    def rows_of(self, key: WorkloadKey) -> IntArray:
        """Return the rows of a workload."""
        found = self.by_workload.get(self.numbers.get(key, -1), ())
        return np.fromiter(sorted(found), dtype=np.int64, count=len(found))

    def _note(self, change: Change) -> None:
        if change.resource is PODS:
            uid = change.stored.uid
            self._changed[uid] = None if change.kind is ChangeKind.DELETED else change.stored
        elif change.kind is ChangeKind.MODIFIED and change.previous is not None:
            before, now = change.previous.obj["metadata"], change.stored.obj["metadata"]
            if before.get("annotations") != now.get("annotations"):
                self._retold.add(_key_of(change.stored.obj))

    def _apply(self, uid: str, stored: Stored | None) -> None:
        row = self.table.rows.get(uid)
        if stored is None or not is_running(stored.obj):
            if row is not None:
                self.by_workload[int(self.table.workload[row])].discard(row)
                self.table.drop(uid)
            return
        if row is None:
            row = self._enter(uid, stored.obj)
        restarts = _restarts(stored.obj)
        if restarts != self.table.restarts[row]:
            self.table.restart(row)
            self.table.restarts[row] = restarts
            self.table.started_at[row] = _started_at(stored.obj, self._now)
        self.table.ready[row] = is_ready(stored.obj) and not is_terminating(stored.obj)

    def _enter(self, uid: str, pod: Obj) -> int:
        table = self.table
        row = table.add(uid)
        table.started_at[row] = _started_at(pod, self._now)
        table.restarts[row] = _restarts(pod)
        table.accounted_to[row] = self._now
        table.share[row] = zlib.crc32(pod["metadata"]["name"].encode()) / 0xFFFFFFFF
        table.cpu_seconds[row] = self.initial_cpu_seconds.pop(uid, 0.0)
        table.node[row] = self.nodes.setdefault(pod["spec"].get("nodeName", ""), len(self.nodes))
        owner = top_owner(self._store, pod)
        number = self.number(_key_of(owner) if owner is not None else None)
        table.workload[row] = number
        table.detailed[row] = number in self._wanted_detail
        self.by_workload.setdefault(number, set()).add(row)
        self._give_character(row, pod, owner)
        return row

    def _give_character_again(self, row: int) -> None:
        uid = next((uid for uid, at in self.table.rows.items() if at == row), "")
        found = self._store.by_uid(uid)
        if found is not None:
            self._give_character(row, found[1].obj, top_owner(self._store, found[1].obj))

    def _give_character(self, row: int, pod: Obj, owner: Obj | None) -> None:
        table, behaviour = self.table, _behaviour(owner, pod)
        cpu, memory = _limits(pod)
        base = min(BASE_MEMORY_BYTES, _BASE_SHARE * memory)
        per_core = min(MEMORY_BYTES_PER_CORE, _WORK_SHARE * memory / min(cpu, 4.0))
        table.limit_cores[row], table.memory_limit[row] = cpu, memory
        table.base_memory[row] = base if behaviour.memory_base is None else behaviour.memory_base
        table.memory_per_core[row] = per_core if behaviour.memory_per_core is None else behaviour.memory_per_core
        table.leak_per_second[row] = behaviour.memory_leak_per_hour / HOUR_SECONDS
        table.startup_cores[row] = behaviour.startup_cpu
        table.startup_seconds[row] = behaviour.startup_cpu_seconds
        table.weight[row] = 1.0 + behaviour.imbalance * (2.0 * table.share[row] - 1.0)
        table.request_cpu_seconds[row] = behaviour.request_cpu_seconds
        table.bytes_in[row] = behaviour.request_bytes_in
        table.bytes_out[row] = behaviour.request_bytes_out
        table.disk_bytes[row] = behaviour.request_disk_bytes


def _behaviour(owner: Obj | None, pod: Obj) -> Behaviour:
    try:
        return read_behaviour(owner, pod)
    except BehaviourError as error:
        log.warning("annotation ignored", pod=pod["metadata"]["name"], reason=str(error))
        return DEFAULT


def _limits(pod: Obj) -> tuple[float, float]:
    cpu, memory = _resource_limit(pod, "cpu"), _resource_limit(pod, "memory")
    try:
        limit_cores = cores(cpu) if cpu is not None else UNLIMITED_CORES
        return max(limit_cores, 1e-3), float(size_bytes(memory)) if memory is not None else float("inf")
    except QuantityError:  # validation keeps such pods out; one from an older state must not stop the cluster
        return UNLIMITED_CORES, float("inf")


def slowness(store: Store, pod: Obj, seed: int) -> float:
    """Return how many times longer than others a pod takes to become ready: always the same for the same pod."""
    behaviour = _behaviour(top_owner(store, pod), pod)
    drawn = zlib.crc32(f"{seed}/slow/{pod['metadata']['uid']}".encode()) / 0xFFFFFFFF
    return behaviour.slow_factor if drawn < behaviour.slow_starters else 1.0
