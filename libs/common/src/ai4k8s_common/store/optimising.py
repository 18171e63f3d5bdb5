"""What the forecaster says of sizes: requests that would fit each container, and when room runs out.

Both are states of the newest look, replaced as a whole; only `capacity_hours` is a series. NULL always means not known.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from ai4k8s_common.store.base import at_column, metadata


class SizingStatus(StrEnum):
    """Whether sizes may be recommended."""

    READY = "ready"
    NOT_READY = "not_ready"  # `detail` says what is missing


class Finding(StrEnum):
    """What is worth knowing of a container."""

    IDLE = "idle"
    OVER_PROVISIONED = "over_provisioned"
    UNDER_PROVISIONED = "under_provisioned"
    NO_REQUEST = "no_request"
    THROTTLED = "throttled"
    OOM_KILLED = "oom_killed"
    OOM_RISK = "oom_risk"
    NOISY_NEIGHBOUR = "noisy_neighbour"


class Scope(StrEnum):
    """What can run out."""

    CLUSTER = "cluster"
    POOL = "pool"
    QUOTA = "quota"
    CLAIM = "claim"


class OutlookStatus(StrEnum):
    """What is said of when it runs out."""

    READY = "ready"
    NOT_READY = "not_ready"
    UNKNOWN = "unknown"  # a source is missing; `detail` says which


recommendations = Table(
    "recommendations",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("container", Text, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    at_column("made_at"),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("sentence", Text, nullable=False, server_default=""),
    Column("findings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("reasons", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # why something is not lowered
    Column("history_days", Double, nullable=False),
    Column("readings", BigInteger, nullable=False),
    Column("per_pod", Boolean, nullable=False),  # false: means over the pods of a workload, not readings of each
    Column("replicas", Integer, nullable=False),
    # As the template says now, of one container.
    Column("cpu_request_millicores", Double),
    Column("cpu_limit_millicores", Double),
    Column("memory_request_bytes", Double),
    Column("memory_limit_bytes", Double),
    # What would fit; the range within which a change is not worth a restart.
    Column("cpu_target_millicores", Double),
    Column("cpu_lower_millicores", Double),
    Column("cpu_upper_millicores", Double),
    Column("cpu_limit_target_millicores", Double),
    Column("memory_target_bytes", Double),
    Column("memory_lower_bytes", Double),
    Column("memory_upper_bytes", Double),
    Column("memory_limit_target_bytes", Double),
    Column("hpa_target_percent", Integer),  # what the HPA's CPU target must become with it; NULL: nothing to change
    # What was used, over the days looked at.
    Column("cpu_p50_millicores", Double),
    Column("cpu_p95_millicores", Double),  # over all of them
    Column("cpu_max_millicores", Double),
    Column("memory_p50_bytes", Double),
    Column("memory_max_bytes", Double),
    Column("throttled_share", Double),
    Column("oom_kills", Integer, nullable=False, server_default=text("0")),
    # The largest amount it was killed at: no recommendation goes below it while kills are remembered.
    Column("killed_at_bytes", Double),
    at_column("killed_at", nullable=True),
    # Over all replicas; negative: more is needed. NULL where no request is set: nothing is reserved then.
    Column("saved_cpu_millicores", Double),
    Column("saved_memory_bytes", Double),
    schema="forecaster",
)
Index("ix_recommendations_cluster_id", recommendations.c.cluster_id)

# Use and limits by the hour, for trends over weeks: what is seen once is not computed again.
capacity_hours = Table(
    "capacity_hours",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # of the pool, 'namespace/quota', 'namespace/claim'; '' for the cluster
    Column("resource", Text, primary_key=True),
    at_column("hour", primary_key=True),
    Column("used_mean", Double, nullable=False),
    Column("used_max", Double, nullable=False),  # highest five-minute mean, or reading
    schema="forecaster",
)
Index("ix_capacity_hours_cluster_id_hour", capacity_hours.c.cluster_id, capacity_hours.c.hour)

# Who was looked at last: sizes and outlooks are renewed by the hour.
reviews = Table(
    "reviews",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("reviewed_at"),
    at_column("summed_until"),  # hours that begin before are in `capacity_hours`
    schema="forecaster",
)

capacity_outlooks = Table(
    "capacity_outlooks",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    at_column("made_at"),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("sentence", Text, nullable=False, server_default=""),
    Column("used", Double),  # now, in millicores, bytes or a count
    Column("limit_value", Double),
    Column("history_days", Double, nullable=False),
    Column("growth_per_day", Double),  # of daily peaks; NULL where it may as well be chance
    Column("growth_low", Double),  # 80 % interval
    Column("growth_high", Double),
    at_column("expected_at", nullable=True),  # when the median of daily peaks reaches the limit
    at_column("earliest_at", nullable=True),  # 80 % interval of it
    at_column("latest_at", nullable=True),
    # Only of pools and the cluster: nodes to add (positive) or that could go (negative), by when, and why.
    Column("nodes_change", Integer),
    at_column("nodes_by", nullable=True),
    Column("nodes_sentence", Text, nullable=False, server_default=""),
    # CPU demand of the next six hours summed over workloads, five-minute steps: median, and upper 97.5 % bound as if
    # all rose together.
    at_column("path_start_at", nullable=True),
    Column("path_median", ARRAY(Double)),
    Column("path_upper", ARRAY(Double)),
    schema="forecaster",
)
