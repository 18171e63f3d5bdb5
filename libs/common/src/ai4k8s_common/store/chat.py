"""What people ask (the gateway's) and what they are answered (chat's)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from ai4k8s_common.services import Service
from ai4k8s_common.store.audit import READ_BY
from ai4k8s_common.store.base import at_column, metadata

# A person's talk is theirs: no service but the two that hold it reads it.
_THEIRS = {READ_BY: frozenset({Service.GATEWAY, Service.CHAT})}


class Method(StrEnum):
    """What found the answer."""

    RULES = "rules"
    GROQ = "groq"
    ANTHROPIC = "anthropic"
    GPT_OSS = "gpt_oss"


conversations = Table(
    "conversations",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    at_column("created_at", default_now=True),
    at_column("asked_at", default_now=True),  # the newest question
    schema="gateway",
    info=_THEIRS,
)
Index("ix_conversations_user_id_cluster_id", conversations.c.user_id, conversations.c.cluster_id)

# What somebody asked, with whatever looked like a credential taken out before it was written.
questions = Table(
    "questions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("conversation_id", UUID, ForeignKey("gateway.conversations.id", ondelete="CASCADE"), nullable=False),
    Column("text", Text, nullable=False),
    Column("job_id", UUID, nullable=False),
    at_column("asked_at", default_now=True),
    schema="gateway",
    info=_THEIRS,
)
Index("ix_questions_conversation_id_asked_at", questions.c.conversation_id, questions.c.asked_at)

# How far tools may go: for everything (neither), in a cluster, for a person, or both. The strictest one holds.
tool_modes = Table(
    "tool_modes",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE")),
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE")),
    Column("mode", Text, nullable=False),
    Column("tools", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("updated_by", UUID),
    at_column("updated_at", default_now=True),
    UniqueConstraint("cluster_id", "user_id", postgresql_nulls_not_distinct=True),
    CheckConstraint("mode IN ('read_only', 'allow_listed', 'ask')", name="mode"),
    schema="gateway",
)

answers = Table(
    "answers",
    metadata,
    Column("question_id", UUID, primary_key=True),
    Column("conversation_id", UUID, nullable=False),
    Column("cluster_id", UUID, nullable=False),
    Column("user_id", UUID, nullable=False),
    Column("text", Text, nullable=False),
    Column("tool", Text),  # of the last call; NULL: none was needed
    Column("method", Text, nullable=False),
    Column("model", Text),
    Column("success", Boolean, nullable=False),
    # [{tool, arguments, summary, result, error, seconds}]: what the answer rests on, in order
    Column("steps", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("choices", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # where the answer is a question back
    Column("plan_id", UUID),  # what waits for an approval
    Column("seconds", Double, nullable=False),
    Column("input_tokens", Integer, nullable=False, server_default=text("0")),
    Column("output_tokens", Integer, nullable=False, server_default=text("0")),
    at_column("answered_at", default_now=True),
    schema="chat",
    info=_THEIRS,
)
Index("ix_answers_conversation_id", answers.c.conversation_id)
