"""What the forecaster hears."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import Command, Event, Tick
from ai4k8s_common.services import QueueKind, Service


class ForecastCluster(Event):
    """A cluster was observed. A claim check: the samples are in the store already."""

    name: ClassVar[str] = "forecaster.forecast_cluster.v1"
    consumer: ClassVar[Service] = Service.FORECASTER

    cluster_id: UUID
    cycle_id: UUID
    cycle_at: datetime
    rows: int
    digest: str


class HindcastWorkload(Command):
    """Say what would have been forecast at every minute of a workload's last days; the scaler replays it."""

    name: ClassVar[str] = "forecaster.hindcast_workload.v1"
    consumer: ClassVar[Service] = Service.FORECASTER
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    job_id: UUID
    cluster_id: UUID
    workload_id: int
    days: int
    slo_short_share: float | None = None  # passed on
    until: datetime


class AnalyseCluster(Event):
    """Five minutes of a cluster are complete: look for what cannot be explained, and say how well the cluster is.

    Apart from the forecast, in another process, so that the loop neither waits for it nor fails with it.
    """

    name: ClassVar[str] = "forecaster.analyse_cluster.v1"
    consumer: ClassVar[Service] = Service.FORECASTER
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    cluster_id: UUID
    until: datetime


class ForecastOutlooks(Event):
    """A new five-minute bin began: foresee what is not scaled by. Long work, apart from the cycle."""

    name: ClassVar[str] = "forecaster.forecast_outlooks.v1"
    consumer: ClassVar[Service] = Service.FORECASTER
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    cluster_id: UUID
    at: datetime


class ReviewClusters(Tick):
    """Work out anew which requests would fit, and when room runs out, for the clusters whose turn it is."""

    name: ClassVar[str] = "forecaster.review_clusters.v1"
    consumer: ClassVar[Service] = Service.FORECASTER
    kind: ClassVar[QueueKind] = QueueKind.JOBS  # forecasts must not wait for it


class ForgetCluster(Command):
    """A cluster was removed: whatever belongs to it goes. Sent by the collector once nothing of it is under way."""

    name: ClassVar[str] = "forecaster.forget_cluster.v1"
    consumer: ClassVar[Service] = Service.FORECASTER

    cluster_id: UUID
