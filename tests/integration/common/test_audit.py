"""The audit log: appended only, and an edited, removed or reordered row is found."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from ai4k8s_common import audit
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.services import Service
from tests.support.bus import open_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

ALICE = audit.Actor(uuid4(), "alice", client="192.0.2.7")


@pytest.fixture
def bus(database: Database, valkey: Valkey) -> Iterator[Bus]:
    bus = open_bus(database, valkey.url, Service.CHAT)
    for number in range(1, 6):
        with bus.transaction() as tx:
            tx.audit(audit.Entry(ALICE, "plan.apply", uuid4(), "shop", f"Deployment/web-{number}", {"n": number}))
    yield bus
    bus.close()


def check(bus: Bus, expected: tuple[int, str] | None = None) -> audit.Verified:
    with bus.transaction() as tx:
        return audit.verify(tx.connection, Service.CHAT, expected)


def as_owner(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


TAMPERED = {
    "a word edited": (3, "UPDATE chat.audit_entries SET actor = 'mallory' WHERE seq = 3"),
    "before edited": (3, """UPDATE chat.audit_entries SET before = '{"n":4}' WHERE seq = 3"""),
    "a time moved": (4, "UPDATE chat.audit_entries SET at = at + interval '1 microsecond' WHERE seq = 4"),
    "a hash edited": (2, "UPDATE chat.audit_entries SET hash = sha256('x') WHERE seq = 2"),
    "removed in the middle": (4, "DELETE FROM chat.audit_entries WHERE seq = 3"),
    "removed at the start": (2, "DELETE FROM chat.audit_entries WHERE seq = 1"),
    "removed at the end": (None, "DELETE FROM chat.audit_entries WHERE seq = 5"),
    "all removed": (None, "DELETE FROM chat.audit_entries"),
    "two reordered": (
        2,
        (
            "UPDATE chat.audit_entries SET seq = -1 WHERE seq = 2;"
            "UPDATE chat.audit_entries SET seq = 2 WHERE seq = 3;"
            "UPDATE chat.audit_entries SET seq = 3 WHERE seq = -1"
        ),
    ),
    "one copied": (
        6,
        (
            "INSERT INTO chat.audit_entries SELECT 6, at, actor_id, actor, token, client, action, cluster, namespace,"
            " object, before, after, result, detail, previous, hash FROM chat.audit_entries WHERE seq = 5"
        ),
    ),
    "its end edited": (None, "UPDATE chat.audit_heads SET hash = sha256('x')"),
}


def test_guarantee_22_an_edited_removed_or_reordered_row_is_found(bus: Bus, database: Database) -> None:
    whole = check(bus)
    assert (whole.problem, whole.rows, whole.head_seq) == ("", 5, 5)
    as_owner(
        database,
        "CREATE TABLE kept AS SELECT * FROM chat.audit_entries",
        "CREATE TABLE kept_head AS SELECT * FROM chat.audit_heads",
    )
    for what, (seq, statement) in TAMPERED.items():
        as_owner(database, *statement.split(";"))
        found = check(bus)
        assert found.problem, what
        assert found.broken_seq == seq, what
        as_owner(
            database,
            "DELETE FROM chat.audit_entries",
            "INSERT INTO chat.audit_entries SELECT * FROM kept",
            "UPDATE chat.audit_heads SET (seq, hash) = (SELECT seq, hash FROM kept_head)",
        )
        assert check(bus) == whole, what


def test_a_chain_written_anew_from_an_edited_row_is_found_by_an_end_noted_earlier(bus: Bus, database: Database) -> None:
    noted = check(bus)
    as_owner(
        database,
        "DELETE FROM chat.audit_entries",
        "UPDATE chat.audit_heads SET seq = 0, hash = decode(repeat('00', 32), 'hex')",
    )
    for _ in range(6):
        with bus.transaction() as tx:
            tx.audit(audit.Entry(ALICE, "nothing.happened"))
    assert check(bus).problem == ""
    assert "not there any more" in check(bus, (noted.head_seq, noted.head_hash)).problem


def test_the_service_itself_may_neither_change_nor_remove_entries(bus: Bus, database: Database) -> None:
    assert check(bus).rows == 5
    for statement in (
        "UPDATE chat.audit_entries SET actor = 'x'",
        "DELETE FROM chat.audit_entries",
        "TRUNCATE chat.audit_entries",
        "DELETE FROM chat.audit_heads",
        "SELECT gateway.prune_audit(5)",
    ):
        with database.connect(Service.CHAT) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    with database.connect(Service.CHAT) as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute("SELECT chat.prune_audit(5)")


def test_what_is_old_goes_and_a_checkpoint_keeps_the_chain_verifiable(database: Database, valkey: Valkey) -> None:
    bus = open_bus(database, valkey.url, Service.CHAT)
    old = utc_now() - timedelta(days=500)
    with bus.transaction() as tx:
        for at in (old, old, utc_now(), old):
            tx.audit(audit.Entry(ALICE, "plan.apply", at=at))
    with bus.transaction() as tx:
        with pytest.raises(InvalidInputError):
            audit.prune(tx.connection, Service.CHAT, 29, utc_now())
        assert audit.prune(tx.connection, Service.CHAT, 400, utc_now()) == 2
    left = check(bus)
    assert (left.problem, left.rows) == ("", 3)
    as_owner(database, "DELETE FROM chat.audit_entries WHERE seq = 3")
    assert "before 4" in check(bus).problem
    bus.close()


def test_entries_written_at_once_make_one_chain_and_secrets_are_masked(bus: Bus, database: Database) -> None:
    secret = {"kind": "Secret", "data": {"a": "Y2FuYXJ5"}, "metadata": {"name": "db"}, "password": "canary"}
    with bus.transaction() as tx:
        tx.audit(audit.Entry(ALICE, "plan.apply", after=[secret]))
        tx.audit(audit.Entry(ALICE, "plan.apply", detail="nul \x00 byte"))
    with database.connect() as connection:
        rows = connection.execute("SELECT after FROM chat.audit_entries WHERE seq = 6").fetchall()
    assert "canary" not in rows[0][0]
    assert "Y2FuYXJ5" not in rows[0][0]
    assert '"name":"db"' in rows[0][0]
    assert check(bus).rows == 7
