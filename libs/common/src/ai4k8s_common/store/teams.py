"""What the gateway owns of who may do what: teams, members, other roles in single places, and API tokens."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from ai4k8s_common.store.base import at_column, metadata

ROLES = "role IN ('viewer', 'operator', 'admin')"

teams = Table(
    "teams",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("name", Text, nullable=False),
    # Everybody has a team of their own, where they are alone until they ask others in.
    Column("personal_of", UUID, ForeignKey("gateway.users.id", ondelete="SET NULL", use_alter=True), unique=True),
    at_column("created_at", default_now=True),
    schema="gateway",
)
Index("uq_teams_name", func.lower(teams.c.name), unique=True)

memberships = Table(
    "memberships",
    metadata,
    Column("team_id", UUID, ForeignKey("gateway.teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, nullable=False),
    Column("added_by", UUID),
    at_column("created_at", default_now=True),
    CheckConstraint(ROLES, name="role"),
    schema="gateway",
)
Index("ix_memberships_user_id", memberships.c.user_id)

# Another role than in the team, for one cluster or one namespace of it. Counts while its holder is a member.
role_overrides = Table(
    "role_overrides",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("cluster_id", UUID, ForeignKey("gateway.clusters.id", ondelete="CASCADE"), nullable=False),
    Column("namespace", Text),  # NULL: the whole cluster
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("given_by", UUID),
    at_column("created_at", default_now=True),
    UniqueConstraint("user_id", "cluster_id", "namespace", postgresql_nulls_not_distinct=True),
    CheckConstraint(ROLES, name="role"),
    schema="gateway",
)
Index("ix_role_overrides_cluster_id", role_overrides.c.cluster_id)

# The token itself is shown once; a copy of the store opens nothing.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", UUID, primary_key=True, server_default=func.gen_random_uuid()),
    Column("user_id", UUID, ForeignKey("gateway.users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    # Its first characters, by which people find it in their scripts.
    Column("prefix", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("cluster_ids", ARRAY(UUID)),  # NULL: wherever its owner may
    Column("created_by", UUID),
    at_column("created_at", default_now=True),
    at_column("expires_at", nullable=True),
    at_column("last_used_at", nullable=True),
    Column("last_used_from", Text),
    at_column("revoked_at", nullable=True),
    schema="gateway",
)
Index("ix_api_tokens_user_id", api_tokens.c.user_id)
