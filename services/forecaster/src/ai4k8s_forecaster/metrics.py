"""What the forecaster counts about itself; names and labels in one place. No label names a cluster's object."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

FORECASTS_JUDGED = Counter("ai4k8s_forecaster_forecasts_judged_total", "Forecasts whose time has come", ["horizon"])
FORECASTS_INSIDE = Counter(
    "ai4k8s_forecaster_forecasts_inside_total", "Those that were within their interval", ["horizon", "interval"]
)
ANOMALIES = Counter("ai4k8s_forecaster_anomalies_total", "Anomalies that began", ["subject", "severity"])
ANALYSIS_SECONDS = Histogram(
    "ai4k8s_forecaster_analysis_seconds",
    "Looking for anomalies in one cluster, from the read to the rows",
    buckets=(0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0),
)
