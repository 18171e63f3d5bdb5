"""What the forecaster hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.forecaster import (
    AnalyseCluster,
    ForecastCluster,
    ForecastOutlooks,
    ForgetCluster,
    HindcastWorkload,
    ReviewClusters,
)
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster
from ai4k8s_forecaster.analysis import analyse_cluster
from ai4k8s_forecaster.hindcasting import hindcast_workload
from ai4k8s_forecaster.outlooks import foresee_outlooks
from ai4k8s_forecaster.reviews import review_clusters
from ai4k8s_forecaster.service import forecast_cluster

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_forecaster.context import Context

handlers: Handlers[Context] = Handlers(Service.FORECASTER)


@handlers.handles(ForecastCluster)
def on_forecast_cluster(message: ForecastCluster, tx: Transaction, context: Context) -> None:
    """Foresee what each workload of a cluster will need."""
    forecast_cluster(tx, context, message)


@handlers.handles(HindcastWorkload)
def on_hindcast_workload(message: HindcastWorkload, tx: Transaction, _: Context) -> None:
    """Say what would have been forecast in the past."""
    hindcast_workload(tx, message)


@handlers.handles(AnalyseCluster)
def on_analyse_cluster(message: AnalyseCluster, tx: Transaction, context: Context) -> None:
    """Look for anomalies in what was measured, and say how well a cluster is."""
    analyse_cluster(tx, context, message)


@handlers.handles(ForecastOutlooks)
def on_forecast_outlooks(message: ForecastOutlooks, tx: Transaction, context: Context) -> None:
    """Foresee memory, network, disks and requests, node groups and the whole cluster."""
    foresee_outlooks(tx, context, message)


@handlers.handles(ReviewClusters)
def on_review_clusters(_: ReviewClusters, tx: Transaction, __: Context) -> None:
    """Say which requests would fit, and when room runs out."""
    review_clusters(tx, utc_now())


@handlers.handles(ForgetCluster)
def on_forget_cluster(message: ForgetCluster, tx: Transaction, _: Context) -> None:
    """Remove what is known of a cluster that was removed."""
    forget_cluster(tx.connection, Service.FORECASTER, message.cluster_id)
