"""Teams, members, other roles in single places, and API tokens.

Everybody gets a team of their own, which has the clusters they connected. The previous release goes on: what it
connects without a team is its owner's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

ROLES = "role IN ('viewer', 'operator', 'admin')"


def upgrade() -> None:
    """Add them, and give what is there to the teams of its owners."""
    _teams()
    _tokens()
    op.add_column("clusters", sa.Column("team_id", sa.UUID(), nullable=True), schema="gateway")
    _refer("clusters", "team_id", "teams")
    op.add_column("users", sa.Column("service_of", sa.UUID(), nullable=True), schema="gateway")
    _refer("users", "service_of", "teams", "CASCADE")
    op.add_column("jobs", sa.Column("token_id", sa.UUID(), nullable=True), schema="gateway")
    op.add_column("jobs", sa.Column("namespace", sa.Text(), nullable=True), schema="gateway")
    op.execute("INSERT INTO gateway.teams (name, personal_of) SELECT username, id FROM gateway.users")
    op.execute(
        "INSERT INTO gateway.memberships (team_id, user_id, role) "
        "SELECT id, personal_of, 'admin' FROM gateway.teams WHERE personal_of IS NOT NULL"
    )
    op.execute("UPDATE gateway.clusters c SET team_id = t.id FROM gateway.teams t WHERE t.personal_of = c.owner_id")
    op.drop_constraint("uq_clusters_owner_id_name", "clusters", schema="gateway")
    op.create_unique_constraint("uq_clusters_team_id_name", "clusters", ["team_id", "name"], schema="gateway")


def _teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("personal_of", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("personal_of", name=op.f("uq_teams_personal_of")),
        schema="gateway",
    )
    op.create_index("uq_teams_name", "teams", [sa.text("lower(name)")], unique=True, schema="gateway")
    _refer("teams", "personal_of", "users", "SET NULL")
    op.create_table(
        "memberships",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_memberships")),
        sa.CheckConstraint(ROLES, name=op.f("ck_memberships_role")),
        schema="gateway",
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"], schema="gateway")
    _refer("memberships", "team_id", "teams", "CASCADE")
    _refer("memberships", "user_id", "users", "CASCADE")
    op.create_table(
        "role_overrides",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("given_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_overrides")),
        sa.UniqueConstraint(
            "user_id",
            "cluster_id",
            "namespace",
            name=op.f("uq_role_overrides_user_id_cluster_id_namespace"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint(ROLES, name=op.f("ck_role_overrides_role")),
        schema="gateway",
    )
    op.create_index("ix_role_overrides_cluster_id", "role_overrides", ["cluster_id"], schema="gateway")
    _refer("role_overrides", "cluster_id", "clusters", "CASCADE")
    _refer("role_overrides", "user_id", "users", "CASCADE")


def _tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("cluster_ids", postgresql.ARRAY(sa.UUID()), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_from", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
        schema="gateway",
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"], schema="gateway")
    _refer("api_tokens", "user_id", "users", "CASCADE")


def _refer(table: str, column: str, to: str, ondelete: str | None = None) -> None:
    name = op.f(f"fk_{table}_{column}_{to}")
    op.create_foreign_key(
        name, table, to, [column], ["id"], source_schema="gateway", referent_schema="gateway", ondelete=ondelete
    )
