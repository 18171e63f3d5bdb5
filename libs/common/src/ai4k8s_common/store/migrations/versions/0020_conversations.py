"""Conversations: what people ask and are answered, and how far tools may go. Only new tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0020"
down_revision = "0019"

_NEW_ID = sa.text("gen_random_uuid()")
_NONE = sa.text("'{}'")


def upgrade() -> None:
    """Add them."""
    _conversations()
    _tool_modes()
    _answers()


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()"))


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"gateway.{target}.id"], name=name, ondelete="CASCADE")


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.UUID(), server_default=_NEW_ID, nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        _at("created_at"),
        _at("asked_at"),
        _key("conversations", "cluster_id", "clusters"),
        _key("conversations", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        schema="gateway",
    )
    op.create_index("ix_conversations_user_id_cluster_id", "conversations", ["user_id", "cluster_id"], schema="gateway")
    op.create_table(
        "questions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        _at("asked_at"),
        _key("questions", "conversation_id", "conversations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        schema="gateway",
    )
    op.create_index(
        "ix_questions_conversation_id_asked_at", "questions", ["conversation_id", "asked_at"], schema="gateway"
    )


def _tool_modes() -> None:
    op.create_table(
        "tool_modes",
        sa.Column("id", sa.UUID(), server_default=_NEW_ID, nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("tools", ARRAY(sa.Text()), server_default=_NONE, nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        _at("updated_at"),
        _key("tool_modes", "cluster_id", "clusters"),
        _key("tool_modes", "user_id", "users"),
        sa.CheckConstraint("mode IN ('read_only', 'allow_listed', 'ask')", name=op.f("ck_tool_modes_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_modes")),
        sa.UniqueConstraint(
            "cluster_id", "user_id", name=op.f("uq_tool_modes_cluster_id_user_id"), postgresql_nulls_not_distinct=True
        ),
        schema="gateway",
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("question_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("steps", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("choices", ARRAY(sa.Text()), server_default=_NONE, nullable=False),
        sa.Column("plan_id", sa.UUID(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _at("answered_at"),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_answers")),
        schema="chat",
    )
    op.create_index("ix_answers_conversation_id", "answers", ["conversation_id"], schema="chat")
