"""Anomalies, incidents, clusters' health, and what people wish about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add tables only: the previous release does not know them."""
    _incidents()
    _anomalies()
    _states()
    _wishes()


def _at(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        _at("opened_at"),
        _at("last_at"),
        _at("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        schema="forecaster",
    )
    op.create_index("ix_incidents_cluster_id_opened_at", "incidents", ["cluster_id", "opened_at"], schema="forecaster")
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["cluster_id"],
        schema="forecaster",
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _anomalies() -> None:
    op.create_table(
        "anomalies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("affected_metrics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("recommended_action", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        _at("started_at"),
        _at("last_at"),
        _at("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomalies")),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "started_at", name=op.f("uq_anomalies_subject_kind_subject_id_started_at")
        ),
        schema="forecaster",
    )
    op.create_index(
        "ix_anomalies_cluster_id_started_at", "anomalies", ["cluster_id", "started_at"], schema="forecaster"
    )
    op.create_index("ix_anomalies_incident_id", "anomalies", ["incident_id"], schema="forecaster")


def _states() -> None:
    op.create_table(
        "watch_states",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        _at("analysed_until"),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("learning", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_watch_states")),
        schema="forecaster",
    )
    op.create_table(
        "health_scores",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        _at("at"),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("ingredients", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "at", name=op.f("pk_health_scores")),
        schema="forecaster",
    )


def _wishes() -> None:
    op.create_table(
        "incident_acknowledgements",
        sa.Column("incident_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("acknowledged_by", sa.UUID(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        _at("acknowledged_at", now=True),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_acknowledgements")),
        schema="gateway",
    )
    op.create_table(
        "anomaly_mutes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _at("until", nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        _at("created_at", now=True),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["gateway.clusters.id"],
            name=op.f("fk_anomaly_mutes_cluster_id_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly_mutes")),
        sa.UniqueConstraint(
            "cluster_id",
            "subject_kind",
            "namespace",
            "kind",
            "name",
            name=op.f("uq_anomaly_mutes_cluster_id_subject_kind_namespace_kind_name"),
        ),
        schema="gateway",
    )
