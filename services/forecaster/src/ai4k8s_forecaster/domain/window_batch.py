"""Window models for workloads that differ: in lead time, in length of history, in when they were last fitted.

The models work on equal series; a cluster is not equal. Workloads are grouped by what must be the same, each group is
computed at once, and the state is kept per workload, so that one that comes or goes disturbs no other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.ridge import Ridge
from ai4k8s_forecaster.domain.window_features import DAY_MINUTES
from ai4k8s_forecaster.domain.window_maximum import (
    WindowForecast,
    WindowModel,
    fit_window_model,
    follow_window,
)

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray, IntArray

#: From this history on, judging the last three days leaves enough to learn from.
_WHOLE_HISTORY_DAYS = 4.5


def fit_windows(demand: FloatArray, last_minute: int, horizons: list[int]) -> list[WindowModel]:
    """One model per series, each fitted on its own length of history.

    Args:
        demand: ``[series, minutes]`` in units of one pod's request, NaN where not measured.
        last_minute: minute since the epoch of the newest bin.
        horizons: minutes ahead, per series.
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, (horizon, span) in enumerate(zip(horizons, _span_minutes(demand), strict=True)):
        groups[horizon, _fitted_minutes(int(span), demand.shape[1])].append(index)
    models: dict[int, WindowModel] = {}
    for (horizon, minutes), members in groups.items():
        batch = fit_window_model(demand[members, demand.shape[1] - minutes :], last_minute, horizon)
        models |= {index: _picked(batch, row) for row, index in enumerate(members)}
    return [models[index] for index in range(len(horizons))]


def follow_windows(
    models: list[WindowModel], demand: FloatArray, last_minute: int
) -> tuple[list[WindowForecast], list[WindowModel]]:
    """F_q per series now, and the models as they go on; models and rows of ``demand`` in the same order."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, model in enumerate(models):
        groups[model.horizon_minutes, model.error_minute].append(index)
    answers: dict[int, WindowForecast] = {}
    went_on: dict[int, WindowModel] = {}
    for members in groups.values():
        stacked = _stacked([models[index] for index in members])
        forecast, followed = follow_window(stacked, demand[members], last_minute)
        for row, index in enumerate(members):
            one = slice(row, row + 1)
            answers[index] = replace(forecast, values=forecast.values[one], usable=forecast.usable[one])
            went_on[index] = replace(
                models[index], error_minute=followed.error_minute, abs_errors=followed.abs_errors[one]
            )
    order = range(len(models))
    return [answers[index] for index in order], [went_on[index] for index in order]


def _span_minutes(demand: FloatArray) -> IntArray:
    present = np.isfinite(demand)
    first = np.where(present.any(axis=1), np.argmax(present, axis=1), demand.shape[1] - 1)
    span: IntArray = demand.shape[1] - first
    return span


def _fitted_minutes(span: int, available: int) -> int:
    if span >= _WHOLE_HISTORY_DAYS * DAY_MINUTES:
        return available
    half_days = max(span // (DAY_MINUTES // 2), 1)
    return min(half_days * (DAY_MINUTES // 2), available)


def _picked(batch: WindowModel, row: int) -> WindowModel:
    one = slice(row, row + 1)
    return replace(
        batch,
        location=_picked_ridge(batch.location, one),
        scale=_picked_ridge(batch.scale, one),
        error_quantiles=batch.error_quantiles[one],
        abs_errors=batch.abs_errors[one],
        highest=batch.highest[one],
        observed_days=batch.observed_days[one],
        skill=batch.skill[one],
    )


def _picked_ridge(ridge: Ridge, one: slice) -> Ridge:
    return replace(
        ridge,
        centre=ridge.centre[one],
        spread=ridge.spread[one],
        weights=ridge.weights[one],
        intercept=ridge.intercept[one],
    )


def _stacked(models: list[WindowModel]) -> WindowModel:
    def joined(part: str) -> Ridge:
        ridges: list[Ridge] = [getattr(model, part) for model in models]
        arrays = {
            field.name: np.concatenate([getattr(ridge, field.name) for ridge in ridges])
            for field in fields(Ridge)
            if field.name != "limit"
        }
        return replace(ridges[0], **arrays)

    return replace(
        models[0],
        location=joined("location"),
        scale=joined("scale"),
        error_quantiles=np.concatenate([model.error_quantiles for model in models]),
        abs_errors=np.concatenate([model.abs_errors for model in models]),
        highest=np.concatenate([model.highest for model in models]),
        observed_days=np.concatenate([model.observed_days for model in models]),
        skill=np.concatenate([model.skill for model in models]),
    )
