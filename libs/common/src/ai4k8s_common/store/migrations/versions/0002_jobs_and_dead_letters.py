"""Jobs can be cancelled and tried again, processes tell their version, dead letters get a verdict."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMAS = ("gateway", "collector", "forecaster", "advisor", "scaler", "chat", "rag")


def upgrade() -> None:
    """Add columns with defaults: the previous release goes on writing its rows."""
    op.add_column(
        "jobs", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False), schema="gateway"
    )
    op.add_column("jobs", sa.Column("retry_of", sa.UUID(), nullable=True), schema="gateway")
    op.add_column("jobs", sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True), schema="gateway")
    op.create_unique_constraint(op.f("uq_jobs_retry_of"), "jobs", ["retry_of"], schema="gateway")
    for schema in SCHEMAS:
        op.add_column("heartbeats", sa.Column("version", sa.Text(), server_default="", nullable=False), schema=schema)
    op.create_table(
        "dead_letter_verdicts",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("dead_letter_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.UUID(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("service", "dead_letter_id", name=op.f("pk_dead_letter_verdicts")),
        schema="gateway",
    )
