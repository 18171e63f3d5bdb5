"""Real load traces: how they are read, and where in them a recurring rise lies.

Every benchmark that replays a trace uses this one rule for choosing the moment, so that figures can be compared and
nobody picks the moments that flatter us.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, median, trailing_mean
from ai4k8s_forecaster.domain.grid import bin_samples, held_between_samples

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60
DAY_MINUTES = 1440
HISTORY_DAYS = 14
MINIMUM_HISTORY_DAYS = 3
RAMP_MINUTES = 5
AFTER_MINUTES = 75


@dataclass(frozen=True)
class Trace:
    """A trace on a one-minute grid.

    Attributes:
        name: file name without its endings.
        first_minute: minute since the epoch of the first value.
        values: ``[minutes]``, NaN where the file has none.
        grain_seconds: distance between its rows.
    """

    name: str
    first_minute: int
    values: FloatArray
    grain_seconds: int


@dataclass(frozen=True)
class Rise:
    """A rise that recurs.

    Attributes:
        onset: index of the minute after which demand rises.
        recurs: 'daily' or 'hourly'.
        factor: level after over level before.
        score: smaller of this rise and its usual size, in standard deviations of the trace.
    """

    onset: int
    recurs: str
    factor: float
    score: float


def read_trace(path: Path) -> Trace:
    """Read ``timestamp,value`` rows, plain or gzip; coarse rows are joined by straight lines, gaps stay gaps."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        rows = [(row["timestamp"].rstrip("Z"), row["value"]) for row in csv.DictReader(file)]
    at = np.array([stamp for stamp, _ in rows], dtype="datetime64[s]").astype(np.float64)
    values = np.array([float(value) if value else np.nan for _, value in rows])
    order = np.argsort(at, kind="stable")
    at, values = at[order], values[order]
    grain = int(np.median(np.diff(at)))
    if grain > MINUTE:
        at, values = _interpolated(at, values, grain)
    bins = int(at[-1] // MINUTE - at[0] // MINUTE) + 1
    grid = bin_samples(
        series=np.zeros(at.size, np.int64),
        at=at,
        values=values,
        saturated=np.zeros(at.size, np.bool_),
        n_series=1,
        now=float(at[-1]),
        bins=bins,
        step_seconds=MINUTE,
    )
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return Trace(name, grid.first_bin, held_between_samples(grid).values[0], grain)


def find_rise(trace: Trace, minimum_factor: float = 1.3) -> Rise | None:
    """The strongest rise within five minutes that came at the same time before; None when there is none.

    A rise counts as much as it usually does: the smaller of its own size and the median of the sizes at the same time
    (two minutes either way) on up to seven earlier days, or at the same minute (one either way) of six earlier hours.
    The moments compared leave three days of history before and 75 minutes after.
    """
    values = trace.values[None]
    before = trailing_mean(values, RAMP_MINUTES)[0]
    after = np.full_like(before, np.nan)
    after[:-RAMP_MINUTES] = before[RAMP_MINUTES:]
    size = after - before
    deviation = float(np.nanstd(trace.values))
    usual = {
        "daily": _usual(size, DAY_MINUTES, 7, jitter=2, at_least=2),
        "hourly": _usual(size, 60, 6, jitter=1, at_least=4),
    }
    best: Rise | None = None
    for recurs, sizes in usual.items():
        score = np.minimum(size, sizes) / max(deviation, 1e-9)
        factor = after / np.maximum(before, 1e-9)
        allowed = np.isfinite(score) & (factor >= minimum_factor)
        # The median of the hour before must be measured, and the window after whole.
        allowed &= _complete_around(trace.values)
        allowed[: MINIMUM_HISTORY_DAYS * DAY_MINUTES] = False
        allowed[-AFTER_MINUTES:] = False
        if not allowed.any():
            continue
        onset = int(np.argmax(np.where(allowed, score, -np.inf)))
        if score[onset] > 0 and (best is None or score[onset] > best.score):
            best = Rise(onset, recurs, float(factor[onset]), float(score[onset]))
    return best


def history_before(trace: Trace, index: int) -> FloatArray:
    """Up to 14 days before a minute, as a back-fill would bring them."""
    return trace.values[max(0, index - HISTORY_DAYS * DAY_MINUTES) : index]


def _usual(size: FloatArray, lag: int, count: int, *, jitter: int, at_least: int) -> FloatArray:
    rows = []
    for back in range(1, count + 1):
        best = np.full(size.size, np.nan)
        for shift in range(-jitter, jitter + 1):
            moved = np.full(size.size, np.nan)
            offset = back * lag + shift
            if offset < size.size:
                moved[offset:] = size[: size.size - offset]
            best = np.fmax(best, moved)
        rows.append(best)
    stack = np.stack(rows)
    return np.where(np.isfinite(stack).sum(axis=0) >= at_least, median(stack), np.nan)


def _complete_around(values: FloatArray) -> BoolArray:
    missing = np.cumsum(~np.isfinite(values))
    index = np.arange(values.size)
    low, high = np.maximum(index - AFTER_MINUTES, 0), np.minimum(index + AFTER_MINUTES, values.size - 1)
    complete: BoolArray = missing[high] == missing[low]
    return complete


def _interpolated(at: FloatArray, values: FloatArray, grain: int) -> tuple[FloatArray, FloatArray]:
    minutes = np.arange(at[0], at[-1] + 1, MINUTE)
    known = np.isfinite(values)
    joined = np.interp(minutes, at[known], values[known])
    nearest = np.searchsorted(at[known], minutes).clip(1, known.sum() - 1)
    distance = at[known][nearest] - at[known][nearest - 1]
    return minutes, np.where(distance <= 3 * grain, joined, np.nan)
