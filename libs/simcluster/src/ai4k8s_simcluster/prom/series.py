"""Time series as the query engine sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ai4k8s_simcluster.types import FloatArray, IntArray

NAME = "__name__"
STALE = float("nan")  # a sample that says 'this series ended here'


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one series: times in milliseconds, ascending; NaN marks the end of a stretch."""

    labels: Mapping[str, str]
    times: IntArray
    values: FloatArray


class SeriesSource(Protocol):
    """Where series come from."""

    def names(self) -> set[str]:
        """Return the metric names there are."""
        ...

    def series(self, name: str) -> list[Series]:
        """Return all series of a metric."""
        ...

    def find(self, labels: Mapping[str, str]) -> Series | None:
        """Return the series with exactly these labels, if there is one."""
        ...


def joined(parts: list[Series]) -> Series:
    """Join stretches of one series; they do not overlap and come in order."""
    if len(parts) == 1:
        return parts[0]
    return Series(
        parts[0].labels,
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
