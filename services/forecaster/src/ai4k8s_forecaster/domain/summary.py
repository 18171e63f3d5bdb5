"""What a forecast means for one workload, in one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.path import PATH_LEVELS

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

_MEDIAN = int(np.searchsorted(PATH_LEVELS, 0.5))
_NORMAL_80 = 1.2816  # standard deviations on either side of an 80 % interval
_SIGNIFICANT = 0.05
_LOW, _HIGH = int(np.searchsorted(PATH_LEVELS, 0.1)), int(np.searchsorted(PATH_LEVELS, 0.9))


class Trend(Enum):
    """Direction of the next hours."""

    INCREASING = "increasing"
    DECREASING = "decreasing"
    STABLE = "stable"


@dataclass(frozen=True)
class Summary:
    """Peak and trend of one path.

    Attributes:
        trend: increasing or decreasing only where the difference of the last hour from the first is significant.
        trend_p_value: two-sided, of that difference, from the 80 % intervals of both hours taken as normal.
        peak_at: start of the step with the highest median.
        peak: its value, in the unit of the path.
        sentence: for people.
    """

    trend: Trend
    trend_p_value: float
    peak_at: datetime
    peak: float
    sentence: str


def summarise(
    path: FloatArray, start_at: datetime, step_seconds: int, request: float | None, ready_replicas: int
) -> Summary:
    """Derive peak, trend and sentence.

    Args:
        path: ``[levels, steps]`` of one series.
        start_at: start of the first step.
        step_seconds: width of a step.
        request: request of one pod in the path's unit; None when pods have none.
        ready_replicas: pods ready now.
    """
    middle = path[_MEDIAN]
    step = int(np.argmax(middle))
    peak_at, peak = start_at + timedelta(seconds=step * step_seconds), float(middle[step])
    trend, p_value = _trend(path)
    when = peak_at.strftime("%H:%M")
    if request is None or request <= 0:
        return Summary(trend, p_value, peak_at, peak, f"{trend.value.capitalize()}; peaks at {peak:.0f} at {when}.")
    pods = max(1, math.ceil(peak / request))
    if pods == ready_replicas:
        sentence = f"Will need {pods} {_pods(pods)} at most in the next 6 h, as many as now."
    elif pods > ready_replicas:
        needed = int(np.argmax(middle > ready_replicas * request))
        since = (start_at + timedelta(seconds=needed * step_seconds)).strftime("%H:%M")
        sentence = f"Will need {pods} {_pods(pods)} at {when} ({ready_replicas} now, too few from {since})."
    else:
        sentence = f"Will need {pods} {_pods(pods)} at most in the next 6 h, at {when} ({ready_replicas} now)."
    return Summary(trend, p_value, peak_at, peak, sentence)


def _pods(count: int) -> str:
    return "pod" if count == 1 else "pods"


def _trend(path: FloatArray) -> tuple[Trend, float]:
    hour = max(path.shape[1] // 6, 1)
    change = float(path[_MEDIAN, -hour:].mean() - path[_MEDIAN, :hour].mean())
    widths = [float((path[_HIGH, steps] - path[_LOW, steps]).mean()) for steps in (slice(hour), slice(-hour, None))]
    deviation = math.hypot(*widths) / (2 * _NORMAL_80)
    certain = 0.0 if change else 1.0
    p_value = math.erfc(abs(change) / deviation / math.sqrt(2)) if deviation > 0 else certain
    if p_value >= _SIGNIFICANT:
        return Trend.STABLE, round(p_value, 4)
    return Trend.INCREASING if change > 0 else Trend.DECREASING, round(p_value, 4)
