"""What a model said of a decision, what is recommended for a cluster, and which workloads keep data on volumes.

Only additions with defaults: the previous release goes on writing its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add them."""
    op.add_column("advices", sa.Column("cluster_id", sa.UUID(), nullable=True), schema="advisor")
    op.add_column("advices", sa.Column("workload_id", sa.BigInteger(), nullable=True), schema="advisor")
    op.add_column("advices", sa.Column("model", sa.Text(), nullable=True), schema="advisor")
    op.add_column("advices", sa.Column("model_replicas", sa.Integer(), nullable=True), schema="advisor")
    op.add_column("advices", sa.Column("model_confidence", sa.Double(), nullable=True), schema="advisor")
    op.create_index("ix_advices_cluster_id", "advices", ["cluster_id"], schema="advisor")
    op.create_index(
        "ix_advices_modelled",
        "advices",
        ["given_at"],
        schema="advisor",
        postgresql_where=sa.text("model IS NOT NULL"),
    )
    op.create_table(
        "cluster_recommendations",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("items", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_recommendations")),
        schema="advisor",
    )
    op.add_column(
        "workloads",
        sa.Column("volume_claims", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="collector",
    )
