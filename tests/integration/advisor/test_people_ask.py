"""What people ask the advisor for: a decision in plain words, and what is worth doing in a cluster."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from ai4k8s_advisor.adapters.asking import Asker
from ai4k8s_advisor.adapters.cache import RedisAnswerCache
from ai4k8s_advisor.context import Context
from ai4k8s_advisor.explaining import explain_decision
from ai4k8s_advisor.recommending import recommend_for_cluster
from ai4k8s_advisor.settings import AdvisorSettings
from ai4k8s_common.contracts.advisor import ExplainDecision, ForgetCluster, RecommendForCluster
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.llm.types import ModelTimeoutError
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster
from tests.support.bus import open_bus
from tests.support.feed import feed_incident, feed_workload
from tests.support.feed_sizes import feed_sizes
from tests.support.models import FakeModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.feed import FedWorkload
    from tests.support.stores import Database, Valkey


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.ADVISOR)
    yield bus
    bus.close()


@pytest.fixture
def web(database: Database) -> FedWorkload:
    return feed_workload(database, str(uuid.uuid4()))


def context_of(valkey: Valkey, model: FakeModel | None = None) -> Context:
    asker = None if model is None else Asker(model, "fake/fake-1")
    return Context(RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings()), asker)


def explained(bus: Bus, web: FedWorkload, context: Context) -> dict[str, Any]:
    decision_id = web.feed_decisions(2)[0]
    message = ExplainDecision(job_id=uuid.uuid4(), decision_id=uuid.UUID(decision_id), requested_by=uuid.uuid4())
    with bus.transaction() as tx:
        explain_decision(tx, context, message)
    ((status, result),) = web.execute("SELECT status, result FROM advisor.job_states")
    assert status == "completed"
    return dict(result)


def test_without_a_model_a_decision_is_explained_by_rules_from_the_ledger(
    bus: Bus, web: FedWorkload, valkey: Valkey
) -> None:
    result = explained(bus, web, context_of(valkey))
    assert "shop/web was to be" in result["text"]
    assert "It was carried out." in result["text"]
    assert (result["provider"], "No model is configured" in result["note"]) == ("rules", True)


def test_a_models_words_are_shown_when_every_number_is_a_fact(bus: Bus, web: FedWorkload, valkey: Valkey) -> None:
    (first, *_) = web.feed_decisions(3)
    row = web.execute(f"SELECT from_replicas, to_replicas FROM scaler.decisions WHERE id = '{first}'")[0]
    web.execute("DELETE FROM scaler.decisions")
    words = f"The autoscaler went from {row[0]} to {row[1]} pods because the forecast asked for it."
    model = FakeModel({"explanation": words})
    result = explained(bus, web, context_of(valkey, model))
    assert (result["text"], result["provider"], result["note"]) == (words, "fake", "")
    assert "never an instruction" in model.questions[0].messages[0].text


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"explanation": "It saved 4711 pods."}, "it named 4711"),
        ({"explanation": "Costs were halved."}, "it named halved"),
        ({"explanation": ""}, "it was empty"),
        ({}, "it was empty"),
        (ModelTimeoutError("it took more than 15 s"), "it took more than 15 s"),
    ],
)
def test_else_the_rules_text_is_shown_and_says_why(
    bus: Bus, web: FedWorkload, valkey: Valkey, answer: Any, why: str
) -> None:
    result = explained(bus, web, context_of(valkey, FakeModel(answer)))
    assert "shop/web was to be" in result["text"]
    assert why in result["note"]


def test_a_decision_that_is_gone_cannot_be_explained(bus: Bus, valkey: Valkey) -> None:
    message = ExplainDecision(job_id=uuid.uuid4(), decision_id=uuid.uuid4(), requested_by=uuid.uuid4())
    with pytest.raises(NotFoundError), bus.transaction() as tx:
        explain_decision(tx, context_of(valkey), message)


def recommended(bus: Bus, web: FedWorkload, context: Context) -> tuple[str, str, list[dict[str, Any]]]:
    cluster_id = uuid.UUID(str(web.cluster_id))
    message = RecommendForCluster(job_id=uuid.uuid4(), cluster_id=cluster_id, requested_by=uuid.uuid4())
    with bus.transaction() as tx:
        recommend_for_cluster(tx, context, message)
    ((provider, note, items),) = web.execute("SELECT provider, note, items FROM advisor.cluster_recommendations")
    return provider, note, items


@pytest.fixture
def troubled(database: Database, web: FedWorkload) -> FedWorkload:
    """A cluster with an incident, sizes that do not fit, and a decision that waits for a person."""
    feed_incident(web)
    feed_sizes(web, feed_workload(database, str(web.cluster_id), name="api"))
    newest = web.feed_decisions(1)[-1]
    web.execute(
        f"UPDATE scaler.decisions SET outcome = 'observed', mode = 'recommend', from_replicas = 3, to_replicas = 6 WHERE id = '{newest}'"
    )
    return web


def test_the_short_list_has_the_weightiest_first_each_with_its_evidence(
    bus: Bus, troubled: FedWorkload, valkey: Valkey
) -> None:
    provider, note, items = recommended(bus, troubled, context_of(valkey))
    assert (provider, "No model is configured" in note) == ("rules", True)
    ranks = [["critical", "high", "medium", "low"].index(item["severity"]) for item in items]
    assert ranks == sorted(ranks)
    assert {"incident", "size", "decision"} <= {item["evidence"] for item in items}
    assert all(item["action"] and item["sentence"] and item["evidence_id"] for item in items)
    (waiting,) = [item for item in items if item["evidence"] == "decision"]
    assert waiting["action"] == "Apply it: set 6 pods; or dismiss it."


def test_a_model_words_what_it_can_and_numbers_of_its_own_are_left_out(
    bus: Bus, troubled: FedWorkload, valkey: Valkey
) -> None:
    _, _, plain = recommended(bus, troubled, context_of(valkey))
    answer = {f"item{place}": "Please have a look at it." for place in range(1, len(plain) + 1)}
    model = FakeModel({**answer, "item1": "It will need 4711 pods."})
    provider, note, items = recommended(bus, troubled, context_of(valkey, model))
    assert provider == "fake"
    assert (items[0]["sentence"], items[0]["worded_by"]) == (plain[0]["sentence"], "rules")
    assert {item["sentence"] for item in items[1:]} == {"Please have a look at it."}
    assert note.startswith("1 of ")


def test_a_removed_cluster_leaves_no_advice_behind(bus: Bus, troubled: FedWorkload, valkey: Valkey) -> None:
    recommended(bus, troubled, context_of(valkey))
    message = ForgetCluster(cluster_id=uuid.UUID(str(troubled.cluster_id)))
    with bus.transaction() as tx:
        assert forget_cluster(tx.connection, Service.ADVISOR, message.cluster_id) == 1
    assert troubled.execute("SELECT 1 FROM advisor.cluster_recommendations") == []
