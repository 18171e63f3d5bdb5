"""Do we see what people called an anomaly, how soon, and how often do we cry wolf? Beside what others would use.

    python -m benchmarks.anomalies --traces DIR [--labels FILE] [--json FILE] [--without-speed]

Labels: `{trace: [[begin, end], ...]}`, by default `anomaly_windows.json` in the folder. Every method sees the traces
bin by bin, five minutes each, is silent for the first day, and has its alarms joined by the same rule: what
is less than an hour apart is one incident. An incident that *begins* within a window finds that window; one that begins
in none is false. Precision = windows found / (windows found + false incidents), recall = windows found / windows.

z-score and Isolation Forest come twice: with the settings of the text books, and with whatever threshold gives them
the best F1 on these very labels at no more than one false incident per series and week. The second is how good they
could be for somebody who knew the future; ours has no such help.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ai4k8s_forecaster.domain.alarms import CALM_BINS, HALF_LIFE_DAYS, alarms
from ai4k8s_forecaster.domain.forest import fit_forest
from ai4k8s_forecaster.domain.watch import begin_watch, follow, joint_features, past_features, scan, scores_of
from benchmarks.traces import FIVE_MINUTES, Trace, read_traces

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.forest import PooledForest
    from ai4k8s_forecaster.domain.watch import Scan, Watch

DAY, WEEK = 288, 2016
SILENT_BINS = DAY
MOST_FALSE_PER_WEEK = 1.0
#: History kept by the replay: what the product reads.
KEPT = 14 * DAY
Windows = list[tuple[int, int]]


@dataclass(frozen=True)
class Result:
    """One method on all labelled traces."""

    method: str
    found: int
    windows: int
    false: int
    series_weeks: float
    delay_minutes: float | None

    @property
    def precision(self) -> float:
        """Share of what was told that was right."""
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        """Share of the windows that was found."""
        return self.found / max(self.windows, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def row(self) -> dict[str, Any]:
        """For the table and the JSON."""
        return {
            "method": self.method,
            "f1": round(self.f1, 3),
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
            "found": self.found,
            "windows": self.windows,
            "false_per_series_week": round(self.false / self.series_weeks, 2),
            "mean_delay_minutes": None if self.delay_minutes is None else round(self.delay_minutes),
        }


def incidents(hot: BoolArray) -> Windows:
    """First and last bin of each run of alarms, those less than an hour apart joined."""
    at = np.flatnonzero(hot)
    if not at.size:
        return []
    cuts = np.flatnonzero(np.diff(at) > CALM_BINS)
    return list(zip(at[np.r_[0, cuts + 1]].tolist(), at[np.r_[cuts, at.size - 1]].tolist(), strict=True))


def judge(method: str, told: dict[str, Windows], labels: dict[str, Windows], weeks: float) -> Result:
    """Compare incidents with windows."""
    found, false, delays = 0, 0, []
    for name, windows in labels.items():
        begins = [begin for begin, _ in told[name]]
        for first, last in windows:
            inside = [begin for begin in begins if first <= begin <= last]
            found += bool(inside)
            delays += [5.0 * (inside[0] - first)] if inside else []
        false += sum(not any(first <= begin <= last for first, last in windows) for begin in begins)
    total = sum(map(len, labels.values()))
    return Result(method, found, total, false, weeks, float(np.mean(delays)) if delays else None)


def replay(traces: list[Trace]) -> dict[str, FloatArray]:
    """Our alarms, bin by bin, all traces as the workloads of one cluster: ``{name: [bins] 1 where alarmed}``."""
    size = max(trace.values.size for trace in traces)
    values = np.full((len(traces), size), np.nan)
    for row, trace in enumerate(traces):
        values[row, : trace.values.size] = trace.values
    hot = np.zeros(values.shape, np.bool_)
    recent, quiet = np.zeros(len(traces)), np.full(len(traces), CALM_BINS + 1)
    watch = begin_watch(values[:, :SILENT_BINS], SILENT_BINS - 1, 0.0)
    forest: PooledForest | None = None
    for now in range(SILENT_BINS, size):
        past = values[:, max(now + 1 - KEPT, 0) : now + 1]
        if now % DAY == 0:
            forest = _forest(watch, past[:, :-1], now)
        seen = scan(watch, past)
        going_on = quiet <= CALM_BINS
        told = alarms(scores_of([seen], [np.ones(seen.ratio.shape)], forest), recent, going_on)
        recent = recent * 0.5 ** (1 / (HALF_LIFE_DAYS * DAY)) + (told & ~going_on)
        quiet = np.where(told, 0, quiet + 1)
        hot[:, now] = told
        follow(watch, seen, past, now)
    return {trace.name: hot[row, : trace.values.size].astype(np.float64) for row, trace in enumerate(traces)}


def _forest(watch: Watch, past: FloatArray, seed: int) -> PooledForest | None:
    features = joint_features([past_features(watch, past)])
    return fit_forest(features.reshape(-1, features.shape[-1]), seed)


def z_score(values: FloatArray) -> FloatArray:
    """Distance from the mean of all that came before, in standard deviations."""
    known = np.isfinite(values)
    count = np.cumsum(known)
    mean = np.cumsum(np.where(known, values, 0.0)) / np.maximum(count, 1)
    square = np.cumsum(np.where(known, values**2, 0.0)) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return np.asarray(np.abs(values - np.r_[np.nan, mean[:-1]]) / (np.r_[np.nan, spread[:-1]] + 1e-9))


def z_score_of_day(values: FloatArray) -> FloatArray:
    """The same with the last 24 hours only."""
    past = sliding_window_view(np.r_[np.full(DAY, np.nan), values], DAY)[:-1]
    with np.errstate(all="ignore"):
        count = np.isfinite(past).sum(axis=1)
        mean = np.where(count > 0, np.nansum(past, axis=1) / np.maximum(count, 1), np.nan)
        spread = np.sqrt(np.nansum((past - mean[:, None]) ** 2, axis=1) / np.maximum(count, 1))
    return np.asarray(np.abs(values - mean) / (spread + 1e-9))


def isolation_forest(values: FloatArray) -> FloatArray:
    """A forest of its own on each series' last week of values, fitted anew every six hours."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415

    scores = np.full(values.size, np.nan)
    for begin in range(DAY, values.size, 72):
        past, now = values[max(begin - WEEK, 0) : begin], values[begin : begin + 72]
        known = np.isfinite(now)
        if known.any() and np.isfinite(past).sum() >= 20:
            model = IsolationForest(random_state=0).fit(past[np.isfinite(past)][:, None])
            scores[begin : begin + 72][known] = -model.score_samples(now[known][:, None])
    return scores


def random_scores(values: FloatArray, seed: int) -> FloatArray:
    """Any bin as likely as any other."""
    return np.random.default_rng(seed).random(values.size)


def at_threshold(scores: dict[str, FloatArray], threshold: float) -> dict[str, Windows]:
    """Incidents of a score above a threshold, after the silence."""
    told = {}
    for name, score in scores.items():
        hot = np.nan_to_num(score, nan=-np.inf, posinf=np.finfo(np.float64).max) >= threshold
        hot[:SILENT_BINS] = False
        told[name] = incidents(hot)
    return told


def at_best(method: str, scores: dict[str, FloatArray], labels: dict[str, Windows], weeks: float) -> Result:
    """The threshold with the best F1 on these labels among those that are not false too often."""
    every = np.concatenate([score[SILENT_BINS:] for score in scores.values()])
    every = every[np.isfinite(every)]
    tried = np.unique(np.quantile(every, 1 - np.geomspace(1e-4, 0.1, 80)))
    results = [judge(method, at_threshold(scores, threshold), labels, weeks) for threshold in tried]
    allowed = [one for one in results if one.false / weeks <= MOST_FALSE_PER_WEEK]
    return max(allowed or results[-1:], key=lambda one: one.f1)


def read_labels(path: Path, traces: list[Trace]) -> dict[str, Windows]:
    """Windows as indices of bins, of the traces that have labels; what ends in the silence is left out."""
    told = json.loads(path.read_text())
    labels = {}
    for trace in traces:
        if trace.name in told:
            windows = [
                (_bin(first) - trace.first_bin, _bin(last) - trace.first_bin) for first, last in told[trace.name]
            ]
            labels[trace.name] = [(first, last) for first, last in windows if last >= SILENT_BINS]
    return labels


def _bin(moment: str) -> int:
    parsed = datetime.fromisoformat(moment)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() // FIVE_MINUTES)


def compare(traces: list[Trace], labels: dict[str, Windows]) -> tuple[list[Result], dict[str, Windows]]:
    """Every method on the labelled traces; and our incidents."""
    labelled = [trace for trace in traces if trace.name in labels]
    weeks = sum(max(int(np.isfinite(trace.values[SILENT_BINS:]).sum()), 0) for trace in labelled) / WEEK
    ours = at_threshold(replay(labelled), 0.5)
    results = [judge("ours", ours, labels, weeks)]
    z = {trace.name: z_score(trace.values) for trace in labelled}
    z_day = {trace.name: z_score_of_day(trace.values) for trace in labelled}
    forest = {trace.name: isolation_forest(trace.values) for trace in labelled}
    results += [
        judge("z-score > 3", at_threshold(z, 3.0), labels, weeks),
        judge("z-score of the last day > 3", at_threshold(z_day, 3.0), labels, weeks),
        judge("Isolation Forest, score > 0.6", at_threshold(forest, 0.6), labels, weeks),
        at_best("z-score, best threshold in hindsight", z, labels, weeks),
        at_best("z-score of the last day, best threshold in hindsight", z_day, labels, weeks),
        at_best("Isolation Forest, best threshold in hindsight", forest, labels, weeks),
        _random(labelled, ours, labels, weeks),
    ]
    return results, ours


def _random(traces: list[Trace], ours: dict[str, Windows], labels: dict[str, Windows], weeks: float) -> Result:
    """As many incidents as ours, anywhere; the median of a hundred draws."""
    count = sum(map(len, ours.values()))
    results = []
    for seed in range(100):
        scores = {trace.name: random_scores(trace.values, seed * 1000 + row) for row, trace in enumerate(traces)}
        every = np.sort(np.concatenate([score[SILENT_BINS:] for score in scores.values()]))
        results.append(judge("random, as often as ours", at_threshold(scores, every[-count]), labels, weeks))
    return sorted(results, key=lambda one: one.f1)[len(results) // 2]


def unlabelled(traces: list[Trace], labels: dict[str, Windows]) -> dict[str, Any]:
    """How often we speak on traces of which nobody says what is an anomaly: an upper bound of false alarms."""
    others = [trace for trace in traces if trace.name not in labels and trace.values.size > 2 * DAY]
    told = at_threshold(replay(others), 0.5)
    weeks = sum(int(np.isfinite(trace.values[SILENT_BINS:]).sum()) for trace in others) / WEEK
    return {"series": len(others), "incidents_per_series_week": round(sum(map(len, told.values())) / weeks, 2)}


def speed(series: int, metrics: int) -> dict[str, Any]:
    """Milliseconds of one analysis of a cluster with two weeks of history."""
    rng = np.random.default_rng(1)
    daily = 100 + 50 * np.sin(np.arange(KEPT) * 2 * np.pi / DAY)
    values = [daily + rng.normal(0, 5, (series, KEPT)) for _ in range(metrics)]
    began = time.perf_counter()
    watches = [begin_watch(one, KEPT - 1, 0.0) for one in values]
    features = joint_features([past_features(watch, one) for watch, one in zip(watches, values, strict=True)])
    forest = fit_forest(features.reshape(-1, features.shape[-1]), 1)
    first = time.perf_counter() - began
    cycles = []
    for step in range(7):
        for one in values:
            one[:, :-1] = one[:, 1:]
            one[:, -1] = daily[step] + rng.normal(0, 5, series)
            one[::200, -1] *= 5
        began = time.perf_counter()
        scans = [scan(watch, one) for watch, one in zip(watches, values, strict=True)]
        alarms(_scored(scans, forest), np.zeros(series), np.zeros(series, np.bool_))
        for watch, seen, one in zip(watches, scans, values, strict=True):
            follow(watch, seen, one, KEPT + step)
        cycles.append(time.perf_counter() - began)
    return {
        "series": series,
        "metrics": metrics,
        "first_look_seconds": round(first, 2),
        "cycle_milliseconds": round(1000 * float(np.median(cycles)), 1),
        "slowest_cycle_milliseconds": round(1000 * max(cycles), 1),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _scored(scans: list[Scan], forest: PooledForest | None) -> FloatArray:
    return scores_of(scans, [np.ones(each.ratio.shape) for each in scans], forest)


def main() -> None:
    """Print the tables, and write the JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--traces", type=Path, required=True)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--without-speed", action="store_true")
    asked = parser.parse_args()
    traces = read_traces(asked.traces, FIVE_MINUTES)
    labels = read_labels(asked.labels or asked.traces / "anomaly_windows.json", traces)
    if not labels:
        raise SystemExit("no trace in the folder has labels")
    results, ours = compare(traces, labels)
    for result in results:
        row = result.row()
        print(
            f"{row['method']:54} F1 {row['f1']:.3f}  precision {row['precision']:.2f}  recall {row['recall']:.2f}  "
            f"false/series/week {row['false_per_series_week']:5.2f}  delay {row['mean_delay_minutes']} min"
        )
    report: dict[str, Any] = {"methods": [result.row() for result in results], "incidents": ours, "labels": labels}
    best = max(result.f1 for result in results[1:7])
    report["f1_against_the_best_other"] = round(results[0].f1 / max(best, 1e-9), 2)
    report["unlabelled"] = unlabelled(traces, labels)
    print(f"F1 against the best of z-score and Isolation Forest: {report['f1_against_the_best_other']}x")
    print(f"traces without labels: {report['unlabelled']}")
    if not asked.without_speed:
        report["speed"] = [speed(50, 2), speed(10_000, 1)]
        for figures in report["speed"]:
            print(figures)
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
