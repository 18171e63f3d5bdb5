"""Manifests are asked for as jobs; values of Secrets never travel, and one's own questions are not among one's jobs."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.gateway import RunningGateway

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: canary}\nstringData:\n  token: CanaryValue\n"


def test_manifests_are_written_and_checked_as_jobs_without_anybodys_secrets(gateway: RunningGateway) -> None:
    ada, bob = gateway.person(), gateway.person()
    cluster = ada.add_cluster()["id"]

    asked = ada.send("POST", "/manifests", {"request": "nginx with 2 replicas", "cluster_id": cluster})
    assert asked.status_code == 202
    assert ada.send("POST", "/manifests", {"request": "x", "manifest": SECRET}).status_code == 422
    assert ada.send("POST", "/manifests", {"request": "x", "version": "newest"}).status_code == 422
    checked = ada.send("POST", "/manifests/check", {"manifest": SECRET})
    assert checked.status_code == 202
    described = ada.send("POST", "/manifests/fields", {"kinds": [{"api_version": "v1", "kind": "Pod"}]})
    assert described.status_code == 202

    # The page's own questions do not crowd out what a person started.
    assert [item["job_id"] for item in ada.get("/jobs").json()["items"]] == [asked.json()["job_id"]]
    assert ada.get(f"/jobs/{checked.json()['job_id']}").status_code == 200
    for table in ("gateway.jobs", "gateway.outbox"):
        assert "CanaryValue" not in str(gateway.execute(f"SELECT * FROM {table}"))

    assert bob.send("POST", "/manifests", {"request": "nginx", "cluster_id": cluster}).status_code == 404


def test_what_is_known_is_listed_for_a_cluster_with_its_own_documents_first(gateway: RunningGateway) -> None:
    ada, bob = gateway.person(), gateway.person()
    cluster = ada.add_cluster()["id"]
    for number, (owner, title) in enumerate([(None, "Probes"), (cluster, "house rules"), (uuid.uuid4(), "of others")]):
        origin = "shipped" if owner is None else "own"
        gateway.execute(
            "INSERT INTO rag.knowledge (id, origin, cluster_id, key, kind, title, body, source, version)"
            f" VALUES ('{uuid.uuid4()}', '{origin}', {'NULL' if owner is None else repr(str(owner))}, 'k{number}',"
            f" 'Pod', '{title}', 'text', 'docs', 'v1')"
        )

    items = ada.get(f"/clusters/{cluster}/knowledge").json()["items"]
    assert [(item["title"], item["own"]) for item in items] == [("house rules", True), ("Probes", False)]
    assert ada.send("POST", f"/clusters/{cluster}/knowledge", {"title": "x", "text": "y"}).status_code == 202
    assert ada.send("POST", f"/clusters/{cluster}/knowledge", {"title": "x", "text": SECRET}).status_code == 422
    assert ada.send("DELETE", f"/clusters/{cluster}/knowledge/{items[0]['id']}").status_code == 202
    assert bob.get(f"/clusters/{cluster}/knowledge").status_code == 404
