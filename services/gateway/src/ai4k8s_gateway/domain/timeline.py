"""Resolution and gaps of a time series, so that a picture neither drowns in points nor hides what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

MAX_POINTS = 1_500
STEPS_SECONDS = (15, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200)
# One late sample is no gap; two missing ones are.
GAP_AFTER_STEPS = 2.5


@dataclass(frozen=True)
class Bin:
    """The samples of one step, or, where all values are None, the begin of a gap."""

    at: datetime
    source: int = 0
    cpu_demand_millicores: float | None = None
    cpu_demand_peak_millicores: float | None = None
    saturated: bool = False
    ready_replicas: float | None = None
    desired_replicas: float | None = None
    capacity_millicores: float | None = None


def step_seconds(start: datetime, end: datetime) -> int:
    """Return the finest step that keeps a range below MAX_POINTS."""
    seconds = (end - start).total_seconds()
    return next((step for step in STEPS_SECONDS if seconds / step <= MAX_POINTS), STEPS_SECONDS[-1])


def with_gaps(bins: list[Bin], step: timedelta, end: datetime) -> list[Bin]:
    """Insert an empty bin wherever samples are missing, and at the end when they have stopped.

    How far apart samples should be is learnt for each source: what was read back from Prometheus is coarser than
    what is observed live.
    """
    if not bins:
        return []
    spacing = {source: max(step, _spacing(bins, source)) for source in {item.source for item in bins}}
    filled = [bins[0]]
    for before, after in pairwise(bins):
        # Between two sources the coarser one decides.
        expected = max(spacing[before.source], spacing[after.source])
        if after.at - before.at > GAP_AFTER_STEPS * expected:
            filled.append(Bin(before.at + expected, before.source))
        filled.append(after)
    last = bins[-1]
    if end - last.at > GAP_AFTER_STEPS * spacing[last.source] + timedelta(seconds=60):
        filled.append(Bin(last.at + spacing[last.source], last.source))
    return filled


def _spacing(bins: list[Bin], source: int) -> timedelta:
    seconds = [
        (after.at - before.at).total_seconds()
        for before, after in pairwise(bins)
        if before.source == after.source == source
    ]
    return timedelta(seconds=median(seconds)) if seconds else timedelta(0)
