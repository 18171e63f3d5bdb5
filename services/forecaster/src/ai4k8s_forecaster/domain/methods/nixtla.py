"""AutoETS, MSTL and the optimised Theta method of statsforecast, where it is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS, HOUR_STEPS
from ai4k8s_forecaster.domain.methods.base import PointMethod, one_by_one

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

_DAYS = 7


def auto_ets(history: FloatArray, steps: int) -> FloatArray:
    """On hourly means, each repeated: a season of 288 steps is too long for it."""

    def fit(series: FloatArray) -> FloatArray:
        hourly = series[series.size % HOUR_STEPS :].reshape(-1, HOUR_STEPS).mean(axis=1)
        model = _models().AutoETS(season_length=24)
        return np.repeat(_mean(model, hourly, -(-steps // HOUR_STEPS)), HOUR_STEPS)[:steps]

    return one_by_one(fit, history[:, -_DAYS * DAY_STEPS :])


def mstl(history: FloatArray, steps: int) -> FloatArray:
    """With AutoETS for what is left."""
    models = _models()

    def fit(series: FloatArray) -> FloatArray:
        trend = models.AutoETS(model="ZZN")
        return _mean(models.MSTL(season_length=[DAY_STEPS], trend_forecaster=trend), series, steps)

    return one_by_one(fit, history[:, -_DAYS * DAY_STEPS :])


def theta(history: FloatArray, steps: int) -> FloatArray:
    """DynamicOptimizedTheta."""
    return one_by_one(
        lambda series: _mean(_models().DynamicOptimizedTheta(season_length=DAY_STEPS), series, steps),
        history[:, -_DAYS * DAY_STEPS :],
    )


def _models() -> Any:
    return import_module("statsforecast.models")


def _mean(model: Any, series: FloatArray, steps: int) -> FloatArray:
    return np.asarray(model.forecast(y=series, h=steps)["mean"])


AUTO_ETS = PointMethod("auto-ets", auto_ets, least_days=2.2, origins=4)
MSTL = PointMethod("mstl", mstl, least_days=2.2, origins=4)
THETA = PointMethod("theta", theta, least_days=2.2, origins=4)
