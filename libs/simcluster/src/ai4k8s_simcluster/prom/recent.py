"""The last minutes of a cluster too large to record: usage of every pod, and state as it is now.

Two million samples every 15 seconds are more than one process can write down. What rates over five minutes need fits
into memory as whole columns of the pod table; what hardly ever changes is shown as if it had always been as it is now.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ai4k8s_simcluster.load.table import PodTable
from ai4k8s_simcluster.prom.cadvisor import slot_of
from ai4k8s_simcluster.prom.families import Family, World
from ai4k8s_simcluster.prom.labels import pod_labels
from ai4k8s_simcluster.prom.series import NAME, Series
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import BoolArray, FloatArray

_SCRAPES_KEPT = 24  # six minutes


@dataclass(frozen=True, slots=True)
class _Columns:
    at_ms: int
    seen: BoolArray
    started_at: FloatArray
    values: dict[str, FloatArray]


_COLUMNS: dict[str, Callable[[PodTable], FloatArray]] = {
    "container_cpu_usage_seconds_total": lambda table: table.last_cpu,
    "container_memory_working_set_bytes": lambda table: table.last_memory,
}


class RecentSeries:
    """A few scrapes of everything."""

    def __init__(self, world: World, families: Sequence[Family]) -> None:
        self._world = world
        self._families = {family.name: family for family in families}
        self._kept: deque[_Columns] = deque(maxlen=_SCRAPES_KEPT)

    def take(self, at_ms: int) -> None:
        """Remember a scrape."""
        table = self._world.model.table
        used = slice(0, table.size)
        values = {name: column(table)[used].copy() for name, column in _COLUMNS.items()}
        self._kept.append(_Columns(at_ms, table.seen_last[used].copy(), table.started_at[used].copy(), values))

    def names(self) -> set[str]:
        """Return the metric names there are."""
        return set(self._families) if self._kept else set()

    def series(self, name: str) -> list[Series]:
        """Return all series of a metric."""
        kept = tuple(self._kept)
        if not kept or name not in self._families:
            return []
        times = np.array([columns.at_ms for columns in kept], dtype=np.int64)
        if name in _COLUMNS:
            return self._usage(name, kept)
        samples = self._families[name].samples(self._world)
        return [Series(labels, times, np.full(len(times), value)) for labels, value in samples]

    def find(self, labels: Mapping[str, str]) -> Series | None:
        """Return the series with exactly these labels, if there is one."""
        if labels[NAME] not in _COLUMNS:
            return next((found for found in self.series(labels[NAME]) if found.labels == labels), None)
        stored = self._world.store.get(PODS, labels.get("namespace", ""), labels.get("pod", ""))
        return self._usage_of(stored, labels[NAME], tuple(self._kept)) if stored is not None else None

    def _usage(self, name: str, kept: Sequence[_Columns]) -> list[Series]:
        every = (self._usage_of(stored, name, kept) for stored in self._world.store.listing(PODS))
        return [found for found in every if found is not None]

    def _usage_of(self, stored: Stored, name: str, kept: Sequence[_Columns]) -> Series | None:
        table = self._world.model.table
        row = table.rows.get(stored.uid)
        if row is None:
            return None
        begun = table.started_at[row]  # a row may have been another pod's
        mine = [c for c in kept if row < len(c.seen) and c.seen[row] and c.started_at[row] == begun]
        if not mine:
            return None
        times = np.array([columns.at_ms for columns in mine], dtype=np.int64)
        values = np.array([columns.values[name][row] for columns in mine])
        return Series(pod_labels(name, slot_of(stored.obj)), times, values)
