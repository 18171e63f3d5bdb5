"""Plans, how far each is, and what people said to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from datetime import datetime

revision = "0017"
down_revision = "0016"


def _at(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[datetime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "plans",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("calls", sa.LargeBinary(), nullable=False),
        sa.Column("undo_calls", sa.LargeBinary(), nullable=False),
        sa.Column("undo_problem", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("effects", postgresql.JSONB(), nullable=False),
        sa.Column("needs", postgresql.JSONB(), nullable=False),
        sa.Column("follows", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("undo_of", sa.UUID(), nullable=True),
        _at("created_at", now=True),
        _at("expires_at"),
        _at("applied_at", nullable=True),
        _at("finished_at", nullable=True),
        sa.Column("applied_by", sa.UUID(), nullable=True),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        schema="chat",
    )
    op.create_index("ix_plans_cluster_id_created_at", "plans", ["cluster_id", "created_at"], schema="chat")
    op.create_table(
        "plan_steps",
        sa.Column("plan_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), server_default="", nullable=False),
        sa.Column("resource_version", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        _at("begun_at", now=True),
        _at("done_at", nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_steps")),
        schema="chat",
    )
    op.create_table(
        "plan_verdicts",
        sa.Column("plan_id", sa.UUID(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.UUID(), nullable=False),
        sa.Column("token_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        _at("decided_at", now=True),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_verdicts")),
        schema="gateway",
    )
