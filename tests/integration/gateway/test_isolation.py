"""What Postgres lets the gateway see, asked from below the API by queries that filter nothing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ai4k8s_common.services import Service
from ai4k8s_common.store.isolation import POLICY, conditions, see, see_clusters, see_everything
from ai4k8s_common.store.rights import read_rights
from tests.support.feed import feed_workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from tests.support.gateway import Person, RunningGateway

#: Whatever is in them is asked for without a word on whose it is.
FILLED = {
    "gateway.clusters": "id",
    "gateway.freezes": "cluster_id",
    "gateway.cluster_credentials": "cluster_id",
    "collector.workloads": "cluster_id",
    "collector.workload_samples": "cluster_id",
    "forecaster.forecasts": "cluster_id",
    "scaler.decisions": "cluster_id",
}


@pytest.fixture(scope="module")
def owners(shared_gateway: RunningGateway) -> dict[str, tuple[Person, str]]:
    """Two people of different teams, each with a cluster that has a past."""
    found = {}
    for name in ("ours", "theirs"):
        person = shared_gateway.person()
        cluster = person.add_cluster(name)["id"]
        fed = feed_workload(shared_gateway.database, cluster)
        fed.feed_samples(0.2, 60)
        fed.feed_forecast()
        fed.feed_decisions(2)
        frozen = person.send("POST", "/freezes", {"cluster_id": cluster, "reason": "tried"})
        assert frozen.status_code == 201
        found[name] = person, cluster
    return found


def seen(connection: Connection) -> dict[str, set[str]]:
    return {
        table: {str(row[0]) for row in connection.execute(text(f"SELECT DISTINCT {column} FROM {table}"))}
        for table, column in FILLED.items()
    }


def ask(gateway: RunningGateway, prepare: Callable[[Connection], None]) -> dict[str, set[str]]:
    with gateway.wiring.bus.transaction() as tx:
        prepare(tx.connection)
        return seen(tx.connection)


def test_a_query_without_a_filter_sees_the_rows_of_whoever_asks(
    shared_gateway: RunningGateway, owners: dict[str, tuple[Person, str]]
):
    (ann, ours), (_, theirs) = owners["ours"], owners["theirs"]

    def as_ann(connection: Connection) -> None:
        see_everything(connection)
        see(connection, read_rights(connection, uuid.UUID(ann.id)))

    assert ask(shared_gateway, as_ann) == {key: {ours} for key in FILLED}
    assert ask(shared_gateway, lambda c: see_clusters(c, [uuid.UUID(theirs)])) == {key: {theirs} for key in FILLED}
    assert ask(shared_gateway, lambda _: None) == {key: set() for key in FILLED}
    assert all({ours, theirs} <= ids for ids in ask(shared_gateway, see_everything).values())


def test_a_row_of_another_team_can_be_neither_changed_nor_made(
    shared_gateway: RunningGateway, owners: dict[str, tuple[Person, str]]
):
    (_, ours), (_, theirs) = owners["ours"], owners["theirs"]
    with shared_gateway.wiring.bus.engine.connect() as connection, connection.begin() as doing:
        see_clusters(connection, [uuid.UUID(ours)])
        assert connection.execute(text("UPDATE gateway.freezes SET reason = 'changed'")).rowcount == 1
        assert connection.execute(text("DELETE FROM gateway.cluster_credentials")).rowcount == 1
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(
                text("INSERT INTO gateway.freezes (cluster_id, namespace) VALUES (:id, 'x')"), {"id": theirs}
            )
        doing.rollback()


def test_what_was_seen_ends_with_its_transaction(shared_gateway: RunningGateway, owners: dict[str, tuple[Person, str]]):
    with shared_gateway.wiring.bus.engine.connect() as connection:
        with connection.begin():
            see_everything(connection)
            assert owners["ours"][1] in seen(connection)["gateway.clusters"]
        with connection.begin():
            assert seen(connection) == {key: set() for key in FILLED}


def test_every_table_that_tells_of_clusters_is_behind_a_policy_and_workers_see_all_of_it(
    shared_gateway: RunningGateway, owners: dict[str, tuple[Person, str]]
):
    made = shared_gateway.execute(
        "SELECT p.schemaname || '.' || p.tablename FROM pg_policies p"
        " JOIN pg_class c ON c.oid = (p.schemaname || '.' || p.tablename)::regclass"
        " WHERE c.relrowsecurity AND p.policyname = %s",
        (POLICY,),
    )
    assert {key for (key,) in made} == set(conditions())
    with shared_gateway.database.connect(Service.SCALER) as connection:
        rows = connection.execute("SELECT DISTINCT cluster_id::text FROM collector.workload_samples").fetchall()
    assert {ours for _, ours in owners.values()} <= {row[0] for row in rows}
