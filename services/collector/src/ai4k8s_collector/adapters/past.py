"""Asks a cluster's Prometheus for one stretch of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ai4k8s_collector.domain.history import QUESTIONS, STEP, DayGrid
from ai4k8s_common.kube.prometheus import TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from ai4k8s_collector.domain.history import Day
    from ai4k8s_collector.domain.observed import WorkloadKey
    from ai4k8s_common.kube.prometheus import Series


class PastReader(Protocol):
    """What is needed of Prometheus. Raises KubeError."""

    def query_range(self, query: str, span: TimeRange) -> list[Series]:
        """Return each series over a range."""
        ...


class OpenPast(Protocol):
    """Opens a cluster's Prometheus."""

    def __call__(self, url: str) -> AbstractContextManager[PastReader]:
        """Return a reader to be entered. Raises InvalidInputError for an address that must not be reached."""
        ...


def read_day(past: PastReader, day: Day, ids: Mapping[WorkloadKey, int]) -> DayGrid:
    """Read all quantities of one stretch."""
    grid = DayGrid(day, ids)
    span = TimeRange(day.start, day.end, STEP)
    for question in QUESTIONS:
        for series in past.query_range(question.query, span):
            grid.add(question, series.labels, series.times, series.values)
    return grid
