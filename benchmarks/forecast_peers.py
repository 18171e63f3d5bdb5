"""What people would otherwise use, each as `(history, steps) -> point forecast`.

The cheap ones work on all series at once; the classics fit one series at a time, as their libraries do. statsforecast
brings far more dependencies than it is needed for, so it is not among ours; where it is installed it takes part:
`.venv/bin/uv pip install --no-deps statsforecast coreforecast utilsforecast narwhals`.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from statsmodels.tsa.forecasting.stl import STLForecast
from statsmodels.tsa.holtwinters import ExponentialSmoothing, Holt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_forecaster.domain.arrays import FloatArray

DAY = 288


def last_value(history: FloatArray, steps: int) -> FloatArray:
    """The newest value that was measured."""
    return np.repeat(_filled(history)[:, -1:], steps, axis=1)


def seasonal_naive(history: FloatArray, steps: int) -> FloatArray:
    """Yesterday; where it is missing, the median of the last two hours."""
    yesterday = history[:, history.shape[1] - DAY : history.shape[1] - DAY + steps]
    recent = np.nanmedian(_filled(history)[:, -24:], axis=1)[:, None]
    return np.where(np.isfinite(yesterday), yesterday, recent)


def linear_and_seasonal(history: FloatArray, steps: int) -> FloatArray:
    """A linear trend through everything plus the mean deviation at each time of the day."""
    filled = _filled(history)
    time = np.arange(filled.shape[1]) - filled.shape[1]
    centred = time - time.mean()
    mean = filled.mean(axis=1, keepdims=True)
    slope = ((filled - mean) * centred).sum(axis=1, keepdims=True) / (centred**2).sum()
    detrended = filled - mean - slope * centred
    days = filled.shape[1] // DAY
    profile = detrended[:, filled.shape[1] - days * DAY :].reshape(filled.shape[0], days, DAY).mean(axis=1)
    out: FloatArray = mean + slope * (np.arange(steps) - time.mean()) + profile[:, :steps]
    return out


def holt_winters(history: FloatArray, steps: int) -> FloatArray:
    """Additive Holt-Winters of statsmodels, damped, daily season, on fifteen-minute means."""

    def fit(series: FloatArray) -> FloatArray:
        coarse = series[series.size % 3 :].reshape(-1, 3).mean(axis=1)
        model = ExponentialSmoothing(coarse, trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAY // 3)
        fitted = model.fit(optimized=True, minimize_kwargs={"options": {"maxiter": 60}})
        return np.repeat(np.asarray(fitted.forecast(-(-steps // 3))), 3)[:steps]

    return _one_by_one(fit, history[:, -7 * DAY :])


def stl_ets(history: FloatArray, steps: int) -> FloatArray:
    """STL of statsmodels with exponential smoothing of what is left, the season repeated."""

    def fit(series: FloatArray) -> FloatArray:
        model = STLForecast(series, Holt, model_kwargs={"damped_trend": True}, period=DAY, robust=False)
        return np.asarray(model.fit().forecast(steps))

    return _one_by_one(fit, history[:, -7 * DAY :])


def _statsforecast(kind: str) -> Callable[[FloatArray, int], FloatArray]:
    models: Any = importlib.import_module("statsforecast.models")
    model: Any = {
        "AutoETS": lambda: models.AutoETS(season_length=24),
        "MSTL": lambda: models.MSTL(season_length=[DAY], trend_forecaster=models.AutoETS(model="ZZN")),
        "Theta": lambda: models.DynamicOptimizedTheta(season_length=DAY),
    }[kind]

    def forecast(history: FloatArray, steps: int) -> FloatArray:
        def fit(series: FloatArray) -> FloatArray:
            if kind != "AutoETS":
                return np.asarray(model().forecast(y=series, h=steps)["mean"])
            hourly = series[series.size % 12 :].reshape(-1, 12).mean(axis=1)
            return np.repeat(np.asarray(model().forecast(y=hourly, h=-(-steps // 12))["mean"]), 12)[:steps]

        return _one_by_one(fit, history[:, -7 * DAY :])

    return forecast


CHEAP: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "last value": last_value,
    "seasonal naive": seasonal_naive,
    "linear + seasonal means": linear_and_seasonal,
}
CLASSICS: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "Holt-Winters (statsmodels)": holt_winters,
    "STL + Holt (statsmodels)": stl_ets,
}
if importlib.util.find_spec("statsforecast"):
    CLASSICS |= {
        "AutoETS hourly (statsforecast)": _statsforecast("AutoETS"),
        "MSTL + AutoETS (statsforecast)": _statsforecast("MSTL"),
        "DynamicOptimizedTheta (statsforecast)": _statsforecast("Theta"),
    }


def _one_by_one(fit: Callable[[FloatArray], FloatArray], history: FloatArray) -> FloatArray:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the classics warn about convergence; their forecasts are judged, not their mood
        return np.array([np.maximum(fit(series), 0.0) for series in _filled(history)])


def _filled(history: FloatArray) -> FloatArray:
    """Gaps closed by the value before, as these methods need; leading ones by the first value."""
    present = np.isfinite(history)
    index = np.maximum.accumulate(np.where(present, np.arange(history.shape[1]), -1), axis=1)
    first = np.argmax(present, axis=1)[:, None]
    return np.take_along_axis(history, np.where(index < 0, first, index), axis=1)
