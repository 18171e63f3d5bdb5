"""Use cases around backtests: start one, see the newest."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.scaler import BacktestWorkload
from ai4k8s_common.errors import NotFoundError
from ai4k8s_gateway.backtests import repository
from ai4k8s_gateway.backtests.schemas import BacktestView
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.costs import service as costs
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.workloads import repository as workloads

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.backtests.schemas import NewBacktest
    from ai4k8s_gateway.jobs.schemas import JobView


def start(tx: Transaction, principal: Principal, workload_id: int, new: NewBacktest) -> JobView:
    """Ask for a replay. It changes nothing, but it is work. Raises NotFoundError, ForbiddenError."""
    row = _row(tx.connection, principal, workload_id)
    cluster_service.require_scale(tx.connection, principal, row.cluster_id, row.namespace)
    command = BacktestWorkload(
        job_id=uuid.uuid4(),
        cluster_id=row.cluster_id,
        workload_id=workload_id,
        days=new.days,
        slo_short_share=new.slo_short_share,
        requested_by=principal.user_id,
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def newest(connection: Connection, principal: Principal, workload_id: int) -> BacktestView:
    """Return the person's newest backtest of a workload. Raises NotFoundError."""
    row = _row(connection, principal, workload_id)
    job_id = repository.newest(connection, principal.user_id, workload_id)
    job = None if job_id is None else jobs.view(connection, principal, job_id)
    return BacktestView(job=job, cost=costs.cost_of(row, None))


def _row(connection: Connection, principal: Principal, workload_id: int) -> Row[Any]:
    row = workloads.one(connection, principal, workload_id)
    if row is None:
        raise NotFoundError("there is no such workload", hint="Choose one of a cluster's workloads.")
    return row
