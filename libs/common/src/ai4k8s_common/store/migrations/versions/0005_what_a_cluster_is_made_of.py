"""What a cluster is made of: more of every workload and node, roll-ups, pods, deploys, events, quotas and claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

# Roll-ups live longer than samples, so they have partitions of their own; see revision 0001 for why functions.
ENSURE_PARTITIONS = """
CREATE FUNCTION collector.ensure_rollup_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parent text;
    day date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7042002);
    FOREACH parent IN ARRAY ARRAY['workload_rollups', 'node_rollups'] LOOP
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
CREATE FUNCTION collector.drop_rollup_partitions(before_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7042002);
    FOR part IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'collector' AND c.relkind = 'r'
          AND c.relname ~ '^(workload|node)_rollups_[0-9]{8}$'
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
    _widen()
    _current_states()
    _rollups()
    for statement in (ENSURE_PARTITIONS, DROP_PARTITIONS):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION collector.ensure_rollup_partitions(date, date) FROM PUBLIC")
    op.execute("REVOKE ALL ON FUNCTION collector.drop_rollup_partitions(date) FROM PUBLIC")


def _widen() -> None:
    columns: dict[str, tuple[sa.Column[object], ...]] = {
        "cluster_states": (
            sa.Column("last_cycle_id", sa.UUID(), nullable=True),
            sa.Column("rolled_up_until", sa.DateTime(timezone=True), nullable=True),
        ),
        "node_samples": (
            sa.Column("network_receive_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("network_transmit_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("disk_read_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("disk_write_bytes_per_second", sa.Double(), nullable=True),
        ),
        "nodes": (
            sa.Column("cpu_capacity_millicores", sa.Double(), nullable=True),
            sa.Column("memory_capacity_bytes", sa.Double(), nullable=True),
            sa.Column("pods_capacity", sa.Integer(), nullable=True),
            sa.Column(
                "conditions",
                postgresql.JSONB(astext_type=sa.Text()),
                server_default=sa.text("'{}'::jsonb"),
                nullable=False,
            ),
            sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
            sa.Column("instance_type", sa.Text(), nullable=True),
            sa.Column("zone", sa.Text(), nullable=True),
            sa.Column("kubelet_version", sa.Text(), nullable=True),
            sa.Column("cpu_requested_millicores", sa.Double(), nullable=True),
            sa.Column("memory_requested_bytes", sa.Double(), nullable=True),
        ),
        "workload_samples": (
            sa.Column("oom_kills", sa.Integer(), nullable=True),
            sa.Column("pending_pods", sa.Integer(), nullable=True),
            sa.Column("cpu_request_millicores", sa.Double(), nullable=True),
            sa.Column("cpu_limit_millicores", sa.Double(), nullable=True),
            sa.Column("memory_request_bytes", sa.Double(), nullable=True),
            sa.Column("memory_limit_bytes", sa.Double(), nullable=True),
            sa.Column("network_receive_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("network_transmit_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("disk_read_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("disk_write_bytes_per_second", sa.Double(), nullable=True),
            sa.Column("requests_per_second", sa.Double(), nullable=True),
            sa.Column("throttled_share", sa.Double(), nullable=True),
            sa.Column("custom", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        ),
        "workloads": (
            sa.Column("startup_p50_seconds", sa.Double(), nullable=True),
            sa.Column("scalable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
            sa.Column("resource", sa.Text(), server_default="", nullable=False),
            sa.Column("status_detail", sa.Text(), server_default="", nullable=False),
            sa.Column("images", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
            sa.Column("revision", sa.Text(), server_default="", nullable=False),
            sa.Column("revision_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("restarts", sa.Integer(), server_default=sa.text("0"), nullable=False),
            sa.Column("oom_kills", sa.Integer(), server_default=sa.text("0"), nullable=False),
            sa.Column("last_oom_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column(
                "pending",
                postgresql.JSONB(astext_type=sa.Text()),
                server_default=sa.text("'{}'::jsonb"),
                nullable=False,
            ),
            sa.Column("hpa_name", sa.Text(), nullable=True),
            sa.Column("hpa_min_replicas", sa.Integer(), nullable=True),
            sa.Column("hpa_max_replicas", sa.Integer(), nullable=True),
            sa.Column("hpa_cpu_target_percent", sa.Integer(), nullable=True),
            sa.Column("hpa_managed_by", sa.Text(), nullable=True),
            sa.Column("vpa_name", sa.Text(), nullable=True),
            sa.Column("vpa_update_mode", sa.Text(), nullable=True),
            sa.Column("vpa_target", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        ),
    }
    for table, added in columns.items():
        for column in added:
            op.add_column(table, column, schema="collector")


def _current_states() -> None:
    op.create_table(
        "container_digests",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("cpu_buckets", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("cpu_counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("cpu_max_millicores", sa.Double(), nullable=False),
        sa.Column("memory_buckets", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("memory_counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("memory_max_bytes", sa.Double(), nullable=False),
        sa.Column("oom_kills", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("throttled_share_max", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", "container", "day", name=op.f("pk_container_digests")),
        schema="collector",
    )
    op.create_index(
        "ix_container_digests_cluster_id_day",
        "container_digests",
        ["cluster_id", "day"],
        unique=False,
        schema="collector",
    )
    op.create_table(
        "deploys",
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replica_set", sa.Text(), server_default="", nullable=False),
        sa.Column("images", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("workload_id", "revision", name=op.f("pk_deploys")),
        schema="collector",
    )
    op.create_index("ix_deploys_cluster_id_at", "deploys", ["cluster_id", "at"], unique=False, schema="collector")
    op.create_index("ix_deploys_workload_id_at", "deploys", ["workload_id", "at"], unique=False, schema="collector")
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("about_kind", sa.Text(), nullable=False),
        sa.Column("about_name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=True),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint(
            "cluster_id", "namespace", "about_kind", "about_name", "type", "reason", name="uq_events_identity"
        ),
        schema="collector",
    )
    op.create_index(
        "ix_events_cluster_id_last_at", "events", ["cluster_id", "last_at"], unique=False, schema="collector"
    )
    op.create_index("ix_events_workload_id", "events", ["workload_id"], unique=False, schema="collector")
    op.create_table(
        "pods",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=True),
        sa.Column("node", sa.Text(), server_default="", nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("terminating", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("restarts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_oom_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cluster_id", "uid", name=op.f("pk_pods")),
        schema="collector",
    )
    op.create_index("ix_pods_cluster_id_node", "pods", ["cluster_id", "node"], unique=False, schema="collector")
    op.create_index("ix_pods_workload_id", "pods", ["workload_id"], unique=False, schema="collector")
    op.create_table(
        "quotas",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hard", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("used", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "namespace", "name", name=op.f("pk_quotas")),
        schema="collector",
    )
    op.create_table(
        "sources",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("hint", sa.Text(), server_default="", nullable=False),
        sa.Column("lost", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "source", name=op.f("pk_sources")),
        schema="collector",
    )
    op.create_table(
        "volume_claims",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("storage_class", sa.Text(), nullable=True),
        sa.Column("volume", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_bytes", sa.Double(), nullable=True),
        sa.Column("capacity_bytes", sa.Double(), nullable=True),
        sa.Column("used_bytes", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cluster_id", "namespace", "name", name=op.f("pk_volume_claims")),
        schema="collector",
    )


def _rollups() -> None:
    op.create_table(
        "node_rollups",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("cpu_usage_millicores", sa.Double(), nullable=True),
        sa.Column("memory_bytes", sa.Double(), nullable=True),
        sa.Column("pods", sa.Double(), nullable=True),
        sa.Column("network_receive_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("network_transmit_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("disk_read_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("disk_write_bytes_per_second", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("node_id", "at", name=op.f("pk_node_rollups")),
        schema="collector",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_node_rollups_cluster_id_at", "node_rollups", ["cluster_id", "at"], unique=False, schema="collector"
    )
    op.create_table(
        "workload_rollups",
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("workload_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("desired_replicas", sa.Double(), nullable=True),
        sa.Column("ready_replicas", sa.Double(), nullable=True),
        sa.Column("cpu_usage_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_usage_max_millicores", sa.Double(), nullable=True),
        sa.Column("cpu_capacity_millicores", sa.Double(), nullable=True),
        sa.Column("saturated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("memory_bytes", sa.Double(), nullable=True),
        sa.Column("memory_max_bytes", sa.Double(), nullable=True),
        sa.Column("restarts", sa.Integer(), nullable=True),
        sa.Column("oom_kills", sa.Integer(), nullable=True),
        sa.Column("pending_pods", sa.Double(), nullable=True),
        sa.Column("network_receive_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("network_transmit_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("disk_read_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("disk_write_bytes_per_second", sa.Double(), nullable=True),
        sa.Column("requests_per_second", sa.Double(), nullable=True),
        sa.Column("throttled_share", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("workload_id", "at", name=op.f("pk_workload_rollups")),
        schema="collector",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_workload_rollups_cluster_id_at", "workload_rollups", ["cluster_id", "at"], unique=False, schema="collector"
    )
