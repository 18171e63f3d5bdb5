"""Backtests, an SLO's account, prices, and consent that the SLO leads.

Only additions with defaults: the previous release goes on writing its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "hindcasts",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("arrays", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_hindcasts")),
        schema="forecaster",
    )
    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=True),
        sa.Column("core_hour", sa.Double(), nullable=False),
        sa.Column("gib_hour", sa.Double(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        sa.CheckConstraint("core_hour >= 0 AND gib_hour >= 0", name=op.f("ck_prices_prices")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["gateway.clusters.id"], name=op.f("fk_prices_cluster_id_clusters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint("cluster_id", name=op.f("uq_prices_cluster_id"), postgresql_nulls_not_distinct=True),
        schema="gateway",
    )
    op.add_column(
        "policies",
        sa.Column("slo_leads", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="gateway",
    )
    op.add_column("workload_states", sa.Column("slo_short_seen", sa.Double(), nullable=True), schema="scaler")
    op.add_column("workload_states", sa.Column("slo_budget_left", sa.Double(), nullable=True), schema="scaler")
    op.add_column(
        "workload_states",
        sa.Column("slo_beyond_sense", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="scaler",
    )
