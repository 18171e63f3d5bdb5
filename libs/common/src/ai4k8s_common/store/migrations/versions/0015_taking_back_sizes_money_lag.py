"""Consent to roll rollouts back, requests held on running pods, budgets and prices in money, and how late metrics are.

Additions with defaults, and a column that may be empty now: the previous release goes on writing its rows. It reads a
budget in money alone as no budget.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add them."""
    op.add_column(
        "policies",
        sa.Column("rolls_back_rollouts", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="gateway",
    )
    _money()
    op.create_table(
        "held_requests",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("decision_id", sa.UUID(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("original", postgresql.JSONB(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workload_id", name=op.f("pk_held_requests")),
        schema="scaler",
    )
    op.create_index("ix_held_requests_cluster_id", "held_requests", ["cluster_id"], schema="scaler")
    op.create_table(
        "metric_lags",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("median_seconds", sa.Double(), nullable=False),
        sa.Column("p95_seconds", sa.Double(), nullable=False),
        sa.Column("ages_seconds", postgresql.JSONB(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_metric_lags")),
        schema="scaler",
    )


def _money() -> None:
    op.alter_column("namespace_budgets", "max_replicas", existing_type=sa.Integer(), nullable=True, schema="gateway")
    op.add_column("namespace_budgets", sa.Column("max_cost", sa.Double(), nullable=True), schema="gateway")
    op.add_column("namespace_budgets", sa.Column("cost_period", sa.Text(), nullable=True), schema="gateway")
    for name, condition in (
        ("max_cost", "max_cost > 0"),
        ("cost_period", "(max_cost IS NULL) = (cost_period IS NULL)"),
        ("bounds_something", "coalesce(max_replicas, max_cost) IS NOT NULL"),
    ):
        op.create_check_constraint(
            op.f(f"ck_namespace_budgets_{name}"), "namespace_budgets", condition, schema="gateway"
        )
    op.create_table(
        "pool_prices",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("core_hour", sa.Double(), nullable=False),
        sa.Column("gib_hour", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        sa.CheckConstraint("core_hour >= 0 AND gib_hour >= 0", name=op.f("ck_pool_prices_prices")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["gateway.clusters.id"], name=op.f("fk_pool_prices_cluster_id_clusters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster_id", "pool", name=op.f("pk_pool_prices")),
        schema="gateway",
    )
