"""Learn what the forecaster takes from other workloads: widths of intervals, and the rule for a single day of history.

    python -m benchmarks.fit_pooled --traces DIR

Writes services/forecaster/src/ai4k8s_forecaster/domain/pooled.py. Every trace counts the same, however long it is, and
in proportion to its own error, because figures are told relative to a naive forecast per series.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.core import STEPS, forecast_core
from ai4k8s_forecaster.domain.day_rule import day_inputs, day_points
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.intervals import (
    OUTSIDE,
    STRETCH_OF_STEP,
    STRETCHES,
    corrections,
    error_scales,
)
from benchmarks.traces import FIVE_MINUTES, Trace, origins, read_traces, window

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

TARGET = Path(__file__).parent.parent / "services/forecaster/src/ai4k8s_forecaster/domain/pooled.py"
STRETCH_STARTS = (1, 7, 13, 25, 37, 49, 61)
ORIGINS = 60
CORE_DAYS, CORE_LEAST_DAYS = 14, 3
_RIDGE = 3e-3
_ROUNDS = 12


@dataclass(frozen=True)
class Sample:
    """Histories, what came, and how much each counts."""

    history: FloatArray
    actual: FloatArray
    weight: FloatArray
    trace: IntArray


def collect(traces: list[Trace], history_days: int, least_days: int) -> Sample:
    """Sample origins of all traces."""
    rows, actual, number = [], [], []
    for index, trace in enumerate(traces):
        for origin in origins(trace, least_days * DAY_STEPS, STEPS, ORIGINS):
            past, future = window(trace, origin, history_days * DAY_STEPS), trace.values[origin : origin + STEPS]
            if np.isfinite(future).mean() > 0.5 and np.isfinite(past[-DAY_STEPS:]).mean() > 0.7:
                rows.append(past)
                actual.append(future)
                number.append(index)
    trace_of = np.array(number)
    weight = 1.0 / np.bincount(trace_of)[trace_of]
    return Sample(np.array(rows), np.array(actual), weight, trace_of)


def weighted_quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """Quantile of the present values."""
    present = np.isfinite(values)
    order = np.argsort(values[present])
    total = np.cumsum(weights[present][order])
    return float(values[present][order][np.searchsorted(total, level * total[-1])])


def widths(standard: FloatArray, factor: FloatArray, weight: FloatArray) -> FloatArray:
    """``[intervals, 2, stretches]`` such that errors over all traces lie outside as often as they should.

    Args:
        standard: ``[rows, steps]`` errors in scales.
        factor: ``[rows, intervals, 2]`` by which each row is corrected.
        weight: of each row.
    """
    out = np.empty((OUTSIDE.size, 2, STRETCHES))
    for interval, outside in enumerate(OUTSIDE):
        for side, sign in enumerate((1.0, -1.0)):
            relative = sign * standard / factor[:, interval, side, None]
            for stretch in range(STRETCHES):
                part = relative[:, stretch == STRETCH_OF_STEP]
                weights = np.repeat(weight[:, None], part.shape[1], axis=1)
                width = weighted_quantile(part.ravel(), weights.ravel(), 1 - outside / 2)
                out[interval, side, stretch] = max(width, 0.05)
    return out


def core_widths(traces: list[Trace]) -> FloatArray:
    """Widths and corrections depend on each other; four rounds settle them."""
    sample = collect(traces, CORE_DAYS, CORE_LEAST_DAYS)
    path = forecast_core(sample.history)
    scales = error_scales(sample.history, path.errors)
    standard = (sample.actual - path.point) / scales[:, STRETCH_OF_STEP]
    factor = np.ones((len(standard), OUTSIDE.size, 2))
    for _ in range(4):
        found = widths(standard, factor, sample.weight)
        factor = corrections(path.errors, scales, found)
    return widths(standard, factor, sample.weight)


def least_absolute(inputs: FloatArray, target: FloatArray, weight: FloatArray) -> FloatArray:
    """Weights and intercept with the least absolute error, by reweighted least squares with a small ridge."""
    usable = np.isfinite(target)
    design = np.column_stack([inputs[usable], np.ones(usable.sum())])
    wanted, weight = target[usable], weight[usable] / weight[usable].mean()
    beta = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        pull = weight / np.maximum(np.abs(wanted - design @ beta), 0.05)
        gram = (design * pull[:, None]).T @ design + _RIDGE * len(design) * np.eye(design.shape[1])
        beta = np.linalg.solve(gram, (design * pull[:, None]).T @ wanted)
    return beta


def day_weights(sample: Sample) -> FloatArray:
    """``[stretches, inputs + 1]`` of the linear rule."""
    day = day_inputs(sample.history)
    target = np.clip((sample.actual - day.centre[:, None]) / day.scale[:, None], -10, 10)
    naive = np.nanmean(np.abs(sample.actual - day.yesterday), axis=1)
    by_trace = np.bincount(sample.trace, weights=naive) / np.bincount(sample.trace)
    weight = sample.weight * np.minimum(day.scale / np.maximum(by_trace[sample.trace], 1e-9), 10)
    ends = (*STRETCH_STARTS[1:], STEPS + 1)
    fitted = []
    for start, end in zip(STRETCH_STARTS, ends, strict=True):
        steps = slice(start - 1, end - 1)
        inputs = day.inputs[:, steps].reshape(-1, day.inputs.shape[2])
        fitted.append(least_absolute(inputs, target[:, steps].ravel(), np.repeat(weight, end - start)))
    return np.array(fitted)


def day_widths(sample: Sample, weights: FloatArray) -> FloatArray:
    """Widths around the day rule."""
    day = day_inputs(sample.history)
    standard = (sample.actual - day_points(day, weights)) / day.scale[:, None]
    return widths(standard, np.ones((len(standard), OUTSIDE.size, 2)), sample.weight)


def write(core: FloatArray, weights: FloatArray, day: FloatArray) -> None:
    """Put the numbers where the forecaster finds them."""
    parts = [
        '"""Numbers learnt from many workloads; written by `python -m benchmarks.fit_pooled`, not by hand."""\n',
        "from __future__ import annotations\n",
        "from typing import TYPE_CHECKING\n",
        "import numpy as np\n",
        "if TYPE_CHECKING:\n    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray\n",
        "#: ``[intervals, up and down, stretches]`` half widths in error scales, for the 50, 80 and 95 % intervals.",
        _code("CORE_WIDTHS: FloatArray", core),
        "#: First step of each stretch of the day rule's weights.",
        f"DAY_STRETCH_STARTS: IntArray = np.array({list(STRETCH_STARTS)})",
        "#: ``[stretches, inputs + 1]``, the intercept last.",
        _code("DAY_WEIGHTS: FloatArray", weights),
        "#: As CORE_WIDTHS, around the day rule, in units of the day's mean distance from its median.",
        _code("DAY_WIDTHS: FloatArray", day),
    ]
    TARGET.write_text("\n".join(parts) + "\n")


def _code(name: str, values: FloatArray) -> str:
    return f"{name} = np.array({np.round(values, 4).tolist()})"


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, required=True)
    parser.add_argument("--half", type=int, choices=(0, 1), help="only one half of the traces, to judge on the other")
    options = parser.parse_args()
    traces = [trace for trace in read_traces(options.traces, FIVE_MINUTES) if options.half in (None, trace.half)]
    core = core_widths(traces)
    sample = collect(traces, 1, 1)
    weights = day_weights(sample)
    write(core, weights, day_widths(sample, weights))


if __name__ == "__main__":
    main()
