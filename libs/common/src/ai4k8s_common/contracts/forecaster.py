"""What the forecaster hears."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import Event
from ai4k8s_common.services import Service


class ForecastCluster(Event):
    """A cluster was observed. A claim check: the samples are in the store already."""

    name: ClassVar[str] = "forecaster.forecast_cluster.v1"
    consumer: ClassVar[Service] = Service.FORECASTER

    cluster_id: UUID
    cycle_id: UUID
    cycle_at: datetime
    rows: int
    digest: str
