"""What each container asks for, which pool a node is of, and what is said of sizes and of room.

Only additions with defaults: the previous release goes on writing its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add them."""
    op.add_column(
        "workloads",
        sa.Column("containers", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        schema="collector",
    )
    op.add_column("nodes", sa.Column("pool", sa.Text(), nullable=True), schema="collector")
    op.add_column(
        "nodes", sa.Column("tainted", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="collector"
    )
    op.create_table(
        "recommendations",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("findings", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("history_days", sa.Double(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("per_pod", sa.Boolean(), nullable=False),
        sa.Column("replicas", sa.Integer(), nullable=False),
        sa.Column("cpu_request_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_limit_millicores", sa.Double(), nullable=True),
        sa.Column("memory_request_bytes", sa.Double(), nullable=True),
        sa.Column("memory_limit_bytes", sa.Double(), nullable=True),
        sa.Column("cpu_target_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_lower_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_upper_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_limit_target_millicores", sa.Double(), nullable=True),
        sa.Column("memory_target_bytes", sa.Double(), nullable=True),
        sa.Column("memory_lower_bytes", sa.Double(), nullable=True),
        sa.Column("memory_upper_bytes", sa.Double(), nullable=True),
        sa.Column("memory_limit_target_bytes", sa.Double(), nullable=True),
        sa.Column("hpa_target_percent", sa.Integer(), nullable=True),
        sa.Column("cpu_p50_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_p95_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_max_millicores", sa.Double(), nullable=True),
        sa.Column("memory_p50_bytes", sa.Double(), nullable=True),
        sa.Column("memory_max_bytes", sa.Double(), nullable=True),
        sa.Column("throttled_share", sa.Double(), nullable=True),
        sa.Column("oom_kills", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("killed_at_bytes", sa.Double(), nullable=True),
        sa.Column("killed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_cpu_millicores", sa.Double(), nullable=True),
        sa.Column("saved_memory_bytes", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", "container", name=op.f("pk_recommendations")),
        schema="forecaster",
    )
    op.create_index("ix_recommendations_cluster_id", "recommendations", ["cluster_id"], schema="forecaster")
    op.create_table(
        "capacity_hours",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_mean", sa.Double(), nullable=False),
        sa.Column("used_max", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "scope", "name", "resource", "hour", name=op.f("pk_capacity_hours")),
        schema="forecaster",
    )
    op.create_index("ix_capacity_hours_cluster_id_hour", "capacity_hours", ["cluster_id", "hour"], schema="forecaster")
    op.create_table(
        "reviews",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summed_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_reviews")),
        schema="forecaster",
    )
    op.create_table(
        "capacity_outlooks",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("used", sa.Double(), nullable=True),
        sa.Column("limit_value", sa.Double(), nullable=True),
        sa.Column("history_days", sa.Double(), nullable=False),
        sa.Column("growth_per_day", sa.Double(), nullable=True),
        sa.Column("growth_low", sa.Double(), nullable=True),
        sa.Column("growth_high", sa.Double(), nullable=True),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earliest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nodes_change", sa.Integer(), nullable=True),
        sa.Column("nodes_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nodes_sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("path_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("path_median", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("path_upper", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.PrimaryKeyConstraint("cluster_id", "scope", "name", "resource", name=op.f("pk_capacity_outlooks")),
        schema="forecaster",
    )
