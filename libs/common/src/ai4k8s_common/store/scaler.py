"""What the scaler owns: the decision ledger, and what it remembers between cycles."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Double, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata


class DecisionAction(StrEnum):
    """What a decision wants."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class DecisionOutcome(StrEnum):
    """What became of a decision."""

    PLANNED = "planned"
    APPLIED = "applied"
    OBSERVED = "observed"  # mode observe or recommend: recorded, nothing done
    HELD = "held"  # a guard said no
    CONFLICT = "conflict"  # the object changed since the plan
    SUPERSEDED = "superseded"  # a later cycle decided before this was carried out
    FAILED = "failed"


decisions = Table(
    "decisions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("workload_id", BigInteger, nullable=False),
    Column("cycle_id", UUID, nullable=False),
    at_column("decided_at"),
    Column("mode", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_replicas", Integer, nullable=False),
    Column("to_replicas", Integer, nullable=False),
    Column("planned_resource_version", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("forecast", JSONB),
    Column("alternatives", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("guards", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("outcome", Text, nullable=False),
    Column("outcome_detail", Text, nullable=False, server_default=""),
    at_column("outcome_at", nullable=True),
    Column("advice", JSONB),
    Column("judgement", JSONB),
    at_column("judged_at", nullable=True),
    # The idempotency key of guarantees 1, 7 and 8.
    UniqueConstraint("cluster_id", "workload_id", "cycle_id"),
    schema="scaler",
)
Index("ix_decisions_workload_id_decided_at", decisions.c.workload_id, decisions.c.decided_at)
Index("ix_decisions_cluster_id_decided_at", decisions.c.cluster_id, decisions.c.decided_at)
Index(
    "ix_decisions_unjudged",
    decisions.c.outcome_at,
    postgresql_where=decisions.c.judged_at.is_(None) & (decisions.c.outcome == DecisionOutcome.APPLIED.value),
)

workload_states = Table(
    "workload_states",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("cycle_id", UUID, nullable=False),
    at_column("evaluated_at"),
    Column("mode", Text, nullable=False),
    Column("wanted_replicas", Integer),
    Column("reason", Text, nullable=False, server_default=""),
    Column("guards", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    at_column("hold_until", nullable=True),
    at_column("last_applied_at", nullable=True),
    Column("slo_price", Double),  # lambda of the policy: pods worth one unit of shortage
    Column("memory", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # the policy's own state
    schema="scaler",
)

cluster_holds = Table(
    "cluster_holds",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("since"),
    Column("reason", Text, nullable=False),
    schema="scaler",
)
