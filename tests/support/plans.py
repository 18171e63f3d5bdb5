"""A chat that makes plans in the test's own process, against a simulated cluster and a real store."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ai4k8s_chat.adapters.writing import FIELD_MANAGER
from ai4k8s_chat.plans.applying import on_apply
from ai4k8s_chat.plans.context import PlanContext, Vault
from ai4k8s_chat.plans.following import on_follow
from ai4k8s_chat.plans.preparing import PlanAsk, PreparedPlan, prepare
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.chat import ApplyPlan, FollowPlan
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.plans import ApiCall, PlanOrigin
from ai4k8s_common.rights import Rights, Role
from ai4k8s_common.security.sealed import generate_key_pair, seal
from ai4k8s_common.services import Service
from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.testing import SimThread
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_common.kube.credentials import ClusterCredential
    from tests.support.stores import Database

LOOPBACK = AccessPolicy(allow_loopback=True)
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"


@dataclass(frozen=True)
class SimCluster:
    """A simulated cluster and a client of it."""

    credential: ClusterCredential
    kube: KubeClient
    kubeconfig: Path

    def namespace(self) -> str:
        """Make a namespace of a test's own."""
        name = f"ns-{uuid.uuid4().hex[:8]}"
        self.kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def deployment(self, namespace: str, name: str = "web", **spec: Any) -> dict[str, Any]:
        """Make a Deployment."""
        return self.kube.create(DEPLOYMENTS.format(namespace), deployment(namespace, name, **spec))

    def read(self, namespace: str, name: str = "web") -> dict[str, Any]:
        """Read a Deployment."""
        return self.kube.read(f"{DEPLOYMENTS.format(namespace)}/{name}")


def deployment(namespace: str, name: str = "web", *, image: str = "web:1", replicas: int = 2) -> dict[str, Any]:
    """A Deployment's manifest."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
        },
    }


@contextmanager
def sim_cluster(folder: Path) -> Iterator[SimCluster]:
    """Start one, quick in everything."""
    quick = SecondsRange(0.05, 0.1)
    settings = SimSettings(
        folder / "state", folder / "kubeconfig", nodes=3, demo=False, startup=quick, termination=quick
    )
    with SimThread(settings):
        credential = parse_kubeconfig((folder / "kubeconfig").read_text(), policy=LOOPBACK).credential
        with KubeClient(credential, LOOPBACK) as kube:
            yield SimCluster(credential, kube, folder / "kubeconfig")


def everything(user_id: uuid.UUID) -> Rights:
    """An administrator's rights."""
    return Rights(user_id, Role.ADMIN)


@dataclass
class PlanBench:
    """Prepares, approves (as the gateway would write it down) and applies."""

    sim: SimCluster
    cluster: ObservedCluster
    bus: Bus
    context: PlanContext
    user_id: uuid.UUID = field(default_factory=uuid.uuid4)
    private_key: str = ""

    @property
    def cluster_id(self) -> uuid.UUID:
        """The cluster."""
        return self.cluster.cluster_id

    def at(self, now: datetime) -> PlanBench:
        """The same with the clock stopped."""
        return replace(self, context=replace(self.context, clock=lambda: now))

    def ask(self, *calls: ApiCall, manifests: str = "", **more: Any) -> PlanAsk:
        """What somebody wants."""
        values: dict[str, Any] = {"plan_id": uuid.uuid4(), "user_id": self.user_id, "title": "a test's plan"} | more
        origin = PlanOrigin.MANIFEST if manifests else PlanOrigin.CHAT
        return PlanAsk(cluster_id=self.cluster_id, origin=origin, calls=calls, manifests=manifests, **values)

    def prepare(self, *calls: ApiCall, manifests: str = "", **more: Any) -> PreparedPlan:
        """Make a plan."""
        with self.bus.transaction() as tx:
            return prepare(tx, self.context, self.ask(*calls, manifests=manifests, **more))

    def approve(self, plan: PreparedPlan, **changed: Any) -> ApplyPlan:
        """Write the verdict down and return the message, either with something changed."""
        message = ApplyPlan(job_id=uuid.uuid4(), plan_id=plan.plan_id, hash=plan.hash, approved_by=self.user_id)
        row = {
            "plan_id": plan.plan_id,
            "verdict": "approve",
            "hash": plan.hash,
            "decided_by": self.user_id,
            "job_id": message.job_id,
            "decided_at": self.context.clock(),
        } | changed
        names = ", ".join(row)
        holders = ", ".join(["%s"] * len(row))
        self.cluster.execute(f"INSERT INTO gateway.plan_verdicts ({names}) VALUES ({holders})", *row.values())
        return message

    def apply(self, message: ApplyPlan) -> dict[str, Any]:
        """Handle the message once and return the plan's row."""
        with self.bus.transaction() as tx:
            on_apply(tx, self.context, message)
        return self.row(message.plan_id)

    def follow(self, plan_id: uuid.UUID, most: int = 300) -> dict[str, Any]:
        """Follow to the end."""
        for _ in range(most):
            with self.bus.transaction() as tx:
                on_follow(tx, self.context, FollowPlan(plan_id=plan_id))
            row = self.row(plan_id)
            if row["status"] != "following":
                return row
        raise AssertionError(f"still following: {row}")

    def carry_out(self, plan: PreparedPlan) -> dict[str, Any]:
        """Approve, apply, follow."""
        self.apply(self.approve(plan))
        return self.follow(plan.plan_id)

    def row(self, plan_id: uuid.UUID) -> dict[str, Any]:
        """The plan's row."""
        return self.cluster.row("SELECT * FROM chat.plans WHERE id = %s", plan_id)

    def job(self, job_id: uuid.UUID) -> dict[str, Any]:
        """How a job stands."""
        return self.cluster.row("SELECT * FROM chat.job_states WHERE job_id = %s", job_id)


@contextmanager
def plan_bench(sim: SimCluster, database: Database, broker_url: str) -> Iterator[PlanBench]:
    """Connect the simulated cluster as the gateway would."""
    public, private = generate_key_pair()
    cluster = ObservedCluster.create(database, sealed=b"to be sealed")
    stored = seal(public, sim.credential.to_json(), str(cluster.cluster_id))
    cluster.execute("UPDATE gateway.cluster_credentials SET sealed = %s", stored)
    bus = open_bus(database, broker_url, Service.CHAT)

    @contextmanager
    def open_cluster(cluster_id: uuid.UUID, sealed: bytes | None) -> Iterator[KubeClient]:
        assert (cluster_id, sealed) == (cluster.cluster_id, stored)
        with KubeClient(sim.credential, LOOPBACK, field_manager=FIELD_MANAGER) as kube:
            yield kube

    context = PlanContext(
        open_cluster,
        Vault(SecretStr(private)),
        lambda _, user_id, __: everything(user_id),
        utc_now,
        follow_seconds=30,
        look_every_seconds=0.1,
    )
    try:
        yield PlanBench(sim, cluster, bus, context, private_key=private)
    finally:
        bus.close()


def later(seconds: float) -> datetime:
    """A time to come."""
    return utc_now() + timedelta(seconds=seconds)
