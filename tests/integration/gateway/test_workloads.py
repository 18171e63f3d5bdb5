"""Workloads: the sentence, the policy and the one time axis, read from what the workers wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.feed import REQUEST_MILLICORES, STEPS, FedWorkload, feed_workload

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway

POLICY = {"mode": "auto", "min_replicas": 2, "max_replicas": 20, "target_utilization": 70, "slo_short_share": 0.02}


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    return feed_workload(gateway.database, ada.add_cluster()["id"])


def timeline(person: Person, workload: FedWorkload, hours: float) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(hours=hours)
    response = person.get(f"/workloads/{workload.id}/timeline", **{"from": start.isoformat()})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_workloads_are_their_clusters_owners_alone(gateway: RunningGateway, ada: Person, web: FedWorkload):
    bob = gateway.person()

    assert [item["name"] for item in ada.get(f"/clusters/{web.cluster_id}/workloads").json()["items"]] == ["web"]
    for response in (
        bob.get(f"/clusters/{web.cluster_id}/workloads"),
        bob.get(f"/workloads/{web.id}"),
        bob.get(f"/workloads/{web.id}/timeline"),
        bob.send("PUT", f"/workloads/{web.id}/policy", POLICY),
    ):
        assert response.status_code == 404


def test_without_a_policy_a_workload_is_only_observed(ada: Person, web: FedWorkload):
    policy = ada.get(f"/workloads/{web.id}").json()["policy"]

    assert policy["mode"] == "observe"
    assert policy["updated_at"] is None


def test_a_policy_is_stored_and_replaced(gateway: RunningGateway, ada: Person, web: FedWorkload):
    ada.send("PUT", f"/workloads/{web.id}/policy", {**POLICY, "mode": "recommend"})
    stored = ada.send("PUT", f"/workloads/{web.id}/policy", POLICY).json()["policy"]

    assert {key: stored[key] for key in POLICY} == POLICY
    assert gateway.execute("SELECT mode, updated_by::text FROM gateway.policies") == [("auto", ada.id)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_replicas": 1},
        {"min_replicas": 0},
        {"mode": "yolo"},
        {"slo_short_share": 0},
        {"surprise": 1},
    ],
)
def test_an_impossible_policy_is_refused(ada: Person, web: FedWorkload, wrong: dict[str, object]):
    response = ada.send("PUT", f"/workloads/{web.id}/policy", {**POLICY, **wrong})

    assert response.status_code == 422
    assert response.json()["errors"]


def test_the_timeline_has_columns_of_one_length(ada: Person, web: FedWorkload):
    web.feed_samples(hours=2, every_seconds=15)
    web.feed_forecast()

    body = timeline(ada, web, 1)

    history = body["history"]
    assert {len(column) for column in history.values()} == {240}
    assert body["step_seconds"] == 15
    assert body["forecast"]["status"] == "ready"
    assert [len(row) for row in body["forecast"]["values"]] == [STEPS] * len(body["forecast"]["levels"])
    assert body["forecast"]["window"]["lead_time_seconds"] == 150
    assert body["hpa_counterfactual"] is None


def test_two_weeks_fit_a_picture(ada: Person, web: FedWorkload):
    web.feed_samples(hours=14 * 24, every_seconds=300, source=1, until=datetime.now(UTC) - timedelta(hours=1))
    web.feed_samples(hours=1, every_seconds=15)

    history = timeline(ada, web, 14 * 24)["history"]

    assert 1_000 < len(history["at"]) <= 1_550
    assert None not in history["cpu_demand_millicores"]
    assert max(history["cpu_demand_peak_millicores"]) >= max(history["cpu_demand_millicores"])


def test_missing_samples_are_a_gap_and_never_a_line(ada: Person, web: FedWorkload):
    web.feed_samples(hours=2, every_seconds=15)
    web.execute(
        "DELETE FROM collector.workload_samples WHERE at BETWEEN %s AND %s",
        (web.now - timedelta(minutes=40), web.now - timedelta(minutes=20)),
    )

    history = timeline(ada, web, 1)["history"]

    (gap,) = [index for index, value in enumerate(history["cpu_demand_millicores"]) if value is None]
    assert history["ready_replicas"][gap] is None
    before, after = (datetime.fromisoformat(history["at"][index]) for index in (gap - 1, gap + 1))
    assert after - before > timedelta(minutes=19)


def test_metrics_that_stopped_end_in_a_gap(ada: Person, web: FedWorkload):
    web.feed_samples(hours=1, every_seconds=15, until=web.now - timedelta(minutes=10))

    assert timeline(ada, web, 1)["history"]["cpu_demand_millicores"][-1] is None


def test_past_forecasts_are_thinned_to_a_few(ada: Person, web: FedWorkload):
    for minutes in range(5, 180, 3):
        web.feed_forecast(made_at=web.now - timedelta(minutes=minutes))

    past = timeline(ada, web, 1)["past_forecasts"]

    assert 8 <= len(past) <= 13
    assert all(len(item["median_millicores"]) == STEPS for item in past)


def test_decisions_carry_their_reason_and_open_with_everything_they_rest_on(ada: Person, web: FedWorkload):
    decision_ids = web.feed_decisions(hours=3)

    on_axis = timeline(ada, web, 6)
    detail = ada.get(f"/decisions/{decision_ids[-1]}").json()

    assert {item["id"] for item in on_axis["decisions"]} == set(decision_ids)
    assert all(item["reason"] and item["outcome"] == "applied" for item in on_axis["decisions"])
    assert {"inputs", "forecast", "alternatives", "guards", "advice", "judgement"} <= detail.keys()
    assert detail["workload"] == "shop/web"


def test_what_an_hpa_would_have_done_is_shown_where_a_judgement_knows(ada: Person, web: FedWorkload):
    web.feed_decisions(hours=4)

    hpa = timeline(ada, web, 6)["hpa_counterfactual"]

    assert hpa["target_percent"] == 60
    assert len(hpa["at"]) == len(hpa["replicas"])
    assert None in hpa["replicas"]


def test_decisions_come_in_pages_newest_first(ada: Person, web: FedWorkload):
    everything = web.feed_decisions(hours=6)
    seen: list[str] = []
    before: dict[str, str] = {}
    while True:
        page = ada.get("/decisions", workload_id=web.id, limit=4, **before).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_before"] is None:
            break
        before = {"before": page["next_before"]}

    assert len(seen) == len(set(seen)) == len(everything)


def test_decisions_on_other_peoples_workloads_are_hidden(gateway: RunningGateway, web: FedWorkload):
    (decision_id, *_) = web.feed_decisions(hours=3)
    bob = gateway.person()

    assert bob.get("/decisions").json()["items"] == []
    assert bob.get(f"/decisions/{decision_id}").status_code == 404


def test_the_sentence_says_how_many_pods_and_when(ada: Person, web: FedWorkload):
    web.feed_forecast()
    web.execute("UPDATE collector.workloads SET ready_replicas = 2, desired_replicas = 2")
    ada.send("PUT", f"/workloads/{web.id}/policy", POLICY)

    outlook = ada.get(f"/workloads/{web.id}").json()["outlook"]

    assert outlook["kind"] == "rising"
    assert outlook["needed_replicas"] > 2
    assert outlook["now_replicas"] == 2
    assert f"web will need {outlook['needed_replicas']} pods at" in outlook["text"]
    assert "Scaling" in outlook["text"]


def test_too_short_a_history_is_said_in_hours(ada: Person, web: FedWorkload):
    web.feed_forecast(status="not_ready", hours=3.0)

    outlook = ada.get(f"/workloads/{web.id}").json()["outlook"]

    assert outlook["kind"] == "not_ready"
    assert "3 of 24 h collected" in outlook["text"]


def test_metrics_that_stopped_are_said_with_since_when_and_why(gateway: RunningGateway, ada: Person, web: FedWorkload):
    web.feed_forecast()
    gateway.execute(
        "UPDATE collector.cluster_states SET status = 'unreachable', reason = 'connection refused',"
        " last_success_at = now() - interval '5 minutes'"
    )

    (attention,) = ada.get(f"/clusters/{web.cluster_id}").json()["attention"]
    outlook = ada.get(f"/workloads/{web.id}").json()["outlook"]

    assert attention["kind"] == "unreachable"
    assert attention["reason"] == "connection refused"
    assert attention["since"] is not None
    assert attention["action"]
    assert attention["scaling_held"] is True
    assert outlook["kind"] == "blind"
    assert "Nothing is scaled meanwhile" in outlook["text"]


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2020-01-01T00:00:00Z"},
        {"from": "2999-01-01T00:00:00Z"},
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    ],
)
def test_an_impossible_range_is_refused(ada: Person, web: FedWorkload, params: dict[str, str]):
    assert ada.get(f"/workloads/{web.id}/timeline", **params).status_code == 422


def test_demand_is_in_millicores_of_the_same_axis_as_capacity(ada: Person, web: FedWorkload):
    web.feed_samples(hours=1, every_seconds=15)

    history = timeline(ada, web, 1)["history"]

    for ready, capacity in zip(history["ready_replicas"], history["capacity_millicores"], strict=True):
        assert capacity == pytest.approx(ready * REQUEST_MILLICORES)


def test_what_is_foreseen_beside_cpu_is_served_with_what_is_not_measured(ada: Person, web: FedWorkload):
    none = ada.get(f"/workloads/{web.id}/outlooks").json()
    assert none == {"made_at": None, "items": [], "missing": []}
    for subject, name, measure in (
        ("workload", str(web.id), "memory"),
        ("workload", "7", "memory"),
        ("cluster", "", "cpu"),
    ):
        web.execute(
            "INSERT INTO forecaster.outlooks (cluster_id, subject, name, measure, made_at, status, history_hours, trend,"
            " peak_value, path_levels, path_values) VALUES (%s, %s, %s, %s, '2026-01-01', 'ready', 30, 'stable', 5,"
            " '{0.1,0.9}', '{1,2,3,4}')",
            (web.cluster_id, subject, name, measure),
        )
    (memory,) = ada.get(f"/workloads/{web.id}/outlooks").json()["items"]
    assert (memory["measure"], memory["values"]) == ("memory", [[1, 2], [3, 4]])
    whole = ada.get(f"/clusters/{web.cluster_id}/outlooks").json()
    assert [(item["subject"], item["measure"]) for item in whole["items"]] == [("cluster", "cpu")]
    assert whole["made_at"].startswith("2026-01-01")
    assert "memory" in whole["missing"]
    assert "cpu" not in whole["missing"]


def test_a_clusters_next_hours_are_told_in_six_numbers_and_a_sentence(ada: Person, web: FedWorkload):
    nothing = ada.get(f"/clusters/{web.cluster_id}/forecast").json()
    assert nothing["cpu_forecast"]["predicted"] == []
    assert nothing["cpu_forecast"]["recommendation"].startswith("Not ready: it was not measured")
    web.execute(
        "INSERT INTO collector.nodes (cluster_id, name, ready, cpu_allocatable_millicores, first_seen_at, last_seen_at)"
        " VALUES (%s, 'n', true, 1000, now(), now())",
        (web.cluster_id,),
    )
    path = [value for level in (0.9, 1.0, 1.1) for hour in range(6) for value in [level * (500 + 100 * hour)] * 12]
    web.execute(
        "INSERT INTO forecaster.outlooks (cluster_id, subject, name, measure, made_at, status, history_hours, trend,"
        " peak_value, path_levels, path_values) VALUES (%s, 'cluster', '', 'cpu', '2026-01-01', 'ready', 30,"
        " 'increasing', 1000, '{0.025,0.5,0.975}', %s)",
        (web.cluster_id, path),
    )
    told = ada.get(f"/clusters/{web.cluster_id}/forecast").json()["cpu_forecast"]
    assert told["predicted"] == [50, 60, 70, 80, 90, 100]
    assert told["confidence_intervals"][0] == [45, 55]
    assert told["trend"] == "increasing"
    assert told["recommendation"] == "Consider adding nodes in 3 hours: CPU reaches 80 % of what the nodes offer."
