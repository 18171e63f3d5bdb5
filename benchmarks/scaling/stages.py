"""From trace files to what is replayed: scaled demands, what was foreseen of them, and the faults of the scenarios."""

from __future__ import annotations

import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.hindcast import hindcast
from ai4k8s_forecaster.domain.window_maximum import LEVELS, horizon_minutes
from ai4k8s_scaler.domain.backtest import TICKS_A_MINUTE
from ai4k8s_scaler.domain.contenders import TOLD_LATE_TICKS, Foreseen
from ai4k8s_scaler.domain.fleet import World
from benchmarks.traces import MINUTE, Trace

if TYPE_CHECKING:
    from pathlib import Path

    from ai4k8s_scaler.domain.replay import BoolArray, FloatArray

DAY_MINUTES = 1440
#: Pods are ready after one to two minutes.
STARTUP_SECONDS = (75.0, 110.0, 60.0, 95.0, 120.0, 85.0, 65.0, 105.0, 90.0, 115.0)
HORIZON_MINUTES = horizon_minutes(float(np.percentile(STARTUP_SECONDS, 95)))
REPLAYED_DAYS = 14
HISTORY_DAYS = 16
LEAST_HISTORY_DAYS = 2
SCENARIO_DAYS = 3
MEAN_PODS = 10.0
MOST_PODS = 300.0
FAILED_SCRAPES = 0.002
SHORT_DAYS = 4


class Scenario(StrEnum):
    """What happens to a demand in its replayed part."""

    NONE = "none"
    SHIFT_UP = "shift_up"
    SHIFT_DOWN = "shift_down"
    REVERSED = "reversed_days"
    OUTAGE = "outage"
    GAPS = "gaps"
    ONE_DAY = "one_day_of_history"


@dataclass(frozen=True)
class Stage:
    """One trace, ready to be replayed.

    Attributes:
        name, half: of the trace.
        grain_seconds: of the file; up to a minute: fine, and demand is the same for a minute.
        demand: ``[minutes]`` in pods, past and replayed part, NaN where not measured.
        first: first replayed minute.
        unseen: ``[minutes]`` of the replayed part in which metrics do not come.
        values, usable: of the hindcast of the replayed part.
    """

    name: str
    half: int
    grain_seconds: float
    demand: FloatArray
    first: int
    unseen: BoolArray
    values: FloatArray
    usable: BoolArray

    @property
    def fine(self) -> bool:
        """Whether the trace has a minute's grain or better."""
        return self.grain_seconds <= MINUTE

    @property
    def minutes(self) -> int:
        """How much is replayed."""
        return self.demand.size - self.first


def staged(trace: Trace, scenario: Scenario, refit_minutes: int) -> Stage:
    """Scale a trace, cut it, let the scenario happen, and foresee every replayed minute."""
    demand = _scaled(trace)
    days = SCENARIO_DAYS if scenario is not Scenario.NONE else REPLAYED_DAYS
    least = LEAST_HISTORY_DAYS * DAY_MINUTES
    first = max(least, demand.size - days * DAY_MINUTES)
    demand = demand[max(0, first - HISTORY_DAYS * DAY_MINUTES) :]
    first = min(first, HISTORY_DAYS * DAY_MINUTES)
    demand, unseen = _happened(demand, first, scenario)
    if scenario is Scenario.ONE_DAY:
        demand, first = demand[first - DAY_MINUTES :], DAY_MINUTES
    seen = demand.copy()
    seen[first:][unseen] = np.nan
    foreseen = hindcast(seen, HORIZON_MINUTES, first=first, refit_minutes=refit_minutes)
    return Stage(
        trace.name,
        trace.half,
        trace.grain_seconds,
        demand,
        first,
        unseen,
        foreseen.values[first:],
        foreseen.usable[first:],
    )


def stages(traces: list[Trace], scenario: Scenario, refit_minutes: int, processes: int) -> list[Stage]:
    """All traces, on several processes."""
    jobs = [(trace, scenario, refit_minutes) for trace in traces]
    if processes <= 1:
        return [staged(*job) for job in jobs]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(staged, *zip(*jobs, strict=True)))


def batches(all_stages: list[Stage]) -> list[list[Stage]]:
    """Those that can be replayed together: of about one length, and of one kind of grain."""
    keys = sorted({(stage.minutes > SHORT_DAYS * DAY_MINUTES, _steady(stage), stage.fine) for stage in all_stages})
    chosen = [
        [stage for stage in all_stages if (stage.minutes > SHORT_DAYS * DAY_MINUTES, _steady(stage), stage.fine) == key]
        for key in keys
    ]
    return [batch for batch in chosen if batch]


def world_of(batch: list[Stage]) -> tuple[World, Foreseen]:
    """Demands on ticks and forecasts of a batch, padded to the longest."""
    minutes = max(stage.minutes for stage in batch)
    demand = np.full((len(batch), minutes * TICKS_A_MINUTE), np.nan)
    failed = np.zeros(demand.shape, np.bool_)
    truth = np.full((len(batch), minutes), np.nan)
    values = np.full((len(batch), minutes, LEVELS.size), np.nan)
    usable = np.zeros((len(batch), minutes), np.bool_)
    for row, stage in enumerate(batch):
        own = stage.demand[stage.first :]
        demand[row, : own.size * TICKS_A_MINUTE] = on_ticks(own, steps=stage.fine)
        random = np.random.default_rng(int.from_bytes(hashlib.sha256(stage.name.encode()).digest()[:4], "big"))
        failed[row] = random.random(demand.shape[1]) < FAILED_SCRAPES
        failed[row, : own.size * TICKS_A_MINUTE] |= np.repeat(stage.unseen, TICKS_A_MINUTE)
        truth[row, : own.size], usable[row, : own.size] = own, stage.usable
        values[row, : own.size] = stage.values
    late = -TOLD_LATE_TICKS if all(_steady(stage) for stage in batch) else TOLD_LATE_TICKS
    return World(demand, STARTUP_SECONDS, failed), Foreseen.of(LEVELS.tolist(), values, usable, truth, late)


def on_ticks(minutes: FloatArray, *, steps: bool) -> FloatArray:
    """Ticks of a minute are alike, or lie on lines between the minutes."""
    if steps or not np.isfinite(minutes).any():
        return np.repeat(minutes, TICKS_A_MINUTE)
    known = np.flatnonzero(np.isfinite(minutes))
    lines = np.interp(np.arange(minutes.size * TICKS_A_MINUTE), known * TICKS_A_MINUTE, minutes[known])
    lines[np.repeat(~np.isfinite(minutes), TICKS_A_MINUTE)] = np.nan
    return lines


def _steady(stage: Stage) -> bool:
    """One value a minute: the first sample of a minute tells all of it, to an HPA and to a forecast alike."""
    return stage.grain_seconds == MINUTE


def _scaled(trace: Trace) -> FloatArray:
    """Demand in pods: ten on average, three hundred at most; coarse traces as lines between their rows."""
    values = np.maximum(trace.values, 0.0)
    if trace.grain_seconds > MINUTE:
        known = np.flatnonzero(np.isfinite(values))
        index = np.arange(values.size)
        left = known[np.clip(np.searchsorted(known, index, side="right") - 1, 0, known.size - 1)]
        right = known[np.clip(np.searchsorted(known, index), 0, known.size - 1)]
        lines = np.interp(index, known, values[known])
        values = np.where(right - left > 2.5 * trace.grain_seconds / MINUTE, np.nan, lines)
    values = values[-(HISTORY_DAYS + REPLAYED_DAYS) * DAY_MINUTES :]
    highest, average = float(np.nanmax(values)), float(np.nanmean(values))
    if average <= 0:
        return values
    out: FloatArray = values * min(MEAN_PODS / average, MOST_PODS / highest)
    return out


def _happened(demand: FloatArray, first: int, scenario: Scenario) -> tuple[FloatArray, BoolArray]:
    out = demand.copy()
    replayed = out[first:]
    unseen: BoolArray = np.zeros(replayed.size, np.bool_)
    half = min(DAY_MINUTES, replayed.size // 2)
    match scenario:
        case Scenario.SHIFT_UP:
            replayed[half:] *= 1.8
        case Scenario.SHIFT_DOWN:
            replayed[half:] *= 0.5
        case Scenario.REVERSED:
            for day in range(0, replayed.size - DAY_MINUTES + 1, DAY_MINUTES):
                replayed[day : day + DAY_MINUTES] = replayed[day : day + DAY_MINUTES][::-1].copy()
        case Scenario.OUTAGE:
            replayed[half : half + 120] = 0.0
        case Scenario.GAPS:
            for start in range(180, replayed.size, DAY_MINUTES // 4):
                unseen[start : start + 10] = True
        case Scenario.NONE | Scenario.ONE_DAY:
            pass
    return out, unseen


def synthetic() -> list[Trace]:
    """Demands in which there is nothing to foresee: white noise, wandering levels, spikes at random."""
    random = np.random.default_rng(7)
    minutes = 7 * DAY_MINUTES
    out = []
    for index, noise in enumerate((0.02, 0.05, 0.1, 0.2)):
        out.append((f"white_{index}", random.lognormal(0.0, noise, minutes)))
        walk = np.exp(np.clip(np.cumsum(random.normal(0.0, 0.01 * (index + 1), minutes)), -1.5, 1.5))
        out.append((f"walk_{index}", walk))
        spikes = 1.0 + 2.0 * (random.random(minutes) < 0.002 * (index + 1))
        out.append((f"spikes_{index}", spikes * random.lognormal(0.0, 0.03, minutes)))
    return [Trace(name, 0, MINUTE, values, MINUTE) for name, values in out]


def cached(folder: Path | None, traces: list[Trace], scenario: Scenario, refit: int, processes: int) -> list[Stage]:
    """``stages``, kept in a folder between runs for those who work on the policy."""
    if folder is None:
        return stages(traces, scenario, refit, processes)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{trace.name}.{scenario.value}.{refit}.{HORIZON_MINUTES}.npz" for trace in traces]
    missing = [trace for trace, path in zip(traces, paths, strict=True) if not path.exists()]
    for stage in stages(missing, scenario, refit, processes) if missing else []:
        path = folder / f"{stage.name}.{scenario.value}.{refit}.{HORIZON_MINUTES}.npz"
        np.savez(path, **{name: getattr(stage, name) for name in ("demand", "first", "unseen", "values", "usable")})
    out = []
    for trace, path in zip(traces, paths, strict=True):
        with np.load(path) as held:
            parts = {name: held[name] for name in ("demand", "unseen", "values", "usable")}
            out.append(Stage(trace.name, trace.half, trace.grain_seconds, first=int(held["first"]), **parts))
    return out
