"""Clusters: each person sees their own, credentials go in and never out, and checks are jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.security.sealed import unseal
from tests.support.gateway import KUBECONFIG

if TYPE_CHECKING:
    from tests.support.gateway import RunningGateway


def test_two_people_do_not_see_each_others_clusters(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    cluster_id = ada.add_cluster()["id"]

    assert [item["name"] for item in ada.get("/clusters").json()["items"]] == ["prod"]
    assert bob.get("/clusters").json()["items"] == []
    for response in (
        bob.get(f"/clusters/{cluster_id}"),
        bob.get(f"/clusters/{cluster_id}/workloads"),
        bob.send("DELETE", f"/clusters/{cluster_id}"),
        bob.send("POST", f"/clusters/{cluster_id}/test"),
    ):
        assert response.status_code == 404
    assert ada.get(f"/clusters/{cluster_id}").status_code == 200


def test_administrators_see_all_clusters(gateway: RunningGateway):
    gateway.person().add_cluster()

    assert len(gateway.admin().get("/clusters").json()["items"]) == 1


def test_the_demos_cluster_is_everybodys_to_try_and_its_owners_to_remove(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    cluster_id = ada.add_cluster()["id"]
    gateway.execute("UPDATE gateway.clusters SET demo = true")

    seen = bob.get(f"/clusters/{cluster_id}").json()

    assert (seen["may_change"], seen["may_delete"]) == (True, False)
    assert bob.send("DELETE", f"/clusters/{cluster_id}").status_code == 403


def test_viewers_change_nothing(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    gateway.execute("UPDATE gateway.users SET role = 'viewer'")

    for response in (
        ada.send("POST", "/clusters", {"name": "other", "kubeconfig": KUBECONFIG}),
        ada.send("POST", f"/clusters/{cluster_id}/test"),
        ada.send("DELETE", f"/clusters/{cluster_id}"),
    ):
        assert response.status_code == 403


def test_a_credential_is_sealed_for_others_and_never_given_back(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]

    ((sealed,),) = gateway.execute("SELECT sealed FROM gateway.cluster_credentials")

    assert b"canary-token" not in bytes(sealed)
    opened = ClusterCredential.from_json(unseal(gateway.credentials_private_key, bytes(sealed), cluster_id))
    assert opened.token is not None
    assert opened.token.get_secret_value() == "canary-token-1234"
    for path in ("/clusters", f"/clusters/{cluster_id}", "/jobs", "/system"):
        assert "canary-token" not in ada.get(path).text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("user: {token: canary-token-1234}", "user: {exec: {command: aws}}"), "exec"),
        (("https://192.0.2.10:6443", "https://169.254.169.254"), "metadata"),
        (("https://192.0.2.10:6443", "https://127.0.0.1:6443"), "127.0.0.1"),
        (("kind: Config", "kind: ["), ""),
    ],
)
def test_unsafe_kubeconfigs_are_refused_with_the_reason(gateway: RunningGateway, change: tuple[str, str], reason: str):
    ada = gateway.person()

    response = ada.send("POST", "/clusters", {"name": "prod", "kubeconfig": KUBECONFIG.replace(*change)})

    assert response.status_code == 422
    assert reason in response.json()["detail"]
    assert "canary-token" not in response.text


def test_a_prometheus_address_is_checked_as_strictly(gateway: RunningGateway):
    body = {"name": "prod", "kubeconfig": KUBECONFIG, "prometheus_url": "http://169.254.169.254/"}

    assert gateway.person().send("POST", "/clusters", body).status_code == 422


def test_a_name_serves_once_per_owner(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    ada.add_cluster()

    assert ada.send("POST", "/clusters", {"name": "prod", "kubeconfig": KUBECONFIG}).status_code == 409
    bob.add_cluster()


def test_removing_a_cluster_forgets_its_credential(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]

    assert ada.send("DELETE", f"/clusters/{cluster_id}").status_code == 204

    assert ada.get(f"/clusters/{cluster_id}").status_code == 404
    assert gateway.execute("SELECT count(*) FROM gateway.cluster_credentials") == [(0,)]


def test_a_new_cluster_says_that_it_waits_for_its_first_cycle(gateway: RunningGateway):
    (attention,) = gateway.person().add_cluster()["attention"]

    assert attention["kind"] == "waiting"
    assert attention["scaling_held"] is True


def test_a_connection_check_is_a_job_that_its_owner_can_follow(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    cluster_id = ada.add_cluster()["id"]

    response = ada.send("POST", f"/clusters/{cluster_id}/test")

    job = response.json()
    assert response.status_code == 202
    assert (job["status"], job["progress"]) == ("processing", 0)
    sent = gateway.execute("SELECT queue, payload->>'cluster_id' FROM gateway.outbox")
    assert sent == [("collector.jobs", cluster_id)]
    followed = ada.get(f"/jobs/{job['job_id']}").json()
    times = {"created_at", "updated_at"}
    assert {k: v for k, v in followed.items() if k not in times} == {k: v for k, v in job.items() if k not in times}
    assert bob.get(f"/jobs/{job['job_id']}").status_code == 404
    assert bob.get("/jobs").json()["items"] == []


def test_a_jobs_state_is_what_its_worker_reports(gateway: RunningGateway):
    ada = gateway.person()
    job_id = ada.send("POST", f"/clusters/{ada.add_cluster()['id']}/test").json()["job_id"]
    gateway.execute(
        "INSERT INTO collector.job_states (job_id, kind, status, progress, message, result)"
        " VALUES (%s, 'x', 'completed', 100, 'done', '{\"nodes\": 3}')",
        (job_id,),
    )

    (job,) = ada.get("/jobs").json()["items"]

    assert (job["status"], job["progress"], job["message"]) == ("completed", 100, "done")
    assert job["result"] == {"nodes": 3}
    assert job["error"] is None
