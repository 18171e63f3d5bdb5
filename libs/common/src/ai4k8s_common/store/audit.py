"""Who did what: one chain of rows in each service that acts for people. Rows are added, never changed.

Grants forbid the services to update or delete them; what has been kept for long enough is removed by a function of the
schema's owner, and only up to a checkpoint that the chain itself contains.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from ai4k8s_common.services import Service
from ai4k8s_common.store.base import at_column, metadata

#: A table's `info`: what its owner may do, where that is less than everything.
OWNER_MAY = "owner_may"
#: A table's `info`: who may read it beside its owner.
READ_BY = "read_by"

WRITERS = (Service.GATEWAY, Service.CHAT, Service.SCALER)


@dataclass(frozen=True)
class AuditTables:
    """A chain, and where it ends: rows cut off at the end would leave a chain that looks whole."""

    entries: Table
    head: Table


def _tables(service: Service) -> AuditTables:
    schema = service.value
    entries = Table(
        "audit_entries",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        at_column("at"),
        Column("actor_id", UUID),
        Column("actor", Text, nullable=False),
        Column("token", Text, nullable=False),  # the name of the API token that was used, or nothing
        Column("client", Text, nullable=False),
        Column("action", Text, nullable=False),
        # No foreign key, and not named cluster_id: an entry outlives the cluster it is about.
        Column("cluster", UUID),
        Column("namespace", Text, nullable=False),
        Column("object", Text, nullable=False),
        # JSON as it was hashed; JSONB would write numbers and keys anew.
        Column("before", Text),
        Column("after", Text),
        Column("result", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("previous", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        schema=schema,
        info={OWNER_MAY: ("INSERT", "SELECT"), READ_BY: frozenset({Service.GATEWAY, service})},
    )
    Index("ix_audit_entries_at", entries.c.at, entries.c.seq)
    head = Table(
        "audit_heads",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
        Column("seq", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        schema=schema,
        info={OWNER_MAY: ("SELECT", "UPDATE"), READ_BY: frozenset({Service.GATEWAY, service})},
    )
    return AuditTables(entries, head)


AUDIT: dict[Service, AuditTables] = {service: _tables(service) for service in WRITERS}
