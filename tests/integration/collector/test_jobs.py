"""Jobs of the collector: the past that cannot be read, connections that do not work, and housekeeping."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest
from pydantic import SecretStr

from ai4k8s_collector.backfill import backfill_cluster
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_collector.connections import keep_connections, read_host_key
from ai4k8s_collector.maintenance import maintain
from ai4k8s_common.bus.jobs import JobCancelledError
from ai4k8s_common.contracts.collector import BackfillCluster, CheckConnection, ReadHostKey
from ai4k8s_common.errors import Ai4k8sError, InvalidInputError
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.errors import KubeUnavailableError
from tests.support.fake_kube import FakeKube
from tests.support.gateway import KUBECONFIG
from tests.support.kube_api import answer, with_add_ons
from tests.support.kube_objects import fill
from tests.support.scripted_http import Reply, Seen, scripted
from tests.support.ssh_server import ssh_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.collector import CollectorBench


def run_check(collector: CollectorBench, job_id: uuid.UUID, cluster_id: uuid.UUID) -> None:
    with collector.context.bus.transaction() as tx:
        check_connection(tx, collector.context, CheckConnection(job_id=job_id, cluster_id=cluster_id))


def check(collector: CollectorBench, server: str, **more: Any) -> dict[str, dict[str, str]]:
    more.setdefault("credential", ClusterCredential(server=server, token=SecretStr("canary-token")))
    cluster_id = collector.connect(**more)
    job_id = uuid.uuid4()
    run_check(collector, job_id, cluster_id)
    job = collector.row("SELECT * FROM collector.job_states WHERE job_id = %s", job_id)
    assert job["status"] == "completed"
    assert "canary" not in str(job)
    return {line["check"]: line for line in job["result"]["checks"]} | {"": {"ok": job["result"]["ok"]}}


def outcomes(lines: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: line["outcome"] for name, line in lines.items() if name}


RIGHT = "right:{}:{}".format
ADD_ON_GROUPS = ("argoproj", "autoscaling.k8s.io", "cert-manager.io")


def test_everything_works_and_what_was_found_is_kept(collector: CollectorBench) -> None:
    with scripted(answer) as server:
        lines = check(collector, server.url)
    assert lines[""]["ok"]
    not_installed = {"bastion", "prometheus", "vpa", "keda", "argo_rollouts", "argo_cd", "flux"}
    add_on_rights = {name for name in lines if any(group in name for group in ADD_ON_GROUPS)}
    assert {name for name, outcome in outcomes(lines).items() if outcome != "passed"} == not_installed | add_on_rights
    assert lines["login"]["detail"] == "as system:serviceaccount:ai4k8s:ai4k8s"
    kept = collector.row("SELECT * FROM collector.connection_checks")
    assert (kept["ok"], kept["summary"]) == (True, "Everything works.")
    assert kept["checked_at"] is not None
    assert {line["check"] for line in kept["lines"]} == {name for name in lines if name}


def test_add_ons_that_are_there_are_found_and_their_rights_are_asked(collector: CollectorBench) -> None:
    with scripted(with_add_ons) as server:
        lines = check(collector, server.url)
    found = {name for name in ("vpa", "keda", "argo_rollouts", "argo_cd", "flux") if outcomes(lines)[name] == "passed"}
    assert found == {"vpa", "argo_cd"}
    assert outcomes(lines)[RIGHT("verticalpodautoscalers.autoscaling.k8s.io", "watch")] == "passed"


def test_chosen_namespaces_are_asked_about_one_by_one_and_nothing_of_the_whole_cluster(
    collector: CollectorBench,
) -> None:
    asked: list[tuple[str, str]] = []

    def script(seen: Seen) -> Reply:
        if seen.path.endswith("selfsubjectaccessreviews"):
            attributes = json.loads(seen.body)["spec"]["resourceAttributes"]
            asked.append((attributes["namespace"], attributes["resource"]))
            return Reply(201, {"status": {"allowed": attributes["namespace"] == "shop"}})
        if seen.path.startswith("/apis/metrics.k8s.io"):
            return Reply(body={"kind": "PodMetricsList", "metadata": {}, "items": []})
        return answer(seen)

    with scripted(script) as server:
        lines = check(collector, server.url, namespaces=["shop", "blog"])
    assert not {"nodes", "namespaces"} & {resource for _, resource in asked}
    assert "in blog: nothing can be observed" in lines[RIGHT("pods", "watch")]["detail"]
    assert not lines[""]["ok"]


def test_a_cancelled_check_ends_at_its_next_line_and_asks_the_cluster_no_more(collector: CollectorBench) -> None:
    job_id = uuid.uuid4()

    def cancel_on_version(seen: Seen) -> Reply:
        if seen.path == "/version":
            collector.execute("UPDATE gateway.jobs SET cancel_requested_at = now()")
        return answer(seen)

    with scripted(cancel_on_version) as server:
        cluster_id = collector.connect(credential=ClusterCredential(server=server.url, token=SecretStr("x")))
        collector.execute(
            "INSERT INTO gateway.jobs (id, kind, consumer, request) VALUES (%s, %s, 'collector', '{}')",
            job_id,
            CheckConnection.name,
        )
        with pytest.raises(JobCancelledError):
            run_check(collector, job_id, cluster_id)
    assert {seen.path for seen in server.seen} == {"/version"}


def test_nobody_listens(collector: CollectorBench) -> None:
    with scripted(answer) as server:
        url = server.url
    lines = check(collector, url)
    assert not lines[""]["ok"]
    assert (lines["dns"]["outcome"], lines["tcp"]["outcome"]) == ("passed", "failed")
    assert "does not accept connections" in lines["tcp"]["detail"]
    assert {lines[name]["outcome"] for name in ("tls", "login", RIGHT("pods", "watch"), "metrics_server")} == {
        "skipped"
    }


def test_a_name_that_leads_nowhere(collector: CollectorBench) -> None:
    lines = check(collector, "https://nowhere.invalid:6443")
    assert lines["dns"]["outcome"] == "failed"
    assert "DNS" in lines["dns"]["hint"]


def test_a_name_that_leads_to_the_metadata_service(collector: CollectorBench, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def rebound(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr("ai4k8s_collector.adapters.probes.socket.getaddrinfo", rebound)
    lines = check(collector, "https://innocent.example")
    assert "link-local" in lines["dns"]["detail"]
    assert lines["tcp"]["outcome"] == "skipped"


def test_missing_rights_are_named_one_by_one_with_what_is_lost(collector: CollectorBench) -> None:
    def script(seen: Seen) -> Reply:
        if seen.path.endswith("selfsubjectaccessreviews"):
            attributes = json.loads(seen.body)["spec"]["resourceAttributes"]
            denied = attributes["resource"] == "nodes" or attributes["subresource"] == "scale"
            return Reply(201, {"status": {"allowed": not denied}})
        if "metrics.k8s.io" in seen.path:
            return Reply(404, {"kind": "Status", "message": "no"})
        return answer(seen)

    with scripted(script) as server:
        lines = check(collector, server.url)
    failed = {name for name, outcome in outcomes(lines).items() if outcome == "failed"}
    assert failed == {
        RIGHT("nodes", "watch"),
        RIGHT("nodes", "get"),
        RIGHT("nodes.metrics.k8s.io", "list"),
        *(RIGHT(f"{plural}.apps/scale", "patch") for plural in ("deployments", "statefulsets", "replicasets")),
        "metrics_server",
    }
    assert "may not get deployments.apps/scale" in lines[RIGHT("deployments.apps/scale", "patch")]["detail"]
    assert "recommended and not changed" in lines[RIGHT("deployments.apps/scale", "patch")]["detail"]
    assert lines[""]["ok"]
    assert all(lines[name]["hint"] for name in failed)


def test_a_credential_that_is_not_accepted(collector: CollectorBench) -> None:
    def script(seen: Seen) -> Reply:
        return answer(seen) if seen.path == "/version" else Reply(401, {"kind": "Status", "message": "Unauthorized"})

    with scripted(script) as server:
        lines = check(collector, server.url)
    assert lines["login"]["outcome"] == "failed"
    assert "expired" in lines["login"]["hint"]
    assert not lines[""]["ok"]


def keep(collector: CollectorBench, **changes: Any) -> list[uuid.UUID]:
    """Let one tick pass; return the clusters whose test it asked for."""
    context = replace(collector.context, **changes)
    before = collector.row("SELECT now() AS at")["at"]
    with context.bus.transaction() as tx:
        keep_connections(tx, context)
    sent = collector.rows(
        "SELECT payload FROM collector.outbox WHERE contract = %s AND created_at >= %s", CheckConnection.name, before
    )
    return [uuid.UUID(row["payload"]["cluster_id"]) for row in sent]


def test_connections_are_tested_by_themselves_when_new_changed_old_or_lost(collector: CollectorBench) -> None:
    cluster_id = collector.connect()
    assert keep(collector) == [cluster_id]
    assert keep(collector) == []

    collector.execute("UPDATE gateway.cluster_credentials SET updated_at = now()")
    assert keep(collector) == [cluster_id]

    later = datetime.now(UTC) + timedelta(hours=7)
    assert keep(collector, clock=lambda: later) == [cluster_id]

    collector.execute(
        "INSERT INTO collector.cluster_states (cluster_id, status, status_since, next_due_at, backfill_status)"
        " VALUES (%s, 'unreachable', %s, now(), 'not_available')",
        cluster_id,
        later + timedelta(minutes=1),
    )
    assert keep(collector, clock=lambda: later + timedelta(minutes=2)) == [cluster_id]


@pytest.mark.parametrize("change", ["paused = true", "started_at = NULL"])
def test_whoever_does_not_watch_a_cluster_does_not_test_it_again_and_again(
    collector: CollectorBench, change: str
) -> None:
    cluster_id = collector.connect()
    collector.execute(f"UPDATE gateway.clusters SET {change}")
    assert keep(collector) == [cluster_id]
    assert keep(collector, clock=lambda: datetime.now(UTC) + timedelta(days=2)) == []


def test_an_unstarted_cluster_is_not_observed_until_somebody_starts_it(collector: CollectorBench) -> None:
    kube = FakeKube()
    fill(kube)
    cluster_id = collector.connect(fake=kube)
    collector.execute("UPDATE gateway.clusters SET started_at = NULL")
    collect_due_clusters(collector.context)
    assert collector.rows("SELECT 1 FROM collector.cycles") == []

    collector.execute("UPDATE gateway.clusters SET started_at = now()")
    collect_due_clusters(collector.context)
    assert collector.state(cluster_id)["status"] == "connected"


def test_what_the_operator_offers_is_written_down_and_forgotten_when_gone(
    collector: CollectorBench, tmp_path: Path
) -> None:
    (tmp_path / "prod").write_text(KUBECONFIG)
    (tmp_path / "broken").write_text("kind: [")
    credentials = replace(collector.context.credentials, directory=tmp_path, environment={})
    keep(collector, credentials=credentials)
    found = {row["file"]: row for row in collector.rows("SELECT * FROM collector.offers")}
    assert (found["prod"]["context"], found["prod"]["server"]) == ("prod", "https://192.0.2.10:6443")
    assert found["broken"]["problem"]
    assert "no service account" in found[""]["problem"]
    assert "canary" not in str(found)

    (tmp_path / "prod").unlink()
    keep(collector, credentials=credentials)
    assert {row["file"] for row in collector.rows("SELECT file FROM collector.offers")} == {"", "broken"}


def host_key_job(collector: CollectorBench, port: int) -> dict[str, Any]:
    message = ReadHostKey(job_id=uuid.uuid4(), host="127.0.0.1", port=port)
    read_host_key(collector.context, message)
    return collector.row("SELECT * FROM collector.job_states WHERE job_id = %s", message.job_id)


def test_behind_a_bastion_everything_works_and_a_changed_host_key_is_an_alarm(collector: CollectorBench) -> None:
    with scripted(answer) as server, ssh_server() as bastion:
        shown = host_key_job(collector, bastion.port)["result"]["host_key"]
        good = bastion.bastion(host_key=shown)
        credential = ClusterCredential(server=server.url, token=SecretStr("canary-token"), bastion=good)
        lines = check(collector, server.url, credential=credential)
        assert lines[""]["ok"], lines
        assert (outcomes(lines)["bastion"], outcomes(lines)["dns"]) == ("passed", "absent")
        assert "from the bastion" in lines["tcp"]["detail"]

        wrong = ClusterCredential(
            server=server.url,
            token=SecretStr("canary-token"),
            bastion=good.model_copy(update={"host_key": other_host_key()}),
        )
        lines = check(collector, server.url, credential=wrong)
        assert outcomes(lines)["bastion"] == "failed"
        assert "another host key" in lines["bastion"]["detail"]
        assert not lines[""]["ok"]
        cluster_id = collector.connect(credential=wrong)
        collect_due_clusters(collector.context)
        assert collector.state(cluster_id)["reason_code"] == "bastion_host_key_changed"


def test_a_bastion_that_does_not_answer_is_told_at_once(collector: CollectorBench) -> None:
    job = host_key_job(collector, 1)
    assert job["status"] == "failed"
    assert "firewalls" in job["error"]


def other_host_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


def backfill(collector: CollectorBench, prometheus_url: str) -> uuid.UUID:
    kube = FakeKube()
    fill(kube)
    cluster_id = collector.connect(fake=kube, prometheus_url=prometheus_url)
    collect_due_clusters(collector.context)
    with collector.context.bus.transaction() as tx:
        backfill_cluster(tx, collector.context, BackfillCluster(job_id=uuid.uuid4(), cluster_id=cluster_id))
    return cluster_id


def test_prometheus_that_is_away_is_told_and_tried_again(collector: CollectorBench) -> None:
    with pytest.raises(KubeUnavailableError) as caught:
        backfill(collector, "http://127.0.0.1:1")
    assert caught.value.retryable
    state = collector.row("SELECT * FROM collector.cluster_states")
    assert state["backfill_status"] == "failed"
    assert "refuses connections" in state["backfill_detail"]


def test_prometheus_without_the_needed_series_says_which(collector: CollectorBench) -> None:
    empty = Reply(body={"status": "success", "data": {"resultType": "matrix", "result": []}})
    with scripted(lambda _: empty) as server, pytest.raises(InvalidInputError):
        backfill(collector, server.url)
    assert "namespace_workload_pod" in collector.row("SELECT * FROM collector.cluster_states")["backfill_detail"]


def test_prometheus_at_a_forbidden_address_is_not_asked(collector: CollectorBench) -> None:
    with pytest.raises(Ai4k8sError, match="link-local"):
        backfill(collector, "http://169.254.169.254")


def test_maintenance_makes_and_drops_partitions_and_forgets_what_was_deleted(collector: CollectorBench) -> None:
    kube = FakeKube()
    fill(kube)
    kept = collector.connect("https://10.0.0.1", fake=kube)
    deleted = collector.connect("https://10.0.0.2", fake=kube)
    collect_due_clusters(collector.context)
    collector.execute("DELETE FROM gateway.clusters WHERE id = %s", deleted)

    def partitions() -> set[str]:
        rows = collector.rows(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
            "WHERE inhparent = 'collector.workload_samples'::regclass"
        )
        return {row["name"][-8:] for row in rows}

    later = datetime.now(UTC) + timedelta(days=3)
    before = partitions()
    with collector.context.bus.transaction() as tx:
        maintain(tx, collector.at(later))
    after = partitions()
    assert f"{later + timedelta(days=2):%Y%m%d}" in after - before
    assert f"{datetime.now(UTC) - timedelta(days=8):%Y%m%d}" in before - after
    rolled = collector.row("SELECT * FROM collector.workload_rollups")
    assert (rolled["samples"], rolled["cpu_usage_millicores"], rolled["ready_replicas"]) == (1, 500, 2)
    for table in ("workloads", "nodes", "workload_samples", "workload_rollups", "pods", "sources", "cluster_states"):
        assert {row["cluster_id"] for row in collector.rows(f"SELECT cluster_id FROM collector.{table}")} == {kept}
