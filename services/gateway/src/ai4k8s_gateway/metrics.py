"""What Prometheus sees of the gateway. Names and labels are constants here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class QueueGauge:
    """How much waits in a queue, and for how long."""

    queue: str
    open_messages: int
    oldest_age_seconds: float


@dataclass(frozen=True)
class ClusterGauge:
    """Whether a cluster is seen, and how long ago its last cycle succeeded."""

    cluster_id: str
    status: str
    last_success_at: datetime | None


@dataclass(frozen=True)
class WellbeingGauge:
    """How well a cluster is, and how many of its incidents are open, by severity."""

    cluster_id: str
    score: float | None
    open_incidents: dict[str, int]


@dataclass(frozen=True)
class StoreGauges:
    """What one look into the store says."""

    queues: tuple[QueueGauge, ...]
    dead_letters: tuple[tuple[str, int], ...]
    clusters: tuple[ClusterGauge, ...]
    wellbeing: tuple[WellbeingGauge, ...]
    now: datetime


class Metrics:
    """The gateway's registry; one a process, made anew in each test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ai4k8s_gateway_requests", "Answered requests.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "ai4k8s_gateway_request_duration_seconds",
            "Time from the request's head to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.login_failures = Counter(
            "ai4k8s_gateway_login_failures", "Refused log-ins.", ("reason",), registry=self.registry
        )
        self.live_connections = Gauge(
            "ai4k8s_gateway_live_connections", "Open live connections.", registry=self.registry
        )

    def watch_store(self, look: Callable[[], StoreGauges | None]) -> None:
        """Ask the store at each scrape; without an answer these series are absent, which alerts can see."""
        self.registry.register(_StoreCollector(look))


class _StoreCollector(Collector):
    def __init__(self, look: Callable[[], StoreGauges | None]) -> None:
        self._look = look

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = self._look()
        up = GaugeMetricFamily("ai4k8s_store_up", "1 when the store answered this scrape.")
        up.add_metric((), 0.0 if seen is None else 1.0)
        yield up
        if seen is None:
            return
        open_messages = GaugeMetricFamily(
            "ai4k8s_queue_open_messages", "Accepted messages that are not done.", labels=("queue",)
        )
        oldest = GaugeMetricFamily(
            "ai4k8s_queue_oldest_age_seconds", "Age of the oldest message that is not done.", labels=("queue",)
        )
        for queue in seen.queues:
            open_messages.add_metric((queue.queue,), queue.open_messages)
            oldest.add_metric((queue.queue,), queue.oldest_age_seconds)
        dead = GaugeMetricFamily("ai4k8s_dead_letters", "Messages given up on.", labels=("service",))
        for service, count in seen.dead_letters:
            dead.add_metric((service,), count)
        status = GaugeMetricFamily(
            "ai4k8s_cluster_status", "1 for the status a cluster has.", labels=("cluster_id", "status")
        )
        age = GaugeMetricFamily(
            "ai4k8s_cluster_last_success_age_seconds", "Time since the last good cycle.", labels=("cluster_id",)
        )
        for cluster in seen.clusters:
            status.add_metric((cluster.cluster_id, cluster.status), 1.0)
            if cluster.last_success_at is not None:
                age.add_metric((cluster.cluster_id,), (seen.now - cluster.last_success_at).total_seconds())
        yield from (open_messages, oldest, dead, status, age, *_wellbeing(seen.wellbeing))


def _wellbeing(gauges: tuple[WellbeingGauge, ...]) -> Iterator[GaugeMetricFamily]:
    score = GaugeMetricFamily(
        "ai4k8s_cluster_health_score", "0 to 100, by the latest analysis.", labels=("cluster_id",)
    )
    incidents = GaugeMetricFamily(
        "ai4k8s_open_incidents", "Incidents that are not over.", labels=("cluster_id", "severity")
    )
    for gauge in gauges:
        if gauge.score is not None:
            score.add_metric((gauge.cluster_id,), gauge.score)
        for severity, count in gauge.open_incidents.items():
            incidents.add_metric((gauge.cluster_id, severity), count)
    yield from (score, incidents)
