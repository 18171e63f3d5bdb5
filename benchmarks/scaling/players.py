"""All policies on all stages: rows of cost, violations and changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_scaler.domain.backtest import (
    TICKS_A_MINUTE,
    Contender,
    Kind,
    Result,
    Rules,
    best_fixed_hpa,
    contenders,
    fixed,
    play,
    rightsized,
)
from ai4k8s_scaler.domain.contenders import PredictiveLanes
from benchmarks.scaling.holt_winters import HoltWintersFloor, holt_winters
from benchmarks.scaling.stages import HORIZON_MINUTES, Stage, batches, on_ticks, world_of

if TYPE_CHECKING:
    from ai4k8s_scaler.domain.contenders import Foreseen

HOLT_WINTERS = "holt_winters"


@dataclass(frozen=True)
class Played:
    """One trace under all policies, by name."""

    name: str
    half: int
    fine: bool
    days: float
    usable_share: float
    best_target: int
    results: dict[str, Result]


def name_of(contender: Contender) -> str:
    """A contender's name in tables."""
    return f"hpa_{contender.target_percent}" if contender.kind is Kind.HPA else contender.kind.value


def play_all(all_stages: list[Stage], rules: Rules) -> list[Played]:
    """Replay every batch of stages."""
    return [played for batch in batches(all_stages) for played in _play(batch, rules)]


def _play(batch: list[Stage], rules: Rules) -> list[Played]:
    world, foreseen = world_of(batch)
    lines = contenders(world, foreseen, rules)
    peer = PredictiveLanes(
        _peer(batch, foreseen),
        np.arange(len(batch)),
        rules.slo_short_share,
        min_replicas=rules.min_replicas,
        max_replicas=rules.max_replicas,
        user_target_percent=rules.user_target_percent,
    )
    # A kind of its own would be a name that only benchmarks know; the peer is told apart by its place.
    lines.append((Contender(Kind.PREDICTIVE), peer))
    table = play(world, lines, rules)
    return [_played(stage, results, rules) for stage, results in zip(batch, table, strict=True)]


def _played(stage: Stage, results: list[Result], rules: Rules) -> Played:
    *own, peer = results
    named = {name_of(result.contender): result for result in own} | {HOLT_WINTERS: peer}
    best = best_fixed_hpa(own, rules.slo_short_share)
    past = stage.demand[: stage.first]
    replicas = max(1, int(np.ceil(np.nanpercentile(past, 99)))) if np.isfinite(past).any() else 1
    ticks = on_ticks(stage.demand, steps=stage.fine)
    from_tick = stage.first * TICKS_A_MINUTE
    named[Kind.RIGHTSIZED.value] = rightsized(ticks, replicas, count_from=from_tick)
    named[Kind.FIXED.value] = _fixed(ticks[from_tick:], replicas, rules)
    return Played(
        name=stage.name,
        half=stage.half,
        fine=stage.fine,
        days=stage.minutes / 1440,
        usable_share=float(np.mean(stage.usable)),
        best_target=best.contender.target_percent or 0,
        results=named | {"hpa_best": best},
    )


def _fixed(ticks: np.ndarray, replicas: int, rules: Rules) -> Result:
    contender, _ = fixed(rules, replicas, 1)
    known = np.isfinite(ticks)
    short = float((ticks[known] > replicas).mean()) if known.any() else 0.0
    return Result(contender, short, float(known.sum()) * replicas / 240, 0.0)


def _peer(batch: list[Stage], foreseen: Foreseen) -> HoltWintersFloor:
    minutes = max(stage.demand.size for stage in batch)
    demand = np.full((len(batch), minutes), np.nan)
    for row, stage in enumerate(batch):
        demand[row, minutes - stage.demand.size :] = stage.demand
        demand[row, minutes - stage.minutes :][stage.unseen] = np.nan
    first = np.array([minutes - stage.minutes for stage in batch])
    highest, deviation = holt_winters(demand, HORIZON_MINUTES, first)
    parts = [np.full(foreseen.truth.shape, np.nan) for _ in range(2)]
    for row, stage in enumerate(batch):
        for part, whole in zip(parts, (highest, deviation), strict=True):
            part[row, : stage.minutes] = whole[row, minutes - stage.minutes :]
    usable = np.isfinite(parts[0]) & np.isfinite(parts[1])
    known = [np.nan_to_num(part) for part in parts]
    return HoltWintersFloor(known[0], known[1], usable, usable, foreseen.truth, foreseen.told_late_ticks)
