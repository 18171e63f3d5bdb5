"""A worker is killed while it applies a plan: another one does the rest, and nothing is done twice."""

from __future__ import annotations

import json
import sys
import uuid
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.contracts.chat import ApplyPlan, PreparePlan
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_common.security.sealed import public_key_of, seal
from ai4k8s_common.services import Service
from tests.support.plans import plan_bench, sim_cluster
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.bus import BusBench
    from tests.support.plans import PlanBench
    from tests.support.processes import TestProcess
    from tests.support.stores import Valkey

OBJECTS = 15


@dataclass
class Site:
    """Real stores, a real relay, a simulated cluster, and chat workers as they are deployed."""

    bus_bench: BusBench
    plans: PlanBench

    def worker(self) -> TestProcess:
        """Start a chat worker and wait until it consumes."""
        bench = self.bus_bench
        process = bench.processes.start(
            [sys.executable, "-m", "ai4k8s_chat.worker", "--queue", "jobs"],
            environment=bench.environment(
                Service.CHAT,
                AI4K8S_CREDENTIALS_PRIVATE_KEY=self.plans.private_key,
                AI4K8S_ALLOW_LOOPBACK_CLUSTERS="true",
                AI4K8S_JOBS_TIME_LIMIT_SECONDS="19",
                AI4K8S_JOBS_VISIBILITY_TIMEOUT_SECONDS="20",
            ),
            name=f"chat-{uuid.uuid4().hex[:4]}",
        )
        process.wait_for_output("worker_ready", within=30)
        return process


@pytest.fixture
def site(bus_bench: BusBench, valkey: Valkey, tmp_path: Path) -> Iterator[Site]:
    with sim_cluster(tmp_path) as sim, plan_bench(sim, bus_bench.database, valkey.url) as plans:
        yield Site(bus_bench, plans)


def test_guarantee_8_a_worker_killed_amid_a_plan_is_followed_by_one_that_does_the_rest_once(site: Site) -> None:
    plans, namespace = site.plans, site.plans.sim.namespace()
    collection = f"/api/v1/namespaces/{namespace}/configmaps"
    documents = [
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{number}, namespace: {namespace}}}\ndata: {{a: b}}"
        for number in range(OBJECTS)
    ]
    plan_id = uuid.uuid4()
    content = json.dumps({"manifests": "\n---\n".join(documents)})
    sealed = seal(public_key_of(plans.private_key), content.encode(), f"plan:{plan_id}")
    user = plans.cluster_id  # the cluster's owner in the store, an administrator
    first = site.worker()
    with site.bus_bench.bus.transaction() as tx:
        tx.send(
            PreparePlan(
                job_id=uuid.uuid4(),
                plan_id=plan_id,
                cluster_id=plans.cluster_id,
                user_id=user,
                origin=PlanOrigin.MANIFEST,
                title="fifteen maps",
                sealed=b64encode(sealed).decode(),
            )
        )
    rows = "SELECT hash, status FROM chat.plans WHERE id = %s"
    eventually(lambda: plans.cluster.rows(rows, plan_id) != [], 30, message=first.output)
    plan_hash = plans.cluster.row(rows, plan_id)["hash"]
    message = ApplyPlan(job_id=uuid.uuid4(), plan_id=plan_id, hash=plan_hash, approved_by=user)
    plans.cluster.execute(
        "INSERT INTO gateway.plan_verdicts (plan_id, verdict, hash, decided_by, job_id, decided_at)"
        " VALUES (%s, 'approve', %s, %s, %s, now())",
        plan_id,
        plan_hash,
        user,
        message.job_id,
    )
    with site.bus_bench.bus.transaction() as tx:
        tx.send(message)
    steps = "SELECT position, uid FROM chat.plan_steps WHERE plan_id = %s AND status = 'done' ORDER BY position"
    eventually(lambda: len(plans.cluster.rows(steps, plan_id)) >= 3, 30, every=0.005, message=first.output)
    first.kill()
    done = plans.cluster.rows(steps, plan_id)
    assert 3 <= len(done) < OBJECTS, "the worker was to be killed amid the plan"
    second = site.worker()
    eventually(lambda: plans.row(plan_id)["status"] == "applied", 60, message=second.output)
    after = plans.cluster.rows(steps, plan_id)
    assert [row["position"] for row in after] == list(range(OBJECTS))
    assert after[: len(done)] == done
    found = {item["metadata"]["name"]: item for item in plans.sim.kube.read(collection)["items"]}
    mine = [found[f"map-{row['position']}"]["metadata"]["uid"] for row in after]
    assert mine == [row["uid"] for row in after]
    entries = plans.cluster.rows("SELECT object FROM chat.audit_entries WHERE action = 'plan.create'")
    assert len(entries) == OBJECTS
