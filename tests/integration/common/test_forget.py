"""A removed cluster leaves nothing behind, in whichever service."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.contracts.catalogue import BY_NAME
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster
from ai4k8s_common.store.tables import metadata, owner_of
from tests.support.bus import open_bus

if TYPE_CHECKING:
    from tests.support.stores import Database, Valkey


def test_rows_of_one_cluster_go_and_those_of_others_stay(database: Database, valkey: Valkey) -> None:
    gone, kept = uuid.uuid4(), uuid.uuid4()
    with database.connect() as connection:
        for number, cluster_id in enumerate((gone, kept), start=1):
            connection.execute(
                "INSERT INTO forecaster.judged_bins (cluster_id, until) VALUES (%s, now())", (cluster_id,)
            )
            connection.execute(
                "INSERT INTO forecaster.scores SELECT %s, 'cpu', 60, now(), %s, 1, 0, 0, 0, 0, 0, 0",
                (number, cluster_id),
            )
    bus = open_bus(database, valkey.url, Service.FORECASTER)
    try:
        with bus.transaction() as tx:
            assert forget_cluster(tx.connection, Service.FORECASTER, gone) == 2
    finally:
        bus.close()
    with database.connect() as connection:
        for table in ("judged_bins", "scores"):
            rows = connection.execute(f"SELECT cluster_id FROM forecaster.{table}".encode()).fetchall()
            assert rows == [(kept,)]


def test_whoever_keeps_rows_of_clusters_hears_that_one_was_removed() -> None:
    keepers = {owner_of(key) for key, table in metadata.tables.items() if "cluster_id" in table.c}
    # The gateway removes it, and the collector's own maintenance notices and tells the others.
    others = keepers - {Service.GATEWAY, Service.COLLECTOR}
    assert {f"{service.value}.forget_cluster.v1" for service in others} <= BY_NAME.keys()
