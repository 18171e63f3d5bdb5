"""What needs no model: the last value, and yesterday."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.methods.base import PointMethod, filled

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray


def last_value(history: FloatArray, steps: int) -> FloatArray:
    """The newest value that was measured."""
    return np.repeat(filled(history)[:, -1:], steps, axis=1)


def seasonal_naive(history: FloatArray, steps: int) -> FloatArray:
    """Yesterday; where it is missing, the median of the last two hours."""
    start = history.shape[1] - DAY_STEPS
    yesterday = history[:, start : start + steps]
    recent = np.nanmedian(filled(history)[:, -24:], axis=1)[:, None]
    return np.where(np.isfinite(yesterday), yesterday, recent)


LAST_VALUE = PointMethod("last-value", last_value)
SEASONAL_NAIVE = PointMethod("seasonal-naive", seasonal_naive)
