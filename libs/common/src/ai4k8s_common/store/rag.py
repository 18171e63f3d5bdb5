"""What rag owns: what it knows of manifests, shipped with it or given by those who use it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from ai4k8s_common.store.base import at_column, metadata

SHIPPED = "shipped"
OWN = "own"

knowledge = Table(
    "knowledge",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("origin", Text, nullable=False),  # shipped, or own: a document of somebody who uses this installation
    Column("cluster_id", UUID),  # None: for all clusters
    Column("key", Text, nullable=False),  # an entry's, or a document's name
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Text, nullable=False),  # digest of all that is shipped, or of the document
    Column("since", Integer),  # minor versions of Kubernetes that it holds for
    Column("until", Integer),
    Column("user_id", UUID),
    at_column("stored_at", default_now=True),
    schema="rag",
)
Index("ix_knowledge_cluster_id_key", knowledge.c.cluster_id, knowledge.c.key)
