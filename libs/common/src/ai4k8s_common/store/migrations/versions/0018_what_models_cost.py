"""What language models cost a day, and whom each service may ask."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0018"
down_revision = "0017"

COUNTERS = (
    "questions",
    "answered",
    "requests",
    "input_tokens",
    "output_tokens",
    "cost_millionths",
    "unpriced_tokens",
)


def upgrade() -> None:
    """Add two tables to each service that asks models."""
    for schema in ("advisor", "chat", "rag"):
        op.create_table(
            "model_usage",
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column("user_id", UUID(), nullable=False),
            sa.Column("provider", sa.Text(), nullable=False),
            sa.Column("model", sa.Text(), nullable=False),
            *(sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")) for name in COUNTERS),
            sa.PrimaryKeyConstraint("day", "user_id", "provider", "model"),
            schema=schema,
        )
        op.create_table(
            "model_reports",
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("report", JSONB(), nullable=False),
            sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
            sa.PrimaryKeyConstraint("id"),
            schema=schema,
        )
