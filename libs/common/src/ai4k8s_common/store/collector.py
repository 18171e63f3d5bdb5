"""What the collector owns: the state of clusters, and the series that were observed in them.

Samples are wide: one row a workload (or node) and tick, with a column a quantity; roll-ups are the same over five
minutes. Partitioned by day on `at`, so that retention drops files instead of deleting rows. NULL always means that a
quantity is not known, and `sources` (store/observed.py) says why.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata


class ClusterStatus(StrEnum):
    """Whether a cluster is seen."""

    PENDING = "pending"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"


class CycleStatus(StrEnum):
    """How one observation of one cluster went."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class SampleSource(IntEnum):
    """Where a sample comes from."""

    LIVE = 0
    BACKFILL = 1


class BackfillStatus(StrEnum):
    """Whether a cluster's past was read from its Prometheus."""

    NOT_AVAILABLE = "not_available"
    REQUESTED = "requested"
    COMPLETED = "completed"
    FAILED = "failed"


def _rate_columns() -> tuple[Column[float], ...]:
    """Columns for bytes a second over the network and to disks; NULL without a source that knows."""
    names = ("network_receive", "network_transmit", "disk_read", "disk_write")
    return tuple(Column(f"{name}_bytes_per_second", Double) for name in names)


cluster_states = Table(
    "cluster_states",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("status", Text, nullable=False),
    at_column("status_since"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("server_version", Text),
    Column("metrics_available", Boolean, nullable=False, server_default=text("false")),
    Column("metrics_detail", Text, nullable=False, server_default=""),
    at_column("last_success_at", nullable=True),
    at_column("next_due_at"),
    at_column("lease_until", nullable=True),
    Column("consecutive_failures", Integer, nullable=False, server_default=text("0")),
    Column("backfill_status", Text, nullable=False),
    Column("backfill_detail", Text, nullable=False, server_default=""),
    # Stable name of the error in `reason`; empty while all is well.
    Column("reason_code", Text, nullable=False, server_default=""),
    Column("last_cycle_id", UUID),  # the newest completed one: who holds its copy of the pods may trust it
    at_column("rolled_up_until", nullable=True),  # five-minute bins that begin before are in the roll-ups
    schema="collector",
)
Index("ix_cluster_states_next_due_at", cluster_states.c.next_due_at)

# The latest test of each connection. A row without `checked_at` has been asked for and not been done yet.
connection_checks = Table(
    "connection_checks",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("requested_at"),
    at_column("checked_at", nullable=True),
    Column("ok", Boolean, nullable=False, server_default=text("false")),
    Column("summary", Text, nullable=False, server_default=""),
    Column("lines", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    schema="collector",
)

# Clusters that can be added without giving a credential: what the operator's directory and the pod offer.
offers = Table(
    "offers",
    metadata,
    Column("file", Text, primary_key=True),
    Column("context", Text, primary_key=True),
    Column("server", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("problem", Text, nullable=False),
    at_column("seen_at"),
    schema="collector",
)

cycles = Table(
    "cycles",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    at_column("started_at"),
    at_column("finished_at", nullable=True),
    Column("status", Text, nullable=False),
    Column("workload_rows", Integer, nullable=False, server_default=text("0")),
    Column("node_rows", Integer, nullable=False, server_default=text("0")),
    Column("digest", Text, nullable=False, server_default=""),
    Column("dropped", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("error", Text, nullable=False, server_default=""),
    schema="collector",
)
Index("ix_cycles_cluster_id_started_at", cycles.c.cluster_id, cycles.c.started_at)

workloads = Table(
    "workloads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("api_version", Text, nullable=False),
    Column("resource_version", Text, nullable=False, server_default=""),
    Column("desired_replicas", Integer, nullable=False, server_default=text("0")),
    Column("ready_replicas", Integer, nullable=False, server_default=text("0")),
    Column("updated_replicas", Integer, nullable=False, server_default=text("0")),
    Column("rollout_in_progress", Boolean, nullable=False, server_default=text("false")),
    Column("cpu_request_millicores", Double),  # of one pod; NULL: not set
    Column("cpu_limit_millicores", Double),
    Column("memory_request_bytes", Double),
    Column("memory_limit_bytes", Double),
    Column("startup_seconds", ARRAY(Double), nullable=False, server_default=text("'{}'")),  # of the latest pods
    Column("startup_p50_seconds", Double),
    Column("startup_p95_seconds", Double),
    # Whether it has a scale subresource; DaemonSets, Jobs and CronJobs are shown and never scaled.
    Column("scalable", Boolean, nullable=False, server_default=text("true")),
    Column("resource", Text, nullable=False, server_default=""),  # plural name in API paths, as in 'rollouts'
    Column("status_detail", Text, nullable=False, server_default=""),  # a CronJob's schedule, a Job's outcome
    Column("images", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Claims that its pods mount, by name; of a StatefulSet the names of its claim templates.
    Column("volume_claims", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # [{name, cpu_request_millicores, cpu_limit_millicores, memory_request_bytes, memory_limit_bytes}] of its template,
    # in its order; an amount that is not set is null. `init` marks sidecars that are init containers.
    Column("containers", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("revision", Text, nullable=False, server_default=""),
    at_column("revision_at", nullable=True),  # when it was last deployed, as far as is known
    Column("restarts", Integer, nullable=False, server_default=text("0")),  # summed over present pods
    Column("oom_kills", Integer, nullable=False, server_default=text("0")),  # seen since it was first observed
    at_column("last_oom_at", nullable=True),
    Column("pending", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # {reason: pods that wait for it}
    Column("hpa_name", Text),
    Column("hpa_min_replicas", Integer),
    Column("hpa_max_replicas", Integer),
    Column("hpa_cpu_target_percent", Integer),
    Column("hpa_managed_by", Text),  # 'ScaledObject web' where KEDA made it
    Column("vpa_name", Text),
    Column("vpa_update_mode", Text),
    # {container: {cpu_millicores, memory_bytes}}: what the VPA recommends; NULL without one.
    Column("vpa_target", JSONB(none_as_null=True)),
    Column("annotations", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # only ai4k8s.io/*
    at_column("first_seen_at"),
    at_column("last_seen_at"),
    at_column("gone_at", nullable=True),
    UniqueConstraint("cluster_id", "namespace", "kind", "name"),
    schema="collector",
)

workload_samples = Table(
    "workload_samples",
    metadata,
    Column("cluster_id", UUID, nullable=False),
    Column("workload_id", BigInteger, primary_key=True),
    at_column("at", primary_key=True),
    Column("source", SmallInteger, nullable=False),
    Column("desired_replicas", Integer),
    Column("ready_replicas", Integer),
    Column("pods", Integer),
    Column("pods_with_metrics", Integer),
    Column("cpu_usage_millicores", Double),  # summed over pods; demand, unless `saturated`
    Column("cpu_capacity_millicores", Double),  # requests of ready pods
    Column("saturated", Boolean, nullable=False, server_default=text("false")),  # usage is a lower bound of demand
    Column("memory_bytes", Double),
    Column("restarts", Integer),
    Column("oom_kills", Integer),  # since the look before
    Column("pending_pods", Integer),
    Column("cpu_request_millicores", Double),  # of one pod, as it was then
    Column("cpu_limit_millicores", Double),
    Column("memory_request_bytes", Double),
    Column("memory_limit_bytes", Double),
    *_rate_columns(),
    Column("requests_per_second", Double),
    Column("throttled_share", Double),  # of CFS periods, summed over containers
    Column("custom", JSONB(none_as_null=True)),  # {name: value}: metrics that the operator named
    schema="collector",
    postgresql_partition_by="RANGE (at)",
)
Index("ix_workload_samples_cluster_id_at", workload_samples.c.cluster_id, workload_samples.c.at)

nodes = Table(
    "nodes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("name", Text, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("unschedulable", Boolean, nullable=False, server_default=text("false")),
    Column("cpu_allocatable_millicores", Double),
    Column("memory_allocatable_bytes", Double),
    Column("pods_allocatable", Integer),
    Column("cpu_capacity_millicores", Double),
    Column("memory_capacity_bytes", Double),
    Column("pods_capacity", Integer),
    # {type: {status, reason, message, since}}, as the kubelet reports them
    Column("conditions", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("instance_type", Text),
    Column("zone", Text),
    Column("pool", Text),  # as the provider or the autoscaler names it
    Column("tainted", Boolean, nullable=False, server_default=text("false")),  # takes only pods that tolerate it
    Column("kubelet_version", Text),
    Column("cpu_requested_millicores", Double),  # summed over its pods
    Column("memory_requested_bytes", Double),
    at_column("first_seen_at"),
    at_column("last_seen_at"),
    at_column("gone_at", nullable=True),
    UniqueConstraint("cluster_id", "name"),
    schema="collector",
)

node_samples = Table(
    "node_samples",
    metadata,
    Column("cluster_id", UUID, nullable=False),
    Column("node_id", BigInteger, primary_key=True),
    at_column("at", primary_key=True),
    Column("source", SmallInteger, nullable=False),
    Column("cpu_usage_millicores", Double),
    Column("memory_bytes", Double),
    Column("pods", Integer),
    *_rate_columns(),
    schema="collector",
    postgresql_partition_by="RANGE (at)",
)
Index("ix_node_samples_cluster_id_at", node_samples.c.cluster_id, node_samples.c.at)

# Five minutes of samples in one row; means unless a name says otherwise.
workload_rollups = Table(
    "workload_rollups",
    metadata,
    Column("cluster_id", UUID, nullable=False),
    Column("workload_id", BigInteger, primary_key=True),
    at_column("at", primary_key=True),  # where the five minutes begin
    Column("source", SmallInteger, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("desired_replicas", Double),
    Column("ready_replicas", Double),
    Column("cpu_usage_millicores", Double),
    Column("cpu_usage_max_millicores", Double),
    Column("cpu_capacity_millicores", Double),
    Column("saturated", Boolean, nullable=False, server_default=text("false")),
    Column("memory_bytes", Double),
    Column("memory_max_bytes", Double),
    Column("restarts", Integer),  # the highest
    Column("oom_kills", Integer),  # summed
    Column("pending_pods", Double),
    *_rate_columns(),
    Column("requests_per_second", Double),
    Column("throttled_share", Double),
    schema="collector",
    postgresql_partition_by="RANGE (at)",
)
Index("ix_workload_rollups_cluster_id_at", workload_rollups.c.cluster_id, workload_rollups.c.at)

node_rollups = Table(
    "node_rollups",
    metadata,
    Column("cluster_id", UUID, nullable=False),
    Column("node_id", BigInteger, primary_key=True),
    at_column("at", primary_key=True),
    Column("samples", Integer, nullable=False),
    Column("cpu_usage_millicores", Double),
    Column("memory_bytes", Double),
    Column("pods", Double),
    *_rate_columns(),
    schema="collector",
    postgresql_partition_by="RANGE (at)",
)
Index("ix_node_rollups_cluster_id_at", node_rollups.c.cluster_id, node_rollups.c.at)

RATE_COLUMNS = tuple(column.name for column in _rate_columns())
ROLLUP_MINUTES = 5
