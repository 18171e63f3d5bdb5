"""Which of several methods to believe, series by series: the one that would have been nearest lately."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.core import STEPS
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.levels import MEDIAN
from ai4k8s_forecaster.domain.methods.base import Calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray
    from ai4k8s_forecaster.domain.methods.base import Method

#: Origins that are judged, spread over days and over the time of day.
_ORIGINS = (72, 162, 252, 342)
#: The first method is left only for one that is better by this share.
_MARGIN = 0.05


def forecast_by_record(
    methods: Sequence[Method], history: FloatArray, mask: BoolArray, calendar: Calendar
) -> tuple[FloatArray, IntArray]:
    """Ask the method whose median was nearest at earlier origins; the first one where nothing can be judged.

    Returns:
        ``[series, levels, steps]`` and the place in ``methods`` of the one asked, -1 where none has anything to say.
    """
    said = [method.fit_predict(history, mask, calendar) for method in methods]
    errors = np.stack([_error(method, history, mask, calendar) for method in methods])
    for place, values in enumerate(said):
        errors[place, ~np.isfinite(values).all(axis=(1, 2))] = np.inf
    errors[0] *= 1 - _MARGIN
    chosen = np.argmin(np.where(np.isnan(errors), np.finfo(np.float64).max, errors), axis=0)
    out = np.take_along_axis(np.stack(said), chosen[None, :, None, None], axis=0)[0]
    silent = ~np.isfinite(out).all(axis=(1, 2))
    return out, np.where(silent, -1, chosen)


def _error(method: Method, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
    """``[series]`` mean absolute error of the median; NaN where it could not be judged."""
    total, count = np.zeros(history.shape[0]), np.zeros(history.shape[0])
    for back in _ORIGINS:
        stop = history.shape[1] - back
        if stop < DAY_STEPS:
            continue
        then = Calendar(calendar.start_at - timedelta(seconds=back * calendar.step_seconds), calendar.step_seconds)
        median = method.fit_predict(history[:, :stop], mask[:, :stop], then)[:, MEDIAN]
        error = np.abs(history[:, stop : stop + STEPS] - median)
        known = mask[:, stop : stop + STEPS] & np.isfinite(error)
        total += np.where(known, error, 0.0).sum(axis=1)
        count += known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
