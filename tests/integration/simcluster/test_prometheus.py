"""Prometheus' HTTP API of the simulated cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.wait import eventually
from tests.unit.simcluster.test_promql import MAIN_QUERY

if TYPE_CHECKING:
    import httpx

DAY = 86_400


def _range(prometheus: httpx.Client, query: str, start: float, end: float, step: str = "60") -> Any:
    answer = prometheus.post("/api/v1/query_range", data={"query": query, "start": start, "end": end, "step": step})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["result"]


def test_fourteen_days_are_there_in_chunks_of_ten_thousand_points(prometheus: httpx.Client) -> None:
    now = int(time.time())
    points: dict[str, list[float]] = {}
    for start in range(now - 14 * DAY, now, 9_999 * 60):
        for row in _range(prometheus, MAIN_QUERY, start, min(start + 9_998 * 60, now)):
            assert set(row["metric"]) == {"namespace", "workload", "workload_type"}
            points.setdefault(row["metric"]["workload"], []).extend(float(value) for _, value in row["values"])
    assert set(points) == {"web", "api"}
    assert 20_100 <= len(points["web"]) <= 20_161
    assert sorted(points["web"])[len(points["web"]) // 2] == pytest.approx(1.0, rel=0.01)
    assert max(points["api"]) > 3 * min(points["api"])


def test_the_answer_has_prometheus_form(prometheus: httpx.Client) -> None:
    now = int(time.time())
    params = {"query": "kube_deployment_spec_replicas", "start": str(now - 600), "end": str(now - 300), "step": "1m"}
    body = prometheus.get("/api/v1/query_range", params=params).json()
    assert body["status"] == "success"
    assert body["data"]["resultType"] == "matrix"
    row = body["data"]["result"][0]
    assert row["metric"]["__name__"] == "kube_deployment_spec_replicas"
    assert row["values"][0] == [now - 600, row["values"][0][1]]
    assert isinstance(row["values"][0][1], str)
    scalar = prometheus.get("/api/v1/query", params={"query": "1 + 1", "time": "10"}).json()["data"]
    assert scalar == {"resultType": "scalar", "result": [10, "2"]}
    vector = prometheus.post("/api/v1/query", data={"query": "sum(kube_deployment_spec_replicas)"}).json()["data"]
    assert vector["resultType"] == "vector"
    assert vector["result"][0]["metric"] == {}


def test_more_than_eleven_thousand_points_are_refused(prometheus: httpx.Client) -> None:
    params = {"query": "up", "start": "0", "end": "11001", "step": "1"}
    answer = prometheus.get("/api/v1/query_range", params=params)
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error", "errorType": "bad_data",
        "error": "exceeded maximum resolution of 11,000 points per timeseries. "
        "Try decreasing the query resolution (?step=XX)",
    }  # fmt: skip
    assert prometheus.get("/api/v1/query_range", params={**params, "end": "11000"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("query", {"query": "sum("}), ("query", {"query": "topk(1, up)"}), ("query", {"query": "up", "time": "noon"}),
        ("query_range", {"query": "up", "start": "10", "end": "5", "step": "1"}),
        ("query_range", {"query": "up", "start": "1", "end": "5", "step": "0"}),
        ("query_range", {"query": "up[5m]", "start": "1", "end": "5", "step": "1"}),
        ("series", {}), ("series", {"match[]": "rate(up[5m])"}),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_bad_data(prometheus: httpx.Client, path: str, params: dict[str, Any]) -> None:
    answer = prometheus.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 400
    assert (answer.json()["status"], answer.json()["errorType"]) == ("error", "bad_data")


def test_series_labels_and_values_can_be_listed(prometheus: httpx.Client) -> None:
    match = {"match[]": 'container_cpu_usage_seconds_total{namespace="shop"}'}
    series = prometheus.get("/api/v1/series", params=match).json()["data"]
    assert {"namespace", "pod", "container", "node"} <= set(series[0])
    names = prometheus.get("/api/v1/label/__name__/values").json()["data"]
    assert {
        "container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "kube_deployment_spec_replicas",
        "kube_deployment_status_replicas_ready", "kube_pod_container_resource_limits",
        "kube_pod_container_resource_requests", "namespace_workload_pod:kube_pod_owner:relabel",
        "sim_workload_demand_cores",
    } <= set(names)  # fmt: skip
    assert "workload_type" in prometheus.get("/api/v1/labels").json()["data"]
    assert "shop" in prometheus.get("/api/v1/label/namespace/values").json()["data"]


def test_it_says_that_it_is_well(prometheus: httpx.Client) -> None:
    assert prometheus.get("/-/healthy").text == "Prometheus Server is Healthy.\n"
    assert prometheus.get("/-/ready").status_code == 200
    assert prometheus.get("/api/v1/status/buildinfo").json()["data"]["version"]
    assert prometheus.get("/api/v1/alerts").status_code == 404


def test_what_happens_now_is_recorded(prometheus: httpx.Client, http: httpx.Client) -> None:
    body = {"spec": {"replicas": 4}}
    path = "/apis/apps/v1/namespaces/shop/deployments/api"
    http.patch(path, headers={"Content-Type": "application/merge-patch+json"}, json=body)

    def ready() -> str:
        query = {"query": 'kube_deployment_status_replicas_ready{deployment="api"}'}
        return str(prometheus.get("/api/v1/query", params=query).json()["data"]["result"][0]["value"][1])

    eventually(lambda: ready() == "4", within=40)
    pods = {"query": 'count(namespace_workload_pod:kube_pod_owner:relabel{workload="api"})'}
    assert prometheus.get("/api/v1/query", params=pods).json()["data"]["result"][0]["value"][1] == "4"


def test_the_simulator_tells_its_truth_apart(http: httpx.Client) -> None:
    workloads = {w["name"]: w for w in http.get("/sim/v1/workloads").json()["workloads"]}
    assert workloads["web"]["demand_cores"] == pytest.approx(1.0)
    assert workloads["web"]["queued_core_seconds"] == 0
    assert workloads["api"]["rise_at"]
