"""All running pods as columns of numbers, so that a second in the life of 150,000 pods is a few array operations."""

from collections.abc import Iterable

import numpy as np

from ai4k8s_simcluster.types import BoolArray, FloatArray, IntArray

_FLOATS = (
    "cpu_seconds", "memory", "leaked", "limit_cores", "memory_limit", "share", "weight", "started_at",
    "base_memory", "memory_per_core", "leak_per_second", "startup_cores", "startup_seconds",
    "request_cpu_seconds", "bytes_in", "bytes_out", "disk_bytes",
    "requests", "received", "sent", "written", "throttled_seconds", "periods", "throttled_periods",
    "accounted_to", "last_cpu", "earlier_cpu", "last_memory",
)  # fmt: skip
_INTS = ("workload", "node", "restarts")
_BOOLS = ("alive", "ready", "measurable", "detailed", "seen_last", "seen_earlier")
_FIRST_CAPACITY = 256
UNLIMITED_CORES = 1e3  # finite, so that shares of it can be computed


class PodTable:
    """One row a pod; rows of pods that went are used again."""

    cpu_seconds: FloatArray
    memory: FloatArray
    leaked: FloatArray
    limit_cores: FloatArray
    memory_limit: FloatArray
    share: FloatArray
    weight: FloatArray
    started_at: FloatArray
    base_memory: FloatArray
    memory_per_core: FloatArray
    leak_per_second: FloatArray
    startup_cores: FloatArray
    startup_seconds: FloatArray
    request_cpu_seconds: FloatArray
    bytes_in: FloatArray
    bytes_out: FloatArray
    disk_bytes: FloatArray
    requests: FloatArray
    received: FloatArray
    sent: FloatArray
    written: FloatArray
    throttled_seconds: FloatArray
    periods: FloatArray
    throttled_periods: FloatArray
    accounted_to: FloatArray
    last_cpu: FloatArray
    earlier_cpu: FloatArray
    last_memory: FloatArray
    workload: IntArray
    node: IntArray
    restarts: IntArray
    alive: BoolArray
    ready: BoolArray
    measurable: BoolArray
    detailed: BoolArray
    seen_last: BoolArray
    seen_earlier: BoolArray

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.size = 0
        self._free: list[int] = []
        self._capacity = _FIRST_CAPACITY
        for names, kind in ((_FLOATS, np.float64), (_INTS, np.int64), (_BOOLS, np.bool_)):
            for name in names:
                setattr(self, name, np.zeros(self._capacity, dtype=kind))

    def add(self, uid: str) -> int:
        """Return an empty row for a pod."""
        if self._free:
            row = self._free.pop()
            for name in (*_FLOATS, *_INTS, *_BOOLS):
                getattr(self, name)[row] = 0
        else:
            if self.size == self._capacity:
                self._grow()
            row = self.size
            self.size += 1
        self.rows[uid] = row
        self.alive[row] = self.measurable[row] = True
        return row

    def drop(self, uid: str) -> None:
        """Give up a pod's row."""
        row = self.rows.pop(uid)
        self.alive[row] = self.seen_last[row] = self.seen_earlier[row] = self.ready[row] = False
        self._free.append(row)

    def restart(self, row: int) -> None:
        """Begin all counters of a row anew, as a new container does."""
        for name in ("cpu_seconds", "memory", "leaked", "requests", "received", "sent", "written", "last_memory"):
            getattr(self, name)[row] = 0.0
        for name in ("throttled_seconds", "periods", "throttled_periods"):
            getattr(self, name)[row] = 0.0
        self.seen_last[row] = self.seen_earlier[row] = False

    def use(self, rows: IntArray, cpu_cores: FloatArray, work_cores: FloatArray, seconds: FloatArray) -> None:
        """Account for some seconds of use: all CPU, and the part of it that was spent on requests."""
        self.cpu_seconds[rows] += cpu_cores * seconds
        served = work_cores * seconds / self.request_cpu_seconds[rows]
        self.requests[rows] += served
        self.received[rows] += served * self.bytes_in[rows]
        self.sent[rows] += served * self.bytes_out[rows]
        self.written[rows] += served * self.disk_bytes[rows]
        limited = self.limit_cores[rows] < UNLIMITED_CORES
        saturated = limited & (cpu_cores >= self.limit_cores[rows] * 0.999)
        self.periods[rows] += np.where(limited, 10.0 * seconds, 0.0)
        self.throttled_periods[rows] += np.where(saturated, 10.0 * seconds, 0.0)
        self.throttled_seconds[rows] += np.where(saturated, seconds, 0.0)
        self._remember(rows, cpu_cores, seconds)
        self.accounted_to[rows] += seconds

    def _remember(self, rows: IntArray, cpu_cores: FloatArray, seconds: FloatArray) -> None:
        self.leaked[rows] += self.leak_per_second[rows] * seconds
        base = self.base_memory[rows] * (0.95 + 0.1 * self.share[rows])
        wanted = base + self.memory_per_core[rows] * cpu_cores + self.leaked[rows]
        old = self.memory[rows]
        self.memory[rows] = np.where(old > 0, old + (wanted - old) * (1.0 - 0.98**seconds), wanted)

    def scrape(self) -> None:
        """Keep what the counters show now, and what they showed at the scrape before."""
        self.earlier_cpu[:] = self.last_cpu
        self.seen_earlier[:] = self.seen_last
        self.last_cpu[:] = self.cpu_seconds
        np.minimum(self.memory, self.memory_limit, out=self.last_memory)
        self.seen_last[:] = self.alive & self.measurable

    def uids_at(self, rows: Iterable[int]) -> list[str]:
        """Return the pods at these rows."""
        wanted = set(rows)
        return [uid for uid, row in self.rows.items() if row in wanted] if wanted else []

    def _grow(self) -> None:
        self._capacity *= 2
        for name in (*_FLOATS, *_INTS, *_BOOLS):
            old = getattr(self, name)
            fresh = np.zeros(self._capacity, dtype=old.dtype)
            fresh[: len(old)] = old
            setattr(self, name, fresh)
