"""Every unsafe request is in the audit log: who, what, from where, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common import audit
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from tests.support.gateway import RunningGateway


def test_what_is_done_and_what_is_refused_is_recorded_without_secrets(gateway: RunningGateway) -> None:
    alice = gateway.person("alice")
    alice.log_in()
    cluster = alice.add_cluster()
    assert alice.send("POST", f"/clusters/{cluster['id']}/monitoring/pause").status_code == 200
    assert alice.send("PUT", "/prices", {"core_hour": 1, "gib_hour": 1, "currency": "EUR"}).status_code == 403
    assert alice.send("POST", "/jobs/00000000-0000-0000-0000-000000000001/cancel").status_code == 404
    with gateway.database.connect() as connection:
        rows = connection.execute(
            "SELECT actor, action, result, cluster, client, coalesce(after, '') FROM gateway.audit_entries ORDER BY seq"
        ).fetchall()
    mine = [row for row in rows if row[0] == "alice"]
    assert [(row[1], row[2]) for row in mine] == [
        ("register", "done"),
        ("log_in", "done"),
        ("add_cluster", "done"),
        ("set_monitoring", "done"),
        ("set_prices", "refused"),
        ("cancel_job", "refused"),
    ]
    assert str(mine[3][3]) == cluster["id"]
    assert {row[4] for row in mine[1:]} == {"127.0.0.1"}
    assert '"act":"pause"' in mine[3][5]
    assert not any("canary-token-1234" in str(row) or "correct horse" in str(row) for row in rows)
    with gateway.wiring.bus.transaction() as tx:
        assert audit.verify(tx.connection, Service.GATEWAY).problem == ""
