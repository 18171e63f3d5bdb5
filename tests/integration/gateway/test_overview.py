"""The overview, nodes, and what a policy would do before it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.feed import feed_node, feed_wish, feed_workload

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    return feed_workload(gateway.database, ada.add_cluster("prod")["id"])


def test_a_calm_cluster_needs_nobody_and_shows_its_ingredients(ada: Person, web: FedWorkload):
    web.feed_forecast()
    feed_node(web.database, web.cluster_id, "node-1", usage_millicores=1500)
    feed_node(web.database, web.cluster_id, "node-2", ready=False)

    overview = ada.get("/overview").json()

    assert overview["needs"] == []
    (cluster,) = overview["clusters"]
    assert cluster["cluster"]["name"] == "prod"
    assert (cluster["nodes"], cluster["nodes_ready"]) == (2, 1)
    assert (cluster["pods_ready"], cluster["pods_desired"], cluster["workloads_foreseen"]) == (4, 4, 1)
    assert cluster["cpu_usage_millicores"] == 1500
    assert cluster["cpu_allocatable_millicores"] == 8000
    assert cluster["cpu_requested_millicores"] == 2000


def test_what_needs_a_person_is_told_heaviest_first(ada: Person, web: FedWorkload):
    feed_wish(web, 9, "recommend")
    failed, at_limit = (feed_workload(web.database, web.cluster_id, name=name) for name in ("api", "cart"))
    failed.feed_decisions(hours=2)
    failed.execute("UPDATE scaler.decisions SET outcome = 'failed', outcome_detail = 'forbidden'")
    bounds = {"name": "bounds", "detail": "", "before": 25, "after": 20}
    feed_wish(at_limit, 20, "auto", [bounds])

    overview = ada.get("/overview", cluster_id=web.cluster_id).json()

    assert [(need["kind"], need["urgent"]) for need in overview["needs"]] == [
        ("failed", True),
        ("at_limit", False),
        ("recommendation", False),
    ]
    assert overview["needs"][0]["reason"] == "forbidden"
    assert overview["needs"][1]["title"] == "shop/cart: wants 25 pods, its limit is 20"
    assert overview["needs"][2]["title"] == "shop/web: 9 pods recommended, 4 now"
    assert overview["clusters"][0]["needs"] == 3


def test_a_failure_that_was_made_good_is_no_longer_told(ada: Person, web: FedWorkload):
    web.feed_decisions(hours=6)
    web.execute(
        "UPDATE scaler.decisions SET outcome = 'failed'"
        " WHERE decided_at = (SELECT min(decided_at) FROM scaler.decisions)"
    )
    assert ada.get("/overview").json()["needs"] == []


def test_the_silent_cluster_and_what_died_in_the_installation_are_told(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    web.execute("UPDATE collector.cluster_states SET status = 'unreachable', reason = 'connection refused'")
    web.execute(
        "INSERT INTO scaler.dead_letters (contract, queue, payload, attempts, error)"
        " VALUES ('scaler.evaluate.v1', 'scaler.cycle', '{}', 5, 'boom')"
    )
    web.execute(
        "INSERT INTO scaler.heartbeats (host, process, pid, started_at, seen_at)"
        " VALUES ('h', 'scaler.cycle', 1, now() - interval '1 h', now() - interval '5 min')"
    )

    needs = ada.get("/overview").json()["needs"]

    assert [need["kind"] for need in needs] == ["cluster", "process", "dead_letters"]
    assert "scaler.cycle" in needs[1]["title"]


def test_another_persons_clusters_are_in_no_sum(gateway: RunningGateway, web: FedWorkload):
    grace = gateway.person("grace")
    feed_wish(web, 9, "recommend")

    assert grace.get("/overview").json() | {"now": None} == {"now": None, "needs": [], "clusters": []}
    assert grace.get("/overview", cluster_id=web.cluster_id).status_code == 404
    assert grace.get(f"/clusters/{web.cluster_id}/nodes").status_code == 404


def test_nodes_come_with_their_latest_sample(ada: Person, web: FedWorkload):
    feed_node(web.database, web.cluster_id, "node-2")
    feed_node(web.database, web.cluster_id, "node-1", usage_millicores=1500)

    items = ada.get(f"/clusters/{web.cluster_id}/nodes").json()["items"]

    assert [(item["name"], item["cpu_usage_millicores"], item["pods"]) for item in items] == [
        ("node-1", 1500, 12),
        ("node-2", None, None),
    ]


def test_a_policy_tells_what_it_would_do_and_stores_nothing(ada: Person, web: FedWorkload):
    web.feed_forecast()
    feed_wish(web, 10, "observe", [{"name": "bounds", "detail": "", "before": 14, "after": 10}])
    policy = {"mode": "auto", "min_replicas": 2, "max_replicas": 12}

    preview = ada.send("POST", f"/workloads/{web.id}/policy/preview", policy).json()

    assert (preview["now_replicas"], preview["next_replicas"], preview["acts"]) == (4, 12, True)
    assert preview["cpu_request_change_millicores"] == 8 * 500
    assert "Scaling now" in preview["outlook"]["text"]
    assert ada.get(f"/workloads/{web.id}").json()["policy"]["updated_at"] is None


def test_a_preview_without_an_evaluation_says_what_the_bounds_alone_ask_for(ada: Person, web: FedWorkload):
    policy = {"mode": "recommend", "min_replicas": 2, "max_replicas": 12}
    raised = ada.send("POST", f"/workloads/{web.id}/policy/preview", policy | {"min_replicas": 6}).json()
    assert raised["next_replicas"] == 6

    preview = ada.send("POST", f"/workloads/{web.id}/policy/preview", policy).json()

    assert (preview["next_replicas"], preview["acts"], preview["cpu_request_change_millicores"]) == (None, False, None)
