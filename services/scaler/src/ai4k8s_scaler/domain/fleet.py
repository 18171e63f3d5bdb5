"""Many small fleets of pods at once, each under a controller of its own: the simulator behind backtests and benchmarks.

A lane is one demand under one controller. Demand is given, pods take their measured time to become ready, metrics are
a 30 s mean that is 15 to 45 s old and sometimes fails to come, and a pod uses at most its limit. All lanes live in the
same world, so a comparison compares nothing but the decisions. One lane behaves exactly as ``replay`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ai4k8s_scaler.domain.replay import LIMIT_SHARE_OF_REQUEST, TICK_SECONDS, BoolArray, FloatArray, IntArray

#: A sample older than this is no sample.
STALE_TICKS = 8
_LOG_TICKS = STALE_TICKS + 4
_EPSILON = 1e-9


@dataclass(frozen=True)
class World:
    """What is the same for all controllers of a demand.

    Attributes:
        demand: ``[demands, ticks]`` in pods, one value per 15 s; NaN where it is not known: then nothing is counted.
        startup_seconds: measured start-up times, used in turn.
        failed: ``[demands, ticks]`` scrapes that bring nothing, or None.
        limit_share: a pod uses at most this share of its request.
    """

    demand: FloatArray
    startup_seconds: Sequence[float]
    failed: BoolArray | None = None
    limit_share: float = LIMIT_SHARE_OF_REQUEST


@dataclass(frozen=True)
class FleetView:
    """What the controllers of a group of lanes may see at a tick.

    Attributes:
        tick: index of the tick.
        total: ``[lanes]`` usage summed over measured pods, in pods' requests.
        per_pod: ``[lanes]`` usage of a pod, share of its request.
        measured: ``[lanes]`` pods with a metric; 0: there is no metric.
        unready: ``[lanes]`` pods set aside.
        current: ``[lanes]`` ``spec.replicas``.
        ready: ``[lanes]`` pods ready now.
    """

    tick: int
    total: FloatArray
    per_pod: FloatArray
    measured: IntArray
    unready: IntArray
    current: IntArray
    ready: IntArray

    def of(self, lanes: slice) -> FleetView:
        """The same for some of the lanes."""
        arrays = (self.total, self.per_pod, self.measured, self.unready, self.current, self.ready)
        total, per_pod, measured, unready, current, ready = (array[lanes] for array in arrays)
        return FleetView(self.tick, total, per_pod, measured, unready, current, ready)  # type: ignore[arg-type]


#: From what is seen to ``spec.replicas`` of a group of lanes, or None where nothing is decided at this tick.
FleetController: TypeAlias = Callable[[FleetView], "IntArray | None"]


@dataclass(frozen=True)
class Group:
    """Lanes under one controller object.

    Attributes:
        demands: ``[lanes]`` row of the world's demand for each lane.
        controller: decides for them.
        start: ``[lanes]`` ready pods at the first tick.
    """

    demands: IntArray
    controller: FleetController
    start: IntArray


@dataclass(frozen=True)
class FleetOutcome:
    """What became of the lanes, in the order of the groups.

    Attributes:
        short_share: ``[lanes]`` share of known ticks at which ready pods did not suffice.
        pod_hours: ``[lanes]`` paid for on known ticks.
        changes: ``[lanes]`` changes of ``spec.replicas``.
        hours: ``[lanes]`` known time.
        specified, ready: ``[ticks, lanes]`` where a log was asked for.
    """

    short_share: FloatArray
    pod_hours: FloatArray
    changes: IntArray
    hours: FloatArray
    specified: IntArray | None = None
    ready: IntArray | None = None

    def of(self, lanes: slice) -> FleetOutcome:
        """The same for some of the lanes."""
        logs = [None if log is None else log[:, lanes] for log in (self.specified, self.ready)]
        return FleetOutcome(
            self.short_share[lanes], self.pod_hours[lanes], self.changes[lanes], self.hours[lanes], logs[0], logs[1]
        )


def replay_fleet(world: World, groups: Sequence[Group], *, count_from: int = 0, log: bool = False) -> FleetOutcome:
    """Run all lanes through the world.

    Args:
        world: demands and how pods behave.
        groups: lanes and their controllers.
        count_from: ticks before this one only warm up.
        log: keep replicas and ready pods of every tick.
    """
    demands = np.concatenate([group.demands for group in groups])
    fleet = _Fleet(world, np.concatenate([group.start for group in groups]), demands)
    bounds = np.cumsum([0, *(group.demands.size for group in groups)])
    parts = [slice(int(first), int(last)) for first, last in pairwise(bounds)]
    ticks = world.demand.shape[1]
    known = np.ascontiguousarray(np.isfinite(world.demand).T)
    steady = np.ascontiguousarray(_carried(world.demand).T)
    tally = _Tally.of(demands.size)
    logs = np.zeros((2, ticks if log else 0, demands.size), np.int64)
    for tick in range(ticks):
        view = fleet.observe(tick, steady[tick][demands])
        wanted = fleet.specified
        for group, lanes in zip(groups, parts, strict=True):
            answer = group.controller(view.of(lanes) if len(groups) > 1 else view)
            if answer is not None:
                wanted = wanted.copy() if wanted is fleet.specified else wanted
                wanted[lanes] = answer
        changed = fleet.apply(tick, wanted)
        if tick >= count_from:
            tally.add(known[tick][demands], view.ready < fleet.demand - _EPSILON, fleet.specified, changed)
        if log:
            logs[0, tick], logs[1, tick] = fleet.specified, view.ready
    return tally.outcome(logs if log else None)


@dataclass
class _Tally:
    short: IntArray
    counted: IntArray
    paid: IntArray
    changes: IntArray

    @classmethod
    def of(cls, lanes: int) -> _Tally:
        return cls(*(np.zeros(lanes, np.int64) for _ in range(4)))

    def add(self, known: BoolArray, short: BoolArray, specified: IntArray, changed: BoolArray | None) -> None:
        self.short += short & known
        self.counted += known
        self.paid += specified * known
        if changed is not None:
            self.changes += changed & known

    def outcome(self, logs: IntArray | None) -> FleetOutcome:
        return FleetOutcome(
            short_share=self.short / np.maximum(self.counted, 1),
            pod_hours=self.paid.astype(np.float64) * (TICK_SECONDS / 3600),
            changes=self.changes,
            hours=self.counted.astype(np.float64) * (TICK_SECONDS / 3600),
            specified=None if logs is None else logs[0],
            ready=None if logs is None else logs[1],
        )


@dataclass
class _Fleet:
    """Pods as counts: ready ones, and those that become ready at each of the next ticks."""

    world: World
    specified: IntArray
    lane_demand: IntArray
    demand: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.specified = self.specified.astype(np.int64)
        self.ready = self.specified.copy()
        delays = [max(1, round(seconds / TICK_SECONDS)) for seconds in self.world.startup_seconds]
        self.due = np.zeros((max(delays) + 1, self.ready.size), np.int64)
        self.cumulated = np.zeros((2 * len(delays) + 1, max(delays) + 1), np.int64)
        for index in range(2 * len(delays)):
            self.cumulated[index + 1] = self.cumulated[index]
            self.cumulated[index + 1, delays[index % len(delays)]] += 1
        self.turns = len(delays)
        self.started = np.zeros(self.ready.size, np.int64)
        self.pending = np.zeros(self.ready.size, np.int64)
        self.kept = np.zeros((_LOG_TICKS, self.ready.size), np.int64)
        self.shares = np.zeros((_LOG_TICKS, self.ready.size))
        self.per_pod = np.zeros(self.ready.size)
        self.window_start = np.zeros(self.ready.size, np.int64)
        self.late = False

    def observe(self, tick: int, demand: FloatArray) -> FleetView:
        """Pods that became ready are there; what can be seen now was measured a little ago."""
        self.demand = demand
        slot = tick % self.due.shape[0]
        coming = self.due[slot]
        self.ready = self.ready + coming
        self.pending -= coming
        coming[:] = 0
        served = np.minimum(demand, self.world.limit_share * self.ready)
        self.shares[tick % _LOG_TICKS] = served / np.maximum(self.ready, 1)
        if tick % 2 == 0 or tick < 2:
            self._scrape(tick)
        measured = self._measured(tick)
        total = self.per_pod * measured
        return FleetView(tick, total, self.per_pod, measured, self.specified - measured, self.specified, self.ready)

    def _scrape(self, tick: int) -> None:
        """The newest window is of two ticks, the last of them one tick ago."""
        end = max(tick - 1 - (tick % 2), 0)
        start = max(end - 1, 0)
        if start == end:
            share = self.shares[end % _LOG_TICKS].copy()
        else:
            share = (self.shares[start % _LOG_TICKS] + self.shares[end % _LOG_TICKS]) / 2
        failed = None if self.world.failed is None or tick < 2 else self.world.failed[self.lane_demand, tick]
        if failed is None or not failed.any():
            self.per_pod, self.window_start, self.late = share, np.full(share.size, start), False
        else:
            self.per_pod = np.where(failed, self.per_pod, share)
            self.window_start = np.where(failed, self.window_start, start)
            self.late = True

    def _measured(self, tick: int) -> IntArray:
        """Pods that were ready when the window began and are still there.

        The youngest go first, so of those ready then as many are left as there were ready pods at the least since.
        """
        if not self.late:
            start = int(self.window_start[0])
            least = self.ready
            for past in range(start, tick):
                least = np.minimum(least, self.kept[past % _LOG_TICKS])
            return np.where(least > 0, least, self.ready)
        stale = tick - self.window_start > STALE_TICKS
        least = self.ready
        for past in range(max(tick - STALE_TICKS, 0), tick):
            least = np.where(past >= self.window_start, np.minimum(least, self.kept[past % _LOG_TICKS]), least)
        return np.where(stale, 0, np.where(least > 0, least, self.ready))

    def apply(self, tick: int, wanted: IntArray) -> BoolArray | None:
        """Start pods, or stop them: those that are not ready first, then the youngest."""
        changed = None
        if wanted is not self.specified:
            difference = wanted - self.specified
            changed = difference != 0
            if changed.any():
                self._start(tick, np.flatnonzero(difference > 0), difference)
                self._stop(tick, np.flatnonzero(difference < 0), difference)
            self.specified = wanted
        self.kept[tick % _LOG_TICKS] = self.ready
        return changed

    def _start(self, tick: int, lanes: IntArray, difference: IntArray) -> None:
        if not lanes.size:
            return
        number, first = difference[lanes], self.started[lanes] % self.turns
        whole, rest = number // self.turns, number % self.turns
        by_delay = whole[:, None] * self.cumulated[self.turns] + self.cumulated[first + rest] - self.cumulated[first]
        for delay in np.flatnonzero(self.cumulated[self.turns]):
            self.due[(tick + delay) % self.due.shape[0], lanes] += by_delay[:, delay]
        self.started[lanes] += number
        self.pending[lanes] += number

    def _stop(self, tick: int, lanes: IntArray, difference: IntArray) -> None:
        if not lanes.size:
            return
        left = -difference[lanes]
        if self.pending[lanes].any():
            for ahead in range(self.due.shape[0] - 1, 0, -1):
                slot = (tick + ahead) % self.due.shape[0]
                taken = np.minimum(left, self.due[slot, lanes])
                self.due[slot, lanes] -= taken
                self.pending[lanes] -= taken
                left = left - taken
        self.ready = self.ready.copy()
        self.ready[lanes] -= left


def _carried(demand: FloatArray) -> FloatArray:
    """Unknown demand is taken to be the last known; nothing is counted there."""
    index = np.arange(demand.shape[1])
    last = np.maximum.accumulate(np.where(np.isfinite(demand), index, -1), axis=1)
    carried = np.take_along_axis(demand, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, 0.0)
