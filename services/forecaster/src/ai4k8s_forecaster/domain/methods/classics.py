"""Holt-Winters and STL of statsmodels: one series at a time, a second or so each, where it is installed."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.methods.base import PointMethod, one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_forecaster.domain.arrays import FloatArray

_DAYS = 7
_COARSE = 3


def holt_winters(history: FloatArray, steps: int) -> FloatArray:
    """Additive, damped, with a daily season, on fifteen-minute means (Holt 1957, Winters 1960)."""
    smoothing: Any = import_module("statsmodels.tsa.holtwinters")

    def fit(series: FloatArray) -> FloatArray:
        coarse = series[series.size % _COARSE :].reshape(-1, _COARSE).mean(axis=1)
        model = smoothing.ExponentialSmoothing(
            coarse, trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAY_STEPS // _COARSE
        )
        fitted = model.fit(optimized=True, minimize_kwargs={"options": {"maxiter": 60}})
        return np.repeat(np.asarray(fitted.forecast(-(-steps // _COARSE))), _COARSE)[:steps]

    return _quietly(fit, history)


def stl_and_holt(history: FloatArray, steps: int) -> FloatArray:
    """STL (Cleveland and others, 1990) with exponential smoothing of what is left, the season repeated."""
    stl: Any = import_module("statsmodels.tsa.forecasting.stl")
    smoothing: Any = import_module("statsmodels.tsa.holtwinters")

    def fit(series: FloatArray) -> FloatArray:
        holt = {"damped_trend": True, "initialization_method": "estimated"}
        model = stl.STLForecast(series, smoothing.Holt, model_kwargs=holt, period=DAY_STEPS, robust=False)
        return np.asarray(model.fit().forecast(steps))

    return _quietly(fit, history)


def _quietly(fit: Callable[[FloatArray], FloatArray], history: FloatArray) -> FloatArray:
    with warnings.catch_warnings():
        # They warn about convergence; their forecasts are judged, not their mood.
        warnings.simplefilter("ignore")
        return one_by_one(fit, history[:, -_DAYS * DAY_STEPS :])


HOLT_WINTERS = PointMethod("holt-winters", holt_winters, least_days=2.2, origins=4)
STL = PointMethod("stl", stl_and_holt, least_days=2.2, origins=4)
