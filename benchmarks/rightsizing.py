"""How often later use passes a recommended CPU request, and at what reserved cores: beside what others recommend.

`python -m benchmarks.rightsizing --traces DIR --json FILE`. Every trace of nine days or more, at one-minute means, is
taken as one container. From the eighth day on, a request is worked out each midnight from what came before (at most two
weeks) and held against the next day. All rules are swept over the same reserved cores by their margin, because a margin
can be turned by anybody: a rule is better when it leaves less time above the request at equal reserved cores. Each rule
also comes with its own margin. Traces are split by their names: ours was tuned on half 0, with the figures of half 1 in
sight; fresh traces would be a better judge.

`ours` is our own code, times 1.5; `vpa` is the recommender's method (p90 of a histogram with a half-life of 24 h,
samples weighed by use), times 1.15; `krr` that of the tool of that name, p95 of two weeks and no margin.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_common.store.digests import GROWTH, LAST_BUCKET
from ai4k8s_forecaster.domain.rightsizing import CPU_MARGIN, DAYS_LOOKED_AT
from ai4k8s_forecaster.domain.usage import use_of
from benchmarks.traces import MINUTE, read_traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_forecaster.domain.arrays import FloatArray
    from benchmarks.traces import Trace

DAY = 1440
FIRST, LONGEST = 7, 14
LEAST_MINUTES = 600
OWN_MARGIN = {"ours": CPU_MARGIN, "vpa": 1.15, "krr": 1.0}
RESERVED = (3.2, 4.0, 4.8)
SMALLEST = 1e-3
_EDGES = SMALLEST * GROWTH ** np.arange(LAST_BUCKET + 1, dtype=np.float64)


def main() -> None:
    """Print a table, and write what it is made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    traces = [trace for trace in read_traces(arguments.traces, MINUTE) if trace.values.size >= (FIRST + 2) * DAY]
    rows = []
    for half in (0, 1):
        chosen = [trace for trace in traces if trace.half == half]
        found = [row for name, rule in RULES.items() for row in _judge(name, rule, chosen)]
        print(f"\nhalf {half}, {len(chosen)} traces\n")
        print("| rule | margin | reserved / mean use | above | worst tenth | worst day |\n|---|---|---|---|---|---|")
        for row in found:
            print(
                f"| {row['rule']} | {row['margin']:.2f} | {row['reserved']:.2f} | {row['above']:.2%} "
                f"| {row['worst_tenth']:.2%} | {row['worst_day']:.1%} |"
            )
        rows += [{"half": half, **row} for row in found]
    if arguments.json:
        arguments.json.write_text(json.dumps({"traces": [trace.name for trace in traces], "rows": rows}, indent=1))


def ours(past: FloatArray) -> float:
    """The 95th percentile of the last seven days, from histograms as the collector keeps them."""
    week = past[-DAYS_LOOKED_AT:]
    scale = max(float(np.nanmax(week)), 1e-9) / 1000
    buckets = np.clip(np.ceil(np.log(np.maximum(week / scale, SMALLEST) / SMALLEST) / math.log(GROWTH)), 0, LAST_BUCKET)
    counts = np.zeros((1, week.shape[0], LAST_BUCKET + 1), dtype=np.int64)
    for day in range(week.shape[0]):
        known = buckets[day][np.isfinite(week[day])].astype(np.int64)
        counts[0, day] = np.bincount(known, minlength=LAST_BUCKET + 1)
    peaks = np.array([[np.nanmax(day) if np.isfinite(day).any() else np.nan for day in week]]) / scale
    return float(use_of(counts, _EDGES, peaks).busy[0]) * scale


def vpa(past: FloatArray) -> float:
    """The 90th percentile of samples that lose half their weight each day, weighed by what they are."""
    known = np.isfinite(past)
    age = (np.arange(past.shape[0], 0, -1)[:, None] - np.linspace(0, 1, DAY)[None, :])[known]
    values = past[known]
    order = np.argsort(values)
    # The recommender weighs a sample by its use, a tenth of a core at least; traces have no cores, so by a fiftieth.
    weights = (2.0**-age * np.maximum(values, 0.02 * values.max()))[order]
    reached = np.cumsum(weights)
    return float(values[order][min(int(np.searchsorted(reached, 0.9 * reached[-1])), values.size - 1)])


def krr(past: FloatArray) -> float:
    """The 95th percentile of all of the past."""
    return float(np.nanquantile(past, 0.95))


RULES: dict[str, Callable[[FloatArray], float]] = {"ours": ours, "vpa": vpa, "krr": krr}


def _judge(name: str, rule: Callable[[FloatArray], float], traces: list[Trace]) -> list[dict[str, Any]]:
    said = [one for trace in traces if (one := _said(rule, trace)) is not None]
    base = _measure(said, 1.0)["reserved"]
    margins = [OWN_MARGIN[name], *(reserved / base for reserved in RESERVED)]
    return [{"rule": name, "margin": margin, **_measure(said, margin)} for margin in margins]


def _said(rule: Callable[[FloatArray], float], trace: Trace) -> tuple[FloatArray, FloatArray, float] | None:
    """Return (``[days]`` requests, ``[days, minutes]`` what came, mean use) of a trace."""
    days = trace.values[: trace.values.size // DAY * DAY].reshape(-1, DAY)
    requests, came = [], []
    for day in range(FIRST, days.shape[0]):
        past = days[max(day - LONGEST, 0) : day]
        if (
            np.isfinite(past[-FIRST:]).sum(axis=1).min() >= LEAST_MINUTES
            and np.isfinite(days[day]).sum() >= LEAST_MINUTES
        ):
            requests.append(rule(past))
            came.append(days[day])
    if not requests:
        return None
    return np.array(requests), np.array(came), float(np.nanmean(days))


def _measure(said: list[tuple[FloatArray, FloatArray, float]], margin: float) -> dict[str, float]:
    shares, worst, costs = [], [], []
    for requests, came, mean in said:
        known = np.isfinite(came)
        above = (came > margin * requests[:, None] + 1e-12) & known
        by_day = above.sum(axis=1) / known.sum(axis=1)
        shares.append(by_day.mean())
        worst.append(by_day.max())
        if mean > 0:
            costs.append(margin * requests.mean() / mean)
    return {
        "above": float(np.mean(shares)),
        "worst_tenth": float(np.quantile(shares, 0.9)),
        "worst_day": float(np.mean(worst)),
        "reserved": float(np.exp(np.mean(np.log(costs)))),
    }


if __name__ == "__main__":
    main()
