"""Workload traces as the benchmarks read them, and the published rule by which they are split and sampled.

A trace is CSV `timestamp,value`, plain or gzip; values are averaged over bins, and a gap stays a gap. Split and origins
depend on nothing but the name of a trace, so that anybody gets the same ones.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

FIVE_MINUTES = 300
MINUTE = 60


@dataclass(frozen=True)
class Trace:
    """One series on a regular grid.

    Attributes:
        name: of the file, without endings.
        first_bin: number of the first bin since the epoch.
        step_seconds: width of a bin.
        values: ``[bins]``, NaN where nothing was measured.
        grain_seconds: the usual distance of samples in the file.
    """

    name: str
    first_bin: int
    step_seconds: int
    values: FloatArray
    grain_seconds: float

    @property
    def digest(self) -> int:
        """A number that depends on the name only."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8], "big")

    @property
    def half(self) -> int:
        """0 or 1: one half of the traces serves for choices, the other for figures."""
        return self.digest & 1


def read_traces(folder: Path, step_seconds: int, only: frozenset[str] = frozenset()) -> list[Trace]:
    """Read every trace of a folder, in the order of their names."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    traces = [read_trace(path, step_seconds) for path in files if not only or _name(path) in only]
    if not traces:
        message = f"no .csv or .csv.gz in {folder}"
        raise SystemExit(message)
    return traces


def read_trace(path: Path, step_seconds: int) -> Trace:
    """Read one trace; rows without a number are gaps."""
    at, values = [], []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for row in csv.reader(lines):
            if len(row) >= 2 and (value := _number(row[1])) is not None:
                at.append(_instant(row[0]))
                values.append(value)
    if len(at) < 2:
        message = f"{path}: fewer than two rows `timestamp,value`"
        raise SystemExit(message)
    order = np.argsort(at, kind="stable")
    instants, numbers = np.asarray(at)[order], np.asarray(values)[order]
    bins = (instants // step_seconds).astype(np.int64)
    total = np.bincount(bins - bins[0], weights=numbers)
    count = np.bincount(bins - bins[0])
    grid = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Trace(_name(path), int(bins[0]), step_seconds, grid, float(np.median(np.diff(instants))))


def origins(trace: Trace, history_bins: int, horizon_bins: int, most: int) -> IntArray:
    """At most `most` moments to forecast from, evenly spread, shifted by a fraction that the name decides.

    Each has `history_bins` before it; those with less than half of the truth or a day of the recent past
    missing are left out by the caller.
    """
    last = trace.values.size - horizon_bins
    if last <= history_bins:
        return np.zeros(0, np.int64)
    count = max(min(most, (last - history_bins) // (horizon_bins // 2)), 1)
    step = (last - history_bins) / count
    return (history_bins + (trace.digest % 1000) / 1000 * step + step * np.arange(count)).astype(np.int64)


def window(trace: Trace, origin: int, bins: int) -> FloatArray:
    """The `bins` values before an origin, NaN where the trace does not reach."""
    out = np.full(bins, np.nan)
    held = min(origin, bins)
    out[bins - held :] = trace.values[origin - held : origin]
    return out


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv")
