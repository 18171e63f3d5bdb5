"""What the advisor owns: the advice it gave."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Table, Text
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
    schema="advisor",
)
