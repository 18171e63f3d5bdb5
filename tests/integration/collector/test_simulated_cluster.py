"""The collector against the simulated cluster: real HTTPS, real lists, a real past."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine

from ai4k8s_collector.backfill import backfill_cluster
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_common.contracts.collector import BackfillCluster, CheckConnection
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.errors import KubeConflictError
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.kube.types import DEPLOYMENTS, PODS, WorkloadKind, WorkloadRef
from ai4k8s_common.services import Service
from ai4k8s_common.store.engine import store_url
from ai4k8s_forecaster.reviews import review
from ai4k8s_simcluster.testing import SimProcess
from tests.support.collector import POLICY
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.kube.credentials import ClusterCredential
    from tests.support.collector import CollectorBench
    from tests.support.gateway import RunningGateway

WEB = WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", "web")


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    """One workload with an hourly load; pods are ready at once."""
    arguments = ("--no-demo", "--shape", "shop/web=hourly", "--startup-seconds", "0-0", "--seed", "7")
    with SimProcess(tmp_path_factory.mktemp("sim"), arguments) as process:
        yield process


def credential_of(sim: SimProcess) -> ClusterCredential:
    return parse_kubeconfig(sim.kubeconfig.read_text(), policy=POLICY).credential


def connect(collector: CollectorBench, sim: SimProcess) -> uuid.UUID:
    return collector.connect(credential=credential_of(sim), prometheus_url=sim.prometheus_url)


def observe(collector: CollectorBench, cluster_id: uuid.UUID) -> None:
    if collector.rows("SELECT 1 FROM collector.cluster_states"):
        collector.make_due(cluster_id)
    collect_due_clusters(collector.context)


def test_a_cycle_sees_the_workload_its_pods_and_their_usage(collector: CollectorBench, sim: SimProcess) -> None:
    cluster_id = connect(collector, sim)

    def measured() -> bool:
        observe(collector, cluster_id)
        state = collector.state(cluster_id)
        assert state["status"] == "connected", state["reason"]
        sample = collector.rows("SELECT * FROM collector.workload_samples ORDER BY at DESC LIMIT 1")[0]
        return bool(sample["cpu_usage_millicores"]) and sample["pods"] == sample["pods_with_metrics"] > 0

    eventually(measured, 60, every=1.0)
    workload = collector.row("SELECT * FROM collector.workloads WHERE name = 'web'")
    assert workload["cpu_request_millicores"]
    assert workload["resource_version"]
    assert len(collector.rows("SELECT * FROM collector.nodes WHERE ready")) == 4
    assert collector.state(cluster_id)["metrics_available"]
    sources = {row["source"]: row for row in collector.rows("SELECT * FROM collector.sources")}
    answering = ("pods", "daemon_sets", "custom_workloads", "autoscalers", "events", "prometheus")
    assert {sources[name]["status"] for name in answering} == {"available"}
    deploy = collector.rows("SELECT * FROM collector.deploys WHERE workload_id = %s", workload["id"])
    assert [row["revision"] for row in deploy] == ["1"]


def test_the_past_is_filled_in_once_and_never_over_live_rows(
    collector: CollectorBench, sim: SimProcess, gateway: RunningGateway
) -> None:
    cluster_id = connect(collector, sim)
    observe(collector, cluster_id)
    live = collector.rows("SELECT * FROM collector.workload_samples ORDER BY at")
    message = BackfillCluster(job_id=uuid.uuid4(), cluster_id=cluster_id)
    started = time.process_time()
    with collector.context.bus.transaction() as tx:
        backfill_cluster(tx, collector.context, message)
    seconds = time.process_time() - started
    state = collector.state(cluster_id)
    assert state["backfill_status"] == "completed", state["backfill_detail"]
    assert seconds < 30
    kept = collector.row(
        "SELECT count(*), max(at), count(cpu_usage_millicores) AS cpu, count(memory_bytes) AS memory, "
        "count(ready_replicas) AS ready, count(desired_replicas) AS desired "
        "FROM collector.workload_samples WHERE source = 1"
    )
    # Eight days are kept as they are, the whole two weeks in five minutes.
    assert kept["count"] > 11_000
    for quantity in ("cpu", "memory", "ready", "desired"):
        assert kept[quantity] >= 0.99 * kept["count"], quantity
    assert kept["max"] < live[0]["at"] < kept["max"] + timedelta(minutes=3)
    rolled = collector.row("SELECT count(*), min(at), sum(samples) AS samples FROM collector.workload_rollups")
    assert rolled["count"] == pytest.approx(14 * 288, abs=3)
    assert rolled["samples"] >= 14 * 1440 - 10
    assert timedelta(days=13.9) < live[0]["at"] - rolled["min"] < timedelta(days=14.1)
    assert collector.rows("SELECT * FROM collector.workload_samples WHERE source = 0 ORDER BY at") == live
    assert state["next_due_at"] <= datetime.now(UTC)
    job = collector.row("SELECT * FROM collector.job_states")
    assert job["status"] == "completed"
    assert job["result"]["rows"] == pytest.approx(14 * 1440, abs=10)

    with collector.context.bus.transaction() as tx:
        backfill_cluster(tx, collector.context, message)
    again = collector.row("SELECT count(*) FROM collector.workload_samples WHERE source = 1")
    assert again["count"] == kept["count"]
    assert collector.row("SELECT count(*) FROM collector.workload_rollups")["count"] == rolled["count"]
    _sizes_and_room_are_told(collector, cluster_id, gateway)


def _sizes_and_room_are_told(collector: CollectorBench, cluster_id: uuid.UUID, gateway: RunningGateway) -> None:
    """With a past, a review says what would fit and whether everything still would; the API serves both."""
    path = [100.0 * level for level in range(1, 8) for _ in range(72)]
    collector.execute(
        "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, history_hours,"
        " path_start_at, path_step_seconds, path_values, window_status)"
        " SELECT id, 'cpu', now(), cluster_id, gen_random_uuid(), 'ready', 48, now(), 300, %s, 'not_ready'"
        " FROM collector.workloads WHERE name = 'web'",
        path,
    )
    engine = create_engine(store_url(collector.database.url(Service.FORECASTER)))
    with engine.begin() as connection:
        review(connection, cluster_id, datetime.now(UTC))
    engine.dispose()
    admin = gateway.admin()
    sizes = admin.get(f"/clusters/{cluster_id}/recommendations").json()
    (web,) = (item for item in sizes["items"] if item["name"] == "web")
    (container,) = web["containers"]
    assert (web["status"], container["per_pod"]) == ("ready", False)
    assert container["cpu"]["busy"] <= container["cpu"]["peak"]
    assert container["cpu"]["target"] > 0
    assert admin.get(f"/workloads/{web['workload_id']}/recommendations").json()["containers"] == web["containers"]
    room = admin.get(f"/clusters/{cluster_id}/capacity").json()
    (use,) = (item for item in room["items"] if (item["scope"], item["resource"]) == ("cluster", "cpu"))
    assert use["status"] == "ready"
    assert use["history_days"] >= 12
    address = f"/clusters/{cluster_id}/capacity/what-if"
    lost = admin.send("POST", address, {"lose_nodes": [room["node_names"][0]["name"]]}).json()
    assert lost["fits"], lost
    assert (lost["by_demand"]["fits"], lost["by_demand"]["peak_millicores"]) == (True, 700)
    doubled = admin.send("POST", address, {"workloads": [{"workload_id": web["workload_id"], "factor": 2}]}).json()
    assert doubled["by_demand"]["peak_millicores"] == 1400
    grown = admin.send("POST", address, {"workloads": [{"workload_id": web["workload_id"], "factor": 500}]}).json()
    assert not grown["fits"]
    assert grown["homeless"][0]["name"] == "web"
    assert grown["nodes_needed"] > 0
    for wrong in ({"lose_nodes": ["nowhere"]}, {"workloads": [{"workload_id": web["workload_id"]}]}):
        assert admin.send("POST", address, wrong).status_code == 422
    assert gateway.person().get(f"/clusters/{cluster_id}/capacity").status_code == 404


def test_the_present_continues_the_past(collector: CollectorBench, sim: SimProcess) -> None:
    """What metrics-server says now and what Prometheus said a minute ago are the same quantity."""
    cluster_id = connect(collector, sim)
    observe(collector, cluster_id)
    with collector.context.bus.transaction() as tx:
        backfill_cluster(tx, collector.context, BackfillCluster(job_id=uuid.uuid4(), cluster_id=cluster_id))
    live = collector.row("SELECT cpu_usage_millicores AS cpu FROM collector.workload_samples WHERE source = 0")
    past = collector.rows(
        "SELECT cpu_usage_millicores AS cpu FROM collector.workload_samples WHERE source = 1 ORDER BY at DESC LIMIT 1"
    )[0]
    assert live["cpu"] == pytest.approx(past["cpu"], rel=0.5)


def test_a_connection_is_tested_line_by_line(collector: CollectorBench, sim: SimProcess) -> None:
    cluster_id = connect(collector, sim)
    with collector.context.bus.transaction() as tx:
        check_connection(tx, collector.context, CheckConnection(job_id=uuid.uuid4(), cluster_id=cluster_id))
    job = collector.row("SELECT * FROM collector.job_states")
    assert job["status"] == "completed"
    assert job["result"]["ok"]
    outcomes = {line["check"]: line["outcome"] for line in job["result"]["checks"]}
    assert "failed" not in outcomes.values(), job["result"]
    assert [
        outcomes[step] for step in ("login", "right:deployments.apps/scale:patch", "metrics_server", "prometheus")
    ] == ["passed"] * 4


def test_a_stopped_cluster_is_unreachable_and_recovers_by_itself(
    collector: CollectorBench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sim")
    sim = SimProcess(folder, ("--no-demo", "--shape", "shop/web=hourly", "--startup-seconds", "0-0"))
    with sim:
        cluster_id = connect(collector, sim)
        observe(collector, cluster_id)
        sim.stop()
        observe(collector, cluster_id)
        state = collector.state(cluster_id)
        assert state["status"] == "unreachable"
        assert "refuses connections" in state["reason"]
        assert state["next_due_at"] - datetime.now(UTC) <= timedelta(seconds=15)
        assert collector.row("SELECT gone_at FROM collector.workloads")["gone_at"] is None
        sim.start()
        observe(collector, cluster_id)
        assert collector.state(cluster_id)["status"] == "connected"


def test_the_client_reads_and_scales_with_a_version(sim: SimProcess) -> None:
    with KubeClient(credential_of(sim), POLICY) as kube:
        assert "web" in {found.metadata.name for found in kube.list_all(DEPLOYMENTS)}
        assert kube.list_all(PODS)
        before = kube.get_scale(WEB)
        with pytest.raises(KubeConflictError):
            kube.patch_scale(WEB, before.desired_replicas + 1, resource_version="1")
        assert kube.get_scale(WEB).desired_replicas == before.desired_replicas

        def scaled() -> bool:
            version = kube.get_scale(WEB).resource_version
            return kube.patch_scale(WEB, before.desired_replicas + 1, resource_version=version).desired_replicas > 0

        eventually(scaled, 10, ignoring=KubeConflictError)
        assert kube.get_scale(WEB).desired_replicas == before.desired_replicas + 1
        meta = kube.patch_annotations(WEB, {"ai4k8s.io/heartbeat": "1"})
        assert (meta.annotations or {})["ai4k8s.io/heartbeat"] == "1"


def test_a_wrong_token_says_so(collector: CollectorBench, sim: SimProcess) -> None:
    from pydantic import SecretStr

    wrong = credential_of(sim).model_copy(update={"token": SecretStr("wrong")})
    cluster_id = collector.connect(credential=wrong)
    observe(collector, cluster_id)
    assert "401" in collector.state(cluster_id)["reason"]
    with KubeClient(wrong, POLICY) as kube, pytest.raises(Ai4k8sError, match="401"):
        kube.list_all(PODS)
