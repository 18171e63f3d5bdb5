"""Budgets and breakers are one for all processes: counted in Valkey, recorded in Postgres, each row by its owner."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ai4k8s_common.llm.adapters.base import LimitedError
from ai4k8s_common.llm.breaker import Breaker, BreakerState, SharedBoard, redis_client
from ai4k8s_common.llm.build import build_model
from ai4k8s_common.llm.ledger import DailyLedger, Spending
from ai4k8s_common.llm.record import StoreRecord
from ai4k8s_common.llm.report import ModelsReport, report_of
from ai4k8s_common.llm.settings import LlmSettings
from ai4k8s_common.llm.types import ModelBusyError, Use
from ai4k8s_common.services import Service
from ai4k8s_common.settings import StoreSettings
from ai4k8s_common.store.engine import make_engine
from tests.support.models import completion, question, settings_of
from tests.support.scripted_http import in_turn, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.stores import Database, Valkey

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADA, BOB = uuid.uuid4(), uuid.uuid4()
UNREACHABLE = SecretStr("redis://127.0.0.1:1")


@pytest.fixture
def chat(database: Database) -> Iterator[Engine]:
    yield from opened(database, Service.CHAT)


@pytest.fixture
def rag(database: Database) -> Iterator[Engine]:
    yield from opened(database, Service.RAG)


def opened(database: Database, service: Service) -> Iterator[Engine]:
    engine = make_engine(StoreSettings(database_url=SecretStr(database.url(service))), service.value)
    yield engine
    engine.dispose()


def spending(tokens: int, user_id: uuid.UUID | None = None, cost: float | None = None) -> Spending:
    return Spending(Use.CHAT, "groq", "llama", user_id, 1, tokens, 0, cost, answered=True)


def ledger(valkey_url: str, engine: Engine, service: Service, **limits: float) -> DailyLedger:
    client = redis_client(SecretStr(valkey_url))
    return DailyLedger(client, StoreRecord(engine, service), LlmSettings.model_validate(limits), lambda: NOON)


def test_a_budget_is_one_for_all_services_and_survives_an_emptied_valkey(
    chat: Engine, rag: Engine, valkey: Valkey
) -> None:
    one = ledger(valkey.url, chat, Service.CHAT, daily_tokens=100)
    other = ledger(valkey.url, rag, Service.RAG, daily_tokens=100)
    one.check(None)
    one.record(spending(60))
    other.check(None)
    assert other.left() == {"tokens": pytest.approx(0.4)}
    valkey.empty()
    other.record(spending(40))
    for each in (one, other):
        with pytest.raises(ModelBusyError, match="100 tokens is spent"):
            each.check(None)


def test_each_person_has_a_budget_and_money_counts_where_a_price_is_set(chat: Engine, valkey: Valkey) -> None:
    counted = ledger(valkey.url, chat, Service.CHAT, daily_money_per_user=0.5)
    counted.check(ADA)
    counted.record(spending(10, ADA, cost=0.3))
    counted.check(ADA)
    counted.record(spending(10, ADA, cost=0.2))
    with pytest.raises(ModelBusyError, match="your daily budget"):
        counted.check(ADA)
    counted.check(BOB)
    counted.check(None)


def test_without_valkey_the_record_counts_and_without_both_a_set_budget_refuses(
    chat: Engine, database: Database
) -> None:
    counted = ledger(UNREACHABLE.get_secret_value(), chat, Service.CHAT, daily_tokens=100)
    counted.record(spending(60))
    counted.check(None)
    counted.record(spending(60))
    with pytest.raises(ModelBusyError, match="is spent"):
        counted.check(None)
    nowhere = make_engine(StoreSettings(database_url=SecretStr("postgresql://x:y@127.0.0.1:1/z")), "chat")
    with pytest.raises(ModelBusyError, match="cannot be counted"):
        ledger(UNREACHABLE.get_secret_value(), nowhere, Service.CHAT, daily_tokens=100).check(None)
    ledger(UNREACHABLE.get_secret_value(), nowhere, Service.CHAT).check(None)  # no budget, nothing to count
    nowhere.dispose()


def test_a_providers_daily_requests_are_counted_before_it_is_asked(chat: Engine, valkey: Valkey) -> None:
    counted = ledger(valkey.url, chat, Service.CHAT)
    for _ in range(2):
        counted.take_request("groq", "small", 2)
    with pytest.raises(LimitedError) as caught:
        counted.take_request("groq", "small", 2)
    assert caught.value.retry_after_seconds == pytest.approx(12 * 3600)
    counted.take_request("groq", "large", 2)


def test_what_a_question_cost_is_in_its_services_table_also_when_it_had_no_price(
    chat: Engine, database: Database, valkey: Valkey
) -> None:
    record = StoreRecord(chat, Service.CHAT)
    with scripted(in_turn(completion("Three."))) as server:
        settings = settings_of(gpt_oss=server.url)
        model = build_model(settings, Use.CHAT, redis_url=SecretStr(valkey.url), record=record)
        model.ask(question(user_id=ADA))
        model.ask(question(user_id=ADA))
    record.publish(report_of(settings, Use.CHAT), NOON.date())
    with database.connect(Service.GATEWAY) as connection:
        (row,) = connection.execute(
            "SELECT user_id, provider, model, questions, answered, input_tokens, output_tokens, unpriced_tokens "
            "FROM chat.model_usage"
        ).fetchall()
        (report,) = connection.execute("SELECT report FROM chat.model_reports").fetchone() or ()
    assert row == (ADA, "gpt-oss", "local-model", 2, 2, 22, 14, 36)
    assert [one.configured for one in ModelsReport.model_validate(report).chain] == [False, False, True]
    assert "test-key" not in str(report)


def test_a_breaker_opened_in_one_process_is_open_in_the_other_and_each_goes_on_alone_without_valkey(
    valkey: Valkey,
) -> None:
    one, other = (Breaker(SharedBoard(redis_client(SecretStr(valkey.url)))) for _ in range(2))
    for _ in range(3):
        one.failed("groq", "it failed (500)")
    assert not other.may_ask("groq", 1)
    assert other.board.read("groq").last_error == "it failed (500)"
    other.went_well("groq", 0.5)
    assert one.board.read("groq").state(0) is BreakerState.CLOSED
    alone = Breaker(SharedBoard(redis_client(UNREACHABLE)))
    for _ in range(3):
        alone.failed("groq", "down")
    assert not alone.may_ask("groq", 1)
