"""How good, how honest and how fast are the forecasts, beside what people would otherwise use?

    python -m benchmarks.forecast --traces DIR [--json FILE] [--only a,b] [--without-classics]

Split, origins and masks follow from the names of the traces (`benchmarks/traces.py`). Every method sees the same
histories. `rel` is the geometric mean over traces of the mean absolute error relative to the daily seasonal
naive forecast. The
JSON holds every quantile that was forecast and what came, so that each figure can be computed again.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.methods import PointMethod, method, names
from ai4k8s_forecaster.domain.methods.naive import last_value, seasonal_naive
from ai4k8s_forecaster.domain.path import PATH_LEVELS, STEPS, forecast_path
from ai4k8s_forecaster.domain.status import HistoryState, Status
from ai4k8s_forecaster.domain.window_maximum import LEVELS, fit_window_model, predict_window
from benchmarks.traces import FIVE_MINUTES, MINUTE, Trace, origins, read_traces, window

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

DAY = 288
DAY_MINUTES = 1440
ORIGINS, CLASSIC_ORIGINS = 40, 3
READY = HistoryState(Status.READY, "", 336.0)
MEDIAN = int(np.searchsorted(PATH_LEVELS, 0.5))
INTERVALS = {50: (2, 4), 80: (1, 5), 95: (0, 6)}
WINDOW_MINUTES, WINDOW_FITS, WINDOW_EVERY = 15, 4, 15
UPPER = int(np.argmin(np.abs(LEVELS - 0.95)))
SHIFT_UNITS = 3.0
CHEAP = ("last-value", "seasonal-naive", "linear-seasonal")
#: Where statsforecast or Prophet are installed they take part:
#: `.venv/bin/uv pip install --no-deps statsforecast coreforecast utilsforecast narwhals`.
CLASSICS = [name for name in ("holt-winters", "stl", "auto-ets", "mstl", "theta", "prophet") if name in names()]
SPEED_SERIES, SPEED_POINTS = 10_000, 2016


@dataclass(frozen=True)
class Task:
    """Histories and what came after them."""

    history: FloatArray
    actual: FloatArray
    trace: IntArray
    origin: IntArray
    names: tuple[str, ...]

    def part(self, rows: IntArray | BoolArray) -> Task:
        """Some of the rows."""
        return Task(self.history[rows], self.actual[rows], self.trace[rows], self.origin[rows], self.names)

    def errors(self, point: FloatArray) -> dict[str, float]:
        """Mean absolute error by trace."""
        error = np.nanmean(np.abs(point - self.actual), axis=1)
        return {self.names[index]: float(error[self.trace == index].mean()) for index in np.unique(self.trace)}


def point(name: str) -> Callable[[FloatArray, int], FloatArray]:
    """Just the points of a method: its intervals would cost it more fits than it needs here."""
    found = method(name)
    assert isinstance(found, PointMethod)
    return found.point


def task(traces: list[Trace], history_days: int, least_days: float) -> Task:
    """The same moments for everybody."""
    rows, actual, number, moments = [], [], [], []
    for index, trace in enumerate(traces):
        for origin in origins(trace, int(least_days * DAY), STEPS, ORIGINS):
            past, future = window(trace, origin, history_days * DAY), trace.values[origin : origin + STEPS]
            if np.isfinite(future).mean() > 0.5 and np.isfinite(past[-DAY:]).mean() > 0.7:
                rows.append(past)
                actual.append(future)
                number.append(index)
                moments.append(origin)
    names = tuple(trace.name for trace in traces)
    return Task(np.array(rows), np.array(actual), np.array(number), np.array(moments), names)


def relative(errors: dict[str, float], naive: dict[str, float]) -> float:
    """Geometric mean over traces; those that naive foresees without error are left out."""
    ratios = [max(errors[name], 1e-12) / naive[name] for name in errors if naive[name] > 0]
    return float(np.exp(np.mean(np.log(ratios))))


def ours(histories: FloatArray, deployed_hours_ago: FloatArray | None = None) -> FloatArray:
    """``[series, levels, steps]``."""
    return forecast_path(histories, [READY] * len(histories), deployed_hours_ago).values


def accuracy(given: Task) -> tuple[dict[str, Any], list[dict[str, Any]], FloatArray]:
    """Figures over all traces, a row per trace, and the quantiles."""
    values = ours(given.history)
    naive = given.errors(seasonal_naive(given.history, STEPS))
    by_method = {"ours": given.errors(values[:, MEDIAN])}
    by_method |= {name: given.errors(point(name)(given.history, STEPS)) for name in CHEAP}
    inside = {share: _coverage(given, values, *bounds) for share, bounds in INTERVALS.items()}
    rows: list[dict[str, Any]] = []
    for name, error in by_method["ours"].items():
        better = min(naive[name], by_method["last-value"][name])
        row = {"trace": name, "rel": _ratio(error, naive[name]), "against the better naive": _ratio(error, better)}
        rows.append(row | {f"inside {share} %": covered[name] for share, covered in inside.items()})
    summary: dict[str, Any] = {f"rel: {name}": relative(errors, naive) for name, errors in by_method.items()}
    summary["worst against the better naive"] = max(
        (row["against the better naive"] or 0.0, row["trace"]) for row in rows
    )
    for share, covered in inside.items():
        shares = np.array(list(covered.values()))
        summary[f"coverage of {share} %"] = float(shares.mean())
        summary[f"traces with at least {share - 5} % inside {share} %"] = float((shares >= (share - 5) / 100).mean())
    return summary, rows, values


def _ratio(error: float, naive: float) -> float | None:
    return error / naive if naive > 0 else None


def _coverage(given: Task, values: FloatArray, low: int, high: int) -> dict[str, float]:
    held = (given.actual >= values[:, low]) & (given.actual <= values[:, high])
    share = np.where(np.isfinite(given.actual), held, np.nan)
    mean = np.nanmean(share, axis=1)
    return {given.names[index]: float(mean[given.trace == index].mean()) for index in np.unique(given.trace)}


def classics(given: Task) -> dict[str, Any]:
    """Error and CPU relative to the classics, on a few origins of each trace with a week before them."""
    enough = np.isfinite(given.history[:, -7 * DAY :]).mean(axis=1) > 0.9
    chosen = []
    for index in np.unique(given.trace):
        rows = np.flatnonzero((given.trace == index) & enough)
        chosen += list(rows[:: max(len(rows) // CLASSIC_ORIGINS, 1)][:CLASSIC_ORIGINS])
    few = given.part(np.array(chosen))
    naive = few.errors(seasonal_naive(few.history, STEPS))
    started = time.process_time()
    errors = few.errors(ours(few.history)[:, MEDIAN])
    spent = time.process_time() - started
    out: dict[str, Any] = {
        "rows": len(chosen),
        "ours": {"rel": relative(errors, naive), "CPU s a series": spent / len(chosen)},
    }
    for name in CLASSICS:
        started = time.process_time()
        theirs = few.errors(point(name)(few.history, STEPS))
        cost = time.process_time() - started
        out[name] = {
            "rel": relative(theirs, naive),
            "CPU s a series": cost / len(chosen),
            "our error relative to it": relative(errors, theirs),
            "its CPU relative to ours": cost / spent,
        }
    return out


def level_shift(given: Task) -> dict[str, float]:
    """Error against the last value after a step of three scale units (mean difference of two days), by its age."""
    whole = given.part(np.isfinite(given.history[:, -10 * DAY :]).mean(axis=1) > 0.95)
    scale = np.nanmean(np.abs(whole.history[:, -6 * DAY :] - whole.history[:, -7 * DAY : -DAY]), axis=1)
    moving = whole.part(scale > 1e-6)
    step = SHIFT_UNITS * scale[scale > 1e-6, None]
    out = {}
    for name, hours, marked in (("3 h", 3, False), ("12 h", 12, False), ("1 h with a deploy marker", 1, True)):
        history = moving.history.copy()
        history[:, -12 * hours :] += step
        deployed = np.full(len(history), float(hours)) if marked else None
        error = np.nanmean(np.abs(ours(history, deployed)[:, MEDIAN] - moving.actual - step), axis=1)
        naive = np.nanmean(np.abs(last_value(history, STEPS) - moving.actual - step), axis=1)
        out[name] = float((error / step[:, 0]).mean() / (naive / step[:, 0]).mean())
    return out


def window_maximum(traces: list[Trace]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Coverage of the upper .95 of the next 15 minutes' maximum, on traces of 1-minute grain or finer."""
    rows = []
    for trace in traces:
        covered: list[bool] = []
        for fit in origins(trace, 3 * DAY_MINUTES, 360 + WINDOW_MINUTES, 2 * WINDOW_FITS)[::2]:
            covered += _window_coverage(trace, int(fit))
        if covered:
            rows.append({"trace": trace.name, "covered": float(np.mean(covered)), "judged": len(covered)})
    shares = np.array([row["covered"] for row in rows])
    summary = {"coverage": float(shares.mean()), "traces with at least 90 %": float((shares >= 0.9).mean())}
    return summary, rows


def _window_coverage(trace: Trace, fit: int) -> list[bool]:
    history = window(trace, fit, 9 * DAY_MINUTES)
    request = np.nanquantile(history, 0.99) / 8
    if not np.isfinite(request) or request <= 0:
        return []
    last = trace.first_bin + fit - 1
    model = fit_window_model(history[None] / request, last, WINDOW_MINUTES)
    covered = []
    for ahead in range(0, 360, WINDOW_EVERY):
        future = trace.values[fit + ahead : fit + ahead + WINDOW_MINUTES]
        known = window(trace, fit + ahead, 8 * DAY_MINUTES + ahead)
        if np.isfinite(future).mean() < 0.8 or not np.isfinite(known[-1]):
            continue
        upper = predict_window(model, known[None] / request, last + ahead).values[0, UPPER] * request
        covered.append(bool(np.nanmax(future) <= upper))
    return covered


def speed() -> dict[str, float]:
    """Point and intervals for 10,000 series of a week, generated, in one batch."""
    rng = np.random.default_rng(0)
    steps = np.arange(SPEED_POINTS)
    course = 2 + np.sin(2 * np.pi * steps / DAY)
    demand = rng.gamma(9, 1 / 9, (SPEED_SERIES, SPEED_POINTS)) * course * rng.uniform(1, 50, (SPEED_SERIES, 1))
    started = time.process_time()
    ours(demand)
    spent = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"series a CPU second": SPEED_SERIES / spent, "peak RSS MiB of the whole run": peak}


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """A table."""
    print(f"\n{title}")
    if rows:
        print("  ".join(f"{key:>12.24}" if index else f"{key:<42}" for index, key in enumerate(rows[0])))
    for row in rows:
        print("  ".join(_cell(value, index) for index, value in enumerate(row.values())))


def _cell(value: object, index: int) -> str:
    if index == 0:
        return f"{value!s:<42}"
    return f"{value:>12.3f}" if isinstance(value, float) else f"{value!s:>12}"


def show_summary(title: str, summary: dict[str, Any]) -> None:
    """Names and numbers."""
    print(f"\n{title}")
    for name, value in summary.items():
        print(f"  {name:<48} {value:.3f}" if isinstance(value, float) else f"  {name:<48} {value}")


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, required=True, help="folder of .csv or .csv.gz with `timestamp,value`")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="names of traces, separated by commas")
    parser.add_argument("--without-classics", action="store_true", help="they take minutes")
    options = parser.parse_args()
    only = frozenset(filter(None, options.only.split(",")))
    measured_speed = speed()  # before anything else has grown
    traces = read_traces(options.traces, FIVE_MINUTES, only)
    long = [trace for trace in traces if trace.values.size >= 15 * DAY]
    report: dict[str, Any] = {"levels": PATH_LEVELS.tolist(), "traces": len(traces)}
    tasks = {
        "14 days of history (traces of 15 days and more)": task(long, 14, 14),
        "up to 14 days of history (all traces, 3 days at least)": task(traces, 14, 3),
        "24 h of history": task(traces, 1, 1),
    }
    for title, given in tasks.items():
        if not given.trace.size:
            continue
        summary, rows, values = accuracy(given)
        show(title, rows)
        show_summary(f"{title}: {given.trace.size} forecasts of {len(rows)} traces", summary)
        report[title] = {"summary": summary, "rows": rows, "forecasts": _forecasts(given, values)}
    shifted = tasks["14 days of history (traces of 15 days and more)"]
    if shifted.trace.size:
        report["level shift, error relative to last value"] = level_shift(shifted)
    fine = [trace for trace in traces if trace.grain_seconds <= MINUTE]
    minutes = read_traces(options.traces, MINUTE, frozenset(trace.name for trace in fine)) if fine else []
    if minutes:
        summary, rows = window_maximum(minutes)
        show("upper .95 of the maximum of the next 15 minutes", rows)
        report["window maximum"] = {"summary": summary, "rows": rows}
    report["speed"] = measured_speed
    for title in ("level shift, error relative to last value", "speed"):
        show_summary(title, report.get(title, {}))
    show_summary("window maximum", report.get("window maximum", {}).get("summary", {}))
    if not options.without_classics:
        report["classics"] = classics(tasks["up to 14 days of history (all traces, 3 days at least)"])
        for name, figures in report["classics"].items():
            print(f"  {name:<42} {figures}")
    if options.json:
        options.json.write_text(json.dumps(report))


def _forecasts(given: Task, values: FloatArray) -> list[dict[str, Any]]:
    return [
        {
            "trace": given.names[given.trace[row]],
            "origin": int(given.origin[row]),
            "actual": _rounded(given.actual[row]),
            "quantiles": [_rounded(level) for level in values[row]],
        }
        for row in range(given.trace.size)
    ]


def _rounded(values: FloatArray) -> list[float | None]:
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values]


if __name__ == "__main__":
    main()
