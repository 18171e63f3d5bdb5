"""Does a workload get its pods before a recurring rise, and for how many pod-minutes?

    python -m benchmarks.rise --traces DIR [--files a,b] --json FILE

Each trace is scaled and placed exactly as the simulated cluster does it, and its past is what a back-fill would bring:
usage of the pods that a reactive autoscaler kept, as a two-minute rate. From 75 minutes before the rise the workload is
replayed in 15 s ticks: once under forecaster and scaler, called exactly as the services call them, and once under HPA
at every target from 30 to 90 %. Pods are ready after 20 to 90 s, limits are 150 % of requests, metrics are 15 to 45 s
old. 'HPA' in the table is the cheapest target whose violations are no more than ours on the same stretch.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.window_maximum import WindowModel, fit_window_model, horizon_minutes, predict_window
from ai4k8s_scaler.domain.budget import START_PRICE
from ai4k8s_scaler.domain.hpa import HpaSpec
from ai4k8s_scaler.domain.policy import Foresight, Limits, Observed, PolicyMemory, decide
from ai4k8s_scaler.domain.price import QuantileFunction
from ai4k8s_scaler.domain.replay import TICK_SECONDS, Outcome, View, hpa_controller, replay
from ai4k8s_simcluster.load.demand import TraceDemand
from ai4k8s_simcluster.load.placing import HISTORY_DAYS, Recurrence, choose_scale, find_rise
from ai4k8s_simcluster.load.traces import read_trace
from ai4k8s_simcluster.load.workload import LIMIT_CORES, REQUEST_CORES
from ai4k8s_simcluster.prom.history import past_replicas

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_simcluster.load.placing import Rise

MINUTE = 60
DAY_MINUTES = 1440
TICKS_A_MINUTE = MINUTE // TICK_SECONDS
LEAD_IN_MINUTES = 75
RISE_BEFORE_MINUTES = 10
RISE_AFTER_MINUTES = 20
HOUR_MINUTES = 60
STARTUP_SECONDS = (35.0, 62.0, 20.0, 48.0, 90.0, 27.0, 71.0, 55.0)
STARTUP_P95_SECONDS = 90.0
TARGETS = tuple(range(30, 95, 5))
MIN_REPLICAS, MAX_REPLICAS = 1, 15
MATRIX_MINUTES = 8 * DAY_MINUTES


@dataclass(frozen=True)
class Comparison:
    """Ours against the cheapest HPA that is short no more often, on one stretch."""

    short_share: float
    pod_minutes: float
    hpa_target_percent: int | None
    hpa_short_share: float
    hpa_pod_minutes: float
    ratio: float | None


@dataclass(frozen=True)
class Row:
    """One trace."""

    trace: str
    recurs: str
    before_pods: float
    after_pods: float
    history_days: float
    skill: float
    lead_seconds: float | None
    rose_before: bool
    rise: Comparison
    hour: Comparison


class Predictive:
    """Forecaster and scaler as the services call them, seeing only what the collector would have stored."""

    def __init__(self, history: FloatArray, first_tick_minute: int, limits: Limits, price: float) -> None:
        self.minutes = np.concatenate([history, np.full(LEAD_IN_MINUTES + 2 * HOUR_MINUTES, np.nan)])
        self.history_size = history.size
        self.sums = np.zeros(self.minutes.size)
        self.counts = np.zeros(self.minutes.size)
        self.first_minute = first_tick_minute
        self.limits = limits
        self.horizon = horizon_minutes(STARTUP_P95_SECONDS)
        self.memory = PolicyMemory(price)
        self.model: WindowModel | None = None

    def __call__(self, view: View) -> int:
        """One cycle: store the sample, foresee, decide."""
        index = self.history_size + view.tick // TICKS_A_MINUTE
        self.sums[index] += view.usage.total_millicores
        self.counts[index] += 1
        self.minutes[index] = self.sums[index] / self.counts[index]
        minute = self.first_minute + view.tick // TICKS_A_MINUTE
        window = self.minutes[max(0, index + 1 - MATRIX_MINUTES) : index + 1][None]
        if self.model is None:
            self.model = fit_window_model(self.minutes[: index + 1][None], minute, self.horizon)
        forecast = predict_window(self.model, window, minute)
        demand = None
        if forecast.usable[0]:
            demand = QuantileFunction(tuple(forecast.levels.tolist()), tuple(forecast.values[0].tolist()))
        now = datetime.fromtimestamp(self.first_minute * MINUTE + view.tick * TICK_SECONDS, tz=UTC)
        decision = decide(
            Observed(view.usage, view.current, view.ready, metrics_age_seconds=30.0),
            Foresight(demand, self.horizon * MINUTE, detail="no skill over naive"),
            self.limits,
            self.memory,
            now,
        )
        self.memory = decision.memory
        return decision.to_replicas


def measured_past(source: TraceDemand, until: float) -> FloatArray:
    """A minute's usage in pods, as a back-fill from Prometheus brings it: of the pods of that time, as a 2-minute rate.

    Demand that was capped by too few pods is not known afterwards, and a rate shows a step up to two minutes late.
    Replays that hand the true demand to a forecaster flatter it.
    """
    times = np.arange(max(source.begins_at, until - HISTORY_DAYS * 86_400.0), until, 30.0)
    demand = source.at(times)
    kept = past_replicas(demand, MIN_REPLICAS, MAX_REPLICAS)
    usage = np.minimum(demand / kept, LIMIT_CORES) * kept / REQUEST_CORES
    window = np.stack([np.concatenate([np.full(back, np.nan), usage[: usage.size - back]]) for back in range(4)])
    known = np.isfinite(window).sum(axis=0)
    rate = np.where(known >= 2, np.nansum(window, axis=0) / np.maximum(known, 1), np.nan)
    per_minute: FloatArray = rate[1::2][-int((until - times[0]) // MINUTE) :]
    return per_minute


def run_trace(name: str, source: TraceDemand, rise: Rise, options: argparse.Namespace) -> Row:
    """Replay one rise under us and under HPA."""
    target_percent = int(options.target)
    onset_at = math.floor(rise.at / MINUTE) * MINUTE
    start = onset_at - LEAD_IN_MINUTES * MINUTE
    history = measured_past(source, start)
    ticks = np.arange(float((LEAD_IN_MINUTES + HOUR_MINUTES + 10) * TICKS_A_MINUTE))
    demand = np.nan_to_num(source.at(start + ticks * TICK_SECONDS)) / REQUEST_CORES
    limits = Limits(MIN_REPLICAS, MAX_REPLICAS, target_percent=target_percent)
    ours = Predictive(history, int(start // MINUTE), limits, options.price)
    first = min(max(MIN_REPLICAS, math.ceil(demand[0] / (target_percent / 100))), MAX_REPLICAS)
    outcome = replay(demand, ours, start_replicas=first, startup_seconds=STARTUP_SECONDS)
    hpas = {}
    for target in TARGETS:
        spec = HpaSpec(target, MIN_REPLICAS, MAX_REPLICAS)
        begin = min(max(MIN_REPLICAS, math.ceil(demand[0] / (target / 100))), MAX_REPLICAS)
        controller = hpa_controller(spec)
        hpas[target] = replay(demand, controller, start_replicas=begin, startup_seconds=STARTUP_SECONDS)
    onset = LEAD_IN_MINUTES * TICKS_A_MINUTE
    near = slice(onset - RISE_BEFORE_MINUTES * TICKS_A_MINUTE, onset + RISE_AFTER_MINUTES * TICKS_A_MINUTE)
    wide = slice(onset - HOUR_MINUTES * TICKS_A_MINUTE, onset + HOUR_MINUTES * TICKS_A_MINUTE)
    lead = _lead_seconds(demand, outcome, onset)
    return Row(
        trace=name,
        recurs=rise.recurrence.value,
        before_pods=round(rise.before * source.cores_per_unit / REQUEST_CORES, 2),
        after_pods=round(rise.after * source.cores_per_unit / REQUEST_CORES, 2),
        history_days=round(history.size / DAY_MINUTES, 1),
        skill=round(float(ours.model.skill[0]), 2) if ours.model else 0.0,
        lead_seconds=lead,
        rose_before=lead is not None and lead > 0,
        rise=_compared(demand, outcome, hpas, near),
        hour=_compared(demand, outcome, hpas, wide),
    )


def _compared(demand: FloatArray, ours: Outcome, hpas: dict[int, Outcome], part: slice) -> Comparison:
    short, minutes = ours.short(demand, part), ours.pod_minutes(part)
    allowed = {
        target: outcome.pod_minutes(part)
        for target, outcome in hpas.items()
        if outcome.short(demand, part) <= short + 1e-9
    }
    if not allowed:
        best = min(hpas, key=lambda target: hpas[target].short(demand, part))
        return Comparison(short, minutes, None, hpas[best].short(demand, part), hpas[best].pod_minutes(part), None)
    target = min(allowed, key=lambda option: allowed[option])
    return Comparison(
        short,
        minutes,
        target,
        hpas[target].short(demand, part),
        allowed[target],
        round(minutes / allowed[target], 3),
    )


def _lead_seconds(demand: FloatArray, ours: Outcome, onset: int) -> float | None:
    """Seconds by which ready pods were half way up before demand was; None when no pod had to be added."""
    before, after = onset - RISE_BEFORE_MINUTES * TICKS_A_MINUTE, onset + 10 * TICKS_A_MINUTE
    low, high = float(demand[onset - TICKS_A_MINUTE]), float(demand[onset:after].max())
    ready_low, ready_high = (
        int(ours.ready[before : onset - TICKS_A_MINUTE].min()),
        int(ours.ready[before:after].max()),
    )
    if ready_high <= ready_low:
        return None
    demand_half = onset + int(np.argmax(demand[onset:after] >= 0.5 * (low + high)))
    ready_half = before + int(np.argmax(ours.ready[before:after] >= 0.5 * (ready_low + ready_high)))
    return float((demand_half - ready_half) * TICK_SECONDS)


def _line(row: Row) -> str:
    lead = "-" if row.lead_seconds is None else f"{row.lead_seconds:+.0f}"
    size = f"{row.before_pods:6.2f} {row.after_pods:5.2f}"
    cells = [f"{row.trace[:30]:30s} {row.recurs:6s} {size} {row.history_days:5.1f} {row.skill:5.2f} {lead:>6s}"]
    for part in (row.rise, row.hour):
        target = "none" if part.hpa_target_percent is None else f"{part.hpa_target_percent} %"
        ratio = "unmet" if part.ratio is None else f"{part.ratio:.2f}"
        figures = f"{100 * part.short_share:5.1f} {part.pod_minutes:7.0f} {part.hpa_pod_minutes:7.0f}"
        cells.append(f"{figures} {target:>5s} {ratio:>6s}")
    return " | ".join(cells)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, required=True)
    parser.add_argument("--files", help="comma-separated file names; all otherwise")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--price", type=float, default=START_PRICE, help="price of risk, in pods, not yet adapted")
    parser.add_argument("--target", type=int, default=80, help="target utilisation of our own reactive part, percent")
    arguments = parser.parse_args()
    names = arguments.files.split(",") if arguments.files else sorted(p.name for p in arguments.traces.glob("*.csv*"))
    head = f"{'trace':30s} {'recurs':6s} {'before':>6s} {'after':>5s} {'days':>5s} {'skill':>5s} {'lead s':>6s}"
    part = f"{'short':>5s} {'ours':>7s} {'HPA':>7s} {'at':>5s} {'ratio':>6s}"
    print(f"{head} | {part} | {part}\n{'':71s}| {'-10 to +20 min':34s} | -60 to +60 min")
    rows = []
    for name in names:
        trace = read_trace(arguments.traces / name)
        rise = find_rise(trace)
        source = TraceDemand(trace, 0.0, choose_scale(trace, rise, REQUEST_CORES))
        rows.append(run_trace(name.removesuffix(".gz").removesuffix(".csv"), source, rise, arguments))
        print(_line(rows[-1]), flush=True)
    recurring = [row for row in rows if row.recurs != Recurrence.NONE.value]
    print(f"recurring rises\n{_summary(recurring)}\nall\n{_summary(rows)}")
    arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def _summary(rows: list[Row]) -> str:
    lines = []
    for name in ("rise", "hour"):
        parts: list[Comparison] = [getattr(row, name) for row in rows]
        won = sum(part.ratio is None or part.ratio <= 1.0 for part in parts)
        ratios = [part.ratio for part in parts if part.ratio is not None]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")
        unmet = sum(part.ratio is None for part in parts)
        short = sum(part.short_share for part in parts) / max(len(parts), 1)
        lines.append(
            f"{name}: at most HPA's pod-minutes on {won} of {len(parts)} ({unmet} where no HPA target is short so"
            f" seldom); "
            f"geometric mean ratio of the others {mean:.3f}; short {100 * short:.2f} % of the time"
        )
    led = sum(row.rose_before for row in rows)
    return "\n".join([*lines, f"rose before demand: {led} of {len(rows)}"])


if __name__ == "__main__":
    main()
