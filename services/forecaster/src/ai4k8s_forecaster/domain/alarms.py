"""When a remarkable score becomes an anomaly that is told, and when it is over.

Alarms have a budget. A series that has raised some lately must deviate more to raise the next one: three quarters more
for each, forgotten by half in a week. That keeps a series of bursts from drowning the others, without anybody
tuning it, and costs a quiet series nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray

#: By how much each recent alarm raises what the next one takes.
DEARER = 1.75
HALF_LIFE_DAYS = 7.0
#: Alarms older than this have no weight worth computing.
FORGOTTEN_DAYS = 42.0
#: An anomaly is over when nothing was remarkable for so many five-minute bins.
CALM_BINS = 12


def price(recent_alarms: FloatArray) -> FloatArray:
    """``[series]`` the score that raises an alarm, from the number of earlier ones, each weighed by its age."""
    return np.asarray(DEARER**recent_alarms)


def weight_of_age(days: FloatArray) -> FloatArray:
    """How much alarms of these ages count."""
    return np.asarray(np.where(days <= FORGOTTEN_DAYS, 0.5 ** (days / HALF_LIFE_DAYS), 0.0))


def alarms(scores: FloatArray, recent_alarms: FloatArray, going_on: BoolArray) -> BoolArray:
    """``[series]`` where the newest bin belongs to an anomaly, be it a new one or one that goes on.

    Args:
        scores: of the newest bin.
        recent_alarms: see `price`.
        going_on: series with an anomaly that is not over.
    """
    return np.asarray(scores >= np.where(going_on, 1.0, price(recent_alarms)))
