"""Guarantee 8 with a real scaler process: killed when the cluster has its patch and the ledger does not."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from ai4k8s_common.contracts.scaler import ApplyDecision
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.security.sealed import generate_key_pair, seal
from ai4k8s_common.services import Service
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster
from tests.support.scripted_http import Reply, Seen, scripted
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import Database, Valkey

SCALE = "/apis/apps/v1/namespaces/shop/deployments/web/scale"
HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
FLOOR_PLAN = {"object": "web", "from_maximum": 10, "to_maximum": 10, "owner_minimum": 2, "owner_maximum": 10}


class Server(Protocol):
    """An API server that carries the first patch out and never answers it."""

    patches: int
    patched: threading.Event
    actuator: str
    plan: dict[str, Any] | None

    def __call__(self, seen: Seen) -> Reply: ...

    def at(self) -> int:
        """Where it stands now."""
        ...


@dataclass
class OneDeployment:
    """Nothing else scales it: its replicas are ours."""

    replicas: int = 4
    version: int = 1
    patches: int = 0
    patched: threading.Event = field(default_factory=threading.Event)
    actuator: str = "replicas"
    plan: dict[str, Any] | None = None

    def __call__(self, seen: Seen) -> Reply:
        if seen.path != SCALE:
            return Reply(404, {"kind": "Status", "message": "not here"})
        if seen.method == "PATCH":
            self.replicas = json.loads(seen.body)["spec"]["replicas"]
            self.version += 1
            self.patches += 1
            self.patched.set()
            return Reply(hang=True)
        metadata = {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": str(self.version)}
        spec = {"replicas": self.replicas}
        return Reply(body={"kind": "Scale", "metadata": metadata, "spec": spec, "status": spec})

    def at(self) -> int:
        return self.replicas


@dataclass
class OneHpa:
    """An HPA owns the replicas: a floor under it is ours. Its version moves by itself, as status writes move it."""

    minimum: int = 4
    version: int = 1
    patches: int = 0
    patched: threading.Event = field(default_factory=threading.Event)
    actuator: str = "hpa_floor"
    plan: dict[str, Any] | None = field(default_factory=lambda: dict(FLOOR_PLAN))
    notes: dict[str, str] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> Reply:
        if seen.path != HPA:
            return Reply(404, {"kind": "Status", "message": "not here"})
        if seen.method == "PATCH":
            body = json.loads(seen.body)
            self.minimum = body["spec"]["minReplicas"]
            self.notes = body["metadata"]["annotations"]
            self.version += 1
            self.patches += 1
            self.patched.set()
            return Reply(hang=True)
        metadata = {"name": "web", "namespace": "shop", "uid": "h", "resourceVersion": str(self.version)}
        metadata["annotations"] = {name: value for name, value in self.notes.items() if value is not None}  # type: ignore[assignment]
        return Reply(body={"metadata": metadata, "spec": {"minReplicas": self.minimum, "maxReplicas": 10}})

    def at(self) -> int:
        return self.minimum


def plan(cluster: ObservedCluster, workload_id: int, server: Server) -> uuid.UUID:
    """A decision as a cycle leaves it: planned, from 4 to 9."""
    decision_id = uuid.uuid4()
    cluster.execute(
        "INSERT INTO scaler.decisions (id, cluster_id, workload_id, cycle_id, decided_at, mode, action, from_replicas,"
        " to_replicas, planned_resource_version, reason, inputs, outcome, actuator, plan)"
        " VALUES (%s, %s, %s, %s, now(), 'auto', 'scale_up', 4, 9, '1', 'a rise is foreseen', '{}', 'planned', %s, %s)",
        decision_id,
        cluster.cluster_id,
        workload_id,
        uuid.uuid4(),
        server.actuator,
        None if server.plan is None else Jsonb(server.plan),
    )
    return decision_id


@pytest.mark.parametrize("server", [OneDeployment(), OneHpa()], ids=["replicas", "a floor under an HPA"])
def test_a_scaler_killed_after_its_patch_and_before_the_record_patches_once_and_records_once(
    database: Database, valkey: Valkey, processes: Processes, server: Server
) -> None:
    public_key, private_key = generate_key_pair()
    environment = {
        "AI4K8S_DATABASE_URL": database.url(Service.SCALER),
        "AI4K8S_BROKER_URL": valkey.url,
        "AI4K8S_REDIS_URL": valkey.url,
        "AI4K8S_CREDENTIALS_PRIVATE_KEY": private_key,
        "AI4K8S_ALLOW_LOOPBACK_CLUSTERS": "true",
        "AI4K8S_RESEND_AFTER_SECONDS": "2",
    }

    def start_worker() -> TestProcess:
        command = [sys.executable, "-m", "ai4k8s_scaler.worker", "--queue", "cycle"]
        return processes.start(command, environment=environment, name="scaler")

    with scripted(server) as listening:
        cluster = ObservedCluster.create(database)
        credential = ClusterCredential(server=listening.url, token=SecretStr("x"))
        sealed = seal(public_key, credential.to_json(), str(cluster.cluster_id))
        cluster.execute("INSERT INTO gateway.cluster_credentials VALUES (%s, %s)", cluster.cluster_id, sealed)
        decision_id = plan(cluster, cluster.workload(), server)
        bus = open_bus(database, valkey.url, Service.SCALER)
        with bus.transaction() as tx:
            tx.send(ApplyDecision(decision_id=decision_id))
        bus.close()

        worker = start_worker()
        assert server.patched.wait(30), worker.output()
        worker.kill()
        ledger = "SELECT outcome, outcome_detail FROM scaler.decisions"
        assert cluster.row(ledger)["outcome"] == "planned"

        start_worker()
        eventually(lambda: cluster.row(ledger)["outcome"] != "planned", 30)
        done = "SELECT 1 FROM scaler.outbox WHERE contract = 'scaler.apply_decision.v1' AND closed_at IS NOT NULL"
        eventually(lambda: cluster.rows(done), 10)
    assert cluster.rows(ledger) == [{"outcome": "applied", "outcome_detail": "It was in place already."}]
    assert (server.patches, server.at()) == (1, 9)
    assert len(cluster.rows("SELECT 1 FROM scaler.outbox WHERE contract = 'advisor.advise.v1'")) == 1
    claim = cluster.row("SELECT actuator, held_replicas, original FROM scaler.claims")
    original = {"replicas": 4} if server.plan is None else {"min_replicas": 2, "max_replicas": 10}
    assert claim == {"actuator": server.actuator, "held_replicas": 9, "original": original}
