"""Made-up demand for tests of the models: known shapes, fixed seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

DAY = 1440


def daily_job(days: float, *, at_minute: int = 600, low: float = 3.0, high: float = 9.0, seed: int = 1) -> FloatArray:
    """Minutes of a workload that jumps for half an hour at the same time each day (one series)."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(int(days * DAY))
    busy = (minutes % DAY >= at_minute) & (minutes % DAY < at_minute + 30)
    noise = rng.normal(0, 0.15, minutes.size)
    return np.maximum(np.where(busy, high, low) + noise, 0.0)[None]


def hourly_job(days: float, *, at_minute: int = 20, seed: int = 2) -> FloatArray:
    """Minutes of a workload that jumps for five minutes each hour (one series)."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(int(days * DAY))
    busy = (minutes % 60 >= at_minute) & (minutes % 60 < at_minute + 5)
    return (np.where(busy, 8.0, 2.0) + rng.normal(0, 0.1, minutes.size))[None]


def noise(days: float, seed: int = 3) -> FloatArray:
    """Minutes of independent noise (one series)."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.normal(5, 1, int(days * DAY)))[None]
