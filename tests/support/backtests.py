"""The scaler and the forecaster in the test's own process, as far as a backtest goes through them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts.forecaster import HindcastWorkload
from ai4k8s_common.contracts.scaler import BacktestWorkload, ReplayBacktest
from ai4k8s_common.services import Service
from ai4k8s_forecaster.hindcasting import hindcast_workload
from ai4k8s_scaler.backtesting import backtest_workload, replay_backtest
from ai4k8s_scaler.context import Context
from ai4k8s_scaler.settings import ScalerSettings
from tests.support.bus import open_bus
from tests.support.wait import eventually

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.gateway import RunningGateway


@dataclass
class BacktestWorkers:
    """What handles a backtest's three messages."""

    gateway: RunningGateway
    scaler: Bus
    forecaster: Bus
    context: Context

    def replay(self, workload_id: int) -> None:
        """Do what a person asked for, from the outbox of the gateway to the job's end."""
        with self.scaler.transaction() as tx:
            backtest_workload(tx, self.context, self._sent("gateway", BacktestWorkload, workload_id))
        with self.forecaster.transaction() as tx:
            hindcast_workload(tx, self._sent("scaler", HindcastWorkload, workload_id))
        with self.scaler.transaction() as tx:
            replay_backtest(tx, self.context, self._sent("forecaster", ReplayBacktest, workload_id))

    def _sent(self, schema: str, contract: Any, workload_id: int) -> Any:
        query = f"SELECT payload FROM {schema}.outbox WHERE contract = %s AND (payload ->> 'workload_id')::bigint = %s"
        # The page's order is on its way when a browser gives it.
        ((payload,),) = eventually(lambda: self.gateway.execute(query, (contract.name, workload_id)))
        return contract.model_validate(payload)


@contextlib.contextmanager
def backtest_workers(gateway: RunningGateway) -> Iterator[BacktestWorkers]:
    """Open them on a gateway's stores."""
    url = gateway.wiring.bus_settings.redis_url.get_secret_value()
    scaler = open_bus(gateway.database, url, Service.SCALER)
    forecaster = open_bus(gateway.database, url, Service.FORECASTER)
    context = Context(ScalerSettings(), timedelta(seconds=30), _must_not_be_opened, lambda: datetime.now(UTC))
    yield BacktestWorkers(gateway, scaler, forecaster, context)
    scaler.close()
    forecaster.close()


def _must_not_be_opened(cluster_id: uuid.UUID, sealed: bytes) -> AbstractContextManager[Any]:
    raise AssertionError("a backtest reads the store and opens no cluster")
