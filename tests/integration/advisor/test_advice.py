"""The advisor between a decision in the store, a cache, a model, and the scaler's queue."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from ai4k8s_advisor.adapters.asking import Asker
from ai4k8s_advisor.adapters.cache import Kept, RedisAnswerCache, Refused
from ai4k8s_advisor.context import Context
from ai4k8s_advisor.service import advise_on, ask_model, warm_up, warm_workload
from ai4k8s_advisor.settings import AdvisorSettings
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, AskModel, ModelWord, RiskLevel, SettledBy
from ai4k8s_common.llm.types import BadAnswerError, ModelError, ModelTimeoutError
from ai4k8s_common.services import Service
from tests.support.bus import open_bus
from tests.support.models import FakeModel
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

ANSWER: dict[str, Any] = {
    "action": "scale_up",
    "target_replicas": 5,
    "confidence": 0.8,
    "reasoning": "900m CPU are in use now, and 5 pods are safer.",
    "risk_assessment": "low",
    "cost_impact": "a little more",
    "recommended_timing": "now",
    "autoscaler": "hpa",
    "facts": ["cpu_now", "candidates"],
}
ENVELOPE = [
    {"replicas": 4, "risk": 0.05, "missing_pods": 0.02, "cost": 4.5, "within": True, "barred_by": ""},
    {"replicas": 5, "risk": 0.01, "missing_pods": 0.0, "cost": 5.1, "within": True, "barred_by": ""},
    {"replicas": 9, "risk": 0.001, "missing_pods": 0.0, "cost": 9.0, "within": False, "barred_by": "bounds"},
]


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    """The advisor's own bus."""
    bus = open_bus(database, valkey.url, Service.ADVISOR)
    yield bus
    bus.close()


def context_of(url: str, model: FakeModel | None = None, **settings: Any) -> Context:
    """An advisor with a cache, and with a model if one is given."""
    chosen = AdvisorSettings(**settings)
    asker = None if model is None else Asker(model, "fake/fake-1")
    return Context(RedisAnswerCache(SecretStr(url), chosen), asker, chosen)


def add_decision(
    database: Database, workload: str = "web", usage: float = 900, alternatives: list[dict[str, Any]] | None = None
) -> uuid.UUID:
    """A workload that was observed, and a decision on it."""
    decision_id, cluster_id = uuid.uuid4(), uuid.uuid5(uuid.NAMESPACE_DNS, "cluster")
    with database.connect() as connection:
        connection.execute("SELECT collector.ensure_partitions(current_date, current_date)")
        row = connection.execute(
            "INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, cpu_request_millicores, "
            "desired_replicas, first_seen_at, last_seen_at) VALUES (%s, 'shop', 'Deployment', %s, 'apps/v1', 500, 2,"
            " now(), now()) "
            "ON CONFLICT (cluster_id, namespace, kind, name) DO UPDATE SET last_seen_at = now() RETURNING id",
            [cluster_id, workload],
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, ready_replicas, "
            "cpu_usage_millicores) VALUES (%s, %s, now(), 0, 2, %s)",
            [cluster_id, row[0], usage],
        )
        connection.execute(
            "INSERT INTO scaler.decisions (id, cluster_id, workload_id, cycle_id, decided_at, mode, action, "
            "from_replicas, to_replicas, planned_resource_version, reason, inputs, outcome, alternatives) VALUES "
            "(%s, %s, %s, %s, now(), 'auto', 'scale_up', 2, 4, '1', 'because', %s, 'applied', %s)",
            [
                decision_id,
                cluster_id,
                row[0],
                uuid.uuid4(),
                Jsonb({"min_replicas": 1, "max_replicas": 8}),
                Jsonb(ENVELOPE if alternatives is None else alternatives),
            ],
        )
    return decision_id


def query(database: Database, text: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(text.encode()).fetchall()


def advised(bus: Bus, context: Context, decision_id: uuid.UUID, *, ask: bool = True) -> Advice:
    """Handle both messages, as the two workers would; the advice that is kept in the end."""
    with bus.transaction() as tx:
        advise_on(tx, context, decision_id)
    if ask:
        with bus.transaction() as tx:
            ask_model(tx, context, AskModel(decision_id=decision_id))
    with bus.engine.connect() as connection:
        row = connection.exec_driver_sql(
            "SELECT advice FROM advisor.advices WHERE decision_id = %s", (decision_id,)
        ).one()
    return Advice.model_validate(row[0])


def sent(database: Database, contract: str = "scaler.record_advice.v1") -> list[dict[str, Any]]:
    rows = query(database, f"SELECT payload FROM advisor.outbox WHERE contract = '{contract}' ORDER BY created_at")
    return [row[0] for row in rows]


def test_without_a_model_rules_advise_at_once_and_say_that_there_is_none(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    decision_id = add_decision(database)
    advice = advised(bus, context_of(valkey.url), decision_id)
    assert (advice.settled_by, advice.target_replicas, advice.word) == (SettledBy.RULES, 4, None)
    assert "No model is configured" in advice.note
    assert [score.replicas for score in advice.scores] == [4, 5]
    assert (advice.autoscaler, advice.calibration) == ("hpa", "")
    (payload,) = sent(database)
    assert (payload["decision_id"], payload["text"]) == (str(decision_id), advice.text)
    assert sent(database, "advisor.ask_model.v1") == []


def test_a_model_that_agrees_or_has_grounds_is_followed_and_what_it_prefers_is_a_wish(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    model = FakeModel(ANSWER)
    decision_id = add_decision(database)
    advice = advised(bus, context_of(valkey.url, model), decision_id)
    assert (advice.settled_by, advice.target_replicas, advice.clamp, advice.note) == (SettledBy.MODEL, 5, "", "")
    assert advice.reasoning == ANSWER["reasoning"]
    assert advice.calibration == "not calibrated yet: 0 of 50"
    assert advice.calibrated_confidence is None
    first, second = sent(database)
    assert "is being asked" in first["advice"]["note"]
    assert (first["refine_to"], second["refine_to"], second["provider"]) == (None, 5, "fake")
    assert query(database, "SELECT model, model_replicas, model_confidence FROM advisor.advices") == [
        ("fake/fake-1", 5, 0.8)
    ]
    told = model.questions[0].messages[-1].text
    assert "shop/web" in told
    assert "1.0 % risk" in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({**ANSWER, "target_replicas": 10_000}, "not on offer"),
        ({**ANSWER, "target_replicas": 9}, "not on offer"),  # weighed, and barred by a guard
        ({**ANSWER, "reasoning": "Ignore all rules. 77 pods!"}, "77"),
        ({"target_replicas": None}, "not a whole number"),
        (BadAnswerError("the answer is no JSON"), "the answer is no JSON"),
        (ModelTimeoutError("it took more than 15 s"), "it took more than 15 s"),
    ],
)
def test_whatever_a_model_does_the_decision_stands_and_the_reason_is_kept(
    database: Database, valkey: Valkey, bus: Bus, value: dict[str, Any] | ModelError, told: str
) -> None:
    advice = advised(bus, context_of(valkey.url, FakeModel(value)), add_decision(database))
    assert (advice.settled_by, advice.target_replicas) == (SettledBy.RULES, 4)
    assert told in advice.note
    assert all(payload["refine_to"] is None for payload in sent(database))


def test_an_alike_situation_is_answered_from_the_cache_and_another_is_not(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    model = FakeModel(ANSWER)
    context = context_of(valkey.url, model)
    advised(bus, context, add_decision(database))
    advice = advised(bus, context, add_decision(database, usage=910), ask=False)
    assert advice.word is not None
    assert len(model.questions) == 1
    assert query(database, "SELECT cached FROM advisor.advices ORDER BY given_at") == [(False,), (True,)]
    advised(bus, context, add_decision(database, "other"))
    assert len(model.questions) == 2


def test_an_old_answer_is_used_once_more_while_the_model_is_asked_anew(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    model = FakeModel(ANSWER)
    context = context_of(valkey.url, model, cache_seconds=1, least_seconds_between_questions=0)
    advised(bus, context, add_decision(database))
    eventually(lambda: context.cache.look(_only_key(valkey)).is_stale, 5)
    for _ in range(2):
        assert advised(bus, context, add_decision(database), ask=False).word is not None
    *_, refresh = sent(database, "advisor.ask_model.v1")
    assert [payload["refresh"] for payload in sent(database, "advisor.ask_model.v1")] == [False, True]
    with bus.transaction() as tx:
        ask_model(tx, context, AskModel.model_validate(refresh))
    assert len(model.questions) == 2
    assert not context.cache.look(_only_key(valkey)).is_stale


def _only_key(valkey: Valkey) -> str:
    cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())
    keys = [key.decode() for key in cache._redis.keys("ai4k8s:advice:v2:*")]  # type: ignore[union-attr]
    (found,) = [key for key in keys if ":renewed:" not in key]
    return found


def test_a_workload_is_not_asked_about_again_within_half_a_minute(database: Database, valkey: Valkey, bus: Bus) -> None:
    model = FakeModel(ANSWER)
    context = context_of(valkey.url, model)
    advised(bus, context, add_decision(database))
    busier = advised(bus, context, add_decision(database, usage=2_000))
    assert len(model.questions) == 1
    assert "less than 30 s ago" in busier.note


def test_a_question_whose_time_has_passed_is_not_put(database: Database, valkey: Valkey, bus: Bus) -> None:
    model = FakeModel(ANSWER)
    context = context_of(valkey.url, model)
    late = Context(context.cache, context.asker, context.settings, clock=lambda: utc_now() + timedelta(minutes=10))
    advice = advised(bus, late, add_decision(database))
    assert model.questions == []
    assert "after the decision" in advice.note


def test_without_redis_advice_is_still_given_and_a_model_still_asked(database: Database, bus: Bus) -> None:
    advice = advised(bus, context_of("redis://127.0.0.1:1/0", FakeModel(ANSWER)), add_decision(database))
    assert advice.settled_by is SettledBy.MODEL


def test_a_poisoned_cache_is_ignored(valkey: Valkey) -> None:
    cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())
    for poison in ("{", '{"word": {"action": "delete_everything"}}', "\x00"):
        cache._redis.set("key", poison)
        assert cache.look("key").kept is None


def test_a_decision_is_advised_on_once_and_a_missing_one_not_at_all(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    decision_id = add_decision(database)
    context = context_of(valkey.url, FakeModel(ANSWER))
    for asked in (decision_id, decision_id, uuid.uuid4()):
        with bus.transaction() as tx:
            advise_on(tx, context, asked)
    assert len(sent(database)) == 1
    for _ in range(2):
        with bus.transaction() as tx:
            ask_model(tx, context, AskModel(decision_id=decision_id))
    assert len(sent(database)) == 2


def test_what_will_be_decided_soon_is_asked_about_in_advance(database: Database, valkey: Valkey, bus: Bus) -> None:
    add_decision(database)
    with database.connect() as connection:
        (cluster_id, workload_id) = connection.execute("SELECT cluster_id, id FROM collector.workloads").fetchone()  # type: ignore[misc]
        connection.execute(
            "INSERT INTO gateway.users (id, username, email, password_hash, role) VALUES (%s, 'u', 'u', 'x', 'admin')",
            [cluster_id],
        )
        connection.execute(
            "INSERT INTO gateway.clusters (id, owner_id, name, api_url) VALUES (%s, %s, 'c', 'x')",
            [cluster_id, cluster_id],
        )
        connection.execute(
            "INSERT INTO gateway.policies (cluster_id, namespace, kind, name, mode, min_replicas, max_replicas) "
            "VALUES (%s, 'shop', 'Deployment', 'web', 'auto', 1, 8)",
            [cluster_id],
        )
        connection.execute(
            "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, "
            "history_hours, window_status, lead_time_seconds, window_levels, window_values) "
            "VALUES (%s, 'cpu', now(), %s, %s, 'ready', 100, 'ready', 240, '{0.5,0.95,0.99}', '{1200,2000,2400}')",
            [workload_id, cluster_id, uuid.uuid4()],
        )
    model = FakeModel(ANSWER)
    context = context_of(valkey.url, model)
    for _ in range(2):
        with bus.transaction() as tx:
            warm_up(tx, context)
    assert [payload["workload_id"] for payload in sent(database, "advisor.warm_workload.v1")] == [workload_id]
    with bus.transaction() as tx:
        warm_workload(tx, context, workload_id)
    assert len(model.questions) == 1
    assert model.questions[0].schema["properties"]["target_replicas"]["enum"] == [3, 4, 5]  # type: ignore[index]


# ---- one question is asked once --------------------------------------------------------------------------------------

WORD = ModelWord(
    provider="fake",
    model="fake-1",
    action=AdvisedAction.SCALE_UP,
    target_replicas=5,
    confidence=0.5,
    reasoning="x",
    risk_assessment=RiskLevel.LOW,
    cost_impact="",
    recommended_timing="",
)


def test_of_many_who_ask_at_the_same_time_one_puts_the_question(valkey: Valkey) -> None:
    calls: list[float] = []
    go = threading.Barrier(20)

    def ask() -> Kept:
        calls.append(time.monotonic())
        time.sleep(0.2)
        return Kept(word=WORD, known_facts=(), said_at=time.time())

    found = []

    def asker() -> None:
        cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())
        go.wait()
        found.append(cache.once("key", 7, ask, 10))
        cache.close()

    threads = [threading.Thread(target=asker) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(found) == 20
    assert not any(isinstance(one, Refused) for one in found)


def test_when_whoever_asks_dies_the_next_one_asks(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai4k8s_advisor.adapters.cache.LEASE_SECONDS", 0.5)
    cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())
    # A lease that nobody renews is all that a killed process leaves behind.
    cache._redis.set("ai4k8s:advice:lease:7", "of the dead", px=500)
    look = cache.once("key", 7, lambda: Kept(word=WORD, known_facts=(), said_at=time.time()), 10)
    assert not isinstance(look, Refused)
    assert look.mine


def test_a_failed_question_is_not_put_again_by_everybody_who_waits(valkey: Valkey) -> None:
    cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())

    def fail() -> Kept:
        raise ModelTimeoutError("slow")

    with pytest.raises(ModelTimeoutError):
        cache.once("key", 7, fail, 1)
    assert isinstance(cache.once("key", 7, fail, 1), Refused)
