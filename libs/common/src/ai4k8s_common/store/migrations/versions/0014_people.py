"""How people get in: sessions whose token changes, invitations, resets, second factors, single sign-on, mail to send.

Only additions with defaults, and two columns that may be empty now: the previous release goes on writing its rows, and
meets an empty one only for somebody who came by single sign-on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add them."""
    _users_and_sessions()
    _links()
    _second_factors()
    _single_sign_on()
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("context", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _at("created_at", now=True),
        _at("next_at", now=True),
        _at("expires_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("context", name=op.f("uq_mails_context")),
        schema="gateway",
    )


def _at(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _person(table: str) -> tuple[sa.Column[object], sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(
        ["user_id"], ["gateway.users.id"], name=op.f(f"fk_{table}_user_id_users"), ondelete="CASCADE"
    )
    return sa.Column("user_id", sa.UUID(), nullable=False), key


def _users_and_sessions() -> None:
    op.alter_column("users", "email", nullable=True, schema="gateway")
    op.alter_column("users", "password_hash", nullable=True, schema="gateway")
    op.add_column("users", _at("last_login_at", nullable=True), schema="gateway")
    for column in (
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("client", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), server_default="password", nullable=False),
        _at("authenticated_at", now=True),
        _at("rotated_at", now=True),
        sa.Column("next_hash", sa.LargeBinary(), nullable=True),
        sa.Column("next_salt", sa.LargeBinary(), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        _at("previous_until", nullable=True),
    ):
        op.add_column("sessions", column, schema="gateway")
    for name in ("id", "next_hash", "previous_hash"):
        op.create_unique_constraint(op.f(f"uq_sessions_{name}"), "sessions", [name], schema="gateway")
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], schema="gateway")


def _links() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("team_role", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        _at("created_at", now=True),
        _at("expires_at"),
        _at("accepted_at", nullable=True),
        sa.Column("accepted_by", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        schema="gateway",
    )
    op.create_table(
        "password_resets",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        *_person("password_resets"),
        sa.Column("created_by", sa.UUID(), nullable=True),
        _at("created_at", now=True),
        _at("expires_at"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_resets")),
        schema="gateway",
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"], schema="gateway")


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        *_person("second_factors"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("confirmed_at", nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        _at("created_at", now=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
        schema="gateway",
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        *_person("recovery_codes"),
        _at("used_at", nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
        schema="gateway",
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"], schema="gateway")


def _single_sign_on() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        *_person("identities"),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        _at("created_at", now=True),
        _at("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
        schema="gateway",
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"], schema="gateway")
    op.create_table(
        "sso_attempts",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), server_default="/", nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("invitation_hash", sa.LargeBinary(), nullable=True),
        _at("expires_at"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_sso_attempts")),
        schema="gateway",
    )
