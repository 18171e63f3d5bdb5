"""All four engines on one simulated cluster: people speak through the API and real kubectl, and kubectl sees the outcome."""

from __future__ import annotations

import json
import subprocess
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_common.contracts.catalogue import BY_NAME
from ai4k8s_common.contracts.scaler import EvaluatePolicies, SurveyCluster, WatchCycles
from ai4k8s_common.errors import ConflictError
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.errors import KubeConflictError
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.kube.types import WorkloadRef
from ai4k8s_common.services import Service
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER
from ai4k8s_scaler.context import Context
from ai4k8s_scaler.policies import ENABLED, MAX_REPLICAS, MIN_REPLICAS
from ai4k8s_scaler.revisions import roll_back
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.tasks import handlers
from ai4k8s_simcluster.testing import SimProcess
from tests.support.bus import open_bus
from tests.support.collector import POLICY
from tests.support.scaler_bench import LEVELS
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_common.contracts.base import Contract
    from ai4k8s_common.kube.credentials import ClusterCredential
    from tests.support.collector import CollectorBench
    from tests.support.gateway import Person, RunningGateway
    from tests.support.stores import Valkey

SHAPES = ("--shape", "shop/web=noise:base=0.2,noise=0", "--shape", "shop/api=noise:base=0.2,noise=0")
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 90}}}
USERS_HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 20, "metrics": [CPU]},
}


@dataclass
class Kubectl:
    """Real kubectl on the simulated cluster."""

    binary: Path
    kubeconfig: Path

    def __call__(self, *arguments: str, stdin: dict[str, Any] | None = None) -> str:
        command = [str(self.binary), "--kubeconfig", str(self.kubeconfig), "-n", "shop", *arguments]
        text = None if stdin is None else json.dumps(stdin)
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bounds(self) -> str:
        """Of the HPA web."""
        return self("get", "hpa", "web", "-o", "jsonpath={.spec.minReplicas} {.spec.maxReplicas}")

    def replicas(self, name: str) -> int:
        """As the workload's spec says."""
        return int(self("get", "deployment", name, "-o", "jsonpath={.spec.replicas}"))


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    arguments = ("--no-demo", *SHAPES, "--startup-seconds", "0-0", "--seed", "7", "--nodes", "2")
    with SimProcess(tmp_path_factory.mktemp("sim"), arguments) as process:
        yield process


def credential_of(sim: SimProcess) -> ClusterCredential:
    return parse_kubeconfig(sim.kubeconfig.read_text(), policy=POLICY).credential


@pytest.fixture(scope="module")
def cluster(sim: SimProcess) -> Iterator[KubeClient]:
    with KubeClient(credential_of(sim), POLICY, field_manager=FIELD_MANAGER) as client:
        yield client


@pytest.fixture(scope="module")
def ctl(sim: SimProcess, kubectl: Path) -> Kubectl:
    ctl = Kubectl(kubectl, sim.kubeconfig)
    # What the simulated cluster makes asks for scaling by itself; here a person does.
    ctl("annotate", "deployment", "web", "api", f"{ENABLED}-", f"{MIN_REPLICAS}-", f"{MAX_REPLICAS}-")
    return ctl


@dataclass
class Scene:
    """A collector, a gateway and a scaler around one cluster; only the forecast is written by the test."""

    collector: CollectorBench
    person: Person
    bus: Bus
    context: Context
    cluster_id: uuid.UUID
    handled: set[uuid.UUID] = field(default_factory=set)

    def id_of(self, name: str) -> int:
        return int(self.collector.row("SELECT id FROM collector.workloads WHERE name = %s", name)["id"])

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Over HTTP, and carried out."""
        response = self.person.send(method, path, body)
        assert response.is_success, response.text
        self.carry_out()
        return dict(response.json()) if response.content else {}

    def carry_out(self) -> None:
        """Do what the scaler was sent, and what it sent itself meanwhile."""
        while waiting := self._waiting():
            for row in waiting:
                self.handled.add(row["id"])
                self.handle(BY_NAME[row["contract"]].model_validate(row["payload"]))

    def _waiting(self) -> list[dict[str, Any]]:
        query = " UNION ALL ".join(
            f"SELECT id, contract, payload, created_at FROM {schema}.outbox WHERE contract LIKE 'scaler.%%'"
            for schema in ("gateway", "scaler")
        )
        found = self.collector.rows(f"SELECT * FROM ({query}) sent ORDER BY created_at")
        return [row for row in found if row["id"] not in self.handled]

    def handle(self, message: Contract, context: Context | None = None) -> None:
        with self.bus.transaction() as tx:
            handlers.by_contract[type(message)](message, tx, context or self.context)

    def observe(self) -> None:
        """One look of the collector."""
        if self.collector.rows("SELECT 1 FROM collector.cluster_states"):
            self.collector.make_due(self.cluster_id)
        collect_due_clusters(self.collector.context)

    def measured(self) -> bool:
        self.observe()
        latest = "SELECT DISTINCT ON (workload_id) * FROM collector.workload_samples ORDER BY workload_id, at DESC"
        found = self.collector.rows(latest)
        return len(found) == 2 and all(row["cpu_usage_millicores"] and row["pods_with_metrics"] for row in found)

    def cycle(self, name: str, pods: float) -> None:
        """Observe, foresee so many pods, decide, carry out."""
        self.observe()
        self.collector.execute(
            "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, "
            "history_hours, window_status, window_detail, lead_time_seconds, window_levels, window_values) "
            "SELECT id, 'cpu', now(), cluster_id, %s, 'ready', 100, 'ready', '', 240, %s, "
            "array_fill(%s * cpu_request_millicores, ARRAY[%s]) FROM collector.workloads WHERE name = %s",
            uuid.uuid4(),
            LEVELS,
            pods,
            len(LEVELS),
            name,
        )
        now = datetime.now(UTC)
        self.handle(EvaluatePolicies(cluster_id=self.cluster_id, cycle_id=uuid.uuid4(), cycle_at=now))
        self.carry_out()


@pytest.fixture
def scene(
    collector: CollectorBench, gateway: RunningGateway, valkey: Valkey, cluster: KubeClient, sim: SimProcess
) -> Iterator[Scene]:
    @contextmanager
    def open_cluster(cluster_id: uuid.UUID, sealed: bytes) -> Iterator[KubeClient]:
        assert cluster_id
        assert sealed
        yield cluster

    ada = gateway.person("ada")  # the first person there: the cluster will be hers
    cluster_id = collector.connect(credential=credential_of(sim))
    bus = open_bus(collector.database, valkey.url, Service.SCALER)
    context = Context(
        ScalerSettings(annotate=True),
        timedelta(seconds=15),
        open_cluster=open_cluster,
        clock=lambda: datetime.now(UTC),
    )
    yield Scene(collector, ada, bus, context, cluster_id)
    bus.close()


def rule(minimum: int) -> dict[str, Any]:
    """A rule of the clock that holds now."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    cron = f"{now.minute} {now.hour} * * *"
    when = {"cron": cron, "duration_minutes": 600, "time_zone": "UTC"}
    return {**when, "title": f"at least {minimum}", "min_replicas": minimum}


def test_four_engines_on_one_workload_make_one_decision_that_kubectl_sees_and_everything_is_given_back(
    scene: Scene, ctl: Kubectl
) -> None:
    ctl("apply", "-f", "-", stdin=USERS_HPA)
    eventually(scene.measured, 60, every=0.5)
    web = scene.id_of("web")
    scene.handle(SurveyCluster(cluster_id=scene.cluster_id))
    # Nobody asked for anything yet.
    scene.cycle("web", pods=4.4)
    assert ctl.bounds() == "2 20"
    # Predictive, opted in by an annotation: a floor under the user's HPA.
    ctl("annotate", "deployment", "web", f"{ENABLED}=true", f"{MIN_REPLICAS}=2", f"{MAX_REPLICAS}=20")
    scene.cycle("web", pods=4.4)
    assert ctl.bounds() == "5 20"
    # Scheduled: of the floor and the rule the higher one holds.
    low = scene.ask("POST", f"/workloads/{web}/schedules", rule(3))
    scene.cycle("web", pods=4.4)
    assert ctl.bounds() == "5 20"
    scene.ask("POST", f"/workloads/{web}/schedules", rule(7))
    scene.cycle("web", pods=4.4)
    assert ctl.bounds() == "7 20"
    eventually(lambda: ctl.replicas("web") == 7, 60, every=0.5)
    # The HPA did that: the replicas stayed its own.
    sized = ctl("get", "events", "--field-selector", "reason=SuccessfulRescale,involvedObject.name=web", "-o", "name")
    assert sized
    written = scene.collector.rows("SELECT DISTINCT actuator FROM scaler.decisions WHERE outcome = 'applied'")
    assert [row["actuator"] for row in written] == ["hpa_floor"]
    # VPA: not on what the HPA measures, with the reason; beside it, yes.
    vpa = {"namespace": "shop", "name": "web", "target": {"name": "web"}, "mode": "Auto"}
    path = f"/clusters/{scene.cluster_id}/vpas"
    with pytest.raises(ConflictError, match="HPA web is on cpu of Deployment web"):
        scene.ask("POST", path, vpa)
    assert ctl("get", "vpa", "-o", "name") == ""
    scene.ask("POST", path, {**vpa, "resources": ["memory"]})
    assert ctl("get", "vpa", "web", "-o", "jsonpath={.spec.updatePolicy.updateMode}") == "Auto"
    shown = scene.person.get(f"/clusters/{scene.cluster_id}/autoscaling").json()
    assert [[item["name"] for item in shown[kind]] for kind in ("hpas", "vpas")] == [["web"], ["web"]]
    assert shown["vpas"][0]["sentence"].startswith("Mode Auto:")
    # All of it off: the user's own values are back.
    for schedule in (low["id"], scene.collector.row("SELECT id FROM gateway.schedules WHERE min_replicas = 7")["id"]):
        scene.ask("DELETE", f"/schedules/{schedule}")
    ctl("annotate", "deployment", "web", f"{ENABLED}-")
    scene.observe()
    scene.ask("POST", f"/workloads/{web}/predictive/disable")
    assert ctl.bounds() == "2 20"
    assert "ai4k8s" not in ctl("get", "hpa", "web", "-o", "jsonpath={.metadata.annotations}")
    scene.cycle("web", pods=4.4)
    assert ctl.bounds() == "2 20"
    # By kubectl alone: opted in again and out again, the floor ends by itself.
    ctl("annotate", "deployment", "web", f"{ENABLED}=true")
    scene.cycle("web", pods=5.4)
    assert ctl.bounds() == "6 20"
    ctl("annotate", "deployment", "web", f"{ENABLED}-")
    scene.cycle("web", pods=5.4)
    late = datetime.now(UTC) + timedelta(seconds=700)
    scene.context = replace(scene.context, clock=lambda: late)
    scene.handle(WatchCycles())
    scene.carry_out()
    assert ctl.bounds() == "2 20"


def brought_to(scene: Scene, ctl: Kubectl, replicas: int) -> bool:
    """One more cycle where it is not there yet: a change planned on a version that moved meanwhile is planned again."""
    if ctl.replicas("api") != replicas:
        scene.cycle("api", pods=4.4)
    return ctl.replicas("api") == replicas


def test_each_engine_alone_through_the_api_and_off_again(scene: Scene, ctl: Kubectl) -> None:
    eventually(scene.measured, 60, every=0.5)
    api, before = scene.id_of("api"), ctl.replicas("api")
    scene.cycle("api", pods=4.4)
    assert ctl.replicas("api") == before
    # Predictive alone owns the replicas.
    scene.ask("POST", f"/workloads/{api}/predictive/enable", {"min_replicas": 1, "max_replicas": 9})
    eventually(lambda: brought_to(scene, ctl, 5), 30, every=0.5)
    scene.observe()
    scene.ask("POST", f"/workloads/{api}/predictive/disable")
    assert ctl.replicas("api") == before
    # Scheduled alone.
    schedule = scene.ask("POST", f"/workloads/{api}/schedules", rule(3))
    eventually(lambda: brought_to(scene, ctl, 3), 30, every=0.5)
    scene.ask("DELETE", f"/schedules/{schedule['id']}")
    # HPA alone.
    metric = {"kind": "cpu", "utilization_percent": 80}
    hpa = {"namespace": "shop", "name": "api", "target": {"name": "api"}, "min_replicas": 4, "max_replicas": 6}
    scene.ask("POST", f"/clusters/{scene.cluster_id}/hpas", {**hpa, "metrics": [metric]})
    assert ctl("get", "hpa", "api", "-o", "jsonpath={.spec.minReplicas} {.spec.maxReplicas}") == "4 6"
    scene.ask("DELETE", f"/clusters/{scene.cluster_id}/hpas/shop/api")
    assert "api" not in ctl("get", "hpa", "-o", "name")


def stateful_set(image: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "db", "image": image}], "terminationGracePeriodSeconds": 0}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": pod}
    spec = {"serviceName": "db", "replicas": 1, "selector": {"matchLabels": {"app": "db"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec}


def test_a_stateful_sets_revision_is_rolled_back_as_kubectl_would(cluster: KubeClient, ctl: Kubectl) -> None:
    def revision() -> str:
        wanted = "{.metadata.generation} {.status.observedGeneration} {.status.updateRevision}"

        def seen() -> str:
            made, observed, name = ctl("get", "statefulset", "db", "-o", f"jsonpath={wanted}").split(" ")
            return name if made == observed else ""

        return eventually(seen, 30, every=0.2, ignoring=ValueError)

    def image() -> str:
        return ctl("get", "statefulset", "db", "-o", "jsonpath={.spec.template.spec.containers[0].image}")

    names = []
    for each in ("db:1", "db:2"):
        ctl("apply", "-f", "-", stdin=stateful_set(each))
        names.append(revision())
    ref = WorkloadRef("StatefulSet", "shop", "db")
    plan = {"from_revision": names[1], "to_revision": names[0]}
    written = roll_back(cluster, ref, plan)
    assert written is not None
    assert image() == "db:1"
    # The template is the very one that was there before: the cluster goes on with the revision that it kept.
    assert revision() == names[0]
    assert roll_back(cluster, ref, plan) is None
    with pytest.raises(KubeConflictError, match="came since"):
        roll_back(cluster, ref, {"from_revision": "db-other", "to_revision": names[1]})
    ctl("rollout", "undo", "statefulset/db")
    assert (image(), revision()) == ("db:2", names[1])
