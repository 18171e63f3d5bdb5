"""Ways to connect a cluster, what is watched of it, when monitoring began, and how its connection was last tested."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add columns with defaults, so that the previous release goes on working, and two tables of the collector."""
    for column in (
        sa.Column("kind", sa.Text(), server_default="kubeconfig", nullable=False),
        sa.Column("bastion", postgresql.JSONB(), nullable=True),
        sa.Column("namespaces", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("labels", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=True),
    ):
        op.add_column("clusters", column, schema="gateway")
    op.add_column(
        "cluster_states", sa.Column("reason_code", sa.Text(), server_default="", nullable=False), schema="collector"
    )
    op.create_table(
        "connection_checks",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ok", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("lines", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_connection_checks")),
        schema="collector",
    )
    op.create_table(
        "offers",
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file", "context", name=op.f("pk_offers")),
        schema="collector",
    )
