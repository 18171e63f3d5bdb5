"""Jobs of the collector: the past that cannot be read, connections that do not work, and housekeeping."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from ai4k8s_collector.backfill import backfill_cluster
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_collector.maintenance import maintain
from ai4k8s_common.bus.jobs import JobCancelledError
from ai4k8s_common.contracts.collector import BackfillCluster, CheckConnection
from ai4k8s_common.errors import Ai4k8sError, InvalidInputError
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.errors import KubeUnavailableError
from tests.support.fake_kube import FakeKube
from tests.support.kube_api import answer
from tests.support.kube_objects import fill
from tests.support.scripted_http import Reply, Seen, scripted

if TYPE_CHECKING:
    from tests.support.collector import CollectorBench


def check(collector: CollectorBench, server: str, **more: Any) -> dict[str, dict[str, str]]:
    credential = ClusterCredential(server=server, token=SecretStr("canary-token"))
    cluster_id = collector.connect(credential=credential, **more)
    job_id = uuid.uuid4()
    check_connection(collector.context, CheckConnection(job_id=job_id, cluster_id=cluster_id))
    job = collector.row("SELECT * FROM collector.job_states WHERE job_id = %s", job_id)
    assert job["status"] == "completed"
    assert "canary" not in str(job)
    return {line["check"]: line for line in job["result"]["checks"]} | {"": {"ok": job["result"]["ok"]}}


def outcomes(lines: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: line["outcome"] for name, line in lines.items() if name}


def test_everything_works(collector: CollectorBench) -> None:
    with scripted(answer) as server:
        lines = check(collector, server.url)
    assert lines[""]["ok"]
    assert {name for name, outcome in outcomes(lines).items() if outcome != "passed"} == {"prometheus"}


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
            check_connection(collector.context, CheckConnection(job_id=job_id, cluster_id=cluster_id))
    assert {seen.path for seen in server.seen} == {"/version"}


def test_nobody_listens(collector: CollectorBench) -> None:
    with scripted(answer) as server:
        url = server.url
    lines = check(collector, url)
    assert not lines[""]["ok"]
    assert (lines["dns"]["outcome"], lines["tcp"]["outcome"]) == ("passed", "failed")
    assert "does not accept connections" in lines["tcp"]["detail"]
    assert {lines[name]["outcome"] for name in ("tls", "login", "list_pods", "metrics_server")} == {"skipped"}


def test_a_name_that_leads_nowhere(collector: CollectorBench) -> None:
    lines = check(collector, "https://nowhere.invalid:6443")
    assert lines["dns"]["outcome"] == "failed"
    assert "DNS" in lines["dns"]["hint"]


def test_a_name_that_leads_to_the_metadata_service(collector: CollectorBench, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def rebound(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr("ai4k8s_collector.checks.socket.getaddrinfo", rebound)
    lines = check(collector, "https://innocent.example")
    assert "link-local" in lines["dns"]["detail"]
    assert lines["tcp"]["outcome"] == "skipped"


def test_missing_rights_are_named_one_by_one(collector: CollectorBench) -> None:
    def script(seen: Seen) -> Reply:
        if seen.path == "/api/v1/nodes":
            return Reply(403, {"kind": "Status", "message": "nodes is forbidden"})
        if seen.path.endswith("selfsubjectaccessreviews"):
            return Reply(201, {"status": {"allowed": False}})
        if "metrics.k8s.io" in seen.path:
            return Reply(404, {"kind": "Status", "message": "no"})
        return answer(seen)

    with scripted(script) as server:
        lines = check(collector, server.url)
    failed = {name for name, outcome in outcomes(lines).items() if outcome == "failed"}
    assert failed == {"list_nodes", "patch_scale", "metrics_server"}
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
    assert f"{datetime.now(UTC) - timedelta(days=15):%Y%m%d}" in before - after
    for table in ("workloads", "nodes", "workload_samples", "node_samples", "cluster_states"):
        assert {row["cluster_id"] for row in collector.rows(f"SELECT cluster_id FROM collector.{table}")} == {kept}
