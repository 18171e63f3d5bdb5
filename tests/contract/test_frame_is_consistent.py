"""Catalogue, Celery registry, table owners and grants must tell one story."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import create_engine

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.bus.worker import build_worker_app
from ai4k8s_common.contracts.base import Command, Event, JobCommand
from ai4k8s_common.contracts.catalogue import BEATS, BY_NAME, CATALOGUE, heard_by
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import QueueKind, Service
from ai4k8s_common.store.engine import store_url
from ai4k8s_common.store.tables import metadata, owner_may, owner_of, readers_of

if TYPE_CHECKING:
    from ai4k8s_common.contracts.base import Contract
    from tests.support.stores import Database

WORKERS = [service for service in Service if service is not Service.GATEWAY]
QUEUES = [(service, kind) for service in WORKERS for kind in QueueKind if heard_by(service, kind)]


def handlers_of(service: Service) -> Handlers[object]:
    module = importlib.import_module(f"ai4k8s_{service.value}.tasks")
    handlers = module.handlers
    assert isinstance(handlers, Handlers)
    return handlers


@pytest.mark.parametrize("service", WORKERS)
def test_a_service_handles_exactly_what_the_catalogue_says_it_hears(service: Service) -> None:
    heard = {contract for kind in QueueKind for contract in heard_by(service, kind)}
    assert set(handlers_of(service).by_contract) == heard


@pytest.mark.parametrize(("service", "kind"), QUEUES)
def test_a_worker_registers_one_celery_task_for_each_contract_of_its_queue(
    service: Service, kind: QueueKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI4K8S_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
    monkeypatch.setenv("AI4K8S_BROKER_URL", "redis://127.0.0.1/0")
    monkeypatch.setenv("AI4K8S_REDIS_URL", "redis://127.0.0.1/0")
    app = build_worker_app(service, kind, handlers_of(service), lambda _bus: None)
    app.finalize()
    registered = {name for name in app.tasks if not name.startswith("celery.")}
    assert registered == {contract.name for contract in heard_by(service, kind)}


@pytest.mark.parametrize("contract", CATALOGUE, ids=lambda c: c.name)
def test_a_contract_is_named_after_its_consumer_with_a_version(contract: type[Contract]) -> None:
    consumer, _, version = contract.name.split(".")
    assert consumer == contract.consumer.value
    assert version.startswith("v")
    assert version[1:].isdigit()
    assert contract.queue() == f"{contract.consumer.value}.{contract.kind.value}"


def test_names_are_unique_and_ticks_are_what_beats_send() -> None:
    assert len(BY_NAME) == len(CATALOGUE)
    assert {beat.tick for beat in BEATS} <= set(CATALOGUE)


@pytest.mark.parametrize("contract", CATALOGUE, ids=lambda c: c.name)
def test_commands_refuse_unknown_fields_and_events_ignore_them(contract: type[Contract]) -> None:
    assert issubclass(contract, Command | Event)
    try:
        contract.model_validate({"surprise": 1})
    except ValidationError as error:
        surprised = any(item["type"] == "extra_forbidden" for item in error.errors())
    else:
        surprised = False
    assert surprised is issubclass(contract, Command)


def test_migrations_build_exactly_the_tables_of_the_code(database: Database) -> None:
    engine = create_engine(store_url(database.owner_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_schemas": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    from ai4k8s_common.store.migrate import migrate

    migrate(database.owner_url, {})
    with database.connect(Service.SCALER) as connection:
        assert connection.execute("SELECT count(*) FROM scaler.decisions").fetchone() == (0,)


def test_grants_are_what_ownership_says(database: Database) -> None:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT grantee, table_schema || '.' || table_name, array_agg(privilege_type::text ORDER BY privilege_type)"
            " FROM information_schema.role_table_grants WHERE grantee LIKE 'ai4k8s\\_%' GROUP BY 1, 2"
        ).fetchall()
    granted = {(role, table): privileges for role, table, privileges in rows}
    expected = {}
    for key in metadata.tables:
        for service in Service:
            if owner_of(key) is service:
                expected[service.role, key] = sorted(owner_may(key))
            elif service in readers_of(key):
                expected[service.role, key] = ["SELECT"]
    assert granted == expected


def test_neither_gateway_nor_advisor_is_among_those_who_can_open_credentials() -> None:
    assert Service.ADVISOR not in readers_of("gateway.cluster_credentials")
    assert Service.FORECASTER not in readers_of("gateway.cluster_credentials")


@pytest.mark.parametrize("contract", [c for c in CATALOGUE if issubclass(c, JobCommand)], ids=lambda c: c.name)
def test_work_for_a_person_says_which_right_it_takes(contract: type[JobCommand]) -> None:
    assert isinstance(vars(contract).get("permission"), Permission)
