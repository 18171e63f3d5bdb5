"""A workload's stored past, from a person's wish over the forecaster to a recommendation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_common.contracts.forecaster import HindcastWorkload
from ai4k8s_common.contracts.scaler import BacktestWorkload, ReplayBacktest
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.services import Service
from ai4k8s_forecaster.hindcasting import hindcast_workload
from ai4k8s_scaler.backtesting import backtest_workload, replay_backtest
from ai4k8s_scaler.context import Context
from ai4k8s_scaler.settings import ScalerSettings
from tests.support.bus import open_bus
from tests.support.observed import REQUEST_MILLICORES, ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

NOW = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
SERVICES = (Service.SCALER, Service.FORECASTER)


def must_not_be_opened(cluster_id: uuid.UUID, sealed: bytes) -> AbstractContextManager[Any]:
    raise AssertionError("a backtest reads the store and opens no cluster")


@dataclass
class Chain:
    """A scaler and a forecaster in this process, and one cluster."""

    cluster: ObservedCluster
    buses: dict[Service, Bus]
    context: Context

    def ask(self, workload_id: int, days: int = 14) -> uuid.UUID:
        """What the gateway sends; handled. The job's id."""
        job_id = uuid.uuid4()
        message = BacktestWorkload(
            job_id=job_id,
            cluster_id=self.cluster.cluster_id,
            workload_id=workload_id,
            days=days,
            requested_by=uuid.uuid4(),
        )
        with self.buses[Service.SCALER].transaction() as tx:
            backtest_workload(tx, self.context, message)
        with self.buses[Service.FORECASTER].transaction() as tx:
            hindcast_workload(tx, HindcastWorkload.model_validate(self.sent("scaler", HindcastWorkload.name, job_id)))
        return job_id

    def replay(self, job_id: uuid.UUID) -> dict[str, Any]:
        """What the forecaster sent; handled. The job's state."""
        message = ReplayBacktest.model_validate(self.sent("forecaster", ReplayBacktest.name, job_id))
        with self.buses[Service.SCALER].transaction() as tx:
            replay_backtest(tx, self.context, message)
        return self.cluster.row("SELECT * FROM scaler.job_states WHERE job_id = %s", job_id)

    def sent(self, schema: str, contract: str, job_id: uuid.UUID) -> dict[str, Any]:
        """The payload of the job's only message of a kind."""
        query = f"SELECT payload FROM {schema}.outbox WHERE contract = %s AND payload ->> 'job_id' = %s"
        payload: dict[str, Any] = self.cluster.row(query, contract, str(job_id))["payload"]
        return payload


@pytest.fixture
def chain(database: Database, valkey: Valkey) -> Iterator[Chain]:
    buses = {service: open_bus(database, valkey.url, service) for service in SERVICES}
    context = Context(ScalerSettings(), timedelta(seconds=30), must_not_be_opened, lambda: NOW)
    yield Chain(ObservedCluster.create(database), buses, context)
    for bus in buses.values():
        bus.close()


def test_a_stored_past_becomes_a_picture_and_a_recommendation(chain: Chain) -> None:
    workload_id = chain.cluster.workload()
    minute = np.arange(-int(2.5 * 1440), 0)
    demand = 4.0 + 3.0 * np.sin(2 * np.pi * minute / 1440) + np.random.default_rng(5).normal(0, 0.2, minute.size)
    chain.cluster.past(workload_id, NOW, (np.maximum(demand, 0.2) * REQUEST_MILLICORES).tolist())
    job = chain.replay(chain.ask(workload_id))
    assert (job["status"], job["progress"], job["kind"]) == ("completed", 100, BacktestWorkload.name)
    result = job["result"]
    assert result["days"] == pytest.approx(0.75, abs=0.01)  # the first 42 h only serve to learn from
    assert result["startup_measured"] is True
    contenders = {(each["kind"], each["target_percent"]): each for each in result["contenders"]}
    hungry, frugal = contenders["hpa", 30], contenders["hpa", 90]
    assert hungry["pod_hours"] > frugal["pod_hours"]
    assert hungry["short_share"] <= frugal["short_share"]
    assert {"predictive", "predictive_floor", "rightsized"} <= {kind for kind, _ in contenders}
    # Four pods all the time, as the samples say, and short whenever demand was above.
    ran = result["as_it_ran"]
    assert ran["pod_hours"] == pytest.approx(4 * 24 * result["days"], rel=0.01)
    assert ran["short_share"] > 0.1
    assert any(each["on_front"] for each in result["contenders"])
    assert result["recommendation"]["sentence"] == job["message"]


def test_where_there_is_nothing_to_replay_the_reason_is_told(chain: Chain) -> None:
    young, unlimited = chain.cluster.workload("young"), chain.cluster.workload("no-request")
    chain.cluster.execute("UPDATE collector.workloads SET cpu_request_millicores = NULL WHERE id = %s", unlimited)
    chain.cluster.past(young, NOW, [100.0] * 90)
    with pytest.raises(InvalidInputError, match="only 2 h of demand were stored; a replay needs 6 h"):
        chain.replay(chain.ask(young))
    with pytest.raises(InvalidInputError, match="no CPU request"):
        chain.replay(chain.ask(unlimited))


def test_a_day_of_history_compares_what_needs_no_forecast(chain: Chain) -> None:
    workload_id = chain.cluster.workload("day-old")
    chain.cluster.past(workload_id, NOW, [250.0] * 1440)
    chain.context = replace(chain.context, interval=timedelta(seconds=60))
    result = chain.replay(chain.ask(workload_id, days=1))["result"]
    assert result["forecast_share"] == 0
    assert (result["metrics_late_seconds"], result["metrics_lag_seconds"]) == (60, None)
    assert result["days"] == pytest.approx(1.0, abs=0.01)
    chain.cluster.execute("INSERT INTO scaler.metric_lags VALUES (%s, 20, 40, '[20]', now())", chain.cluster.cluster_id)
    measured = chain.replay(chain.ask(workload_id, days=1))["result"]
    assert (measured["metrics_late_seconds"], measured["metrics_lag_seconds"]) == (90, 20.0)
