"""Five minutes of a cluster are looked at, against a real store: what begins, goes on and ends, and how well it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_common.contracts.forecaster import AnalyseCluster
from ai4k8s_common.services import Service
from ai4k8s_forecaster import watching
from ai4k8s_forecaster.analysis import analyse_cluster
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.domain.grid import five_minutes_of
from ai4k8s_forecaster.settings import ForecasterSettings
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

NOW = five_minutes_of(datetime.now(UTC) - timedelta(hours=3))
BIN = timedelta(minutes=5)


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.FORECASTER)
    yield bus
    bus.close()


class Story:
    """One cluster with two calm workloads, told bin by bin."""

    def __init__(self, database: Database, bus: Bus, days: float = 3.0) -> None:
        self.cluster, self.bus, self.context, self.now = (
            ObservedCluster.create(database),
            bus,
            Context(ForecasterSettings()),
            NOW,
        )
        self.web, self.api = self.cluster.workload("web"), self.cluster.workload("api")
        self._random = np.random.default_rng(3)
        for workload_id in (self.web, self.api):
            self.cluster.past(workload_id, NOW, [float(value) for value in self.noise(int(days * 1440))])

    def noise(self, count: int) -> Any:
        return 200 + self._random.normal(0, 5, count)

    def five_minutes(self, web: float = 200.0, api: float = 200.0, **values: object) -> None:
        """Measure once in the next bin, and look at it."""
        for workload_id, value in ((self.web, web), (self.api, api)):
            self.cluster.samples(workload_id, [{"at": self.now + BIN / 2, "cpu_usage_millicores": value, **values}])
        self.now += BIN
        self.analyse()

    def analyse(self) -> None:
        with self.bus.transaction() as tx:
            analyse_cluster(tx, self.context, AnalyseCluster(cluster_id=self.cluster.cluster_id, until=self.now))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.cluster.rows(
            f"SELECT * FROM forecaster.{table} WHERE cluster_id = %s ORDER BY 1", self.cluster.cluster_id
        )


def test_a_rise_becomes_an_incident_that_goes_on_grows_and_is_closed_after_an_hour_of_calm(database, bus):
    story = Story(database, bus)
    story.five_minutes()
    assert story.rows("anomalies") == []
    story.five_minutes(web=900.0)
    (anomaly,), (incident,) = story.rows("anomalies"), story.rows("incidents")
    assert (anomaly["subject_kind"], anomaly["subject_id"]) == ("workload", story.web)
    assert anomaly["incident_id"] == incident["id"]
    assert anomaly["affected_metrics"] == ["cpu"]
    assert anomaly["description"].startswith("CPU rose from 200 millicores to 900 millicores in 5 minutes; 20")
    assert "scale out" in anomaly["recommended_action"]
    assert 0.5 <= anomaly["score"] <= 1
    assert (anomaly["started_at"], anomaly["last_at"]) == (story.now - BIN, story.now)
    assert incident["title"].startswith("shop/web: CPU rose")
    # The same message again changes nothing; another process, which knows nothing yet, goes on where this one was.
    story.analyse()
    story.context = Context(ForecasterSettings())
    story.five_minutes(web=1200.0, api=900.0)
    web, api = story.rows("anomalies")
    assert web["score"] > anomaly["score"]
    assert "1200 millicores" in web["description"]
    assert web["last_at"] == story.now
    # What begins with it in the same namespace belongs to it.
    assert api["incident_id"] == incident["id"]
    for _ in range(13):
        story.five_minutes()
    assert all(row["ended_at"] == row["last_at"] for row in story.rows("anomalies"))
    (incident,) = story.rows("incidents")
    assert incident["closed_at"] == story.now
    kinds = {row["sentence"] for one in story.rows("health_scores") for row in one["ingredients"]}
    assert any(sentence.startswith("2 open anomalies") for sentence in kinds)
    assert "No anomaly is open." in kinds


def test_deploys_restarts_and_gaps_are_no_anomalies(database, bus):
    story = Story(database, bus)
    story.five_minutes()
    story.cluster.execute(
        "INSERT INTO collector.deploys (workload_id, revision, cluster_id, at) VALUES (%s, '2', %s, %s)",
        story.web,
        story.cluster.cluster_id,
        story.now + timedelta(minutes=1),
    )
    story.five_minutes(web=900.0)
    assert story.rows("anomalies") == []
    # Nobody measured for a while: nothing is made up, and nothing is told of the first bin afterwards.
    story.now += 6 * BIN
    story.analyse()
    story.five_minutes()
    assert story.rows("anomalies") == []


def test_a_muted_workload_weighs_nothing_in_the_health(database, bus):
    story = Story(database, bus)
    story.five_minutes(web=900.0)
    loud = story.rows("health_scores")[-1]["score"]
    story.cluster.execute(
        "INSERT INTO gateway.anomaly_mutes (cluster_id, subject_kind, namespace, kind, name)"
        " VALUES (%s, 'workload', 'shop', 'Deployment', 'web')",
        story.cluster.cluster_id,
    )
    story.five_minutes(web=900.0)
    assert story.rows("health_scores")[-1]["score"] > loud


def test_it_is_silent_while_it_learns_and_says_so(database, bus):
    story = Story(database, bus, days=0.02)
    story.five_minutes(web=5000.0)
    assert story.rows("anomalies") == []
    (state,) = story.rows("watch_states")
    assert (state["subjects"], state["learning"]) == (2, 2)
    assert state["detail"] == "learning: 7 of 20 samples; nothing is told yet"


def test_a_workload_that_comes_is_read_by_itself_and_one_that_goes_is_dropped(database, bus):
    story = Story(database, bus)
    story.five_minutes()
    late = story.cluster.workload("late")
    story.cluster.past(late, story.now, [float(value) for value in story.noise(2880)])
    story.cluster.execute("UPDATE collector.workloads SET gone_at = now() WHERE id = %s", story.api)
    story.cluster.samples(late, [{"at": story.now + BIN / 2, "cpu_usage_millicores": 1500.0}])
    story.five_minutes(web=900.0)
    assert {row["subject_id"] for row in story.rows("anomalies")} == {story.web, late}


def test_a_large_cluster_is_taken_up_a_part_at_a_time(database, bus, monkeypatch):
    monkeypatch.setattr(watching, "MOST_NEW", 1)
    story = Story(database, bus)
    story.five_minutes(api=900.0)
    assert (story.rows("anomalies"), story.rows("watch_states")[0]["learning"]) == ([], 1)
    story.five_minutes(api=900.0)
    assert story.rows("watch_states")[0]["learning"] == 0
    story.five_minutes(web=900.0, api=3000.0)
    assert {row["subject_id"] for row in story.rows("anomalies")} == {story.web, story.api}


def test_nodes_are_watched_too(database, bus):
    story = Story(database, bus)
    story.cluster.execute(
        "INSERT INTO collector.nodes (cluster_id, name, ready, cpu_allocatable_millicores, memory_allocatable_bytes,"
        " first_seen_at, last_seen_at) VALUES (%s, 'node-1', true, 4000, 8e9, now(), now())",
        story.cluster.cluster_id,
    )
    story.cluster.execute(
        "INSERT INTO collector.node_samples (cluster_id, node_id, at, source, cpu_usage_millicores, memory_bytes, pods)"
        " SELECT n.cluster_id, n.id, s, 0, CASE WHEN s < %s THEN 1000 + 20 * random() ELSE 3900 END, 2e9, 10"
        " FROM collector.nodes n, generate_series(%s::timestamptz, %s, '5 min') s WHERE n.cluster_id = %s",
        story.now,
        story.now - timedelta(days=3),
        story.now,
        story.cluster.cluster_id,
    )
    story.five_minutes()
    (anomaly,) = story.rows("anomalies")
    assert anomaly["subject_kind"] == "node"
    assert anomaly["severity"] == "critical"
    assert "98 % of the node" in anomaly["description"]
    (health,) = story.rows("health_scores")
    assert any("CPU stands at 98 %" in part["sentence"] for part in health["ingredients"])
