"""What people ask the advisor for, over HTTP: an explanation and a short list, each a job; and only of what they may see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.feed import feed_workload

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    return feed_workload(gateway.database, ada.add_cluster("prod")["id"])


def test_an_explanation_is_a_job_of_the_advisor(gateway: RunningGateway, ada: Person, web: FedWorkload):
    decision = web.feed_decisions(1)[0]
    answer = ada.send("POST", f"/decisions/{decision}/explanation")
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    ((queue, payload),) = gateway.execute(
        "SELECT queue, payload FROM gateway.outbox WHERE contract = 'advisor.explain_decision.v1'"
    )
    assert (queue, payload["decision_id"]) == ("advisor.jobs", decision)
    assert payload["job_id"] == answer.json()["job_id"]


def test_the_short_list_is_empty_until_somebody_asks_and_then_the_newest(
    gateway: RunningGateway, ada: Person, web: FedWorkload
):
    path = f"/clusters/{web.cluster_id}/llm-recommendations"
    assert ada.get(path).json() == {"made_at": None, "provider": "rules", "note": "", "items": []}
    assert ada.send("POST", path).status_code == 202
    item = {"severity": "high", "title": "t", "sentence": "s", "action": "a", "evidence": "size", "evidence_id": "7"}
    gateway.execute(
        "INSERT INTO advisor.cluster_recommendations VALUES (%s, now(), 'fake', '', %s)",
        (web.cluster_id, json.dumps([item | {"worded_by": "fake", "workload_id": 7}])),
    )
    told = ada.get(path).json()
    assert (told["provider"], told["items"][0]["title"], told["items"][0]["workload_id"]) == ("fake", "t", 7)


def test_of_what_somebody_may_not_see_nothing_is_explained_or_recommended(gateway: RunningGateway, web: FedWorkload):
    decision = web.feed_decisions(1)[0]
    bob = gateway.person("bob")
    assert bob.send("POST", f"/decisions/{decision}/explanation").status_code == 404
    assert bob.get(f"/clusters/{web.cluster_id}/llm-recommendations").status_code == 404
    assert bob.send("POST", f"/clusters/{web.cluster_id}/llm-recommendations").status_code == 404
