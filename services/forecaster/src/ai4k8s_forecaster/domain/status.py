"""Whether a history carries a forecast, said in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

REQUIRED_HOURS = 24.0
#: Samples missing for longer than this at the end of history mean that the present is unknown.
LONGEST_GAP_SECONDS = 900.0
_HOUR_SECONDS = 3600.0
_TIE = 0.05


class Status(Enum):
    """What may be said about a series."""

    READY = "ready"
    NOT_READY = "not_ready"
    GAP = "gap"
    NO_SKILL = "no_skill"


@dataclass(frozen=True)
class HistoryState:
    """State of one series' history.

    Attributes:
        status: see ``Status``.
        detail: the reason in words; empty when ready.
        observed_hours: how much was measured.
    """

    status: Status
    detail: str
    observed_hours: float

    @property
    def may_forecast(self) -> bool:
        """Whether numbers may be shown at all (without skill they are shown, and not used)."""
        return self.status in {Status.READY, Status.NO_SKILL}

    def judged_by(self, skill: float) -> HistoryState:
        """The state once past forecasts were judged; a tie with a naive rule chosen in hindsight is no failure."""
        if self.status is not Status.READY or skill >= -_TIE:
            return self
        return HistoryState(Status.NO_SKILL, "no skill over naive", self.observed_hours)


def history_states(demand: FloatArray, step_seconds: float) -> list[HistoryState]:
    """Judge each series' history.

    Args:
        demand: ``[series, bins]``, the last bin being now, NaN where not measured.
        step_seconds: width of a bin.
    """
    present = np.isfinite(demand)
    hours = present.sum(axis=1) * step_seconds / _HOUR_SECONDS
    index = np.arange(demand.shape[1])
    last = np.where(present, index, -1).max(axis=1, initial=-1)
    gaps = (demand.shape[1] - 1 - last) * step_seconds
    return [_state(float(observed), float(gap)) for observed, gap in zip(hours, gaps, strict=True)]


def _state(observed_hours: float, gap_seconds: float) -> HistoryState:
    if observed_hours < REQUIRED_HOURS:
        detail = f"{observed_hours:.0f} h of {REQUIRED_HOURS:.0f} h collected"
        return HistoryState(Status.NOT_READY, detail, observed_hours)
    if gap_seconds > LONGEST_GAP_SECONDS:
        return HistoryState(Status.GAP, f"gap of {_in_words(gap_seconds)}", observed_hours)
    return HistoryState(Status.READY, "", observed_hours)


def _in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
