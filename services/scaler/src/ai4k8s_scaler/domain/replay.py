"""A small fleet of pods under a controller, for counterfactuals: what would have happened under other settings.

Demand is given, pods take their measured time to become ready, metrics are a 30 s mean that is 15 to 45 s old, and a
pod uses at most its limit. HPA and our own policy run in the same fleet, so a comparison compares nothing but the
decisions.
"""

from __future__ import annotations

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
    demand: FloatArray, controller: Controller, *, start_replicas: int, startup_seconds: Sequence[float]
) -> Outcome:
    """Run a controller against a demand.

    Args:
        demand: ``[ticks]`` in units of one pod's request, one value per 15 s.
        controller: from view to ``spec.replicas``.
        start_replicas: ready pods at the first tick.
        startup_seconds: measured start-up times, used in turn.
    """
    ready_from = [-1_000] * start_replicas
    started = 0
    ready_log, spec_log = np.zeros(demand.size, np.int64), np.zeros(demand.size, np.int64)
    served = np.zeros(demand.size)
    for tick in range(demand.size):
        ready = sum(at <= tick for at in ready_from)
        ready_log[tick] = ready
        wanted = demand[tick] if np.isfinite(demand[tick]) else 0.0
        served[tick] = min(wanted, LIMIT_SHARE_OF_REQUEST * ready)
        view = View(tick, _seen(served, ready_log, ready_from, tick), len(ready_from), ready)
        target = max(int(controller(view)), 0)
        while len(ready_from) < target:
            delay = startup_seconds[started % len(startup_seconds)]
            started += 1
            ready_from.append(tick + max(1, round(delay / TICK_SECONDS)))
        if len(ready_from) > target:
            # The ReplicaSet controller deletes pods that are not ready first, then the youngest.
            ready_from = sorted(ready_from)[:target]
        spec_log[tick] = target
    return Outcome(ready_log, spec_log)


def _seen(served: FloatArray, ready_log: IntArray, ready_from: Sequence[int], tick: int) -> Usage:
    """Metrics are scraped every 30 s: their window ended one or two ticks ago and spans two ticks.

    A pod that became ready inside or after that window is set aside, as HPA does within its first five minutes.
    """
    end = max(tick - 1 - (tick % 2), 0)
    start = max(end - METRIC_WINDOW_TICKS + 1, 0)
    pods = np.maximum(ready_log[start : end + 1], 1)
    per_pod = float((served[start : end + 1] / pods).mean())
    measured = sum(at <= start for at in ready_from)
    measured = measured or sum(at <= tick for at in ready_from)
    return Usage(
        total_millicores=per_pod * measured,
        request_millicores=1.0,
        measured=measured,
        unready=len(ready_from) - measured,
    )


def hpa_controller(spec: HpaSpec) -> Controller:
    """Plain HPA with its memory, synced at every tick."""
    memory = HpaMemory()

    def control(view: View) -> int:
        nonlocal memory
        now = float(view.tick * TICK_SECONDS)
        replicas, memory = step(spec, memory, now, view.usage, view.current)
        return replicas

    return control
