"""Keeps the calibration of confidence for some minutes: judged decisions come slowly, and every advice asks for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_advisor import repository
from ai4k8s_advisor.domain.calibration import Calibrated, Calibration

if TYPE_CHECKING:
    from sqlalchemy import Connection

FRESH_SECONDS = 300.0


@dataclass
class Calibrator:
    """One process's copy."""

    _fitted: Calibration | None = None
    _until: float = field(default=0.0)

    def of(self, connection: Connection, confidence: float) -> Calibrated:
        """How often such a confidence came true in this installation."""
        if self._fitted is None or time.monotonic() >= self._until:
            self._fitted = Calibration(repository.judged_words(connection))
            self._until = time.monotonic() + FRESH_SECONDS
        return self._fitted.of(confidence)
