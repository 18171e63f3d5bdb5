"""Metadata and the tables that every service has: its outbox, inbox, dead letters and job states.

Core tables rather than mapped classes: rows here are read and written in bulk, and a repository is clearer
when its SQL can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from datetime import datetime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class JobStatus(StrEnum):
    """The three states a person sees."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


def at_column(
    name: str, *, nullable: bool = False, default_now: bool = False, primary_key: bool = False
) -> Column[datetime]:
    """Return a timezone-aware time column."""
    return Column(
        name,
        DateTime(timezone=True),
        nullable=nullable,
        primary_key=primary_key,
        server_default=func.now() if default_now else None,
    )


@dataclass(frozen=True)
class FrameTables:
    """The tables every service owns in its schema."""

    outbox: Table
    inbox: Table
    dead_letters: Table
    job_states: Table
    heartbeats: Table


def _frame(service: Service) -> FrameTables:
    schema = service.value
    outbox = Table(
        "outbox",
        metadata,
        Column("id", UUID, primary_key=True),
        Column("contract", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("trace", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
        at_column("created_at", default_now=True),
        Column("publishes", Integer, nullable=False, server_default=text("0")),
        at_column("published_at", nullable=True),
        Column("published_epoch", Text),
        at_column("closed_at", nullable=True),
        schema=schema,
    )
    Index("ix_outbox_open", outbox.c.created_at, postgresql_where=outbox.c.closed_at.is_(None))
    inbox = Table(
        "inbox",
        metadata,
        Column("message_id", UUID, primary_key=True),
        Column("contract", Text, nullable=False),
        Column("sender", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        at_column("received_at", default_now=True),
        at_column("completed_at", nullable=True),
        Column("last_error", Text),
        schema=schema,
    )
    Index("ix_inbox_completed_at", inbox.c.completed_at)
    dead_letters = Table(
        "dead_letters",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", UUID),
        Column("contract", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("error", Text, nullable=False),
        at_column("died_at", default_now=True),
        schema=schema,
    )
    job_states = Table(
        "job_states",
        metadata,
        Column("job_id", UUID, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("progress", Integer, nullable=False, server_default=text("0")),
        Column("message", Text, nullable=False, server_default=""),
        Column("result", JSONB),
        Column("error", Text),
        at_column("created_at", default_now=True),
        at_column("updated_at", default_now=True),
        schema=schema,
    )
    heartbeats = Table(
        "heartbeats",
        metadata,
        Column("host", Text, primary_key=True),
        Column("process", Text, primary_key=True),
        Column("pid", Integer, primary_key=True),
        at_column("started_at", default_now=True),
        at_column("seen_at", default_now=True),
        Column("version", Text, nullable=False, server_default=""),
        schema=schema,
    )
    return FrameTables(outbox, inbox, dead_letters, job_states, heartbeats)


FRAME: dict[Service, FrameTables] = {service: _frame(service) for service in Service}
