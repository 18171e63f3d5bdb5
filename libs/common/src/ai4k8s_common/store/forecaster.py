"""What the forecaster owns: forecasts, as arrays, one row a workload, metric and moment."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata


class ForecastStatus(StrEnum):
    """Whether a forecast may be used, and if not, why."""

    READY = "ready"
    NOT_READY = "not_ready"
    GAP = "gap"
    NO_SKILL = "no_skill"


class Subject(StrEnum):
    """Of what an outlook is."""

    WORKLOAD = "workload"
    NODE_GROUP = "node_group"
    CLUSTER = "cluster"


class Measure(StrEnum):
    """Of which quantity: millicores, bytes, bytes a second, requests a second."""

    CPU = "cpu"
    MEMORY = "memory"
    NETWORK_RECEIVE = "network_receive"
    NETWORK_TRANSMIT = "network_transmit"
    DISK_READ = "disk_read"
    DISK_WRITE = "disk_write"
    REQUESTS = "requests"


forecasts = Table(
    "forecasts",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("metric", Text, primary_key=True),
    at_column("made_at", primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("cycle_id", UUID, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("sentence", Text, nullable=False, server_default=""),
    Column("history_hours", Double, nullable=False),
    # What the path and the history say in short; NULL where there is no path. `rhythms`: {hourly | daily | weekly:
    # share of variance explained on data that it was not learnt from}.
    Column("trend", Text),
    Column("trend_p_value", Double),
    at_column("peak_at", nullable=True),
    Column("peak_value", Double),
    Column(
        "rhythms", JSONB(none_as_null=True)
    ),  # {hourly | daily | weekly: share explained on data it was not learnt from}
    Column("growth_per_week", Double),  # relative; NULL where it may as well be chance
    Column("spikes", JSONB(none_as_null=True)),  # {per_day, height relative to the hours around}; NULL: hardly any
    at_column("shifted_at", nullable=True),
    Column("shift_value", Double),
    Column("skill", Double),  # 1 - error relative to the better naive forecast, over past origins
    Column("method", Text),  # of the path
    # 6 h path: `path_values` is levels x steps, row by row, in the metric's unit (millicores for CPU).
    at_column("path_start_at", nullable=True),
    Column("path_step_seconds", Integer),
    Column("path_levels", ARRAY(Double)),
    Column("path_values", ARRAY(Double)),
    # Quantiles of the maximum over the lead time, same unit.
    Column("window_status", Text, nullable=False),
    Column("window_detail", Text, nullable=False, server_default=""),
    Column("lead_time_seconds", Double),
    Column("window_levels", ARRAY(Double)),
    Column("window_values", ARRAY(Double)),
    Column("window_15m_values", ARRAY(Double)),
    Column("window_60m_values", ARRAY(Double)),
    schema="forecaster",
)
Index("ix_forecasts_cluster_id_made_at", forecasts.c.cluster_id, forecasts.c.made_at)
Index("ix_forecasts_made_at", forecasts.c.made_at)

model_states = Table(
    "model_states",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("model", Text, nullable=False),
    at_column("fitted_at"),
    Column("state", LargeBinary, nullable=False),  # the model's own arrays; a cache, may be dropped at any time
    schema="forecaster",
)

# How forecasts turned out, summed over the hour in which their time came.
scores = Table(
    "scores",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("horizon_minutes", Integer, primary_key=True),
    at_column("hour", primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("absolute_error", Double, nullable=False),  # sums, in the metric's unit
    Column("last_value_error", Double, nullable=False),
    Column("yesterday_error", Double, nullable=False),
    Column("inside_50", Integer, nullable=False),
    Column("inside_80", Integer, nullable=False),
    Column("inside_95", Integer, nullable=False),
    schema="forecaster",
)
Index("ix_scores_cluster_id_hour", scores.c.cluster_id, scores.c.hour)

judged_bins = Table(
    "judged_bins",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("until"),  # start of the newest five-minute bin whose forecasts were judged
    schema="forecaster",
)

# What would have been forecast in the past, for a backtest; packed arrays, dropped after an hour.
hindcasts = Table(
    "hindcasts",
    metadata,
    Column("job_id", UUID, primary_key=True),
    Column("workload_id", BigInteger, nullable=False),
    at_column("made_at", default_now=True),
    Column("arrays", LargeBinary, nullable=False),
    schema="forecaster",
)

# Six hours ahead of what is not scaled by: everything but the CPU of workloads, which `forecasts` has. The newest, and
# the first of each hour for a day.
outlooks = Table(
    "outlooks",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # of a node group; the id of a workload; empty for the cluster
    Column("measure", Text, primary_key=True),
    at_column("made_at", primary_key=True),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("history_hours", Double, nullable=False),
    Column("trend", Text),
    Column("trend_p_value", Double),
    at_column("peak_at", nullable=True),
    Column("peak_value", Double),
    Column("growth_per_week", Double),
    Column("skill", Double),
    at_column("path_start_at", nullable=True),
    Column("path_step_seconds", Integer),
    Column("path_levels", ARRAY(Double)),
    Column("path_values", ARRAY(Double)),  # levels x steps, row by row
    schema="forecaster",
)
Index("ix_outlooks_cluster_id_made_at", outlooks.c.cluster_id, outlooks.c.made_at)
