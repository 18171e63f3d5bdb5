"""Everybody on the same past: our policy, HPA at many targets, a steered HPA, right-sized and fixed pods.

The result is a picture of cost against time short of capacity, from which a person can choose; a recommendation is one
point of it. Used for one workload by the service and for a folder of traces by the benchmarks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_scaler.domain.contenders import FixedLanes, HpaLanes, PredictiveLanes, SteeredHpaLanes
from ai4k8s_scaler.domain.fleet import FleetController, FleetOutcome, Group, World, replay_fleet
from ai4k8s_scaler.domain.lane import PredictiveLane
from ai4k8s_scaler.domain.replay import TICK_SECONDS, FloatArray, IntArray, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_scaler.domain.contenders import FloorSource, Foreseen

#: HPA's targets in percent; below 30 nobody sets them, but some demands need them to be served.
TARGETS = tuple(range(10, 100, 5))
TICKS_A_MINUTE = 60 // TICK_SECONDS
_DAY_TICKS = 86_400 // TICK_SECONDS
_SWING_TICKS = 3600 // TICK_SECONDS
_HALF_LIFE_MINUTES = 1440.0
_RIGHTSIZED_EVERY_MINUTES = 360
_RIGHTSIZED_OVER_MINUTES = 8 * 1440
_RIGHTSIZED_LEVEL = 0.9
_RIGHTSIZED_MARGIN = 1.15


class Kind(StrEnum):
    """Who decides."""

    PREDICTIVE = "predictive"  # the SLO leads
    PREDICTIVE_FLOOR = "predictive_floor"  # a floor; the user's target stands below it
    HPA = "hpa"
    HPA_STEERED = "hpa_steered"  # its target follows the same error budget
    AS_IT_RAN = "as_it_ran"
    FIXED = "fixed"
    RIGHTSIZED = "rightsized"  # VPA: fixed replicas, requests at the 90th percentile x 1.15


@dataclass(frozen=True)
class Contender:
    """One policy; ``target_percent`` for a plain HPA, ``replicas`` for fixed ones."""

    kind: Kind
    target_percent: int | None = None
    replicas: int | None = None


@dataclass(frozen=True)
class Rules:
    """What all contenders keep to.

    Attributes:
        slo_short_share: share of time that may be short.
        min_replicas, max_replicas: bounds.
        user_target_percent: target of the user's own HPA.
        targets: HPA's targets to try.
    """

    slo_short_share: float = 0.01
    min_replicas: int = 1
    max_replicas: int = 10_000
    user_target_percent: int = 80
    targets: Sequence[int] = TARGETS


@dataclass(frozen=True)
class Result:
    """What a contender did with one demand.

    Attributes:
        contender: who.
        short_share: share of time with too few ready pods.
        pod_hours: paid for.
        changes_per_day: of the replicas.
        pods: ``[ticks]`` replicas, where a log was asked for.
    """

    contender: Contender
    short_share: float
    pod_hours: float
    changes_per_day: float
    pods: IntArray | None = None


Line = tuple[Contender, "FleetController"]


def contenders(world: World, foreseen: FloorSource, rules: Rules) -> list[Line]:
    """Controllers of all lanes: each decides for every demand of the world."""
    every = np.arange(world.demand.shape[0])
    low, high = rules.min_replicas, rules.max_replicas

    def ours(*, slo_leads: bool) -> PredictiveLanes:
        return PredictiveLanes(
            foreseen,
            every,
            rules.slo_short_share,
            slo_leads=slo_leads,
            user_target_percent=rules.user_target_percent,
            min_replicas=low,
            max_replicas=high,
        )

    user = float(rules.user_target_percent)
    steered = SteeredHpaLanes(rules.slo_short_share, HpaLanes(np.full(every.size, user), low, high))
    lines: list[Line] = [
        (Contender(Kind.PREDICTIVE), ours(slo_leads=True)),
        (Contender(Kind.PREDICTIVE_FLOOR, rules.user_target_percent), ours(slo_leads=False)),
        (Contender(Kind.HPA_STEERED), steered),
    ]
    hpas = [(each, HpaLanes(np.full(every.size, float(each)), low, high)) for each in rules.targets]
    return [*lines, *((Contender(Kind.HPA, target), controller) for target, controller in hpas)]


def play(
    world: World, lines: Sequence[Line], rules: Rules, *, count_from: int = 0, log: bool = False
) -> list[list[Result]]:
    """Replay all; one list of results for each demand."""
    every = np.arange(world.demand.shape[0])
    first = first_known(world.demand)
    groups = [Group(every, controller, _start(contender, first, rules)) for contender, controller in lines]
    outcome = replay_fleet(world, groups, count_from=count_from, log=log)
    size = every.size
    return [
        [_result(contender, outcome, line * size + demand) for line, (contender, _) in enumerate(lines)]
        for demand in range(size)
    ]


def one_past(world: World, foreseen: Foreseen, rules: Rules, count_from: int, late_ticks: int = 0) -> list[Result]:
    """Our policy in both forms and HPA at every target on one demand over many days, quickly.

    What learns by the hour needs the days in their order, on plain numbers. A plain HPA forgets within minutes, so its
    days are replayed side by side, each with an hour of the day before to come into swing. ``late_ticks`` is by how
    much later than an HPA we see the metrics.
    """
    demand = world.demand[0]
    ours = partial(_in_a_row, world, foreseen, rules, count_from, late_ticks)
    results = [ours(slo_leads=leads) for leads in (True, False)]
    days = _side_by_side(demand, count_from)
    targets = np.asarray(rules.targets, np.float64)
    lanes, rows = np.repeat(targets, days.shape[0]), np.tile(np.arange(days.shape[0]), targets.size)
    start = np.clip(np.ceil(first_known(days)[rows] / lanes * 100), max(rules.min_replicas, 1), rules.max_replicas)
    group = Group(rows, HpaLanes(lanes, rules.min_replicas, rules.max_replicas), start.astype(np.int64))
    apart = World(days, world.startup_seconds, limit_share=world.limit_share)
    outcome = replay_fleet(apart, [group], count_from=_SWING_TICKS)
    size = days.shape[0]
    plain = [
        _joined(Contender(Kind.HPA, target), outcome, place * size, size) for place, target in enumerate(rules.targets)
    ]
    return [*results, *plain]


def _in_a_row(
    world: World, foreseen: Foreseen, rules: Rules, count_from: int, late_ticks: int, *, slo_leads: bool
) -> Result:
    lane = PredictiveLane(
        foreseen,
        rules.slo_short_share,
        (rules.min_replicas, rules.max_replicas),
        slo_leads=slo_leads,
        user_target_percent=rules.user_target_percent,
    )
    contender = Contender(Kind.PREDICTIVE) if slo_leads else Contender(Kind.PREDICTIVE_FLOOR, rules.user_target_percent)
    start = int(_start(contender, first_known(world.demand), rules)[0])
    outcome = replay(
        world.demand[0], lane, start_replicas=start, startup_seconds=world.startup_seconds, late_ticks=late_ticks
    )
    part = slice(count_from, None)
    known = np.isfinite(world.demand[0, part])
    days = max(float(known.sum()) * TICK_SECONDS / 86_400, 1e-9)
    changes = np.diff(outcome.specified, prepend=start)[part] != 0
    return Result(
        contender,
        outcome.short(world.demand[0], part),
        float(outcome.specified[part][known].sum()) * TICK_SECONDS / 3600,
        float((changes & known).sum()) / days,
    )


def _side_by_side(demand: FloatArray, count_from: int) -> FloatArray:
    starts = range(count_from, demand.size, _DAY_TICKS)
    days = np.full((len(starts), _SWING_TICKS + _DAY_TICKS), np.nan)
    for row, start in enumerate(starts):
        part = demand[max(0, start - _SWING_TICKS) : start + _DAY_TICKS]
        skipped = max(0, _SWING_TICKS - start)
        days[row, skipped : skipped + part.size] = part
        if skipped:
            days[row, :skipped] = part[0]
    return days


def _joined(contender: Contender, outcome: FleetOutcome, first: int, size: int) -> Result:
    part = slice(first, first + size)
    hours = np.maximum(outcome.hours[part].sum(), 1e-9)
    return Result(
        contender,
        float((outcome.short_share[part] * outcome.hours[part]).sum() / hours),
        float(outcome.pod_hours[part].sum()),
        float(outcome.changes[part].sum() / hours * 24),
    )


def fixed(rules: Rules, replicas: int, demands: int) -> Line:
    """Replicas that never change."""
    number = min(max(replicas, rules.min_replicas), rules.max_replicas)
    return Contender(Kind.FIXED, replicas=number), FixedLanes(np.full(demands, number))


def rightsized(demand: FloatArray, replicas: int, *, count_from: int = 0) -> Result:
    """What a VPA does with the requests of a fixed number of pods, in the same units of cost.

    The recommender's target (a 90th percentile with a half-life of a day, x 1.15) is applied every six hours.

    Args:
        demand: ``[ticks]`` of one workload in pods of today's request.
        replicas: fixed; only what is told about it depends on it.
        count_from: ticks before this one only serve as history.
    """
    minutes = demand[: demand.size // TICKS_A_MINUTE * TICKS_A_MINUTE].reshape(-1, TICKS_A_MINUTE).mean(axis=1)
    capacity = np.full(minutes.size, np.nan)
    for start in range(0, minutes.size, _RIGHTSIZED_EVERY_MINUTES):
        past = minutes[max(0, start - _RIGHTSIZED_OVER_MINUTES) : start]
        target = _decayed_percentile(past) * _RIGHTSIZED_MARGIN if np.isfinite(past).any() else np.nan
        capacity[start : start + _RIGHTSIZED_EVERY_MINUTES] = target
    first = np.fmax.reduce(np.append(minutes[:_RIGHTSIZED_EVERY_MINUTES], 0.0))
    ticks = np.repeat(np.where(np.isfinite(capacity), capacity, first), TICKS_A_MINUTE)
    asked = demand[: ticks.size]
    known = np.isfinite(asked) & (np.arange(ticks.size) >= count_from)
    days = max(known.sum() * TICK_SECONDS / 86_400, 1e-9)
    return Result(
        Contender(Kind.RIGHTSIZED, replicas=replicas),
        short_share=float((asked[known] > ticks[known] + 1e-9).mean()) if known.any() else 0.0,
        pod_hours=float(ticks[known].sum()) * TICK_SECONDS / 3600,
        changes_per_day=float(np.count_nonzero(np.diff(ticks[known])) / days),
    )


def best_fixed_hpa(results: Sequence[Result], slo_short_share: float) -> Result:
    """The cheapest HPA target within the SLO, chosen in hindsight; the least short when none is."""
    tried = [result for result in results if result.contender.kind is Kind.HPA]
    within = [result for result in tried if result.short_share <= slo_short_share]
    if within:
        return min(within, key=lambda result: result.pod_hours)
    return min(tried, key=lambda result: (result.short_share, result.pod_hours))


def pareto(results: Sequence[Result]) -> list[Result]:
    """Those to whom no other is both cheaper and less often short, the cheapest first."""
    front: list[Result] = []
    for result in sorted(results, key=lambda each: (each.pod_hours, each.short_share)):
        if not front or result.short_share < front[-1].short_share:
            front.append(result)
    return front


def first_known(demand: FloatArray) -> FloatArray:
    """``[demands]`` first value that is known; 1 where none is."""
    known = np.isfinite(demand)
    first = np.take_along_axis(demand, np.argmax(known, axis=1)[:, None], axis=1)[:, 0]
    return np.where(known.any(axis=1), first, 1.0)


def _start(contender: Contender, first: FloatArray, rules: Rules) -> IntArray:
    if contender.replicas is not None:
        return np.full(first.size, contender.replicas)
    target = (contender.target_percent or rules.user_target_percent) / 100
    wanted = np.ceil(first / target - 1e-9).astype(np.int64)
    return np.clip(wanted, max(rules.min_replicas, 1), rules.max_replicas)


def _result(contender: Contender, outcome: FleetOutcome, lane: int) -> Result:
    days = max(float(outcome.hours[lane]) / 24, 1e-9)
    return Result(
        contender,
        float(outcome.short_share[lane]),
        float(outcome.pod_hours[lane]),
        float(outcome.changes[lane]) / days,
        None if outcome.specified is None else outcome.specified[:, lane],
    )


def _decayed_percentile(values: FloatArray) -> float:
    age = values.size - np.arange(values.size)
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    weight = np.exp(-math.log(2) * age[known] / _HALF_LIFE_MINUTES)[order]
    reached = np.searchsorted(np.cumsum(weight), _RIGHTSIZED_LEVEL * weight.sum())
    return float(values[known][order][min(int(reached), order.size - 1)])
