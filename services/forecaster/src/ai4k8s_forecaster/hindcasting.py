"""The forecast half of a backtest: what would have been said at every minute of a workload's last days."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import structlog

from ai4k8s_common.contracts.scaler import ReplayBacktest
from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.grid import MINUTE_SECONDS, bin_samples, held_between_samples
from ai4k8s_forecaster.domain.hindcast import hindcast
from ai4k8s_forecaster.windows import lead_minutes

if TYPE_CHECKING:
    from datetime import datetime

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.forecaster import HindcastWorkload
    from ai4k8s_forecaster.domain.grid import Grid

KEEP = timedelta(hours=1)
DAY_MINUTES = 1440
#: Below this there is nothing to replay.
LEAST_MINUTES = 6 * 60

log = structlog.stdlib.get_logger(__name__)


def hindcast_workload(tx: Transaction, message: HindcastWorkload) -> None:
    """Forecast the past, keep it for the replay, and pass the claim check on; or say why there is none."""
    problem = _hindcast(tx, message)
    tx.send(
        ReplayBacktest(
            job_id=message.job_id,
            cluster_id=message.cluster_id,
            workload_id=message.workload_id,
            slo_short_share=message.slo_short_share,
            problem=problem,
        )
    )


def _hindcast(tx: Transaction, message: HindcastWorkload) -> str:
    workload = repository.one_workload(tx.connection, message.cluster_id, message.workload_id)
    if workload is None:
        return "this workload is not there any more"
    request = workload.cpu_request_millicores
    if not request or request <= 0:
        return "its pods have no CPU request to measure demand by"
    grid = _minutes(tx, message)
    known = np.flatnonzero(np.isfinite(grid.values[0]))
    if known.size < LEAST_MINUTES:
        return f"only {known.size / 60:.0f} h of demand were stored; a replay needs {LEAST_MINUTES / 60:.0f} h"
    demand = grid.values[0, known[0] :] / request
    said = hindcast(demand, lead_minutes(workload))
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        first_minute=np.array(grid.first_bin + known[0]),
        demand=demand.astype(np.float32),
        levels=said.levels,
        values=said.values.astype(np.float32),
        usable=said.usable,
        skill=np.array(said.skill),
    )
    repository.store_hindcast(tx.connection, message.job_id, message.workload_id, arrays.getvalue(), KEEP)
    log.info("workload_hindcast", workload_id=message.workload_id, minutes=int(demand.size))
    return ""


def _minutes(tx: Transaction, message: HindcastWorkload) -> Grid:
    bins = message.days * DAY_MINUTES
    since: datetime = message.until - timedelta(minutes=bins - 1)
    rows = repository.workload_samples(
        tx.connection, message.cluster_id, message.workload_id, since.timestamp(), message.until.timestamp()
    )
    grid = bin_samples(
        series=np.zeros(rows.at.size, np.int64),
        at=rows.at,
        values=rows.cpu_millicores,
        saturated=rows.saturated,
        n_series=1,
        now=message.until.timestamp(),
        bins=bins,
        step_seconds=MINUTE_SECONDS,
    )
    return held_between_samples(grid)
