"""Our own: what is used unless a setting says otherwise, and its part for a single day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.day_rule import forecast_from_a_day
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.levels import levels_around
from ai4k8s_forecaster.domain.path import forecast_path
from ai4k8s_forecaster.domain.status import history_states

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.methods.base import Calendar


@dataclass(frozen=True)
class Core:
    """The standard: ``path.forecast_path``."""

    name: str = "core"

    def fit_predict(self, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
        """See ``Method``."""
        demand = np.where(mask, history, np.nan)
        return forecast_path(demand, history_states(demand, calendar.step_seconds)).values


@dataclass(frozen=True)
class DayRule:
    """See ``day_rule.py``; has nothing to say of less than a day."""

    name: str = "day-rule"

    def fit_predict(self, history: FloatArray, mask: BoolArray, calendar: Calendar) -> FloatArray:
        """See ``Method``."""
        del calendar
        demand = np.where(mask, history, np.nan)
        age = np.where(mask.any(axis=1), demand.shape[1] - np.argmax(mask, axis=1), 0)
        out = levels_around(*forecast_from_a_day(demand))
        out[age < DAY_STEPS] = np.nan
        return out
