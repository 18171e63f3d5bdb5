"""Reading a load trace: `timestamp,value` rows in CSV, plain or gzip. A gap in the file stays a gap."""

import csv
import gzip
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from ai4k8s_simcluster.types import FloatArray

_GZIP_MAGIC = b"\x1f\x8b"
_FEWEST_ROWS = 2


class TraceError(ValueError):
    """The file is not a load trace."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Measured values at their own times, in any unit."""

    times: FloatArray
    values: FloatArray
    step_seconds: float

    @property
    def begins_at(self) -> float:
        """Return the time of the first row, in the trace's own time."""
        return float(self.times[0])

    @property
    def ends_at(self) -> float:
        """Return the time at which the last row's step ends."""
        return float(self.times[-1]) + self.step_seconds


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=32)
def read_trace(path: Path) -> Trace:
    """Read a file. Times without a zone are UTC; negative values count as zero.

    Raises TraceError when there is nothing usable in it, and OSError when it cannot be opened.
    """
    raw = path.read_bytes()
    if raw.startswith(_GZIP_MAGIC):
        raw = gzip.decompress(raw)
    rows: dict[float, float] = {}
    for number, row in enumerate(csv.reader(io.StringIO(raw.decode("utf-8"))), start=1):
        if len(row) < _FEWEST_ROWS or (number == 1 and not _is_number(row[1])):
            continue
        try:
            value = float(row[1])
            moment = _seconds(row[0])
        except ValueError as error:
            raise TraceError(f"{path.name}, line {number}: {error}") from error
        if math.isfinite(value):
            rows[moment] = max(value, 0.0)
    if len(rows) < _FEWEST_ROWS:
        raise TraceError(f"{path.name} has fewer than {_FEWEST_ROWS} rows `timestamp,value`")
    times = np.array(sorted(rows))
    values = np.array([rows[moment] for moment in times])
    return Trace(times, values, float(np.median(np.diff(times))))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
