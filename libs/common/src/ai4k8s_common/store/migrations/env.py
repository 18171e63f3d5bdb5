"""Alembic's environment: the connection is handed in, so that tests and production migrate the same way."""

from __future__ import annotations

from alembic import context

from ai4k8s_common.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_schemas=True,
    transaction_per_migration=False,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
