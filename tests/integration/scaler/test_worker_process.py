"""Guarantee 8 with a real scaler process: killed when the cluster has its patch and the ledger does not."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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


@dataclass
class OneDeployment:
    """An API server that carries the first patch out and never answers it."""

    replicas: int = 4
    version: int = 1
    patches: int = 0
    patched: threading.Event = field(default_factory=threading.Event)

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


def plan(cluster: ObservedCluster, workload_id: int) -> uuid.UUID:
    """A decision as a cycle leaves it: planned, from 4 to 9."""
    decision_id = uuid.uuid4()
    cluster.execute(
        "INSERT INTO scaler.decisions (id, cluster_id, workload_id, cycle_id, decided_at, mode, action, from_replicas,"
        " to_replicas, planned_resource_version, reason, inputs, outcome)"
        " VALUES (%s, %s, %s, %s, now(), 'auto', 'scale_up', 4, 9, '1', 'a rise is foreseen', '{}', 'planned')",
        decision_id,
        cluster.cluster_id,
        workload_id,
        uuid.uuid4(),
    )
    return decision_id


def test_a_scaler_killed_after_its_patch_and_before_the_record_patches_once_and_records_once(
    database: Database, valkey: Valkey, processes: Processes
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

    deployment = OneDeployment()
    with scripted(deployment) as server:
        cluster = ObservedCluster.create(database)
        credential = ClusterCredential(server=server.url, token=SecretStr("x"))
        sealed = seal(public_key, credential.to_json(), str(cluster.cluster_id))
        cluster.execute("INSERT INTO gateway.cluster_credentials VALUES (%s, %s)", cluster.cluster_id, sealed)
        decision_id = plan(cluster, cluster.workload())
        bus = open_bus(database, valkey.url, Service.SCALER)
        with bus.transaction() as tx:
            tx.send(ApplyDecision(decision_id=decision_id))
        bus.close()

        worker = start_worker()
        assert deployment.patched.wait(30), worker.output()
        worker.kill()
        ledger = "SELECT outcome, outcome_detail FROM scaler.decisions"
        assert cluster.row(ledger)["outcome"] == "planned"

        start_worker()
        eventually(lambda: cluster.row(ledger)["outcome"] != "planned", 30)
        done = "SELECT 1 FROM scaler.outbox WHERE contract = 'scaler.apply_decision.v1' AND closed_at IS NOT NULL"
        eventually(lambda: cluster.rows(done), 10)
    assert cluster.row(ledger) == {"outcome": "applied", "outcome_detail": "It was in place already."}
    assert (deployment.patches, deployment.replicas) == (1, 9)
    assert len(cluster.rows("SELECT 1 FROM scaler.outbox WHERE contract = 'advisor.advise.v1'")) == 1
