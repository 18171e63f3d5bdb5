"""A cycle of the forecaster against a real store: what it reads, writes, passes on, and refuses to say."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_common.contracts.forecaster import ForecastCluster
from ai4k8s_common.services import Service
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.service import forecast_cluster
from ai4k8s_forecaster.settings import ForecasterSettings
from tests.support.bus import open_bus
from tests.support.observed import REQUEST_MILLICORES, ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

# Two minutes before a full hour: the daily job of `demand` starts at minute 0 of this hour.
NOW = datetime.now(UTC).replace(minute=58, second=20, microsecond=0) - timedelta(hours=1)
DAY = 1440


def demand(days: float) -> list[float]:
    """Millicores a minute before NOW: three pods, and nine in the hour that is about to begin, every day."""
    minutes = np.arange(-int(days * DAY), 0)
    busy = (minutes - 2) % DAY < 60
    busy &= minutes < -60
    noise = np.random.default_rng(4).normal(0, 0.1, minutes.size)
    return [float(value) for value in (np.where(busy, 9.0, 3.0) + noise) * REQUEST_MILLICORES]


@pytest.fixture
def cluster(database: Database) -> ObservedCluster:
    return ObservedCluster.create(database)


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.FORECASTER)
    yield bus
    bus.close()


@pytest.fixture
def context() -> Context:
    return Context(ForecasterSettings())


def cycle(bus: Bus, context: Context, cluster: ObservedCluster, at: datetime = NOW) -> uuid.UUID:
    """Run one cycle; its id."""
    message = ForecastCluster(cluster_id=cluster.cluster_id, cycle_id=uuid.uuid4(), cycle_at=at, rows=1, digest="")
    with bus.transaction() as tx:
        forecast_cluster(tx, context, message)
    return message.cycle_id


def newest(cluster: ObservedCluster, workload_id: int) -> dict[str, Any]:
    (row, *_) = cluster.rows(
        "SELECT * FROM forecaster.forecasts WHERE workload_id = %s ORDER BY made_at DESC", workload_id
    )
    return row


def test_a_recurring_rise_is_foreseen_and_the_scaler_is_told(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(8))
    cycle_id = cycle(bus, context, cluster)
    row = newest(cluster, workload_id)
    assert (row["status"], row["window_status"]) == ("ready", "ready")
    assert row["lead_time_seconds"] == 180
    quantile = dict(zip(row["window_levels"], row["window_values"], strict=True))
    assert quantile[0.95] > 8 * REQUEST_MILLICORES
    assert len(row["path_values"]) == len(row["path_levels"]) * 72
    assert row["path_start_at"] == NOW.replace(minute=55, second=0)
    assert row["sentence"].startswith("Will need 9 pods") or row["sentence"].startswith("Will need 10 pods")
    assert set(row["rhythms"]) == {"daily"}
    # The job of the first hour is over in the last.
    assert (row["trend"], row["shifted_at"]) == ("decreasing", None)
    assert row["peak_value"] == max(row["path_values"][3 * 72 : 4 * 72])
    assert row["skill"] > 0
    assert len(row["window_15m_values"]) == len(row["window_60m_values"]) == len(row["window_levels"])
    message = cluster.row("SELECT * FROM forecaster.outbox WHERE contract = 'scaler.evaluate_policies.v1'")
    assert message["contract"] == "scaler.evaluate_policies.v1"
    assert message["payload"]["cycle_id"] == str(cycle_id)


def test_what_cannot_be_known_is_not_made_up(cluster, bus, context):
    young, unmeasured, unlimited = (cluster.workload(name) for name in ("young", "unmeasured", "no-request"))
    cluster.execute("UPDATE collector.workloads SET cpu_request_millicores = NULL WHERE id = %s", unlimited)
    cluster.past(young, NOW, demand(3 / 24))
    cluster.past(unlimited, NOW, demand(3))
    cycle(bus, context, cluster)
    row = newest(cluster, young)
    assert (row["status"], row["detail"]) == ("not_ready", "3 h of 24 h collected")
    assert (row["window_status"], row["window_detail"]) == ("not_ready", "3 h of 42 h collected")
    assert row["path_values"] is None
    assert (row["trend"], row["rhythms"], row["skill"]) == (None, None, None)
    assert row["window_values"] is None
    assert newest(cluster, unmeasured)["detail"] == "0 h of 24 h collected"
    row = newest(cluster, unlimited)
    assert row["window_detail"] == "its pods have no CPU request to measure demand by"
    assert row["path_values"] is not None


def test_a_cluster_that_was_not_seen_for_a_while_gets_no_numbers(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW - timedelta(minutes=40), demand(3))
    cycle(bus, context, cluster)
    row = newest(cluster, workload_id)
    assert row["status"] == "gap"
    assert row["detail"].startswith("gap of ")
    assert row["window_status"] == "gap"
    assert row["path_values"] is None


def test_a_process_that_read_everything_and_one_that_went_along_say_the_same(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(3))
    cycle(bus, context, cluster)
    for number in range(1, 5):
        at = NOW + timedelta(seconds=15 * number)
        cluster.samples(workload_id, [{"at": at, "cpu_usage_millicores": 300.0 + number}])
        cycle(bus, context, cluster, at)
    went_along = newest(cluster, workload_id)
    cluster.execute("DELETE FROM forecaster.forecasts")
    cycle(bus, Context(ForecasterSettings()), cluster, NOW + timedelta(seconds=60))
    anew = newest(cluster, workload_id)
    for name in ("status", "path_values", "window_values", "window_60m_values", "path_start_at"):
        assert went_along[name] == anew[name], name


def test_workloads_that_come_and_go_change_nothing_for_the_others(cluster, bus, context):
    stays, goes = cluster.workload("stays"), cluster.workload("goes")
    for workload_id in (stays, goes):
        cluster.past(workload_id, NOW, demand(3))
    cycle(bus, context, cluster)
    cluster.execute("UPDATE collector.workloads SET gone_at = now() WHERE id = %s", goes)
    comes = cluster.workload("comes")
    cluster.past(comes, NOW, [2 * value for value in demand(3)])
    at = NOW + timedelta(minutes=2)
    cluster.samples(stays, [{"at": at, "cpu_usage_millicores": 310.0}])
    cycle(bus, context, cluster, at)
    went_along = {workload_id: newest(cluster, workload_id) for workload_id in (stays, comes)}
    cluster.execute("DELETE FROM forecaster.forecasts")
    cycle(bus, Context(ForecasterSettings()), cluster, at)
    for workload_id, said in went_along.items():
        anew = newest(cluster, workload_id)
        for name in ("status", "path_values", "window_values"):
            assert said[name] == anew[name], name
    assert cluster.rows("SELECT 1 FROM forecaster.forecasts WHERE workload_id = %s", goes) == []


def test_a_past_that_was_filled_in_is_read_at_the_next_cycle(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.samples(workload_id, [{"at": NOW, "cpu_usage_millicores": 300.0}])
    cycle(bus, context, cluster)
    assert newest(cluster, workload_id)["status"] == "not_ready"
    cluster.past(workload_id, NOW, demand(3))
    cluster.execute("UPDATE collector.cluster_states SET backfill_detail = 'filled in'")
    cycle(bus, context, cluster, NOW + timedelta(seconds=15))
    row = newest(cluster, workload_id)
    assert row["window_status"] == "ready"
    assert row["path_values"] is not None


def test_a_late_cycle_neither_forecasts_nor_speaks(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(2))
    cycle(bus, context, cluster)
    cycle(bus, context, cluster, NOW - timedelta(seconds=30))
    assert len(cluster.rows("SELECT 1 FROM forecaster.forecasts")) == 1
    assert len(cluster.rows("SELECT 1 FROM forecaster.outbox WHERE contract = 'scaler.evaluate_policies.v1'")) == 1


def test_within_five_minutes_the_first_forecast_and_the_newest_are_kept(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(2))
    start = NOW.replace(minute=50, second=1)
    for seconds in (0, 15, 30, 45, 300):
        cycle(bus, context, cluster, start + timedelta(seconds=seconds))
    kept = [row["made_at"] for row in cluster.rows("SELECT made_at FROM forecaster.forecasts ORDER BY made_at")]
    assert kept == [start, start + timedelta(seconds=45), start + timedelta(seconds=300)]


def test_a_cluster_without_workloads_is_passed_on(cluster, bus, context):
    cycle(bus, context, cluster)
    assert len(cluster.rows("SELECT 1 FROM forecaster.outbox WHERE contract = 'scaler.evaluate_policies.v1'")) == 1


def test_forecasts_are_judged_when_their_time_has_come_and_only_once(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(8))
    cycle(bus, context, cluster)
    assert cluster.rows("SELECT * FROM forecaster.scores") == []
    later = NOW + timedelta(minutes=22)
    cluster.past(workload_id, later, [9.0 * REQUEST_MILLICORES] * 22)
    cycle(bus, context, cluster, later)
    score = cluster.row("SELECT * FROM forecaster.scores")
    # Made in the bin of 13:55, it spoke of 14:05; the bins of 14:10 and 14:15 were never foreseen from 15 minutes before.
    assert (score["horizon_minutes"], score["judged"], score["inside_95"]) == (15, 1, 1)
    assert score["absolute_error"] < score["last_value_error"]
    cycle(bus, context, cluster, later + timedelta(seconds=20))
    assert cluster.row("SELECT judged FROM forecaster.scores")["judged"] == 1
    assert cluster.row("SELECT until FROM forecaster.judged_bins")["until"] == NOW.replace(second=0) + timedelta(
        minutes=17
    )


def test_what_a_workload_used_at_its_limit_judges_no_forecast(cluster, bus, context):
    workload_id = cluster.workload()
    cluster.past(workload_id, NOW, demand(8))
    cycle(bus, context, cluster)
    later = NOW + timedelta(minutes=22)
    at = [NOW + timedelta(minutes=minute) for minute in range(22)]
    cluster.samples(workload_id, ({"at": one, "cpu_usage_millicores": 400.0, "saturated": True} for one in at))
    cycle(bus, context, cluster, later)
    assert cluster.rows("SELECT * FROM forecaster.scores") == []
