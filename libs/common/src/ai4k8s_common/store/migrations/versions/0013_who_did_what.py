"""Who did what: a chain of rows in each service that acts for people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SCHEMAS = ("gateway", "chat", "scaler")

# Runs as the schema's owner: services may add entries and not remove them. It removes what is old, and only up to a
# checkpoint that the chain itself contains.
PRUNE = """
CREATE FUNCTION {schema}.prune_audit(upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    removed bigint;
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM {schema}.audit_entries
        WHERE action = 'audit.checkpoint' AND seq > upto AND (after::jsonb ->> 'to_seq')::bigint = upto
    ) THEN
        RAISE EXCEPTION 'no checkpoint says that entries up to % are removed', upto;
    END IF;
    IF EXISTS (SELECT 1 FROM {schema}.audit_entries WHERE seq <= upto AND at > now() - interval '30 days') THEN
        RAISE EXCEPTION 'entries of the last 30 days are kept';
    END IF;
    DELETE FROM {schema}.audit_entries WHERE seq <= upto;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$
"""


def upgrade() -> None:
    """Add them."""
    for schema in SCHEMAS:
        op.create_table(
            "audit_entries",
            sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("actor_id", sa.UUID(), nullable=True),
            sa.Column("actor", sa.Text(), nullable=False),
            sa.Column("token", sa.Text(), nullable=False),
            sa.Column("client", sa.Text(), nullable=False),
            sa.Column("action", sa.Text(), nullable=False),
            sa.Column("cluster", sa.UUID(), nullable=True),
            sa.Column("namespace", sa.Text(), nullable=False),
            sa.Column("object", sa.Text(), nullable=False),
            sa.Column("before", sa.Text(), nullable=True),
            sa.Column("after", sa.Text(), nullable=True),
            sa.Column("result", sa.Text(), nullable=False),
            sa.Column("detail", sa.Text(), nullable=False),
            sa.Column("previous", sa.LargeBinary(), nullable=False),
            sa.Column("hash", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entries")),
            schema=schema,
        )
        op.create_index("ix_audit_entries_at", "audit_entries", ["at", "seq"], schema=schema)
        op.create_table(
            "audit_heads",
            sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("seq", sa.BigInteger(), nullable=False),
            sa.Column("hash", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
            schema=schema,
        )
        op.execute(f"INSERT INTO {schema}.audit_heads VALUES (1, 0, decode(repeat('00', 32), 'hex'))")  # noqa: S608
        op.execute(PRUNE.format(schema=schema))
        op.execute(f"REVOKE ALL ON FUNCTION {schema}.prune_audit(bigint) FROM PUBLIC")
