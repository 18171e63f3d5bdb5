"""What the gateway owns: people, and wishes (how things should be)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata
from ai4k8s_common.store.teams import teams


class UserRole(StrEnum):
    """What a person may do at most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class SessionMethod(StrEnum):
    """How a session was begun."""

    PASSWORD = "password"  # noqa: S105  # a method, not one
    SINGLE_SIGN_ON = "single_sign_on"


class PolicyMode(StrEnum):
    """What predictive scaling does for a workload."""

    OBSERVE = "observe"
    RECOMMEND = "recommend"
    AUTO = "auto"


class ActuatorChoice(StrEnum):
    """How a workload's size is moved; automatic: a floor under its HPA where there is one."""

    AUTOMATIC = "automatic"
    REPLICAS = "replicas"
    HPA_FLOOR = "hpa_floor"
    EXTERNAL_METRIC = "external_metric"


class ScheduleEffect(StrEnum):
    """What a rule of the clock does while it holds."""

    BOUNDS = "bounds"
    MAINTENANCE = "maintenance"  # nothing is changed


class Verdict(StrEnum):
    """What an administrator decided about a dead letter."""

    RETRY = "retry"
    DISCARD = "discard"


class ConnectionKind(StrEnum):
    """How a cluster is logged in to."""

    KUBECONFIG = "kubeconfig"
    TOKEN = "token"  # noqa: S105  # a kind, not one
    PASSWORD = "password"  # noqa: S105
    MOUNTED = "mounted"
    IN_CLUSTER = "in_cluster"


users = Table(
    "users",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("username", Text, nullable=False),
    # NULL for who comes by single sign-on alone: no verified address, no password.
    Column("email", Text),
    Column("password_hash", Text),
    Column("role", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    at_column("created_at", default_now=True),
    at_column("last_login_at", nullable=True),
    # A program that acts for a team, with API tokens; nobody logs in as it.
    Column("service_of", UUID, ForeignKey(teams.c.id, ondelete="CASCADE")),
    schema="gateway",
)
Index("uq_users_username", func.lower(users.c.username), unique=True)
Index("uq_users_email", func.lower(users.c.email), unique=True)

sessions = Table(
    "sessions",
    metadata,
    # The cookie's SHA-256: a copy of the store does not log anybody in.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", Text, nullable=False),
    at_column("created_at", default_now=True),
    at_column("last_seen_at", default_now=True),
    at_column("expires_at"),
    # What stays the same while the token changes.
    Column("id", UUID, nullable=False, unique=True, server_default=func.gen_random_uuid()),
    Column("client", Text, nullable=False, server_default=""),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("method", Text, nullable=False, server_default=SessionMethod.PASSWORD.value),
    # When a person last proved who they are, and when the token was last changed.
    at_column("authenticated_at", default_now=True),
    at_column("rotated_at", default_now=True),
    # The next token once it was handed out and until it is first used; the last one for a moment after that.
    Column("next_hash", LargeBinary, unique=True),
    Column("next_salt", LargeBinary),
    Column("previous_hash", LargeBinary, unique=True),
    at_column("previous_until", nullable=True),
    schema="gateway",
)
Index("ix_sessions_user_id", sessions.c.user_id)

login_failures = Table(
    "login_failures",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("username", Text, nullable=False),
    Column("client", Text, nullable=False),
    at_column("failed_at", default_now=True),
    schema="gateway",
)
Index("ix_login_failures_username_failed_at", login_failures.c.username, login_failures.c.failed_at)

clusters = Table(
    "clusters",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("owner_id", UUID, ForeignKey("gateway.users.id"), nullable=False),
    # NULL: its owner's alone, as releases before teams wrote it.
    Column("team_id", UUID, ForeignKey(teams.c.id)),
    Column("name", Text, nullable=False),
    Column("api_url", Text, nullable=False),
    Column("prometheus_url", Text),
    Column("default_namespace", Text, nullable=False, server_default="default"),
    Column("interval_seconds", Integer),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    at_column("created_at", default_now=True),
    Column("kind", Text, nullable=False, server_default=ConnectionKind.KUBECONFIG.value),
    # What of the bastion may be shown: host, port, user and the confirmed key's fingerprint.
    Column("bastion", JSONB),
    # Empty for all of them.
    Column("namespaces", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("labels", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # NULL until somebody starts monitoring.
    at_column("started_at", nullable=True, default_now=True),
    UniqueConstraint("team_id", "name"),
    CheckConstraint("interval_seconds IS NULL OR interval_seconds BETWEEN 5 AND 3600", name="interval"),
    schema="gateway",
)

cluster_credentials = Table(
    "cluster_credentials",
    metadata,
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    at_column("updated_at", default_now=True),
    schema="gateway",
)

policies = Table(
    "policies",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("min_replicas", Integer, nullable=False),
    Column("max_replicas", Integer, nullable=False),
    Column("target_utilization_percent", Integer, nullable=False, server_default=text("80")),
    Column("slo_short_share", Float, nullable=False, server_default=text("0.01")),
    # Consent: a forecast carries the headroom, and the target counts only where nothing is foreseen.
    Column("slo_leads", Boolean, nullable=False, server_default=text("false")),
    # Consent: a new revision after which the SLO gets worse is rolled back, and not only spoken of.
    Column("rolls_back_rollouts", Boolean, nullable=False, server_default=text("false")),
    Column("actuator", Text, nullable=False, server_default=ActuatorChoice.AUTOMATIC.value),
    # Most pods that one decision adds or takes away, and the rest between two of them; NULL: the defaults.
    Column("max_step_up", Integer),
    Column("max_step_down", Integer),
    Column("cooldown_up_seconds", Integer, nullable=False, server_default=text("0")),
    Column("cooldown_down_seconds", Integer, nullable=False, server_default=text("0")),
    at_column("updated_at", default_now=True),
    Column("updated_by", UUID),
    UniqueConstraint("cluster_id", "namespace", "kind", "name"),
    CheckConstraint("min_replicas >= 1 AND max_replicas >= min_replicas", name="bounds"),
    schema="gateway",
)

# A switch that stops all changes: of everything, a cluster, a namespace or one workload.
freezes = Table(
    "freezes",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE")),  # NULL: everything
    Column("namespace", Text),
    Column("kind", Text),
    Column("name", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_by", UUID),
    at_column("created_at", default_now=True),
    at_column("until", nullable=True),
    UniqueConstraint("cluster_id", "namespace", "kind", "name", postgresql_nulls_not_distinct=True),
    schema="gateway",
)

# Rules of the clock: bounds for one workload, or a maintenance window of a cluster or namespace.
schedules = Table(
    "schedules",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), nullable=False),
    Column("effect", Text, nullable=False),
    Column("namespace", Text),
    Column("kind", Text),
    Column("name", Text),
    Column("title", Text, nullable=False),
    Column("cron", Text, nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("skip_dates", ARRAY(Date), nullable=False, server_default=text("'{}'")),
    Column("only_dates", ARRAY(Date), nullable=False, server_default=text("'{}'")),
    Column("min_replicas", Integer),
    Column("max_replicas", Integer),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("updated_by", UUID),
    at_column("updated_at", default_now=True),
    CheckConstraint("min_replicas >= 0 AND max_replicas >= coalesce(min_replicas, 0)", name="bounds"),
    CheckConstraint(
        "effect = 'bounds' AND name IS NOT NULL AND coalesce(min_replicas, max_replicas) IS NOT NULL"
        " OR effect = 'maintenance'",
        name="effect",
    ),
    schema="gateway",
)
Index("ix_schedules_cluster_id", schedules.c.cluster_id)

namespace_budgets = Table(
    "namespace_budgets",
    metadata,
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("max_replicas", Integer),
    # In the currency of the cluster's prices; over a day of 24 h or a month of 730 h.
    Column("max_cost", Double),
    Column("cost_period", Text),
    Column("updated_by", UUID),
    at_column("updated_at", default_now=True),
    CheckConstraint("max_replicas >= 1", name="max_replicas"),
    CheckConstraint("max_cost > 0", name="max_cost"),
    CheckConstraint("(max_cost IS NULL) = (cost_period IS NULL)", name="cost_period"),
    CheckConstraint("coalesce(max_replicas, max_cost) IS NOT NULL", name="bounds_something"),
    schema="gateway",
)

# What a metrics adapter in a cluster shows to read that cluster's floors; a copy of the store opens nothing.
metric_tokens = Table(
    "metric_tokens",
    metadata,
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_by", UUID),
    at_column("created_at", default_now=True),
    schema="gateway",
)

# What a core and a GiB cost by the hour: of the installation (no cluster), or of one cluster.
prices = Table(
    "prices",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE")),
    Column("core_hour", Double, nullable=False),
    Column("gib_hour", Double, nullable=False),
    Column("currency", Text, nullable=False),
    at_column("updated_at", default_now=True),
    Column("updated_by", UUID),
    UniqueConstraint("cluster_id", postgresql_nulls_not_distinct=True),
    CheckConstraint("core_hour >= 0 AND gib_hour >= 0", name="prices"),
    schema="gateway",
)

# Prices of some nodes of a cluster: those of a pool, or with a label.
pool_prices = Table(
    "pool_prices",
    metadata,
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), primary_key=True),
    Column("pool", Text, primary_key=True),
    Column("core_hour", Double, nullable=False),
    Column("gib_hour", Double, nullable=False),
    at_column("updated_at", default_now=True),
    Column("updated_by", UUID),
    CheckConstraint("core_hour >= 0 AND gib_hour >= 0", name="prices"),
    schema="gateway",
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("user_id", UUID),
    # What it was asked for with, and where: the worker asks for that person's rights again when it begins.
    Column("token_id", UUID),
    Column("namespace", Text),
    Column("cluster_id", UUID),
    Column("request", JSONB, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    # Unique: a failed attempt is followed by one more, however often somebody clicks.
    Column("retry_of", UUID, unique=True),
    at_column("cancel_requested_at", nullable=True),
    at_column("created_at", default_now=True),
    schema="gateway",
)
Index("ix_jobs_user_id_created_at", jobs.c.user_id, jobs.c.created_at)

# A wish about a row that another service owns; what is settled is gone there and stays here as a record.
dead_letter_verdicts = Table(
    "dead_letter_verdicts",
    metadata,
    Column("service", Text, primary_key=True),
    Column("dead_letter_id", BigInteger, primary_key=True, autoincrement=False),
    Column("verdict", Text, nullable=False),
    Column("decided_by", UUID),
    at_column("decided_at", default_now=True),
    schema="gateway",
)

# Somebody has seen an incident and cares for it; the incident itself is the forecaster's.
incident_acknowledgements = Table(
    "incident_acknowledgements",
    metadata,
    Column("incident_id", BigInteger, primary_key=True, autoincrement=False),
    Column("acknowledged_by", UUID, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    at_column("acknowledged_at", default_now=True),
    schema="gateway",
)

# Of these no anomaly shall be told. By name, like policies: a wish outlives what is deleted and made again.
anomaly_mutes = Table(
    "anomaly_mutes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), nullable=False),
    Column("subject_kind", Text, nullable=False),  # workload or node
    Column("namespace", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    at_column("until", nullable=True),  # NULL: until somebody takes it back
    Column("created_by", UUID),
    at_column("created_at", default_now=True),
    UniqueConstraint("cluster_id", "subject_kind", "namespace", "kind", "name"),
    schema="gateway",
)

PEOPLES_SECRETS = (
    "invitations",
    "password_resets",
    "second_factors",
    "recovery_codes",
    "identities",
    "sso_attempts",
    "mails",
)

# Credentials are for those who talk to clusters; people's secrets are the gateway's alone.
PRIVATE_READERS: dict[str, frozenset[str]] = {
    "gateway.users": frozenset({"gateway"}),
    "gateway.sessions": frozenset({"gateway"}),
    "gateway.login_failures": frozenset({"gateway"}),
    **{f"gateway.{table}": frozenset({"gateway"}) for table in PEOPLES_SECRETS},
    "gateway.cluster_credentials": frozenset({"gateway", "collector", "scaler", "chat"}),
    "gateway.metric_tokens": frozenset({"gateway"}),
    "gateway.api_tokens": frozenset({"gateway"}),
}

# Who acts for a person must know what that person may do, and no more of them.
PUBLIC_COLUMNS: dict[str, tuple[str, ...]] = {
    "gateway.users": ("id", "username", "role", "disabled"),
    "gateway.api_tokens": ("id", "user_id", "scopes", "cluster_ids", "expires_at", "revoked_at"),
}
