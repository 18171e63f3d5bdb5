"""A forecast says which method it comes from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a column that may be empty: the previous release goes on writing its rows."""
    op.add_column("forecasts", sa.Column("method", sa.Text(), nullable=True), schema="forecaster")
