"""The fourteen days before the cluster was first started, as its workloads' demand has them.

A workload's past pods are stable slots: slot k runs whenever more than k replicas did. How many did is what a
reactive autoscaler at 80 % would have kept, a minute late up and five minutes late down. Where the trace has
a gap or has not begun, there is nothing: no sample is made up.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ai4k8s_simcluster.load.placing import DAY_SECONDS, HISTORY_DAYS
from ai4k8s_simcluster.load.workload import (
    LIMIT_CORES,
    REQUEST_CORES,
    TARGET_UTILIZATION,
    LoadedWorkload,
    memory_bytes,
)
from ai4k8s_simcluster.prom.labels import (
    Slot,
    deployment_labels,
    pod_labels,
    request_labels,
    sim_labels,
    workload_labels,
)
from ai4k8s_simcluster.prom.series import NAME, STALE, Series
from ai4k8s_simcluster.types import BoolArray, FloatArray, IntArray

STEP_SECONDS = 30.0
_LATE_UP_STEPS = 2
_LATE_DOWN_STEPS = 10


def past_replicas(demand: FloatArray, least: int, most: int) -> FloatArray:
    """Return the replicas a reactive autoscaler kept for a demand in cores; NaN where the demand is not
    known.
    """
    wanted = np.ceil(demand / (TARGET_UTILIZATION * REQUEST_CORES) - 1e-9)
    kept = np.full(len(wanted), np.nan)
    for back in range(_LATE_UP_STEPS, _LATE_UP_STEPS + _LATE_DOWN_STEPS + 1):
        kept[back:] = np.fmax(kept[back:], wanted[:-back])
    first = np.where(np.isnan(kept), wanted, kept)
    return np.where(np.isnan(demand), np.nan, np.clip(first, least, most))


@dataclass(frozen=True)
class WorkloadHistory:
    """The past of one workload."""

    workload: LoadedWorkload
    slots: Sequence[Slot]
    memo: dict[str, list[Series]] = field(default_factory=dict)

    @cached_property
    def times(self) -> FloatArray:
        """Return the moments of measurement, up to (not including) the first start."""
        end = np.floor(self.workload.anchored_at / STEP_SECONDS) * STEP_SECONDS
        first = max(self.workload.source.begins_at, end - HISTORY_DAYS * DAY_SECONDS)
        begin = np.ceil(first / STEP_SECONDS) * STEP_SECONDS
        return np.arange(begin, end, STEP_SECONDS)

    @cached_property
    def times_ms(self) -> IntArray:
        """Return the moments in milliseconds."""
        return (self.times * 1000).astype(np.int64)

    @cached_property
    def demand(self) -> FloatArray:
        """Return the demand in cores at these moments."""
        return self.workload.source.at(self.times)

    @cached_property
    def replicas(self) -> FloatArray:
        """Return how many replicas there were."""
        return past_replicas(self.demand, self.workload.min_replicas, min(self.workload.max_replicas, len(self.slots)))

    @cached_property
    def usage(self) -> FloatArray:
        """Return the cores that each of the replicas used."""
        return np.minimum(self.demand / self.replicas, LIMIT_CORES)

    def present(self, slot: int) -> BoolArray:
        """Say when a slot's pod ran."""
        return np.nan_to_num(self.replicas) > slot

    def cpu_seconds(self, slot: int) -> FloatArray:
        """Return a slot's CPU counter: at each moment, what had been used until then."""
        used = self._used(slot)
        return np.asarray(np.cumsum(used) - used)

    def final_cpu_seconds(self, slot: int) -> float:
        """Return a slot's CPU counter at the first start, where the pod goes on from."""
        used = self._used(slot)
        if not len(used):
            return 0.0
        late = self.workload.anchored_at - float(self.times[-1]) - STEP_SECONDS
        return float(used.sum() + used[-1] * late / STEP_SECONDS)

    def _used(self, slot: int) -> FloatArray:
        return np.where(self.present(slot), np.nan_to_num(self.usage), 0.0) * STEP_SECONDS

    def started_at(self, slot: int) -> float:
        """Return since when a slot's pod has been running without a break, up to the first start."""
        present = self.present(slot)
        if not len(present) or not present[-1]:
            return self.workload.anchored_at
        absent = np.flatnonzero(~present)
        return float(self.times[absent[-1] + 1] if len(absent) else self.times[0])

    def series(self, name: str) -> list[Series]:
        """Return the workload's past series of a metric."""
        if name not in self.memo:
            maker = _MAKERS.get(name)
            self.memo[name] = maker(self) if maker else []
        return self.memo[name]

    def _stretches(self, labels: Mapping[str, str], values: FloatArray, present: BoolArray) -> Series:
        """Keep the samples where something was there, and mark where each stretch ended."""
        ends = np.zeros(len(present), dtype=np.bool_)
        ends[1:] = present[:-1] & ~present[1:]
        keep = present | ends
        return Series(labels, self.times_ms[keep], np.where(ends, STALE, values)[keep])

    def per_slot(self, labels: Callable[[Slot], dict[str, str]], values: Callable[[int], FloatArray]) -> list[Series]:
        """Return one series per slot that ever ran."""
        found = []
        for number, slot in enumerate(self.slots):
            present = self.present(number)
            if present.any():
                found.append(self._stretches(labels(slot), values(number), present))
        return found

    def whole(self, labels: dict[str, str], values: FloatArray) -> list[Series]:
        """Return one series for the workload."""
        return [self._stretches(labels, values, np.isfinite(values))] if len(values) else []


def _cpu(history: WorkloadHistory) -> list[Series]:
    return history.per_slot(lambda slot: pod_labels("container_cpu_usage_seconds_total", slot), history.cpu_seconds)


def _memory(history: WorkloadHistory) -> list[Series]:
    smooth = np.convolve(np.nan_to_num(history.usage), np.full(20, 0.05))[: len(history.times)]

    def values(number: int) -> FloatArray:
        share = zlib.crc32(history.slots[number].pod.encode()) / 0xFFFFFFFF
        return np.asarray(np.round(memory_bytes(0.0, share) + (memory_bytes(1.0, 0) - memory_bytes(0.0, 0)) * smooth))

    return history.per_slot(lambda slot: pod_labels("container_memory_working_set_bytes", slot), values)


def _owners(history: WorkloadHistory) -> list[Series]:
    return history.per_slot(
        lambda slot: workload_labels(slot, history.workload.key), lambda _: np.ones(len(history.times))
    )


def _constant(metric: str, resource: str, value: float) -> Callable[[WorkloadHistory], list[Series]]:
    def make(history: WorkloadHistory) -> list[Series]:
        return history.per_slot(
            lambda slot: request_labels(metric, slot, resource), lambda _: np.full(len(history.times), value)
        )

    return make


def _both(*makers: Callable[[WorkloadHistory], list[Series]]) -> Callable[[WorkloadHistory], list[Series]]:
    return lambda history: [series for maker in makers for series in maker(history)]


def _replicas(metric: str) -> Callable[[WorkloadHistory], list[Series]]:
    return lambda history: history.whole(deployment_labels(metric, history.workload.key), history.replicas)


def _demand(history: WorkloadHistory) -> list[Series]:
    return history.whole(sim_labels("sim_workload_demand_cores", history.workload.key), history.demand)


_MEMORY_REQUEST = 256.0 * 2**20
_MEMORY_LIMIT = 512.0 * 2**20
_REQUESTS, _LIMITS = "kube_pod_container_resource_requests", "kube_pod_container_resource_limits"
_MAKERS: dict[str, Callable[[WorkloadHistory], list[Series]]] = {
    "container_cpu_usage_seconds_total": _cpu,
    "container_memory_working_set_bytes": _memory,
    "namespace_workload_pod:kube_pod_owner:relabel": _owners,
    _REQUESTS: _both(_constant(_REQUESTS, "cpu", REQUEST_CORES), _constant(_REQUESTS, "memory", _MEMORY_REQUEST)),
    _LIMITS: _both(_constant(_LIMITS, "cpu", LIMIT_CORES), _constant(_LIMITS, "memory", _MEMORY_LIMIT)),
    "kube_deployment_status_replicas_ready": _replicas("kube_deployment_status_replicas_ready"),
    "kube_deployment_spec_replicas": _replicas("kube_deployment_spec_replicas"),
    "sim_workload_demand_cores": _demand,
}


class HistorySeries:
    """The past of all workloads."""

    def __init__(self, histories: Sequence[WorkloadHistory]) -> None:
        self._histories = histories

    def names(self) -> set[str]:
        """Return the metric names there are."""
        return set(_MAKERS) if self._histories else set()

    def series(self, name: str) -> list[Series]:
        """Return all series of a metric."""
        return [series for history in self._histories for series in history.series(name)]

    def find(self, labels: Mapping[str, str]) -> Series | None:
        """Return the series with exactly these labels, if there is one."""
        return next((found for found in self.series(labels[NAME]) if found.labels == labels), None)
