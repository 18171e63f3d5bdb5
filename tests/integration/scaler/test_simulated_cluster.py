"""One hand on a real API: an HPA made by us, a floor under it that its controller follows, and everything given back."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.contracts.scaler import ResizeWorkload, SurveyCluster, UndoDecision, WriteAutoscaler
from ai4k8s_common.errors import ConflictError
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.errors import KubeError
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.kube.types import WorkloadRef
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER
from ai4k8s_scaler.autoscalers import write_autoscaler
from ai4k8s_scaler.janitor import withdraw_expired
from ai4k8s_scaler.resizes import pods_of
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.settling import undo_decision
from ai4k8s_scaler.sizing import resize_workload
from ai4k8s_scaler.survey import survey_cluster
from ai4k8s_simcluster.testing import SimProcess
from tests.support.collector import POLICY
from tests.support.scaler_bench import Bench, make_bench
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.stores import Database, Valkey

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 90}}}
SPEC = {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 8, "metrics": [METRIC]}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KubeClient]:
    arguments = ("--no-demo", "--shape", "shop/web=daily", "--startup-seconds", "0-0", "--seed", "7")
    with SimProcess(tmp_path, arguments) as sim:
        credential = parse_kubeconfig(sim.kubeconfig.read_text(), policy=POLICY).credential
        with KubeClient(credential, POLICY, field_manager=FIELD_MANAGER) as client:
            yield client


@pytest.fixture
def bench(database: Database, valkey: Valkey, cluster: KubeClient) -> Iterator[Bench]:
    @contextmanager
    def open_cluster(cluster_id: uuid.UUID, sealed: bytes) -> Iterator[KubeClient]:
        assert cluster_id
        assert sealed
        yield cluster

    def now() -> datetime:
        return datetime.now(UTC)

    with make_bench(database, valkey) as bench:
        settings = ScalerSettings(annotate=True)
        bench.context = replace(bench.context, open_cluster=open_cluster, settings=settings, clock=now)
        yield bench


def write(bench: Bench, kind: str, name: str, spec: dict[str, Any]) -> None:
    message = WriteAutoscaler.model_validate(
        {
            "job_id": uuid.uuid4(),
            "cluster_id": bench.cluster.cluster_id,
            "autoscaler": kind,
            "namespace": "shop",
            "object_name": name,
            "spec": spec,
            "seen_spec": None,
            "requested_by": uuid.uuid4(),
        }
    )
    with bench.bus.transaction() as tx:
        write_autoscaler(tx, bench.context, message)


def test_a_floor_is_followed_by_the_hpas_controller_told_on_the_workload_and_given_back(
    bench: Bench, cluster: KubeClient
) -> None:
    write(bench, "hpa", "web", SPEC)
    with pytest.raises(ConflictError, match="HPA web is on cpu of Deployment web"):
        write(bench, "vpa", "web", {"targetRef": TARGET, "updatePolicy": {"updateMode": "Auto"}})
    labels = cluster.read(WEB)["spec"]["template"]["metadata"]["labels"]
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minAvailable": 3, "selector": {"matchLabels": labels}},
    }
    cluster.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", budget)
    bench.evaluate(datetime.now(UTC) - timedelta(seconds=30))  # from now on it is a workload of ours
    with bench.bus.transaction() as tx:
        survey_cluster(tx, bench.context, SurveyCluster(cluster_id=bench.cluster.cluster_id))
    seen = bench.cluster.row("SELECT * FROM scaler.surroundings")
    assert [item["keep"] for item in seen["disruption_budgets"]] == [3]
    now = datetime.now(UTC)
    bench.cycle(now, pods=4.4)
    decision = bench.decisions()[-1]
    assert (decision["actuator"], decision["from_replicas"], decision["to_replicas"]) == ("hpa_floor", 2, 5)
    bench.apply(decision["id"], datetime.now(UTC))
    assert bench.decisions()[-1]["outcome"] == "applied", bench.decisions()[-1]["outcome_detail"]

    def followed() -> bool:
        return bool(cluster.read(WEB)["spec"]["replicas"] >= 5)

    eventually(followed, 60, every=0.5)
    events = cluster.read("/api/v1/namespaces/shop/events")["items"]
    assert any(event["reason"] == "Scaled" and event["involvedObject"]["name"] == "web" for event in events)
    fields = cluster.read(HPA)["metadata"]["managedFields"]
    owners = [item["manager"] for item in fields if "f:minReplicas" in str(item["fieldsV1"])]
    assert owners == [FIELD_MANAGER]

    def given_back() -> bool:
        try:
            return withdraw_expired(cluster, datetime.now(UTC) + timedelta(hours=1)) == (1, 0)
        except KubeError:
            return False

    eventually(given_back, 20, every=0.5)
    assert cluster.read(HPA)["spec"]["minReplicas"] == 2
    assert not [name for name in cluster.read(HPA)["metadata"].get("annotations") or {} if "ai4k8s" in name]
    sized_in_place_beside_the_hpa(bench, cluster)


def sized_in_place_beside_the_hpa(bench: Bench, cluster: KubeClient) -> None:
    """Memory of running pods, which the HPA does not measure, and back again; its CPU is refused."""
    container = cluster.read(WEB)["spec"]["template"]["spec"]["containers"][0]
    name, asked = container["name"], container["resources"]["requests"]["memory"]

    def resize(resource: str, amount: str) -> None:
        message = ResizeWorkload(
            job_id=uuid.uuid4(),
            cluster_id=bench.cluster.cluster_id,
            workload_id=bench.workload_id,
            changes={name: {"requests": {resource: amount}}},
            requested_by=uuid.uuid4(),
        )
        with bench.bus.transaction() as tx:
            resize_workload(tx, bench.context, message)

    def memory() -> set[str]:
        ref = WorkloadRef("Deployment", "shop", "web")
        pods = pods_of(cluster, ref)
        return {pod["spec"]["containers"][0]["resources"]["requests"]["memory"] for pod in pods}

    with pytest.raises(ConflictError, match="HPA web is on cpu of Deployment web"):
        resize("cpu", "90m")
    resize("memory", "33Mi")
    assert memory() == {"33Mi"}
    undo = UndoDecision(job_id=uuid.uuid4(), decision_id=bench.decisions()[-1]["id"], requested_by=uuid.uuid4())
    with bench.bus.transaction() as tx:
        undo_decision(tx, bench.context, undo)
    assert memory() == {asked}
