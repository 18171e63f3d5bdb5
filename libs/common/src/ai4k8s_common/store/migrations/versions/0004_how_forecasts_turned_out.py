"""Forecasts are judged when their time has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the record and how far it reaches."""
    op.create_table(
        "scores",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("horizon_minutes", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("absolute_error", sa.Double(), nullable=False),
        sa.Column("last_value_error", sa.Double(), nullable=False),
        sa.Column("yesterday_error", sa.Double(), nullable=False),
        sa.Column("inside_50", sa.Integer(), nullable=False),
        sa.Column("inside_80", sa.Integer(), nullable=False),
        sa.Column("inside_95", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workload_id", "metric", "horizon_minutes", "hour", name=op.f("pk_scores")),
        schema="forecaster",
    )
    op.create_index("ix_scores_cluster_id_hour", "scores", ["cluster_id", "hour"], schema="forecaster")
    op.create_table(
        "judged_bins",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_judged_bins")),
        schema="forecaster",
    )
