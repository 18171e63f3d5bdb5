"""One safe hand: who holds what, who may not be touched, rules of the clock, budgets, and what else scales.

Only additions with defaults: the previous release goes on writing its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "freezes",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=True),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["gateway.clusters.id"], name=op.f("fk_freezes_cluster_id_clusters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
        sa.UniqueConstraint(
            "cluster_id",
            "namespace",
            "kind",
            "name",
            name=op.f("uq_freezes_cluster_id_namespace_kind_name"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="gateway",
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("skip_dates", postgresql.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("only_dates", postgresql.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("min_replicas", sa.Integer(), nullable=True),
        sa.Column("max_replicas", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "effect = 'bounds' AND name IS NOT NULL AND coalesce(min_replicas, max_replicas) IS NOT NULL"
            " OR effect = 'maintenance'",
            name=op.f("ck_schedules_effect"),
        ),
        sa.CheckConstraint(
            "min_replicas >= 0 AND max_replicas >= coalesce(min_replicas, 0)", name=op.f("ck_schedules_bounds")
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["gateway.clusters.id"], name=op.f("fk_schedules_cluster_id_clusters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        schema="gateway",
    )
    op.create_index("ix_schedules_cluster_id", "schedules", ["cluster_id"], unique=False, schema="gateway")
    op.create_table(
        "namespace_budgets",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("max_replicas", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("max_replicas >= 1", name=op.f("ck_namespace_budgets_max_replicas")),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["gateway.clusters.id"],
            name=op.f("fk_namespace_budgets_cluster_id_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cluster_id", "namespace", name=op.f("pk_namespace_budgets")),
        schema="gateway",
    )
    op.create_table(
        "metric_tokens",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["gateway.clusters.id"],
            name=op.f("fk_metric_tokens_cluster_id_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_metric_tokens")),
        schema="gateway",
    )
    op.create_table(
        "claims",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("actuator", sa.Text(), nullable=False),
        sa.Column("object_name", sa.Text(), nullable=False),
        sa.Column("original", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held_replicas", sa.Integer(), nullable=False),
        sa.Column("held_maximum", sa.Integer(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", name=op.f("pk_claims")),
        schema="scaler",
    )
    op.create_index("ix_claims_cluster_id", "claims", ["cluster_id"], unique=False, schema="scaler")
    op.create_table(
        "fights",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column(
            "resets", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("backed_off_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("workload_id", name=op.f("pk_fights")),
        schema="scaler",
    )
    op.create_table(
        "autoscalers",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), server_default="", nullable=False),
        sa.Column("resource_version", sa.Text(), server_default="", nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_name", sa.Text(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "status", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "annotations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "managers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "kind", "namespace", "name", name=op.f("pk_autoscalers")),
        schema="scaler",
    )
    op.create_table(
        "surroundings",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "quotas", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "disruption_budgets",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("vpa_installed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "problems", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_surroundings")),
        schema="scaler",
    )
    op.add_column(
        "policies", sa.Column("actuator", sa.Text(), server_default="automatic", nullable=False), schema="gateway"
    )
    op.add_column("policies", sa.Column("max_step_up", sa.Integer(), nullable=True), schema="gateway")
    op.add_column("policies", sa.Column("max_step_down", sa.Integer(), nullable=True), schema="gateway")
    op.add_column(
        "policies",
        sa.Column("cooldown_up_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="gateway",
    )
    op.add_column(
        "policies",
        sa.Column("cooldown_down_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="gateway",
    )
    op.add_column(
        "decisions", sa.Column("engine", sa.Text(), server_default="predictive", nullable=False), schema="scaler"
    )
    op.add_column(
        "decisions", sa.Column("actuator", sa.Text(), server_default="replicas", nullable=False), schema="scaler"
    )
    op.add_column(
        "decisions",
        sa.Column("plan", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="scaler",
    )
    op.add_column(
        "decisions",
        sa.Column("answer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="scaler",
    )
    op.add_column("decisions", sa.Column("undo_of", sa.UUID(), nullable=True), schema="scaler")
    op.add_column("decisions", sa.Column("requested_by", sa.UUID(), nullable=True), schema="scaler")
    op.create_index(
        "ix_decisions_undo_of",
        "decisions",
        ["undo_of"],
        schema="scaler",
        postgresql_where=sa.text("undo_of IS NOT NULL"),
    )
