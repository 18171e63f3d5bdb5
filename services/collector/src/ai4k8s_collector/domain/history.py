"""The past as Prometheus tells it, brought onto a grid of minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_collector.domain.observed import WorkloadKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

STEP = timedelta(minutes=1)
REACH = timedelta(days=14)

_OWNED = (
    "* on (namespace, pod) group_left (workload, workload_type) "
    "max by (namespace, pod, workload, workload_type) (namespace_workload_pod:kube_pod_owner:relabel))"
)


class Quantity(StrEnum):
    """What is read of the past; the names of the store's columns."""

    CPU_MILLICORES = "cpu_usage_millicores"
    MEMORY_BYTES = "memory_bytes"
    READY_REPLICAS = "ready_replicas"
    DESIRED_REPLICAS = "desired_replicas"
    NETWORK_RECEIVE = "network_receive_bytes_per_second"
    NETWORK_TRANSMIT = "network_transmit_bytes_per_second"
    DISK_READ = "disk_read_bytes_per_second"
    DISK_WRITE = "disk_write_bytes_per_second"
    REQUESTS = "requests_per_second"
    THROTTLED = "throttled_share"


@dataclass(frozen=True, slots=True)
class Question:
    """A query, whose series name a workload either by `workload` and `workload_type` or by a label of the kind."""

    quantity: Quantity
    query: str
    factor: float = 1.0
    kind: str | None = None
    label: str = "workload"


def _by_workload(rate: str) -> str:
    """Sum a rate by pod over the pods of each workload, as the owners' recording rule tells them."""
    return f"sum by (namespace, workload, workload_type) (sum by (namespace, pod) ({rate}) {_OWNED}"


_IN_CONTAINERS = 'container!=""'
_THROTTLED = "container_cpu_cfs_throttled_periods_total"
_PERIODS = "container_cpu_cfs_periods_total"

QUESTIONS: tuple[Question, ...] = (
    Question(
        Quantity.CPU_MILLICORES,
        _by_workload(f"rate(container_cpu_usage_seconds_total{{{_IN_CONTAINERS}}}[2m])"),
        factor=1000.0,
    ),
    Question(Quantity.MEMORY_BYTES, _by_workload(f"container_memory_working_set_bytes{{{_IN_CONTAINERS}}}")),
    Question(Quantity.READY_REPLICAS, "kube_deployment_status_replicas_ready", kind="Deployment", label="deployment"),
    Question(Quantity.DESIRED_REPLICAS, "kube_deployment_spec_replicas", kind="Deployment", label="deployment"),
    Question(
        Quantity.READY_REPLICAS, "kube_statefulset_status_replicas_ready", kind="StatefulSet", label="statefulset"
    ),
    Question(Quantity.DESIRED_REPLICAS, "kube_statefulset_replicas", kind="StatefulSet", label="statefulset"),
    Question(Quantity.NETWORK_RECEIVE, _by_workload('rate(container_network_receive_bytes_total{pod!=""}[2m])')),
    Question(Quantity.NETWORK_TRANSMIT, _by_workload('rate(container_network_transmit_bytes_total{pod!=""}[2m])')),
    Question(Quantity.DISK_READ, _by_workload(f"rate(container_fs_reads_bytes_total{{{_IN_CONTAINERS}}}[2m])")),
    Question(Quantity.DISK_WRITE, _by_workload(f"rate(container_fs_writes_bytes_total{{{_IN_CONTAINERS}}}[2m])")),
    Question(Quantity.REQUESTS, _by_workload("rate(http_requests_total[2m])")),
    Question(
        Quantity.THROTTLED,
        f"{_by_workload(f'rate({_THROTTLED}{{{_IN_CONTAINERS}}}[5m])')} / "
        f"{_by_workload(f'rate({_PERIODS}{{{_IN_CONTAINERS}}}[5m])')}",
    ),
)

_KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "replicaset": "ReplicaSet",
    "daemonset": "DaemonSet",
    "rollout": "Rollout",
}


@dataclass(frozen=True, slots=True)
class Day:
    """A stretch of the grid, `start` and `end` included."""

    start: datetime
    end: datetime

    @property
    def points(self) -> int:
        """Number of grid points."""
        return (self.end - self.start) // STEP + 1


@dataclass(frozen=True)
class PastSamples:
    """Samples as columns of one length: a row is a workload at a past minute.

    Attributes:
        workload_id: whose.
        at: Unix seconds.
        values: a column a quantity; NaN where nothing is known.
    """

    workload_id: NDArray[np.int64]
    at: NDArray[np.float64]
    values: Mapping[Quantity, NDArray[np.float64]]


def days(end: datetime) -> list[Day]:
    """Cut the past before `end` into days, the newest first: a forecast needs yesterday most.

    Points are whole minutes before `end`, so that two runs ask for the same ones. Days meet where the five minutes of a
    roll-up begin: each roll-up is then of one day.
    """
    last = end.replace(second=0, microsecond=0) - STEP
    first = _five_minutes(last - REACH + STEP)
    result = []
    while last >= first:
        start = max(first, _five_minutes(last - timedelta(days=1) + STEP))
        result.append(Day(start, last))
        last = start - STEP
    return result


def _five_minutes(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 5)


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
        # A share of no periods at all is 0/0: that is no bad reading.
        undefined = np.isnan(value) if question.quantity is Quantity.THROTTLED else np.zeros(value.shape, np.bool_)
        self.dropped += int((~good & ~undefined).sum())
        slot = (workload_id, question.quantity)
        row = self._values.setdefault(slot, np.full(self._day.points, np.nan))
        row[index[good]] = value[good]

    def samples(self) -> PastSamples:
        """Return every point at which at least one quantity is known."""
        ids = sorted({slot[0] for slot in self._values})
        unknown = np.full(self._day.points, np.nan)
        columns = {
            quantity: np.array([self._values.get((one, quantity), unknown) for one in ids]).reshape(-1)
            for quantity in Quantity
        }
        known = np.zeros(len(ids) * self._day.points, np.bool_)
        for column in columns.values():
            known |= np.isfinite(column)
        minutes = self._day.start.timestamp() + STEP.total_seconds() * np.arange(self._day.points)
        return PastSamples(
            np.repeat(np.array(ids, dtype=np.int64), self._day.points)[known],
            np.tile(minutes, len(ids))[known],
            {quantity: column[known] for quantity, column in columns.items()},
        )
