"""The quantiles that a path is told at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

#: Levels of the published path: the bounds of the 95, 80 and 50 % intervals around the median.
PATH_LEVELS: FloatArray = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
MEDIAN = 3


def levels_around(point: FloatArray, bounds: FloatArray) -> FloatArray:
    """``[series, levels, steps]`` in order, never negative, a wider interval never inside a narrower one.

    Args:
        point: ``[series, steps]``.
        bounds: ``[series, intervals, 2, steps]`` distances of the 50, 80 and 95 % intervals, up and down.
    """
    outward = np.maximum.accumulate(bounds, axis=1)
    up, down = outward[:, :, 0], outward[:, :, 1]
    middle = point[:, None, :]
    stacked = np.concatenate([middle - down[:, ::-1], middle, middle + up], axis=1)
    out: FloatArray = np.maximum(stacked, 0.0)
    return out
