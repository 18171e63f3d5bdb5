"""What the forecaster counts about itself; names and labels in one place. No label names a cluster's object."""

from __future__ import annotations

from prometheus_client import Counter

FORECASTS_JUDGED = Counter("ai4k8s_forecaster_forecasts_judged_total", "Forecasts whose time has come", ["horizon"])
FORECASTS_INSIDE = Counter(
    "ai4k8s_forecaster_forecasts_inside_total", "Those that were within their interval", ["horizon", "interval"]
)
