"""Clusters: each person sees their own, credentials go in and never out, and checks are jobs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.kube.credentials import ClusterCredential, read_stored
from ai4k8s_common.security.sealed import unseal
from tests.support.gateway import KUBECONFIG

if TYPE_CHECKING:
    from ai4k8s_common.kube.credentials import StoredAccess
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


OFFER = "INSERT INTO collector.offers VALUES (%s, %s, 'https://10.0.0.1', 'default', %s, now())"
API = {"server": "https://192.0.2.10:6443", "token": "canary-token-1234"}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqGz+7GBxXMFMYtjmKzRmQmYLjAeFJBB2LYTkMlTcW6"
SSH_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-key\n-----END OPENSSH PRIVATE KEY-----"
BASTION = {"host": "bastion.example.org", "user": "me", "private_key": SSH_KEY, "host_key": HOST_KEY}


def stored(gateway: RunningGateway, cluster_id: str) -> StoredAccess:
    """What the collector would read."""
    ((sealed,),) = gateway.execute(
        "SELECT sealed FROM gateway.cluster_credentials WHERE cluster_id = %s", (cluster_id,)
    )
    return read_stored(unseal(gateway.credentials_private_key, bytes(sealed), cluster_id))


def test_every_way_to_connect_is_sealed_and_told_without_its_secrets(gateway: RunningGateway):
    admin = gateway.admin()
    gateway.execute(OFFER, ("prod.yaml", "main", ""))
    gateway.execute(OFFER, ("", "", ""))
    ways: dict[str, tuple[dict[str, object], str]] = {
        "kubeconfig": ({"kubeconfig": KUBECONFIG}, "kubeconfig"),
        "token": ({"api": API}, "token"),
        "password": ({"api": {"server": API["server"], "username": "me", "password": "canary-pw"}}, "password"),
        "mounted": ({"mounted": {"file": "prod.yaml", "context": "main"}}, "mounted"),
        "in-cluster": ({"in_cluster": True}, "in_cluster"),
        "bastion": ({"api": {**API, "server": "https://127.0.0.1:6443"}, "bastion": BASTION}, "token"),
    }
    for name, (access, kind) in ways.items():
        response = admin.send("POST", "/clusters", {"name": name, **access})
        assert response.status_code == 201, response.text
        shown = admin.get(f"/clusters/{response.json()['id']}/connection")
        assert shown.json()["kind"] == kind
        assert bool(shown.json()["deprecated"]) is (kind == "password")
        assert "canary" not in response.text + shown.text
        assert "canary" not in repr(stored(gateway, response.json()["id"]))
    bastion = admin.get("/clusters").json()["items"][0]
    assert bastion["name"] == "bastion"
    shown = admin.get(f"/clusters/{bastion['id']}/connection").json()["bastion"]
    assert (shown["host"], shown["user"]) == ("bastion.example.org", "me")
    assert shown["fingerprint"].startswith("SHA256:")
    kept = stored(gateway, bastion["id"])
    assert kept.bastion is not None
    assert kept.bastion.private_key.get_secret_value().strip() == SSH_KEY


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ({}, "exactly one way"),
        ({"kubeconfig": KUBECONFIG, "api": API}, "exactly one way"),
        ({"api": {**API, "server": "https://169.254.169.254"}}, "metadata"),
        ({"api": API, "bastion": {**BASTION, "host": "127.0.0.1"}}, "127.0.0.1"),
        ({"api": API, "bastion": {**BASTION, "host_key": "AAAA"}}, "host key"),
        ({"api": API, "bastion": {**BASTION, "private_key": "nonsense"}}, "no private key"),
        ({"api": {**API, "server": "https://metadata.google.internal"}, "bastion": BASTION}, "metadata"),
    ],
)
def test_other_ways_are_checked_as_strictly(shared_gateway: RunningGateway, access: dict[str, object], words: str):
    response = shared_gateway.person().send("POST", "/clusters", {"name": "prod", **access})
    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert "canary" not in response.text


def test_what_the_installation_holds_the_credential_of_is_for_administrators(gateway: RunningGateway):
    ada, admin = gateway.person(), gateway.admin()
    gateway.execute(OFFER, ("prod.yaml", "main", ""))
    gateway.execute(OFFER, ("broken", "", "this is not YAML"))
    mounted = {"name": "prod", "mounted": {"file": "prod.yaml", "context": "main"}}

    assert ada.get("/clusters/offers").json()["items"] == []
    assert ada.send("POST", "/clusters", mounted).status_code == 403
    assert ada.send("POST", "/clusters", {"name": "own", "in_cluster": True}).status_code == 403
    assert [item["file"] for item in admin.get("/clusters/offers").json()["items"]] == ["broken", "prod.yaml"]
    assert admin.send("POST", "/clusters", {"name": "own", "in_cluster": True}).status_code == 404
    broken = admin.send("POST", "/clusters", {"name": "b", "mounted": {"file": "broken", "context": ""}})
    assert (broken.status_code, broken.json()["detail"]) == (422, "this is not YAML")
    assert admin.send("POST", "/clusters", mounted).status_code == 201


def test_a_kubeconfig_is_looked_into_and_not_kept(shared_gateway: RunningGateway):
    text = KUBECONFIG.replace("user: {token: canary-token-1234}", "user: {exec: {command: aws}}")
    response = shared_gateway.person().send("POST", "/clusters/kubeconfig-contexts", {"kubeconfig": text})
    (context,) = response.json()["items"]
    assert (context["name"], context["server"], context["cloud"]) == ("prod", "https://192.0.2.10:6443", "EKS")
    assert "exec" in context["problem"]
    assert "commands" in context["hint"]


def test_commands_for_an_account_are_ready_to_paste(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    whole = ada.get("/clusters/account-commands").json()
    narrow = ada.get("/clusters/account-commands", access="read", namespaces=["shop"], network=False).json()
    assert whole["make"].startswith("kubectl apply -f - <<'EOF'")
    assert "ClusterRole" in whole["make"]
    assert "ClusterRole" not in narrow["make"]
    assert "scale" not in {rule.rpartition("/")[2] for rule in (right["rule"] for right in narrow["rights"])}
    assert ada.get("/clusters/account-commands", namespaces=["; rm -rf /"]).status_code == 422


def test_a_bastions_key_is_read_by_the_collector(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    response = ada.send("POST", "/clusters/bastion-host-key", {"host": "bastion.example.org"})
    assert response.status_code == 202
    sent = shared_gateway.execute(
        "SELECT queue, payload->>'host' FROM gateway.outbox WHERE payload->>'job_id' = %s",
        (response.json()["job_id"],),
    )
    assert sent == [("collector.jobs", "bastion.example.org")]
    assert ada.send("POST", "/clusters/bastion-host-key", {"host": "169.254.169.254"}).status_code == 422


def test_another_credential_takes_the_place_of_the_old_and_is_tested(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    cluster_id = ada.add_cluster()["id"]
    before = stored(gateway, cluster_id)

    response = ada.send("PUT", f"/clusters/{cluster_id}/credential", {"api": {**API, "token": "renewed"}})

    assert response.status_code == 202, response.text
    assert stored(gateway, cluster_id) != before
    assert ada.get(f"/clusters/{cluster_id}/connection").json()["kind"] == "token"
    sent = gateway.execute("SELECT contract FROM gateway.outbox WHERE payload->>'cluster_id' = %s", (cluster_id,))
    assert sent == [("collector.check_connection.v1",)]
    assert bob.send("PUT", f"/clusters/{cluster_id}/credential", {"api": API}).status_code == 404


def test_monitoring_is_started_paused_and_resumed(gateway: RunningGateway):
    ada = gateway.person()
    cluster = ada.add_cluster(start_monitoring=False)
    path = f"/clusters/{cluster['id']}"
    assert cluster["monitoring"] == "not_started"
    assert [item["kind"] for item in cluster["attention"]] == ["not_started"]
    for response in (
        ada.get(f"{path}/workloads"),
        ada.get(f"{path}/nodes"),
        ada.send("POST", f"{path}/monitoring/pause"),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "not_ready")
        assert response.json()["hint"]

    states = [
        ada.send("POST", f"{path}/monitoring/{act}").json()["monitoring"]
        for act in ("start", "start", "pause", "resume")
    ]

    assert states == ["running", "running", "paused", "running"]
    assert ada.get(f"{path}/workloads").status_code == 200


def test_settings_are_changed_one_by_one(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    other = ada.add_cluster("other")["id"]
    path = f"/clusters/{ada.add_cluster(prometheus_url='https://prometheus.example.org')['id']}"

    changed = ada.send(
        "PATCH",
        path,
        {"namespaces": ["shop", "blog", "shop"], "labels": {"env": "prod"}, "interval_seconds": 30},
    ).json()
    assert (changed["namespaces"], changed["labels"]) == (["shop", "blog"], {"env": "prod"})
    assert (changed["interval_seconds"], changed["interval_is_default"]) == (30, False)
    assert changed["prometheus_url"] == "https://prometheus.example.org"

    changed = ada.send("PATCH", path, {"prometheus_url": None, "interval_seconds": None}).json()
    assert (changed["prometheus_url"], changed["interval_is_default"]) == (None, True)
    assert changed["namespaces"] == ["shop", "blog"]

    assert ada.send("PATCH", path, {"name": "other"}).status_code == 409
    assert ada.send("PATCH", path, {"prometheus_url": "http://169.254.169.254"}).status_code == 422
    assert ada.send("PATCH", path, {"namespaces": ["No Such"]}).status_code == 422
    assert ada.send("PATCH", path, {"api_url": "https://10.0.0.1"}).status_code == 422
    assert bob.send("PATCH", f"/clusters/{other}", {"name": "mine"}).status_code == 404


def test_the_latest_test_of_a_connection_is_shown_line_by_line(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    path = f"/clusters/{cluster_id}/connection"
    assert (ada.get(path).json()["ok"], ada.get(path).json()["lines"]) == (None, [])
    line = {
        "check": "tcp",
        "title": "The API server accepts connections",
        "group": "connection",
        "outcome": "failed",
        "detail": "refused",
        "hint": "Check the port.",
        "essential": True,
    }
    gateway.execute(
        "INSERT INTO collector.connection_checks VALUES (%s, now(), now(), false, 'Not connected: refused.', %s)",
        (cluster_id, json.dumps([line])),
    )
    seen = ada.get(path).json()
    assert (seen["ok"], seen["summary"], seen["lines"]) == (False, "Not connected: refused.", [line])
    assert ada.get(f"/clusters/{cluster_id}").json()["connection_ok"] is False


def test_a_bastion_with_another_host_key_is_an_alarm_for_its_people(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    gateway.execute(
        "INSERT INTO collector.cluster_states"
        " (cluster_id, status, status_since, next_due_at, backfill_status, reason, reason_code)"
        " VALUES (%s, 'unreachable', now(), now(), 'not_available', 'another key', 'bastion_host_key_changed')",
        (cluster_id,),
    )
    (attention,) = ada.get(f"/clusters/{cluster_id}").json()["attention"]
    assert attention["kind"] == "bastion_changed"
    assert attention["scaling_held"]
    (need,) = ada.get("/overview").json()["needs"]
    assert need["urgent"]
    assert "host key" in need["title"]


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
