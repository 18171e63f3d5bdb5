"""What the collector counts about itself; names and labels in one place. No label names a cluster's object."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from ai4k8s_common.telemetry.metrics import SECONDS_BUCKETS

CYCLES = Counter("ai4k8s_collector_cycles_total", "Looks at clusters, by outcome", ["outcome"])
READ_SECONDS = Histogram(
    "ai4k8s_collector_read_seconds", "Time to read one cluster", ["outcome"], buckets=SECONDS_BUCKETS
)
WRITE_SECONDS = Histogram("ai4k8s_collector_write_seconds", "Time to write one look", buckets=SECONDS_BUCKETS)
LATENESS_SECONDS = Histogram(
    "ai4k8s_collector_lateness_seconds", "Time from when a look was due to its claim", buckets=SECONDS_BUCKETS
)
READINGS_DROPPED = Counter("ai4k8s_collector_readings_dropped_total", "Usage readings not believed", ["reason"])
IN_FLIGHT = Gauge("ai4k8s_collector_clusters_in_flight", "Clusters being read by this worker")
PAST_SAMPLES = Counter("ai4k8s_collector_past_samples_total", "Samples filled in from Prometheus")
