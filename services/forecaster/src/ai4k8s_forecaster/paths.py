"""Six-hour paths, made once per five-minute bin and carried along until the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.character import Character, describe
from ai4k8s_forecaster.domain.grid import FIVE_MINUTES_SECONDS, MINUTE_SECONDS, Grid, coarsen
from ai4k8s_forecaster.domain.methods import STANDARD, Calendar, Method, forecast_by_record, methods
from ai4k8s_forecaster.domain.path import STEP_SECONDS, PathForecast, forecast_path
from ai4k8s_forecaster.domain.record import RECENT_STEPS
from ai4k8s_forecaster.domain.status import HistoryState, history_states

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from uuid import UUID

    from ai4k8s_forecaster.domain.arrays import FloatArray

_FACTOR = FIVE_MINUTES_SECONDS // MINUTE_SECONDS


@dataclass(frozen=True)
class Paths:
    """Paths of a cluster's workloads, in the order of ``ids``.

    Attributes:
        ids: workloads.
        start_at: start of the first step.
        forecast: in the unit of the grid.
        states: what may be said about each.
        characters: rhythms and growth of each.
        recent: the last complete five-minute bins, as many as judging past forecasts needs.
        methods: the name of the method that was believed, for each.
        columns: what was written of them, by workload and what else it depends on, to be written again next cycle.
    """

    ids: tuple[int, ...]
    start_at: datetime
    forecast: PathForecast
    states: list[HistoryState]
    characters: list[Character]
    recent: Grid
    methods: list[str]
    columns: dict[Hashable, dict[str, Any]] = field(default_factory=dict)


class PathCache:
    """The newest paths of each cluster."""

    def __init__(self, chosen: Sequence[Method] | None = None) -> None:
        self._paths: dict[UUID, tuple[str, Paths]] = {}
        self._methods = chosen or methods([STANDARD])

    def of(
        self,
        cluster_id: UUID,
        ids: tuple[int, ...],
        minutes: Grid,
        past: str,
        deployed_at: Mapping[int, datetime] | None = None,
    ) -> Paths:
        """Return paths that start with the running five-minute bin; another ``past`` or other ids mean a new look.

        ``deployed_at`` says when each workload was last deployed: a young jump that began then is no accident.
        """
        running = minutes.last_bin // _FACTOR
        start_at = datetime.fromtimestamp(running * STEP_SECONDS, tz=UTC)
        held = self._paths.get(cluster_id)
        if held is not None and held[0] == past and held[1].ids == ids and held[1].start_at == start_at:
            return held[1]
        wide = coarsen(minutes, _FACTOR)
        # The running bin is not over: its mean is not the mean of five minutes.
        complete = wide.values[:, : wide.values.shape[1] - (wide.last_bin - running + 1)]
        states = history_states(complete, FIVE_MINUTES_SECONDS)
        forecast = forecast_path(complete, states, _hours_ago(ids, deployed_at or {}, start_at))
        judged = [state.judged_by(float(skill)) for state, skill in zip(states, forecast.skill, strict=True)]
        forecast, methods = self._by_method(forecast, complete, start_at)
        paths = Paths(ids, start_at, forecast, judged, describe(complete), _recent(wide, running), methods)
        self._paths[cluster_id] = (past, paths)
        return paths

    def _by_method(
        self, standard: PathForecast, complete: FloatArray, start_at: datetime
    ) -> tuple[PathForecast, list[str]]:
        """What each workload's best method says, where more than the standard one were chosen by the settings."""
        names = [method.name for method in self._methods]
        if names == [STANDARD]:
            return standard, [STANDARD] * complete.shape[0]
        calendar = Calendar(start_at, STEP_SECONDS)
        values, chosen = forecast_by_record(self._methods, complete, np.isfinite(complete), calendar)
        believed = [STANDARD if place < 0 else names[place] for place in chosen]
        other = np.array([name != STANDARD for name in believed]) & np.isfinite(standard.values).all(axis=(1, 2))
        return replace(standard, values=np.where(other[:, None, None], values, standard.values)), believed


def _hours_ago(ids: tuple[int, ...], deployed_at: Mapping[int, datetime], now: datetime) -> FloatArray:
    hours = [(now - deployed_at[one]).total_seconds() / 3600 if one in deployed_at else np.nan for one in ids]
    return np.array(hours, dtype=np.float64)


def _recent(wide: Grid, running: int) -> Grid:
    stop = wide.values.shape[1] - (wide.last_bin - running + 1)
    start = max(stop - RECENT_STEPS, 0)
    return Grid(
        wide.first_bin + start,
        wide.step_seconds,
        wide.values[:, start:stop].copy(),
        wide.saturated[:, start:stop].copy(),
    )
