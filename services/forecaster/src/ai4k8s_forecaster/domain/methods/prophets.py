"""Prophet, where it is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.methods.base import PointMethod, one_by_one

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

_DAYS = 7


def prophet(history: FloatArray, steps: int) -> FloatArray:
    """Its own defaults with a daily season; the dates are made up, only their distances count."""
    pandas: Any = import_module("pandas")
    library: Any = import_module("prophet")

    def fit(series: FloatArray) -> FloatArray:
        at = pandas.date_range("2026-01-01", periods=series.size + steps, freq="5min")
        model = library.Prophet(daily_seasonality=True, weekly_seasonality=False, yearly_seasonality=False)
        model.fit(pandas.DataFrame({"ds": at[: series.size], "y": series}))
        return np.asarray(model.predict(pandas.DataFrame({"ds": at[series.size :]}))["yhat"])

    return one_by_one(fit, history[:, -_DAYS * DAY_STEPS :])


PROPHET = PointMethod("prophet", prophet, least_days=2.2, origins=2)
