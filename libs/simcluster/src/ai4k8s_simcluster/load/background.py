"""The demand of workloads that nobody follows second by second: a daily swing each, for all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ai4k8s_simcluster.load.members import Members
from ai4k8s_simcluster.load.workload import WorkloadKey
from ai4k8s_simcluster.types import FloatArray, IntArray

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Swing:
    """A demand in cores that rises and falls with the day; phase in seconds."""

    key: WorkloadKey
    base: float
    amplitude: float
    phase: float


class Background:
    """Shares each such workload's demand among its ready pods."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._base = np.zeros(1)
        self._amplitude = np.zeros(1)
        self._phase = np.zeros(1)

    def add(self, swings: Sequence[Swing]) -> None:
        """Give workloads their demand."""
        numbers = np.array([self._members.number(swing.key) for swing in swings], dtype=np.int64)
        self._fit()
        self._base[numbers] = [swing.base for swing in swings]
        self._amplitude[numbers] = [swing.amplitude for swing in swings]
        self._phase[numbers] = [swing.phase for swing in swings]

    def demand(self, at: float) -> FloatArray:
        """Return the demand in cores by workload number."""
        self._fit()
        swing = 0.5 + 0.5 * np.sin(2 * np.pi * (at - self._phase) / _DAY_SECONDS)
        return np.asarray(self._base + self._amplitude * swing)

    def work(self, rows: IntArray, room: FloatArray, at: float) -> FloatArray:
        """Return the cores of work that each row does."""
        demand = self.demand(at)
        table = self._members.table
        able = np.where(table.ready[rows], room * table.weight[rows], 0.0)
        workloads = table.workload[rows]
        capacity = np.bincount(workloads, weights=able, minlength=len(demand))
        share = np.divide(able, capacity[workloads], out=np.zeros(len(rows)), where=capacity[workloads] > 0)
        return np.minimum(demand[workloads] * share, np.where(table.ready[rows], room, 0.0))

    def _fit(self) -> None:
        more = len(self._members.keys) - len(self._base)
        if more > 0:
            self._base = np.concatenate((self._base, np.zeros(more)))
            self._amplitude = np.concatenate((self._amplitude, np.zeros(more)))
            self._phase = np.concatenate((self._phase, np.zeros(more)))
