"""Switches, budgets, schedules, HPAs and orders over HTTP: who may, what is refused, what becomes a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.feed import FedWorkload, feed_workload

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway

OFFICE = {
    "title": "office hours",
    "cron": "30 8 * * 1-5",
    "duration_minutes": 630,
    "time_zone": "Europe/Rome",
    "min_replicas": 6,
}
HPA = {
    "namespace": "shop",
    "name": "web",
    "target": {"name": "web"},
    "min_replicas": 2,
    "max_replicas": 10,
    "metrics": [
        {"kind": "cpu", "utilization_percent": 80},
        {"kind": "memory", "container": "app", "average_value": "200Mi"},
        {"kind": "pods", "name": "requests", "average_value": "50"},
    ],
    "scale_down": {"stabilization_window_seconds": 60, "tolerance": "0.05"},
}


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    return feed_workload(gateway.database, ada.add_cluster()["id"])


def sent(gateway: RunningGateway, contract: str) -> list[dict[str, Any]]:
    rows = gateway.execute("SELECT payload FROM gateway.outbox WHERE contract = %s ORDER BY created_at", (contract,))
    return [row[0] for row in rows]


def test_one_click_freezes_and_thaws_and_only_administrators_freeze_everything(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    frozen = ada.send("POST", "/freezes", {"workload_id": web.id, "reason": "release"}).json()
    assert (frozen["scope"], frozen["name"], frozen["may_lift"]) == ("workload", "web", True)
    assert ada.send("POST", "/freezes", {"workload_id": web.id, "reason": "again"}).json()["id"] == frozen["id"]
    assert ada.get(f"/workloads/{web.id}/scaling").json()["freezes"][0]["reason"] == "again"
    assert ada.send("DELETE", f"/freezes/{frozen['id']}").status_code == 204
    assert ada.send("POST", "/freezes", {"reason": "all"}).status_code == 403
    bob = gateway.person()
    assert bob.send("POST", "/freezes", {"cluster_id": web.cluster_id}).status_code == 404
    everything = gateway.admin().send("POST", "/freezes", {"reason": "incident"}).json()
    assert everything["scope"] == "everything"
    assert bob.get("/freezes").json()["items"][0]["reason"] == "incident"
    assert bob.send("DELETE", f"/freezes/{everything['id']}").status_code == 403


def test_a_rule_of_the_clock_is_checked_told_in_words_and_tried_on_the_past(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=10)
    gateway.execute("SELECT collector.ensure_rollup_partitions(current_date - 11, current_date + 1)")
    gateway.execute(
        "INSERT INTO collector.workload_rollups (cluster_id, workload_id, at, source, samples, desired_replicas, "
        "cpu_usage_max_millicores) SELECT %s, %s, %s + n * interval '30 minutes', 0, 1, 6, 100 "
        "FROM generate_series(0, 479) n",
        (web.cluster_id, web.id, start),
    )
    wrong = ada.send("POST", f"/workloads/{web.id}/schedules", {**OFFICE, "cron": "61 8 * * *"})
    assert wrong.status_code == 422
    assert "minute" in wrong.text
    assert ada.send("POST", f"/workloads/{web.id}/schedules", {**OFFICE, "time_zone": "Mars"}).status_code == 422
    rule = ada.send("POST", f"/workloads/{web.id}/schedules", OFFICE).json()
    assert rule["text"] == "office hours: min 6, from 08:30 for 10 h 30 min, Monday to Friday (Europe/Rome)"
    assert rule["next_start"] is not None
    nights = {**OFFICE, "title": "nights", "cron": "0 22 * * *", "duration_minutes": 480, "min_replicas": None}
    tried = ada.send("POST", f"/workloads/{web.id}/schedules/preview", {**nights, "max_replicas": 3}).json()
    assert tried["scheduled_pod_hours"] < tried["actual_pod_hours"]
    assert "fewer pod-hours" in tried["text"]
    assert len(tried["points"]) == 480
    asked = ada.get(f"/workloads/{web.id}/schedules/suggestion", time_zone="Europe/Rome").json()
    assert asked["text"].startswith("No suggestion: its demand has no busy hours")
    changed = ada.send("PUT", f"/schedules/{rule['id']}", {**OFFICE, "enabled": False}).json()
    assert changed["enabled"] is False
    assert gateway.person().send("DELETE", f"/schedules/{rule['id']}").status_code == 404
    assert ada.send("DELETE", f"/schedules/{rule['id']}").status_code == 204


def test_a_budget_in_money_counts_by_the_prices_of_the_nodes_its_pods_are_on(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    cluster = f"/clusters/{web.cluster_id}"
    pool = {"pool": "spot", "core_hour": 0.5, "gib_hour": 0.0}
    assert ada.send("PUT", f"/prices{cluster}/pools", pool).status_code == 422
    ada.send("PUT", f"/prices{cluster}", {"core_hour": 2.0, "gib_hour": 0.0, "currency": "EUR"})
    gateway.execute("UPDATE collector.workloads SET desired_replicas = 4, memory_request_bytes = NULL")
    budget = {"max_cost": 100.0, "cost_period": "day"}
    told = ada.send("PUT", f"{cluster}/budgets/shop", budget).json()
    assert (told["used_cost"], told["currency"], told["level"]) == (96.0, "EUR", "near")
    needs = ada.get("/overview").json()["needs"]
    assert [need["reason"] for need in needs if need["kind"] == "budget"] == ["shop costs 96 of 100 EUR a day"]
    # Half of the pods are on cheaper nodes.
    for node, of_pool in (("a", "spot"), ("b", None)):
        gateway.execute(
            "INSERT INTO collector.nodes (cluster_id, name, ready, pool, first_seen_at, last_seen_at)"
            " VALUES (%s, %s, true, %s, now(), now())",
            (web.cluster_id, node, of_pool),
        )
        gateway.execute(
            "INSERT INTO collector.pods (cluster_id, uid, namespace, name, workload_id, node, phase, ready)"
            " VALUES (%s, %s, 'shop', %s, %s, %s, 'Running', true)",
            (web.cluster_id, node, node, web.id, node),
        )
    priced = ada.send("PUT", f"/prices{cluster}/pools", pool).json()
    assert [(item["pool"], item["nodes"]) for item in priced["pools"]] == [("spot", 1)]
    assert ada.get(f"{cluster}/autoscaling").json()["budgets"][0]["used_cost"] == 60.0
    assert ada.get(f"/workloads/{web.id}").json()["cost"]["pod_hour"] == pytest.approx(0.625)
    assert ada.get("/overview").json()["clusters"][0]["cost_hour"] == pytest.approx(2.5)
    assert ada.send("DELETE", f"/prices{cluster}/pools?pool=spot").json()["pools"] == []
    assert ada.send("PUT", f"{cluster}/budgets/shop", {"max_cost": 1.0}).status_code == 422


def test_budgets_and_windows_are_part_of_a_clusters_status(ada: Person, web: FedWorkload):
    budget = ada.send("PUT", f"/clusters/{web.cluster_id}/budgets/shop", {"max_replicas": 20}).json()
    assert budget["text"].endswith("of 20 pods")
    window = {**OFFICE, "title": "patch day", "namespace": "shop"}
    del window["min_replicas"]
    assert ada.send("POST", f"/clusters/{web.cluster_id}/maintenance-windows", window).status_code == 201
    status = ada.get(f"/clusters/{web.cluster_id}/autoscaling").json()
    assert [item["namespace"] for item in status["budgets"]] == ["shop"]
    assert status["windows"][0]["text"].startswith("patch day: nothing is changed, from 08:30")
    assert ada.send("DELETE", f"/clusters/{web.cluster_id}/budgets/shop").status_code == 204
    assert ada.send("DELETE", f"/clusters/{web.cluster_id}/budgets/shop").status_code == 404


def test_orders_become_jobs_of_the_scaler(gateway: RunningGateway, ada: Person, web: FedWorkload):
    enabled = ada.send("POST", f"/workloads/{web.id}/predictive/enable", {"min_replicas": 2, "max_replicas": 9})
    assert (enabled.status_code, enabled.json()["progress"]) == (202, 0)
    assert ada.get(f"/workloads/{web.id}").json()["policy"]["mode"] == "auto"
    assert sent(gateway, "scaler.enable_predictive.v1")[0]["workload_id"] == web.id
    ada.send("POST", f"/workloads/{web.id}/predictive/apply", {"target_replicas": 5})
    assert sent(gateway, "scaler.scale_workload.v1")[0]["replicas"] == 5
    assert ada.send("POST", f"/workloads/{web.id}/predictive/disable").status_code == 202
    assert ada.get(f"/workloads/{web.id}").json()["policy"]["updated_at"] is None


def test_an_hpa_becomes_kubernetes_own_object_and_nonsense_is_refused(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    assert ada.send("POST", f"/clusters/{web.cluster_id}/hpas", HPA).status_code == 202
    spec = sent(gateway, "scaler.write_autoscaler.v1")[0]["spec"]
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    assert spec["metrics"][0] == {"type": "Resource", "resource": cpu}
    of_container = {"type": "AverageValue", "averageValue": "200Mi"}
    assert spec["metrics"][1] == {
        "type": "ContainerResource",
        "containerResource": {"name": "memory", "container": "app", "target": of_container},
    }
    assert spec["metrics"][2]["pods"]["target"] == {"type": "AverageValue", "averageValue": "50"}
    assert spec["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 60, "tolerance": "0.05"}}
    refused: tuple[dict[str, Any], ...] = (
        {"max_replicas": 1},
        {"min_replicas": 0},
        {"metrics": []},
        {"metrics": [{"kind": "cpu", "value": "3"}]},
        {"metrics": [{"kind": "pods", "average_value": "3"}]},
        {"metrics": [{"kind": "external", "name": "q", "container": "app", "average_value": "3"}]},
        {"name": "Web"},
    )
    for wrong in refused:
        assert ada.send("POST", f"/clusters/{web.cluster_id}/hpas", {**HPA, **wrong}).status_code == 422
    assert ada.send("DELETE", f"/clusters/{web.cluster_id}/hpas/shop/nothing").status_code == 404


def test_a_floor_is_read_by_its_clusters_token_alone(gateway: RunningGateway, ada: Person, web: FedWorkload):
    path = f"/floors/{web.cluster_id}/shop/web"
    assert ada.get(path).status_code == 401
    token = ada.send("POST", f"/clusters/{web.cluster_id}/metric-token").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    def floor() -> int:
        response = ada.http.get(f"/api/v1{path}", headers=bearer)
        assert response.status_code == 200, response.text
        return int(response.json()["floor"])

    assert floor() == 0
    gateway.execute(
        "INSERT INTO scaler.claims (workload_id, cluster_id, actuator, object_name, original, held_replicas, held_at, "
        "expires_at) VALUES (%s, %s, 'external_metric', 'web', '{}', 7, now(), now() + interval '5 minutes')",
        (web.id, web.cluster_id),
    )
    assert floor() == 7
    gateway.execute("UPDATE scaler.claims SET expires_at = now() - interval '1 second'")
    assert floor() == 0
    assert ada.http.get(f"/api/v1{path}", headers={"Authorization": "Bearer other"}).status_code == 401


def test_the_ledger_is_searched_and_exported_a_sentence_a_line(ada: Person, web: FedWorkload):
    web.feed_decisions(hours=3)
    found = ada.get("/decisions", text="no such thing").json()["items"]
    assert found == []
    everything = ada.get("/decisions", text="SHOP/WEB", engine="predictive").json()["items"]
    assert everything
    assert everything[0]["sentence"].startswith("shop/web ")
    table = ada.get("/decisions/export")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[0].startswith("decided_at,workload,sentence")
    lines = ada.get("/decisions/export", form="jsonl").text.splitlines()
    assert len(lines) == len(ada.get("/decisions", limit=500).json()["items"])
