"""Plans are chat's rows (it holds the cluster keys, prepares and applies them); verdicts on them are the gateway's."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.services import Service
from ai4k8s_common.store.audit import READ_BY
from ai4k8s_common.store.base import at_column, metadata

_TWO = {READ_BY: frozenset({Service.GATEWAY, Service.CHAT})}


class PlanVerdict(StrEnum):
    """What a person said to a plan."""

    APPROVE = "approve"
    REFUSE = "refuse"


class StepStatus(StrEnum):
    """How far one call of a plan is. `begun`: it may have been made; whoever comes next looks."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


plans = Table(
    "plans",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("asked_by", UUID, nullable=False),
    Column("origin", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("hash", Text, nullable=False),
    # Calls and their inverse as bytes that only holders of cluster keys can open: bodies may hold Secrets.
    Column("calls", LargeBinary, nullable=False),
    Column("undo_calls", LargeBinary, nullable=False),
    Column("undo_problem", Text, nullable=False, server_default=""),  # why there is no way back, or not all of it
    # What is shown, masked: one entry for each call, and what is affected.
    Column("changes", JSONB, nullable=False),
    Column("effects", JSONB, nullable=False),
    Column("needs", JSONB, nullable=False),  # rights: [permission, namespace or nothing] each
    Column("follows", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("status", Text, nullable=False),
    Column("result", JSONB),
    Column("undo_of", UUID),
    at_column("created_at", default_now=True),
    at_column("expires_at"),
    at_column("applied_at", nullable=True),
    at_column("finished_at", nullable=True),
    Column("applied_by", UUID),
    Column("job_id", UUID),
    schema="chat",
    info=_TWO,
)
Index("ix_plans_cluster_id_created_at", plans.c.cluster_id, plans.c.created_at)

# Written before and after each call, in transactions of their own: a worker that dies leaves behind how far it came.
plan_steps = Table(
    "plan_steps",
    metadata,
    Column("plan_id", UUID, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("cluster_id", UUID, nullable=False),
    Column("status", Text, nullable=False),
    Column("uid", Text, nullable=False, server_default=""),
    Column("resource_version", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("job_id", UUID),  # the scaler's, for what goes through it
    at_column("begun_at", default_now=True),
    at_column("done_at", nullable=True),
    schema="chat",
    info=_TWO,
)

# One for each plan, for ever: an approval cannot be given twice, nor after a refusal.
plan_verdicts = Table(
    "plan_verdicts",
    metadata,
    Column("plan_id", UUID, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("decided_by", UUID, nullable=False),
    Column("token_id", UUID),
    Column("reason", Text, nullable=False, server_default=""),
    Column("job_id", UUID),
    at_column("decided_at", default_now=True),
    schema="gateway",
    info=_TWO,
)
