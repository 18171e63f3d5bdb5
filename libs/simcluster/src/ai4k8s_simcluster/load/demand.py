"""What a workload is asked to do at any time: from a placed trace or from a generated shape."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ai4k8s_simcluster.load.placing import DAY_SECONDS, HISTORY_DAYS
from ai4k8s_simcluster.load.shapes import Shape
from ai4k8s_simcluster.load.traces import Trace
from ai4k8s_simcluster.types import FloatArray

_GAP_STEPS = 2.5  # rows further apart than this have a gap between them


class DemandSource(Protocol):
    """The simulator's truth about one workload."""

    @property
    def begins_at(self) -> float:
        """Return when the known demand begins, in Unix seconds."""
        ...

    @property
    def ends_at(self) -> float | None:
        """Return when the recorded demand ends, None when it never does."""
        ...

    def at(self, times: FloatArray) -> FloatArray:
        """Return the demand in cores at these Unix times, NaN where nothing is known."""
        ...


@dataclass(frozen=True, slots=True)
class TraceDemand:
    """A trace moved to the present and scaled to cores.

    After the end of the file its last day is repeated (all of it, where the file is shorter): nothing else
    can be known about it, and a load that stops dead would be a stranger guess.
    """

    trace: Trace
    offset_seconds: float
    cores_per_unit: float

    @property
    def begins_at(self) -> float:
        """Return when the first row is, in Unix seconds."""
        return self.trace.begins_at + self.offset_seconds

    @property
    def ends_at(self) -> float | None:
        """Return when the file ends, in Unix seconds."""
        return self.trace.ends_at + self.offset_seconds

    def at(self, times: FloatArray) -> FloatArray:
        """Return the demand in cores, straight lines between rows, NaN in gaps and before the first row."""
        own = np.asarray(times, dtype=np.float64) - self.offset_seconds
        end = self.trace.ends_at
        period = min(DAY_SECONDS, end - self.trace.begins_at)
        own = np.where(own >= end, end - period + np.mod(own - end, period), own)
        known, values = self.trace.times, self.trace.values
        right = np.searchsorted(known, own, side="right")
        left = np.clip(right - 1, 0, len(known) - 1)
        right = np.clip(right, 0, len(known) - 1)
        gap = (known[right] - known[left]) > _GAP_STEPS * self.trace.step_seconds
        beyond = own > known[left] + self.trace.step_seconds
        result = np.interp(own, known, values) * self.cores_per_unit
        return np.where((own < known[0]) | (gap & beyond) | ((left == right) & beyond), np.nan, result)


@dataclass(frozen=True, slots=True)
class ShapeDemand:
    """A generated shape, known for fourteen days before the moment it was first started, and for ever
    after.
    """

    shape: Shape
    started_at: float

    @property
    def begins_at(self) -> float:
        """Return when the history begins, in Unix seconds."""
        return self.started_at - HISTORY_DAYS * DAY_SECONDS

    @property
    def ends_at(self) -> float | None:
        """Return None: a shape does not end."""
        return None

    def at(self, times: FloatArray) -> FloatArray:
        """Return the demand in cores, NaN before the history begins."""
        moments = np.asarray(times, dtype=np.float64)
        return np.where(moments < self.begins_at, np.nan, self.shape.cores_at(moments))
