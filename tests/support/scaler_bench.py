"""A scaler in the test's own process, on a real store, with one observed cluster and a fake API server."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts.scaler import ApplyDecision, EvaluatePolicies
from ai4k8s_common.kube.types import WorkloadKind, WorkloadRef
from ai4k8s_common.services import Service
from ai4k8s_scaler.applying import apply_decision
from ai4k8s_scaler.context import Context
from ai4k8s_scaler.service import evaluate_policies
from ai4k8s_scaler.settings import ScalerSettings
from tests.support.bus import open_bus
from tests.support.fake_kube import FakeKube
from tests.support.observed import REQUEST_MILLICORES, ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database, Valkey

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
WEB = WorkloadRef(WorkloadKind.DEPLOYMENT, "shop", "web")
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.998]
ENABLED = {
    "ai4k8s.io/predictive-autoscaling-enabled": "true",
    "ai4k8s.io/min-replicas": "2",
    "ai4k8s.io/max-replicas": "20",
}


@dataclass
class Bench:
    """A scaler in this process, one cluster, one fake API server."""

    cluster: ObservedCluster
    bus: Bus
    kube: FakeKube
    context: Context
    workload_id: int

    def at(self, now: datetime) -> Context:
        """The same scaler with its clock stopped."""
        return replace(self.context, clock=lambda: now)

    def observe(self, at: datetime = NOW, usage: float | None = 240.0, **values: object) -> None:
        """What the collector wrote in this cycle."""
        self.cluster.samples(self.workload_id, [{"at": at, "cpu_usage_millicores": usage, **values}])

    def foresee(self, at: datetime = NOW, *, pods: float = 8.4, status: str = "ready", detail: str = "") -> None:
        """What the forecaster wrote in this cycle."""
        self.cluster.execute(
            "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, "
            "history_hours, window_status, window_detail, lead_time_seconds, window_levels, window_values) "
            "VALUES (%s, 'cpu', %s, %s, %s, 'ready', 100, %s, %s, 240, %s, %s)",
            self.workload_id,
            at,
            self.cluster.cluster_id,
            uuid.uuid4(),
            status,
            detail,
            LEVELS,
            [pods * REQUEST_MILLICORES] * len(LEVELS),
        )

    def evaluate(self, at: datetime = NOW) -> None:
        """Handle one cycle's message."""
        message = EvaluatePolicies(cluster_id=self.cluster.cluster_id, cycle_id=uuid.uuid4(), cycle_at=at)
        with self.bus.transaction() as tx:
            evaluate_policies(tx, message)

    def cycle(self, at: datetime = NOW, *, usage: float | None = 240.0, pods: float = 8.4) -> None:
        """Observe, foresee, evaluate."""
        self.observe(at, usage)
        self.foresee(at, pods=pods)
        self.evaluate(at)

    def apply(self, decision_id: uuid.UUID, now: datetime = NOW) -> None:
        """Handle one apply message."""
        with self.bus.transaction() as tx:
            apply_decision(tx, self.at(now), ApplyDecision(decision_id=decision_id))

    def decisions(self) -> list[dict[str, Any]]:
        """The ledger, the oldest first."""
        return self.cluster.rows("SELECT * FROM scaler.decisions ORDER BY decided_at")

    def decision(self) -> dict[str, Any]:
        """The only decision."""
        (found,) = self.decisions()
        return found

    def state(self) -> dict[str, Any]:
        """What the scaler thinks of the workload now."""
        return self.cluster.row("SELECT * FROM scaler.workload_states")

    def sent(self, contract: str) -> list[dict[str, Any]]:
        """Payloads of messages of one kind."""
        return [
            row["payload"]
            for row in self.cluster.rows("SELECT payload FROM scaler.outbox WHERE contract = %s", contract)
        ]


@contextmanager
def make_bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    """One, for one test."""
    kube = FakeKube()
    kube.add(WEB, 4)

    @contextmanager
    def open_cluster(cluster_id: uuid.UUID, sealed: bytes) -> Iterator[FakeKube]:
        assert sealed == b"sealed"
        yield kube

    cluster = ObservedCluster.create(database, sealed=b"sealed")
    bus = open_bus(database, valkey.url, Service.SCALER)
    context = Context(
        ScalerSettings(annotate=False), timedelta(seconds=15), open_cluster=open_cluster, clock=lambda: NOW
    )
    yield Bench(cluster, bus, kube, context, cluster.workload(annotations=ENABLED))
    bus.close()
