"""Incidents over HTTP: listed, opened, acknowledged, muted; on the overview, the time axis and in the metrics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.feed import feed_health, feed_incident, feed_workload

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    return feed_workload(gateway.database, ada.add_cluster("prod")["id"])


def test_an_incident_is_told_acknowledged_and_left_again(ada: Person, web: FedWorkload):
    number = feed_incident(web)
    feed_incident(web, minutes_ago=600, is_open=False, severity="low")
    (first, second) = ada.get("/incidents", cluster_id=web.cluster_id).json()["items"]
    assert (first["id"], first["severity"], first["anomalies"], first["muted"]) == (number, "high", 1, False)
    assert second["closed_at"] is not None
    (need,) = ada.get("/overview").json()["needs"]
    assert (need["kind"], need["urgent"], need["title"]) == ("incident", True, "shop/web: high incident")

    told = ada.send("PUT", f"/incidents/{number}/acknowledgement", {"note": "sale"}).json()

    assert (told["acknowledgement"]["by"], told["acknowledgement"]["note"]) == ("ada", "sale")
    (anomaly,) = told["members"]
    assert (anomaly["is_anomaly"], anomaly["anomaly_score"], anomaly["severity"]) == (True, 0.87, "high")
    assert anomaly["affected_metrics"] == ["cpu"]
    assert ada.get("/overview").json()["needs"] == []
    assert ada.send("DELETE", f"/incidents/{number}/acknowledgement").json()["acknowledgement"] is None


def test_a_muted_workload_asks_nobody_for_anything_until_it_is_heard_again(ada: Person, web: FedWorkload):
    number = feed_incident(web)
    path = f"/clusters/{web.cluster_id}/mutes"
    subject = {"subject_kind": "workload", "namespace": "shop", "workload_kind": "Deployment", "name": "web"}

    (mute,) = ada.send("PUT", path, subject | {"reason": "a load test"}).json()["items"]

    assert ada.get("/overview").json()["needs"] == []
    assert ada.get("/overview").json()["clusters"][0]["incidents_open"] == 0
    assert ada.get(f"/incidents/{number}").json()["muted"] is True
    assert ada.send("DELETE", f"{path}/{mute['id']}").status_code == 204
    assert ada.get(f"/incidents/{number}").json()["muted"] is False
    assert ada.send("DELETE", f"{path}/{mute['id']}").status_code == 404
    assert ada.send("PUT", path, subject | {"namespace": ""}).status_code == 422
    assert ada.send("PUT", path, subject | {"until": "2020-01-01T00:00:00Z"}).status_code == 422


def test_strangers_see_nothing_and_viewers_change_nothing(gateway: RunningGateway, ada: Person, web: FedWorkload):
    number = feed_incident(web)
    stranger = gateway.person("eve")
    assert stranger.get("/incidents").json()["items"] == []
    for path in (f"/incidents/{number}", f"/clusters/{web.cluster_id}/anomalies", f"/clusters/{web.cluster_id}/health"):
        assert stranger.get(path).status_code == 404
    assert stranger.send("PUT", f"/incidents/{number}/acknowledgement", {}).status_code == 404
    gateway.execute("UPDATE gateway.users SET role = 'viewer' WHERE username = 'ada'")
    assert ada.send("PUT", f"/incidents/{number}/acknowledgement", {}).status_code == 403
    assert ada.get(f"/incidents/{number}").json()["may_change"] is False


def test_anomalies_stand_on_the_time_axis_and_tell_how_much_is_watched(ada: Person, web: FedWorkload):
    feed_incident(web, minutes_ago=60)
    feed_incident(web, minutes_ago=60 * 24 * 3, is_open=False)
    timeline = ada.get(f"/workloads/{web.id}/timeline").json()
    assert [anomaly["severity"] for anomaly in timeline["anomalies"]] == ["high"]
    listed = ada.get(f"/clusters/{web.cluster_id}/anomalies").json()
    assert len(listed["items"]) == 2
    assert listed["watching"] is None
    web.execute(
        "INSERT INTO forecaster.watch_states VALUES (%s, now(), 4, 1, '1 of 4 have less than a day of history')",
        (web.cluster_id,),
    )
    assert ada.get(f"/clusters/{web.cluster_id}/anomalies").json()["watching"]["learning"] == 1


def test_health_is_told_with_its_reasons_its_past_and_as_a_metric(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    assert ada.get(f"/clusters/{web.cluster_id}/health").json()["score"] is None
    feed_incident(web)
    feed_health(web, web.now - timedelta(minutes=10), 100.0)
    feed_health(web, web.now, 72.0)
    health = ada.get(f"/clusters/{web.cluster_id}/health").json()
    assert health["score"] == 72
    assert [point["score"] for point in health["history"]] == [100, 72]
    assert health["ingredients"][0]["sentence"] == "1 open anomaly: 1 high."
    (cluster,) = ada.get("/overview").json()["clusters"]
    assert (cluster["health_score"], cluster["health_reason"]) == (72, "1 open anomaly: 1 high.")
    metrics = httpx.get(f"{gateway.url}/metrics").text
    assert f'ai4k8s_cluster_health_score{{cluster_id="{web.cluster_id}"}} 72.0' in metrics
    assert f'ai4k8s_open_incidents{{cluster_id="{web.cluster_id}",severity="high"}} 1.0' in metrics
