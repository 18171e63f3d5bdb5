"""Use of containers, gathered over some minutes before it is added to the day's histograms in the store.

A look adds one reading a container; writing each at once would rewrite every histogram every minute. What a worker has
gathered and not written when it dies is lost: some minutes of a day's percentiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_collector.domain.flows import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ai4k8s_collector.domain.observed import ObservedPod, WorkloadKey
    from ai4k8s_collector.domain.summary import Summary

WRITE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Buckets:
    """How values become bucket numbers: the store's convention, handed in so that there is one."""

    cpu_smallest_millicores: float
    memory_smallest_bytes: float
    growth: float
    last: int

    def numbers(self, values: NDArray[np.float64], smallest: float) -> NDArray[np.int64]:
        """Return the bucket of each value: the first whose upper edge is not below it."""
        ratio = np.maximum(values / smallest, 1.0)
        exact = np.log(ratio) / np.log(self.growth)
        numbers: NDArray[np.int64] = np.clip(np.ceil(exact - 1e-9), 0, self.last).astype(np.int64)
        return numbers


@dataclass
class Digest:
    """One container name of one workload. Counts by bucket."""

    samples: int = 0
    cpu: dict[int, int] = field(default_factory=dict)
    cpu_max_millicores: float = 0.0
    memory: dict[int, int] = field(default_factory=dict)
    memory_max_bytes: float = 0.0
    oom_kills: int = 0
    throttled_share_max: float | None = None

    def merge(self, other: Digest) -> None:
        """Add another's counts."""
        self.samples += other.samples
        for mine, others in ((self.cpu, other.cpu), (self.memory, other.memory)):
            for bucket, count in others.items():
                mine[bucket] = mine.get(bucket, 0) + count
        self.cpu_max_millicores = max(self.cpu_max_millicores, other.cpu_max_millicores)
        self.memory_max_bytes = max(self.memory_max_bytes, other.memory_max_bytes)
        self.oom_kills += other.oom_kills
        self.throttled_share_max = _larger(self.throttled_share_max, other.throttled_share_max)


DigestKey = tuple["WorkloadKey", str]


@dataclass
class Gathered:
    """What was gathered since `since`, all of one UTC day."""

    since: datetime | None = None
    by_container: dict[DigestKey, Digest] = field(default_factory=dict)

    def is_due(self, at: datetime) -> bool:
        """Whether it shall be written before a look at `at` is added."""
        return self.since is not None and (at - self.since >= WRITE_AFTER or at.date() != self.since.date())

    def add(self, summary: Summary, throttled: Mapping[tuple[str, str], float], at: datetime, buckets: Buckets) -> None:
        """Add the believed readings of one look, and the kills it saw."""
        self.since = self.since or at
        keys: list[DigestKey] = []
        cpu: list[float] = []
        memory: list[float] = []
        owner: list[int] = []
        for row in summary.workloads:
            pods = summary.pods.get(row.workload.key, ())
            numbers: dict[str, int] = {}
            for pod in pods:
                reading = summary.usage.readings.get((pod.namespace, pod.name))
                for name, millicores, size in reading.containers if reading is not None else ():
                    if name not in numbers:
                        numbers[name] = len(keys)
                        keys.append((row.workload.key, name))
                    owner.append(numbers[name])
                    cpu.append(millicores)
                    memory.append(size)
            self._add_share(row.workload.key, numbers, pods, throttled)
            for name in row.killed_containers:
                self._digest((row.workload.key, name)).oom_kills += 1
        self._count(keys, np.array(owner, dtype=np.int64), np.array(cpu), np.array(memory), buckets)

    def _add_share(
        self,
        key: WorkloadKey,
        names: Mapping[str, int],
        pods: Sequence[ObservedPod],
        throttled: Mapping[tuple[str, str], float],
    ) -> None:
        # Told by pod only: whose container it was is not known, so all of them are suspected.
        shares = [share for pod in pods if (share := throttled.get((pod.namespace, pod.name))) is not None]
        if shares:
            for name in names:
                digest = self._digest((key, name))
                digest.throttled_share_max = _larger(digest.throttled_share_max, max(shares))

    def _digest(self, key: DigestKey) -> Digest:
        return self.by_container.setdefault(key, Digest())

    def _count(
        self,
        keys: Sequence[DigestKey],
        owner: NDArray[np.int64],
        cpu: NDArray[np.float64],
        memory: NDArray[np.float64],
        buckets: Buckets,
    ) -> None:
        if not keys:
            return
        digests = [self._digest(key) for key in keys]
        for number, samples in enumerate(np.bincount(owner, minlength=len(keys)).tolist()):
            digests[number].samples += samples
        cpu_peaks, memory_peaks = np.zeros(len(keys)), np.zeros(len(keys))
        np.maximum.at(cpu_peaks, owner, cpu)
        np.maximum.at(memory_peaks, owner, memory)
        for digest, cpu_peak, memory_peak in zip(digests, cpu_peaks.tolist(), memory_peaks.tolist(), strict=True):
            digest.cpu_max_millicores = max(digest.cpu_max_millicores, cpu_peak)
            digest.memory_max_bytes = max(digest.memory_max_bytes, memory_peak)
        width = buckets.last + 1
        for values, smallest, of in (
            (cpu, buckets.cpu_smallest_millicores, [digest.cpu for digest in digests]),
            (memory, buckets.memory_smallest_bytes, [digest.memory for digest in digests]),
        ):
            cells, counts = np.unique(owner * width + buckets.numbers(values, smallest), return_counts=True)
            for cell, count in zip(cells.tolist(), counts.tolist(), strict=True):
                number, bucket = divmod(cell, width)
                of[number][bucket] = of[number].get(bucket, 0) + count


def throttled_by_pod(rates: Mapping[str, Mapping[tuple[str, str], float]]) -> Mapping[tuple[str, str], float]:
    """Return the share of throttled periods by pod, where it is known."""
    return rates.get(Rate.THROTTLED.value, {})


def _larger(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
