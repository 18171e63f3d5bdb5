"""The advisor between a decision in the store and the scaler's queue."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from ai4k8s_advisor.adapters.cache import RedisAdviceCache
from ai4k8s_advisor.service import Context, advise_on
from ai4k8s_common.contracts.advisor import Advice
from ai4k8s_common.services import Service
from tests.support.bus import open_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    """The advisor's own bus."""
    bus = open_bus(database, valkey.url, Service.ADVISOR)
    yield bus
    bus.close()


def cache_at(url: str) -> RedisAdviceCache:
    return RedisAdviceCache(SecretStr(url))


def add_decision(database: Database, workload: str = "web") -> uuid.UUID:
    """A workload that was observed, and a decision on it."""
    decision_id, cluster_id = uuid.uuid4(), uuid.uuid5(uuid.NAMESPACE_DNS, "cluster")
    with database.connect() as connection:
        connection.execute("SELECT collector.ensure_partitions(current_date, current_date)")
        row = connection.execute(
            "INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, cpu_request_millicores, "
            "first_seen_at, last_seen_at) VALUES (%s, 'shop', 'Deployment', %s, 'apps/v1', 500, now(), now()) "
            "ON CONFLICT (cluster_id, namespace, kind, name) DO UPDATE SET last_seen_at = now() RETURNING id",
            [cluster_id, workload],
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, ready_replicas, "
            "cpu_usage_millicores) VALUES (%s, %s, now(), 0, 2, 900)",
            [cluster_id, row[0]],
        )
        connection.execute(
            "INSERT INTO scaler.decisions (id, cluster_id, workload_id, cycle_id, decided_at, mode, action, "
            "from_replicas, to_replicas, planned_resource_version, reason, inputs, outcome) VALUES "
            "(%s, %s, %s, %s, now(), 'auto', 'scale_up', 2, 4, '1', 'because', '{}', 'applied')",
            [decision_id, cluster_id, row[0], uuid.uuid4()],
        )
    return decision_id


def query(database: Database, text: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(text.encode()).fetchall()


def test_advice_is_kept_and_sent_to_the_scaler(database: Database, valkey: Valkey, bus: Bus) -> None:
    decision_id = add_decision(database)
    context = Context(cache_at(valkey.url))
    with bus.transaction() as tx:
        advise_on(tx, context, decision_id)
    ((provider, text, raw, cached),) = query(database, "SELECT provider, text, advice, cached FROM advisor.advices")
    assert (provider, cached) == ("rules", False)
    advice = Advice.model_validate(raw)
    assert (advice.target_replicas, advice.text) == (4, text)
    ((contract, payload),) = query(database, "SELECT contract, payload FROM advisor.outbox")
    assert contract == "scaler.record_advice.v1"
    assert payload["decision_id"] == str(decision_id)
    assert payload["text"] == text


def test_an_alike_decision_is_answered_from_the_cache(database: Database, valkey: Valkey, bus: Bus) -> None:
    context = Context(cache_at(valkey.url))
    for decision_id in (add_decision(database), add_decision(database), add_decision(database, "other")):
        with bus.transaction() as tx:
            advise_on(tx, context, decision_id)
    rows = query(database, "SELECT cached FROM advisor.advices ORDER BY given_at")
    assert [row[0] for row in rows] == [False, True, False]


def test_without_redis_advice_is_still_given(database: Database, bus: Bus) -> None:
    decision_id = add_decision(database)
    with bus.transaction() as tx:
        advise_on(tx, Context(cache_at("redis://127.0.0.1:1/0")), decision_id)
    assert query(database, "SELECT count(*) FROM advisor.advices") == [(1,)]


def test_a_poisoned_cache_is_ignored(database: Database, valkey: Valkey, bus: Bus) -> None:
    class Poisoned(RedisAdviceCache):
        def get(self, key: str) -> Advice | None:
            self._redis.set(key, '{"action": "delete_everything"}')
            return super().get(key)

    with bus.transaction() as tx:
        advise_on(tx, Context(Poisoned(SecretStr(valkey.url))), add_decision(database))
    assert query(database, "SELECT cached FROM advisor.advices") == [(False,)]


def test_a_decision_is_advised_on_once_and_a_missing_one_not_at_all(
    database: Database, valkey: Valkey, bus: Bus
) -> None:
    decision_id = add_decision(database)
    context = Context(cache_at(valkey.url))
    for asked in (decision_id, decision_id, uuid.uuid4()):
        with bus.transaction() as tx:
            advise_on(tx, context, asked)
    assert query(database, "SELECT count(*) FROM advisor.outbox") == [(1,)]
