"""What the forecaster saw that it cannot explain: anomalies, the incidents they belong to, and clusters' health."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Double, Identity, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata


class Severity(StrEnum):
    """How much an anomaly matters; rising."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class SubjectKind(StrEnum):
    """What an anomaly is about."""

    WORKLOAD = "workload"
    NODE = "node"


# What began together in one namespace (or on the cluster's nodes), from the first anomaly until an hour of calm.
incidents = Table(
    "incidents",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("namespace", Text, nullable=False, server_default=""),  # empty: nodes
    Column("severity", Text, nullable=False),  # the highest of its anomalies
    Column("title", Text, nullable=False),
    at_column("opened_at"),
    at_column("last_at"),  # end of the newest five minutes that belong to it
    at_column("closed_at", nullable=True),
    schema="forecaster",
)
Index("ix_incidents_cluster_id_opened_at", incidents.c.cluster_id, incidents.c.opened_at)
Index("ix_incidents_open", incidents.c.cluster_id, postgresql_where=text("closed_at IS NULL"))

anomalies = Table(
    "anomalies",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident_id", BigInteger, nullable=False),
    Column("cluster_id", UUID, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),  # the collector's number of the workload or node
    Column("severity", Text, nullable=False),
    Column("score", Double, nullable=False),  # 0.5 at what is just told, towards 1; the highest so far
    Column("affected_metrics", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("recommended_action", Text, nullable=False),
    # [{metric, unit, before, now, expected, minutes}]: the numbers behind the description, the strongest first
    Column("evidence", JSONB, nullable=False),
    at_column("started_at"),
    at_column("last_at"),
    at_column("ended_at", nullable=True),
    UniqueConstraint("subject_kind", "subject_id", "started_at"),
    schema="forecaster",
)
Index("ix_anomalies_cluster_id_started_at", anomalies.c.cluster_id, anomalies.c.started_at)
Index("ix_anomalies_incident_id", anomalies.c.incident_id)

# How far a cluster was looked at, and of how many subjects too little is known to say anything.
watch_states = Table(
    "watch_states",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("analysed_until"),  # end of the newest five minutes
    Column("subjects", Integer, nullable=False),
    Column("learning", Integer, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    schema="forecaster",
)

health_scores = Table(
    "health_scores",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("at", primary_key=True),
    Column("score", Double, nullable=False),  # 0 to 100
    # [{name, lost, of, known, sentence}]: what each ingredient took away, and of how much at most
    Column("ingredients", JSONB, nullable=False),
    schema="forecaster",
)
