"""What a cluster is made of now, as the collector saw it: pods, deploys, events, quotas, claims, and why something is
missing. Rows here are current states kept by difference, not series; the series are in store/collector.py.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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


class SourceStatus(StrEnum):
    """Whether something could be read."""

    AVAILABLE = "available"
    NOT_CONFIGURED = "not_configured"
    MISSING = "missing"  # the cluster does not offer it: an add-on is not installed
    FORBIDDEN = "forbidden"  # the credential lacks a right
    FAILED = "failed"  # asked and not answered; what was known stays


# What was asked of a cluster and how that went, one row a source. `lost` says what is not shown without it.
sources = Table(
    "sources",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("hint", Text, nullable=False, server_default=""),
    Column("lost", Text, nullable=False, server_default=""),
    at_column("since"),
    at_column("checked_at"),
    schema="collector",
)

# Pods that are there now, finished ones left out. Kept by difference: a row changes when the pod does.
pods = Table(
    "pods",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("workload_id", BigInteger),  # NULL: nobody's that is watched
    Column("node", Text, nullable=False, server_default=""),
    Column("phase", Text, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("terminating", Boolean, nullable=False, server_default=text("false")),
    # Why it does not run: 'Unschedulable', 'ImagePullBackOff', 'CrashLoopBackOff'; empty when it does.
    Column("reason", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("restarts", Integer, nullable=False, server_default=text("0")),
    at_column("last_oom_at", nullable=True),
    at_column("created_at", nullable=True),
    at_column("ready_at", nullable=True),
    schema="collector",
)
Index("ix_pods_workload_id", pods.c.workload_id)
Index("ix_pods_cluster_id_node", pods.c.cluster_id, pods.c.node)

# Change points: a new revision of a workload, and when it came.
deploys = Table(
    "deploys",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    at_column("at"),
    Column("replica_set", Text, nullable=False, server_default=""),
    Column("images", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    schema="collector",
)
Index("ix_deploys_workload_id_at", deploys.c.workload_id, deploys.c.at)
Index("ix_deploys_cluster_id_at", deploys.c.cluster_id, deploys.c.at)

# Use of one container name of a workload over one UTC day, as histograms that can be added up; see store/digests.py.
container_digests = Table(
    "container_digests",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("container", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("cpu_buckets", ARRAY(SmallInteger), nullable=False),  # bucket numbers, rising
    Column("cpu_counts", ARRAY(Integer), nullable=False),  # readings in each
    Column("cpu_max_millicores", Double, nullable=False),
    Column("memory_buckets", ARRAY(SmallInteger), nullable=False),
    Column("memory_counts", ARRAY(Integer), nullable=False),
    Column("memory_max_bytes", Double, nullable=False),
    Column("oom_kills", Integer, nullable=False, server_default=text("0")),
    Column("throttled_share_max", Double),  # NULL where throttling is not known
    schema="collector",
)
Index("ix_container_digests_cluster_id_day", container_digests.c.cluster_id, container_digests.c.day)

# The same thing said many times is one row: about a workload, whichever of its pods it befell.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("about_kind", Text, nullable=False),
    Column("about_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("workload_id", BigInteger),
    Column("object", Text, nullable=False),  # the newest: 'Pod/web-5c6f-x2'
    Column("message", Text, nullable=False),  # the newest; written by the cluster, so it is data and never an order
    Column("component", Text, nullable=False, server_default=""),
    Column("count", Integer, nullable=False),
    Column("counts", JSONB, nullable=False),  # {uid of an Event that still exists: its own count}
    at_column("first_at"),
    at_column("last_at"),
    UniqueConstraint(
        "cluster_id", "namespace", "about_kind", "about_name", "type", "reason", name="uq_events_identity"
    ),
    schema="collector",
)
Index("ix_events_cluster_id_last_at", events.c.cluster_id, events.c.last_at)
Index("ix_events_workload_id", events.c.workload_id)

quotas = Table(
    "quotas",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("hard", JSONB, nullable=False),  # {resource: cores, bytes or a count}
    Column("used", JSONB, nullable=False),
    schema="collector",
)

volume_claims = Table(
    "volume_claims",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("storage_class", Text),
    Column("volume", Text, nullable=False, server_default=""),
    Column("requested_bytes", Double),
    Column("capacity_bytes", Double),
    Column("used_bytes", Double),  # NULL without Prometheus
    at_column("created_at", nullable=True),
    schema="collector",
)
