"""The initial schema: one Postgres schema a service, samples partitioned by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

SCHEMAS = ("gateway", "collector", "forecaster", "advisor", "scaler", "chat", "rag")

# Making and dropping partitions needs the table's owner; the collector may do just this, through these two.
ENSURE_PARTITIONS = """
CREATE FUNCTION collector.ensure_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parent text;
    day date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7042002);
    FOREACH parent IN ARRAY ARRAY['workload_samples', 'node_samples'] LOOP
        FOR day IN SELECT generate_series(first_day, last_day, interval '1 day')::date LOOP
            IF to_regclass(format('collector.%I', parent || to_char(day, '_YYYYMMDD'))) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE collector.%I PARTITION OF collector.%I FOR VALUES FROM (%L) TO (%L)',
                    parent || to_char(day, '_YYYYMMDD'), parent,
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""

DROP_PARTITIONS = """
CREATE FUNCTION collector.drop_partitions(before_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7042002);
    FOR part IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'collector' AND c.relkind = 'r'
          AND c.relname ~ '^(workload|node)_samples_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
    LOOP
        EXECUTE format('DROP TABLE collector.%I', part.relname);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$
"""


def upgrade() -> None:
    """Apply."""
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        _frame_tables(schema)
    op.create_table(
        "advices",
        sa.Column("decision_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("advice", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_advices")),
        schema="advisor",
    )
    op.create_table(
        "cluster_states",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("server_version", sa.Text(), nullable=True),
        sa.Column("metrics_available", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("metrics_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("backfill_status", sa.Text(), nullable=False),
        sa.Column("backfill_detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_states")),
        schema="collector",
    )
    op.create_index(
        "ix_cluster_states_next_due_at", "cluster_states", ["next_due_at"], unique=False, schema="collector"
    )
    op.create_table(
        "cycles",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("workload_rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("node_rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "dropped",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycles")),
        schema="collector",
    )
    op.create_index(
        "ix_cycles_cluster_id_started_at",
        "cycles",
        ["cluster_id", "started_at"],
        unique=False,
        schema="collector",
    )
    op.create_table(
        "node_samples",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("cpu_usage_millicores", sa.Double(), nullable=True),
        sa.Column("memory_bytes", sa.Double(), nullable=True),
        sa.Column("pods", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("node_id", "at", name=op.f("pk_node_samples")),
        schema="collector",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_node_samples_cluster_id_at",
        "node_samples",
        ["cluster_id", "at"],
        unique=False,
        schema="collector",
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("unschedulable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cpu_allocatable_millicores", sa.Double(), nullable=True),
        sa.Column("memory_allocatable_bytes", sa.Double(), nullable=True),
        sa.Column("pods_allocatable", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("cluster_id", "name", name=op.f("uq_nodes_cluster_id_name")),
        schema="collector",
    )
    op.create_table(
        "workload_samples",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("desired_replicas", sa.Integer(), nullable=True),
        sa.Column("ready_replicas", sa.Integer(), nullable=True),
        sa.Column("pods", sa.Integer(), nullable=True),
        sa.Column("pods_with_metrics", sa.Integer(), nullable=True),
        sa.Column("cpu_usage_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_capacity_millicores", sa.Double(), nullable=True),
        sa.Column("saturated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("memory_bytes", sa.Double(), nullable=True),
        sa.Column("restarts", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", "at", name=op.f("pk_workload_samples")),
        schema="collector",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_workload_samples_cluster_id_at",
        "workload_samples",
        ["cluster_id", "at"],
        unique=False,
        schema="collector",
    )
    op.create_table(
        "workloads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("resource_version", sa.Text(), server_default="", nullable=False),
        sa.Column("desired_replicas", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ready_replicas", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_replicas", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rollout_in_progress", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cpu_request_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_limit_millicores", sa.Double(), nullable=True),
        sa.Column("memory_request_bytes", sa.Double(), nullable=True),
        sa.Column("memory_limit_bytes", sa.Double(), nullable=True),
        sa.Column("startup_seconds", postgresql.ARRAY(sa.Double()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("startup_p95_seconds", sa.Double(), nullable=True),
        sa.Column(
            "annotations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workloads")),
        sa.UniqueConstraint(
            "cluster_id",
            "namespace",
            "kind",
            "name",
            name=op.f("uq_workloads_cluster_id_namespace_kind_name"),
        ),
        schema="collector",
    )
    op.create_table(
        "forecasts",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("cycle_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("history_hours", sa.Double(), nullable=False),
        sa.Column("path_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("path_step_seconds", sa.Integer(), nullable=True),
        sa.Column("path_levels", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("path_values", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("window_status", sa.Text(), nullable=False),
        sa.Column("window_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("lead_time_seconds", sa.Double(), nullable=True),
        sa.Column("window_levels", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("window_values", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("window_15m_values", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("window_60m_values", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", "metric", "made_at", name=op.f("pk_forecasts")),
        schema="forecaster",
    )
    op.create_index(
        "ix_forecasts_cluster_id_made_at",
        "forecasts",
        ["cluster_id", "made_at"],
        unique=False,
        schema="forecaster",
    )
    op.create_index("ix_forecasts_made_at", "forecasts", ["made_at"], unique=False, schema="forecaster")
    op.create_table(
        "model_states",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workload_id", "metric", name=op.f("pk_model_states")),
        schema="forecaster",
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("cluster_id", sa.UUID(), nullable=True),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        schema="gateway",
    )
    op.create_index("ix_jobs_user_id_created_at", "jobs", ["user_id", "created_at"], unique=False, schema="gateway")
    op.create_table(
        "login_failures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
        schema="gateway",
    )
    op.create_index(
        "ix_login_failures_username_failed_at",
        "login_failures",
        ["username", "failed_at"],
        unique=False,
        schema="gateway",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        schema="gateway",
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True, schema="gateway")
    op.create_index("uq_users_username", "users", [sa.literal_column("lower(username)")], unique=True, schema="gateway")
    op.create_table(
        "cluster_holds",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_holds")),
        schema="scaler",
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_id", sa.UUID(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_replicas", sa.Integer(), nullable=False),
        sa.Column("to_replicas", sa.Integer(), nullable=False),
        sa.Column("planned_resource_version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("forecast", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "alternatives",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "guards",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("advice", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("judgement", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "cluster_id", "workload_id", "cycle_id", name=op.f("uq_decisions_cluster_id_workload_id_cycle_id")
        ),
        schema="scaler",
    )
    op.create_index(
        "ix_decisions_cluster_id_decided_at",
        "decisions",
        ["cluster_id", "decided_at"],
        unique=False,
        schema="scaler",
    )
    op.create_index(
        "ix_decisions_unjudged",
        "decisions",
        ["outcome_at"],
        unique=False,
        schema="scaler",
        postgresql_where=sa.text("judged_at IS NULL AND outcome = 'applied'"),
    )
    op.create_index(
        "ix_decisions_workload_id_decided_at",
        "decisions",
        ["workload_id", "decided_at"],
        unique=False,
        schema="scaler",
    )
    op.create_table(
        "workload_states",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("cycle_id", sa.UUID(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("wanted_replicas", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "guards",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slo_price", sa.Double(), nullable=True),
        sa.Column(
            "memory",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("workload_id", name=op.f("pk_workload_states")),
        schema="scaler",
    )
    op.create_table(
        "clusters",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_url", sa.Text(), nullable=False),
        sa.Column("prometheus_url", sa.Text(), nullable=True),
        sa.Column("default_namespace", sa.Text(), server_default="default", nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=True),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "interval_seconds IS NULL OR interval_seconds BETWEEN 5 AND 3600",
            name=op.f("ck_clusters_interval"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["gateway.users.id"], name=op.f("fk_clusters_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clusters")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_clusters_owner_id_name")),
        schema="gateway",
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["gateway.users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        schema="gateway",
    )
    op.create_table(
        "cluster_credentials",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["gateway.clusters.id"],
            name=op.f("fk_cluster_credentials_cluster_id_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_credentials")),
        schema="gateway",
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("min_replicas", sa.Integer(), nullable=False),
        sa.Column("max_replicas", sa.Integer(), nullable=False),
        sa.Column("target_utilization_percent", sa.Integer(), server_default=sa.text("80"), nullable=False),
        sa.Column("slo_short_share", sa.Float(), server_default=sa.text("0.01"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.UUID(), nullable=True),
        sa.CheckConstraint("min_replicas >= 1 AND max_replicas >= min_replicas", name=op.f("ck_policies_bounds")),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["gateway.clusters.id"],
            name=op.f("fk_policies_cluster_id_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint(
            "cluster_id", "namespace", "kind", "name", name=op.f("uq_policies_cluster_id_namespace_kind_name")
        ),
        schema="gateway",
    )
    op.execute(ENSURE_PARTITIONS)
    op.execute(DROP_PARTITIONS)
    for function in ("ensure_partitions(date, date)", "drop_partitions(date)"):
        op.execute(f"REVOKE ALL ON FUNCTION collector.{function} FROM PUBLIC")


def _frame_tables(schema: str) -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        schema=schema,
    )
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbox")),
        schema=schema,
    )
    op.create_index("ix_inbox_completed_at", "inbox", ["completed_at"], unique=False, schema=schema)
    op.create_table(
        "job_states",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_states")),
        schema=schema,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "trace",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("publishes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_epoch", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        schema=schema,
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["created_at"],
        unique=False,
        schema=schema,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("host", "process", "pid", name=op.f("pk_heartbeats")),
        schema=schema,
    )
