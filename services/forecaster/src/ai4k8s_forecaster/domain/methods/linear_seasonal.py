"""A straight line and a mean day: the method of many dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.methods.base import PointMethod, filled

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray


def linear_and_seasonal(history: FloatArray, steps: int) -> FloatArray:
    """A linear trend through everything plus the mean deviation at each time of the day."""
    known = filled(history)
    time = np.arange(known.shape[1]) - known.shape[1]
    centred = time - time.mean()
    mean = known.mean(axis=1, keepdims=True)
    slope = ((known - mean) * centred).sum(axis=1, keepdims=True) / (centred**2).sum()
    detrended = known - mean - slope * centred
    days = known.shape[1] // DAY_STEPS
    profile = detrended[:, known.shape[1] - days * DAY_STEPS :].reshape(known.shape[0], days, DAY_STEPS).mean(axis=1)
    out: FloatArray = mean + slope * (np.arange(steps) - time.mean()) + profile[:, :steps]
    return out


LINEAR_SEASONAL = PointMethod("linear-seasonal", linear_and_seasonal)
