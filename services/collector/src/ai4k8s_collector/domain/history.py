"""The past as Prometheus tells it, brought onto a grid of minutes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_collector.domain.observed import WorkloadKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

STEP = timedelta(minutes=1)
REACH = timedelta(days=14)

_OWNED = (
    "* on (namespace, pod) group_left (workload, workload_type) "
    "max by (namespace, pod, workload, workload_type) (namespace_workload_pod:kube_pod_owner:relabel))"
)


class Quantity(StrEnum):
    """What is read of the past."""

    CPU_MILLICORES = "cpu_millicores"
    MEMORY_BYTES = "memory_bytes"
    READY_REPLICAS = "ready_replicas"
    DESIRED_REPLICAS = "desired_replicas"


@dataclass(frozen=True, slots=True)
class Question:
    """A query, whose series name a workload either by `workload` and `workload_type` or by a label of the kind."""

    quantity: Quantity
    query: str
    factor: float = 1.0
    kind: str | None = None
    label: str = "workload"


QUESTIONS: tuple[Question, ...] = (
    Question(
        Quantity.CPU_MILLICORES,
        "sum by (namespace, workload, workload_type) (sum by (namespace, pod) "
        f'(rate(container_cpu_usage_seconds_total{{container!=""}}[2m])) {_OWNED}',
        factor=1000.0,
    ),
    Question(
        Quantity.MEMORY_BYTES,
        "sum by (namespace, workload, workload_type) (sum by (namespace, pod) "
        f'(container_memory_working_set_bytes{{container!=""}}) {_OWNED}',
    ),
    Question(Quantity.READY_REPLICAS, "kube_deployment_status_replicas_ready", kind="Deployment", label="deployment"),
    Question(Quantity.DESIRED_REPLICAS, "kube_deployment_spec_replicas", kind="Deployment", label="deployment"),
    Question(
        Quantity.READY_REPLICAS, "kube_statefulset_status_replicas_ready", kind="StatefulSet", label="statefulset"
    ),
    Question(Quantity.DESIRED_REPLICAS, "kube_statefulset_replicas", kind="StatefulSet", label="statefulset"),
)

_KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "replicaset": "ReplicaSet"}


@dataclass(frozen=True, slots=True)
class Day:
    """A stretch of the grid, `start` and `end` included."""

    start: datetime
    end: datetime

    @property
    def points(self) -> int:
        """Number of grid points."""
        return (self.end - self.start) // STEP + 1


@dataclass(frozen=True, slots=True)
class PastSample:
    """One workload at one past minute."""

    workload_id: int
    at: datetime
    cpu_millicores: float | None
    memory_bytes: float | None
    ready_replicas: int | None
    desired_replicas: int | None


def days(end: datetime) -> list[Day]:
    """Cut the past before `end` into days, the newest first: a forecast needs yesterday most.

    Points are whole minutes before `end`, so that two runs ask for the same ones.
    """
    last = end.replace(second=0, microsecond=0) - STEP
    first = last - REACH + STEP
    result = []
    while last >= first:
        start = max(first, last - timedelta(days=1) + STEP)
        result.append(Day(start, last))
        last = start - STEP
    return result


def workload_of(question: Question, labels: Mapping[str, str]) -> WorkloadKey | None:
    """Return whose series this is; None when its labels do not say."""
    kind = question.kind or _KINDS.get(labels.get("workload_type", "").lower())
    name, namespace = labels.get(question.label), labels.get("namespace")
    return WorkloadKey(namespace, kind, name) if kind and name and namespace else None


class DayGrid:
    """Collects the series of one stretch and hands them out as samples."""

    def __init__(self, day: Day, ids: Mapping[WorkloadKey, int]) -> None:
        self._day, self._ids = day, ids
        self._values: dict[tuple[int, Quantity], NDArray[np.float64]] = {}
        self.dropped = 0

    def add(
        self, question: Question, labels: Mapping[str, str], times: Sequence[float], values: Sequence[float]
    ) -> None:
        """Take in one series; values that are no quantities are dropped and counted."""
        key = workload_of(question, labels)
        workload_id = self._ids.get(key) if key is not None else None
        if workload_id is None or not times:
            return
        at = np.asarray(times, dtype=np.float64)
        value = np.asarray(values, dtype=np.float64) * question.factor
        index = np.rint((at - self._day.start.timestamp()) / STEP.total_seconds()).astype(np.int64)
        good = np.isfinite(value) & (value >= 0) & (index >= 0) & (index < self._day.points)
        self.dropped += int(good.size - good.sum())
        slot = (workload_id, question.quantity)
        row = self._values.setdefault(slot, np.full(self._day.points, np.nan))
        row[index[good]] = value[good]

    def samples(self) -> Iterator[PastSample]:
        """Yield every point at which at least one quantity is known."""
        for workload_id in sorted({slot[0] for slot in self._values}):
            columns = [self._column(workload_id, quantity) for quantity in Quantity]
            for position in range(self._day.points):
                cpu, memory, ready, desired = (column[position] for column in columns)
                if cpu is None and memory is None and ready is None and desired is None:
                    continue
                at = self._day.start + position * STEP
                yield PastSample(workload_id, at, cpu, memory, _whole(ready), _whole(desired))

    def _column(self, workload_id: int, quantity: Quantity) -> list[float | None]:
        row = self._values.get((workload_id, quantity))
        if row is None:
            return [None] * self._day.points
        return [None if math.isnan(value) else value for value in row.tolist()]


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
