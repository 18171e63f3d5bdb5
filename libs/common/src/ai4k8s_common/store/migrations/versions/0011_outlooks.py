"""Memory, network, disks and requests are foreseen too, and node groups and clusters as a whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add a table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outlooks",
        sa.Column("cluster_id", UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("history_hours", sa.Double(), nullable=False),
        sa.Column("trend", sa.Text()),
        sa.Column("trend_p_value", sa.Double()),
        sa.Column("peak_at", moment),
        sa.Column("peak_value", sa.Double()),
        sa.Column("growth_per_week", sa.Double()),
        sa.Column("skill", sa.Double()),
        sa.Column("path_start_at", moment),
        sa.Column("path_step_seconds", sa.Integer()),
        sa.Column("path_levels", ARRAY(sa.Double())),
        sa.Column("path_values", ARRAY(sa.Double())),
        sa.PrimaryKeyConstraint("cluster_id", "subject", "name", "measure", "made_at"),
        schema="forecaster",
    )
    op.create_index("ix_outlooks_cluster_id_made_at", "outlooks", ["cluster_id", "made_at"], schema="forecaster")
