"""A small fleet of pods under a controller, for counterfactuals: what would have happened under other settings.

Demand is given, pods take their measured time to become ready, metrics are a 30 s mean that is 15 to 45 s old, and a
pod uses at most its limit. HPA and our own policy run in the same fleet, so a comparison compares nothing but the
decisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai4k8s_scaler.domain.hpa import HpaMemory, HpaSpec, Usage, step

TICK_SECONDS = 15
METRIC_WINDOW_TICKS = 2
LIMIT_SHARE_OF_REQUEST = 1.5

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """What a controller may see at a tick.

    Attributes:
        tick: index of the tick.
        usage: HPA's view of the pods; request of one pod is one unit.
        current: ``spec.replicas``.
        ready: pods ready now.
    """

    tick: int
    usage: Usage
    current: int
    ready: int


Controller: TypeAlias = Callable[[View], int]


@dataclass(frozen=True)
class Outcome:
    """A replayed history.

    Attributes:
        ready: ``[ticks]`` ready pods.
        specified: ``[ticks]`` ``spec.replicas``: what is paid for.
    """

    ready: IntArray
    specified: IntArray

    def pod_minutes(self, ticks: slice = slice(None)) -> float:
        """Pods paid for, in pod-minutes."""
        return float(self.specified[ticks].sum()) * TICK_SECONDS / 60

    def short(self, demand: FloatArray, ticks: slice = slice(None)) -> float:
        """Share of ticks at which ready pods could not serve demand within 100 % of their requests."""
        wanted = demand[ticks]
        known = np.isfinite(wanted)
        return float((self.ready[ticks][known] < wanted[known] - 1e-9).mean()) if known.any() else 0.0


def replay(
    demand: FloatArray,
    controller: Controller,
    *,
    start_replicas: int,
    startup_seconds: Sequence[float],
    limit_share: float = LIMIT_SHARE_OF_REQUEST,
    late_ticks: int = 0,
) -> Outcome:
    """Run a controller against a demand.

    Args:
        demand: ``[ticks]`` in units of one pod's request, one value per 15 s; where it is not known the last goes on.
        controller: from view to ``spec.replicas``.
        start_replicas: ready pods at the first tick.
        startup_seconds: measured start-up times, used in turn.
        limit_share: a pod uses at most this share of its request.
        late_ticks: by how much later than HPA this controller sees the metrics: they go through the collector first.
    """
    pods = _Pods(start_replicas, [max(1, round(seconds / TICK_SECONDS)) for seconds in startup_seconds])
    ready_log, spec_log, shares, asked = [], [], [], 0.0
    per_pod, start = 0.0, 0
    for tick, known in enumerate(demand.tolist()):
        asked = known if math.isfinite(known) else asked
        ready = pods.arrived(tick)
        ready_log.append(ready)
        shares.append(min(asked, limit_share * ready) / (ready or 1))
        if tick % 2 == 0 or tick < METRIC_WINDOW_TICKS:
            # Metrics are scraped every 30 s: their window ended one or two ticks ago and spans two ticks.
            end = max(tick - 1 - (tick % 2) - late_ticks, 0)
            start = max(end - METRIC_WINDOW_TICKS + 1, 0)
            per_pod = shares[end] if start == end else (shares[start] + shares[end]) / 2
        # A pod that became ready inside or after the window is set aside, as HPA does within its first five minutes.
        measured = pods.ready_since(start) or ready
        usage = Usage(per_pod * measured, 1.0, measured, pods.specified - measured)
        pods.set(tick, max(int(controller(View(tick, usage, pods.specified, ready))), 0))
        spec_log.append(pods.specified)
    return Outcome(np.array(ready_log, np.int64), np.array(spec_log, np.int64))


class _Pods:
    """Pods as counts. The youngest are stopped first, so of those ready then the least number since is left."""

    def __init__(self, start: int, delays: list[int]) -> None:
        self.ready = self.specified = start
        self.delays, self.started, self.pending = delays, 0, 0
        self.due = [0] * (max(delays) + 1)
        self.kept: list[int] = []

    def arrived(self, tick: int) -> int:
        """Pods that became ready are there; how many are ready now."""
        slot = tick % len(self.due)
        if self.due[slot]:
            self.ready += self.due[slot]
            self.pending -= self.due[slot]
            self.due[slot] = 0
        return self.ready

    def ready_since(self, tick: int) -> int:
        """Pods that have been ready since a tick."""
        return min(self.ready, *self.kept[tick:]) if len(self.kept) > tick else self.ready

    def set(self, tick: int, target: int) -> None:
        """Start pods, or stop those that are not ready first, then the youngest."""
        missing = target - self.specified
        for _ in range(missing):
            self.due[(tick + self.delays[self.started % len(self.delays)]) % len(self.due)] += 1
            self.started += 1
        self.pending += max(missing, 0)
        left = -missing
        if left > 0 and self.pending:
            for ahead in range(len(self.due) - 1, 0, -1):
                slot = (tick + ahead) % len(self.due)
                taken = min(left, self.due[slot])
                self.due[slot] -= taken
                self.pending -= taken
                left -= taken
        self.ready -= max(left, 0)
        self.specified = target
        self.kept.append(self.ready)


def hpa_controller(spec: HpaSpec) -> Controller:
    """Plain HPA with its memory, synced at every tick."""
    memory = HpaMemory()

    def control(view: View) -> int:
        nonlocal memory
        now = float(view.tick * TICK_SECONDS)
        replicas, memory = step(spec, memory, now, view.usage, view.current)
        return replicas

    return control
