"""Guarantee 21: keys follow one another while everything stays readable; a wrong key fails closed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine

from ai4k8s_common.security.reseal import Key, reseal
from ai4k8s_common.security.sealed import SealBrokenError, generate_key_pair, seal, unseal
from ai4k8s_common.store.engine import store_url

if TYPE_CHECKING:
    from tests.support.stores import Database


def test_everything_is_sealed_for_the_new_key_and_what_no_key_opens_is_named(database: Database) -> None:
    (old_public, old), (new_public, new), (lost_public, _) = (generate_key_pair() for _ in range(3))
    ids = [uuid.uuid4() for _ in range(4)]
    with database.connect() as connection:
        row = connection.execute(
            "INSERT INTO gateway.users (username, email, password_hash, role) VALUES ('a', 'a@b', 'x', 'admin') RETURNING id"
        ).fetchone()
        assert row is not None
        for cluster_id, public in zip(ids, (old_public, old_public, new_public, lost_public), strict=True):
            connection.execute(
                "INSERT INTO gateway.clusters (id, owner_id, name, api_url) VALUES (%s, %s, %s, 'https://10.0.0.1')",
                (cluster_id, row[0], str(cluster_id)),
            )
            connection.execute(
                "INSERT INTO gateway.cluster_credentials (cluster_id, sealed) VALUES (%s, %s)",
                (cluster_id, seal(public, b"secret", str(cluster_id))),
            )
    engine = create_engine(store_url(database.owner_url))
    try:
        outcome = reseal(engine, f"{new},{old}")
        again = reseal(engine, f"{new},{old}")
        with pytest.raises(SealBrokenError):
            reseal(engine, "")
    finally:
        engine.dispose()
    assert (outcome.resealed, outcome.unchanged) == (2, 1)
    assert outcome.unreadable == (f"gateway.cluster_credentials {ids[3]}",)
    assert (again.resealed, again.unchanged) == (0, 3)
    with database.connect() as connection:
        rows = connection.execute("SELECT cluster_id, sealed FROM gateway.cluster_credentials").fetchall()
    kept = {cluster_id: bytes(sealed) for cluster_id, sealed in rows}
    for cluster_id in ids[:3]:
        assert unseal(new, kept[cluster_id], str(cluster_id)) == b"secret"
        with pytest.raises(SealBrokenError):
            unseal(old, kept[cluster_id], str(cluster_id))
    with pytest.raises(SealBrokenError):
        unseal(new, kept[ids[3]], str(ids[3]))


def test_peoples_secrets_follow_their_own_key_and_the_other_key_does_not_open_them(database: Database) -> None:
    (old_public, old), (_, new), (_, credentials) = (generate_key_pair() for _ in range(3))
    with database.connect() as connection:
        row = connection.execute(
            "INSERT INTO gateway.users (username, role) VALUES ('ada', 'admin') RETURNING id"
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO gateway.second_factors (user_id, sealed) VALUES (%s, %s)",
            (row[0], seal(old_public, b"seed", str(row[0]))),
        )
    engine = create_engine(store_url(database.owner_url))
    try:
        other = reseal(engine, credentials)
        outcome = reseal(engine, f"{new},{old}", Key.PEOPLE)
    finally:
        engine.dispose()
    assert (other.resealed, other.unreadable, outcome.resealed) == (0, (), 1)
    with database.connect() as connection:
        kept = connection.execute("SELECT sealed FROM gateway.second_factors").fetchone()
    assert kept is not None
    assert unseal(new, bytes(kept[0]), str(row[0])) == b"seed"
