"""A forecast says whether demand spikes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add it."""
    op.add_column("forecasts", sa.Column("spikes", postgresql.JSONB(), nullable=True), schema="forecaster")
