"""Fitted window models of workloads: when to fit anew, and how they are stored.

A stored model is a cache: it saves the first cycle after a restart from fitting everything, and may be dropped.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.window_maximum import WindowModel

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

#: Changes with the meaning of the arrays; a state of another version is fitted anew.
MODEL_NAME = "window-maximum-2"
FIXED_HORIZONS = (15, 60)
#: History that grew by this factor (a back-fill, a young workload) is worth another fit before its time.
_GROWTH = 1.25
_REQUEST_TOLERANCE = 0.01


@dataclass(frozen=True)
class WorkloadModels:
    """All window models of one workload.

    Attributes:
        fitted_at: newest instant used.
        request_millicores: the unit they were fitted in.
        lead: of the maximum over the lead time.
        fixed: over 15 and 60 minutes.
    """

    fitted_at: datetime
    request_millicores: float
    lead: WindowModel
    fixed: tuple[WindowModel, ...]

    @property
    def observed_days(self) -> float:
        """History that was there when they were fitted."""
        return float(self.lead.observed_days[0])

    def suits(
        self, now: datetime, oldest: timedelta, observed_days: float, horizon_minutes: int, request_millicores: float
    ) -> bool:
        """Whether they may still be used as they are.

        A lead time that shrank by a minute is let pass: start-up times scatter, and fitting each time would be the
        price of nothing.
        """
        return (
            now - self.fitted_at <= oldest
            and observed_days < _GROWTH * max(self.observed_days, 0.25)
            and 0 <= self.lead.horizon_minutes - horizon_minutes <= 1
            and abs(request_millicores - self.request_millicores) <= _REQUEST_TOLERANCE * self.request_millicores
        )

    def to_bytes(self) -> bytes:
        """Everything but ``fitted_at`` as a compressed archive of arrays."""
        arrays = {"request_millicores": np.array(self.request_millicores)}
        for number, model in enumerate((self.lead, *self.fixed)):
            arrays |= {f"{number}.{name}": array for name, array in model.to_arrays().items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, state: bytes, fitted_at: datetime) -> WorkloadModels | None:
        """The inverse; None when the bytes are not what this version writes."""
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            models = [
                WindowModel.from_arrays(
                    {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith(f"{number}.")}
                )
                for number in range(1 + len(FIXED_HORIZONS))
            ]
            request = float(arrays["request_millicores"])
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError):
            return None
        return cls(fitted_at, request, models[0], tuple(models[1:]))


class ModelCache:
    """Models by cluster and workload; the first look at a cluster reads the stored ones."""

    def __init__(self) -> None:
        self._models: dict[UUID, dict[int, WorkloadModels]] = {}

    def knows(self, cluster_id: UUID) -> bool:
        """Whether the stored models of a cluster were read."""
        return cluster_id in self._models

    def of(self, cluster_id: UUID) -> dict[int, WorkloadModels]:
        """Models by workload, to be changed in place."""
        return self._models.setdefault(cluster_id, {})
