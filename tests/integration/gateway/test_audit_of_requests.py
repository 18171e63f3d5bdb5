"""Every unsafe request is in the audit log: who, what, from where, and how it ended."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common import audit
from ai4k8s_common.services import Service
from ai4k8s_gateway.audit.__main__ import main

if TYPE_CHECKING:
    import pytest

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
    admin = gateway.admin()
    found = admin.get("/audit", who="alice", limit=2).json()
    assert [item["action"] for item in found["items"]] == ["cancel_job", "set_prices"]
    rest = admin.get("/audit", who="alice", after=found["next"]).json()
    assert [item["action"] for item in rest["items"]] == ["set_monitoring", "add_cluster", "log_in", "register"]
    assert [item["action"] for item in admin.get("/audit", text="pause", cluster_id=cluster["id"]).json()["items"]] == [
        "set_monitoring"
    ]
    assert admin.get("/audit", result="refused", who="alice").json()["items"][0]["detail"].startswith("not_found")
    assert admin.get("/audit", after="nonsense").status_code == 422
    lines = admin.get("/audit/export", form="csv", who="alice").text.splitlines()
    assert len(lines) == 1 + len(mine)
    assert len(admin.get("/audit/export", form="jsonl", who="alice").text.splitlines()) == len(mine)
    assert admin.get("/audit/verify").json()["whole"] is True
    bob = gateway.person("bob")
    assert {item["actor"] for item in bob.get("/audit").json()["items"]} == {"bob"}
    assert bob.get("/audit/verify").status_code == 403
    gateway.execute("UPDATE gateway.audit_entries SET object = 'other' WHERE action = 'add_cluster'")
    (broken,) = (chain for chain in admin.get("/audit/verify").json()["chains"] if chain["problem"])
    assert (broken["service"], "was edited" in broken["problem"]) == ("gateway", True)
    gateway.execute("UPDATE gateway.audit_entries SET object = 'prod' WHERE action = 'add_cluster'")
    with gateway.wiring.bus.transaction() as tx:
        assert audit.verify(tx.connection, Service.GATEWAY).problem == ""


def test_what_is_typed_into_a_conversation_is_kept_nowhere_with_a_secret_in_it(gateway: RunningGateway) -> None:
    alice, canary = gateway.person("alice"), "c4n4ry7Qx9"
    alice.log_in()
    talks = f"/clusters/{alice.add_cluster()['id']}/conversations"
    talk = alice.send("POST", talks, {"title": f"token={canary}"}).json()
    assert alice.send("PATCH", f"{talks}/{talk['id']}", {"title": f"password: {canary}"}).status_code == 200
    # Refused ones are recorded as they were sent.
    for method, path in (("PATCH", f"{talks}/{uuid.uuid4()}"), ("POST", f"/clusters/{uuid.uuid4()}/conversations")):
        assert alice.send(method, path, {"title": f"password: {canary}"}).status_code == 404
    manifest = f"apply this\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: {canary}\n"
    refused = alice.send("POST", f"{talks}/{talk['id']}/messages", {"text": manifest})
    assert (refused.status_code, "Manifests" in refused.json()["hint"], canary in refused.text) == (422, True, False)
    line = f"kubectl create secret generic s --from-literal=a={canary} --from-literal=b={canary}"
    assert alice.send("POST", f"{talks}/{talk['id']}/messages", {"text": line}).status_code == 202
    with gateway.database.connect() as connection:
        for table in ("audit_entries", "conversations", "questions", "outbox", "jobs"):
            rows = connection.execute(f"SELECT t::text FROM gateway.{table} t").fetchall()
            assert rows
            assert canary not in str(rows), table


def test_the_command_proves_that_the_log_is_whole_and_says_where_it_is_not(
    gateway: RunningGateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `ai4k8s audit verify` runs it: the gateway's own program, with the gateway's database."""
    monkeypatch.setenv("AI4K8S_DATABASE_URL", gateway.database.url(Service.GATEWAY))
    gateway.person("alice")
    assert main(["verify"]) == 0
    end = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("gateway")).split()[-1]
    gateway.person("bob")
    assert main(["verify", "--expect", end]) == 0
    assert main(["verify", "--expect", f"{end[:-1]}x"]) == 1
    gateway.execute("DELETE FROM gateway.audit_entries WHERE seq = 1")
    assert main(["verify"]) == 1
    assert "gateway: BROKEN" in capsys.readouterr().out
