"""The fixtures themselves: isolation is what every other test relies on."""

from __future__ import annotations

import psycopg
import pytest
import redis

from ai4k8s_common.services import Service
from tests.support.wait import eventually


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_a_migrated_database_without_rows_of_other_tests(database, turn):
    with database.connect() as connection:
        assert connection.execute("SELECT to_regclass('public.mark')").fetchone() == (None,)
        connection.execute("CREATE TABLE public.mark ()")
        schemas = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
    assert {service.value for service in Service} <= schemas


@pytest.mark.parametrize("role", [Service.SCALER, "scaler", "ai4k8s_scaler"])
def test_a_database_is_reached_as_any_service_role(database, role):
    with database.connect(role) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ai4k8s_scaler",)


def test_a_database_can_be_had_without_any_schema(empty_database):
    with empty_database.connect() as connection:
        assert connection.execute("SELECT to_regnamespace('gateway')").fetchone() == (None,)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_an_empty_valkey(valkey, turn):
    with redis.Redis.from_url(valkey.url) as client, redis.Redis.from_url(valkey.url_of(3)) as other:
        assert client.dbsize() == other.dbsize() == 0
        client.set("mark", turn)
        other.set("mark", turn)


def test_an_own_postgres_keeps_its_data_when_killed_and_restarted(own_postgres):
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_postgres.url, connect_timeout=2)
    own_postgres.start()
    own_postgres.restart()
    with psycopg.connect(own_postgres.url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_an_own_postgres_can_be_migrated(own_postgres):
    database = own_postgres.migrate()
    with database.connect(Service.GATEWAY) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ai4k8s_gateway",)


def test_an_own_valkey_keeps_its_data_when_restarted_and_loses_them_when_emptied(own_valkey):
    with redis.Redis.from_url(own_valkey.url) as client:
        client.set("mark", "1")
        own_valkey.restart()
        assert eventually(lambda: client.get("mark"), 5, ignoring=redis.ConnectionError) == b"1"
        own_valkey.kill_and_empty()
        assert eventually(lambda: client.get("mark") is None, 5, ignoring=redis.ConnectionError)
