"""What the advisor owns: the advice it gave, and what it recommends for clusters."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata

advices = Table(
    "advices",
    metadata,
    Column("decision_id", UUID, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("advice", JSONB, nullable=False),  # contracts.advisor.Advice
    Column("cached", Boolean, nullable=False),
    at_column("given_at", default_now=True),
    # NULL in rows of releases that did not know them.
    Column("cluster_id", UUID),
    Column("workload_id", BigInteger),
    # What a model said by itself, before anything was made of it: hindsight calibrates its confidence.
    Column("model", Text),  # 'provider/model'; NULL: none answered
    Column("model_replicas", Integer),
    Column("model_confidence", Double),
    schema="advisor",
)
Index("ix_advices_cluster_id", advices.c.cluster_id)
Index("ix_advices_modelled", advices.c.given_at, postgresql_where=advices.c.model.is_not(None))

# The newest short list of each cluster.
cluster_recommendations = Table(
    "cluster_recommendations",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("made_at"),
    Column("provider", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("items", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    schema="advisor",
)
